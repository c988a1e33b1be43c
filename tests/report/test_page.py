from __future__ import annotations

import base64
import io
import re
import shutil
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import matplotlib.image
import matplotlib.pyplot
import numpy as np
import pytest

from gwae_core.errors import RunFolderError
from gwae_core.evaluation.stored import Evaluation
from gwae_core.report import write_report

VOID = {"meta", "link", "img", "br", "input"}


class Page(HTMLParser):
    """What the page holds; it fails where an element is not closed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] != ["style"]:
            self.text += data + " "

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def read(path: Path) -> Page:
    return Page(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def full_page(full_run: Path) -> Page:
    return read(full_run / "report.html")


def anchors(page: Page) -> list[str]:
    return [str(section["id"]) for section in page.all("section")]


FULL = [
    "warnings",
    "metrics",
    "reconstructions",
    "samples",
    "components",
    "traversals",
    "embedding",
    "distances",
    "clusters",
    "coupling",
    "factors",
    "ood",
    "losses",
    "health",
    "reproduce",
]


def test_a_run_with_labels_a_mixture_and_records_has_every_section(full_page: Page) -> None:
    assert anchors(full_page) == FULL


OF_TRAINING = {"warnings", "losses", "health"}
OF_MORE = {"clusters", "coupling", "factors", "ood"}


@pytest.mark.parametrize("shape", [(3, 8, 8), (2, 8, 8), (1, 28, 20), (60,)])
def test_images_of_any_channels_and_tables_have_every_section_of_the_data(
    shape: tuple[int, ...], make_run: Any, make_evaluation: Any
) -> None:
    page = read(write_report(make_run(make_evaluation(shape))))
    assert anchors(page) == [name for name in FULL if name not in OF_TRAINING | OF_MORE]


@pytest.mark.parametrize("shape", [(1, 8, 8), (1,)])
def test_a_run_without_labels_and_mixture_leaves_their_parts_out(
    shape: tuple[int, ...], make_run: Any, make_evaluation: Any
) -> None:
    found = make_evaluation(shape, labels=False, mixture=False)
    page = read(write_report(make_run(found)))
    left = {"components", *OF_TRAINING, *OF_MORE}
    assert anchors(page) == [name for name in FULL if name not in left]
    assert "do not apply to these data: clustering" in page.text
    assert "Clusters against labels" not in page.text


def test_the_page_loads_nothing_from_outside(full_run: Path, full_page: Page) -> None:
    for tag, attributes in full_page.elements:
        for name in ("src", "href", "srcset", "action", "data"):
            target = attributes.get(name)
            assert target is None or target.startswith(("#", "data:")), (tag, name, target)
    html = (full_run / "report.html").read_text(encoding="utf-8")
    assert not re.search(r"https?://|url\(|@import|<script", html)
    assert len(html) < 10e6


def test_every_link_has_its_target_and_every_picture_its_text(full_page: Page) -> None:
    links = {str(link["href"]) for link in full_page.all("a")}
    assert links <= {f"#{anchor}" for anchor in anchors(full_page)}
    assert len(full_page.all("img")) > 10
    for image in full_page.all("img"):
        assert len(str(image["alt"])) > 10


def test_the_pictures_are_files_too(full_run: Path, full_page: Page) -> None:
    stills = {path.read_bytes() for path in (full_run / "figures").glob("*.png")}
    files = {path.read_bytes() for path in (full_run / "figures").iterdir()}
    shown = {
        base64.b64decode(str(image["src"]).partition("base64,")[2])
        for image in full_page.all("img")
    }
    assert files == shown
    for png in stills:
        assert matplotlib.image.imread(io.BytesIO(png)).ndim == 3
    assert len(files - stills) == 1 and (full_run / "figures" / "traversals.gif").is_file()
    for name in ("reconstructions", "samples", "component_1", "embedding", "loss_total"):
        assert (full_run / "figures" / f"{name}.png").is_file()


def test_numbers_stand_beside_their_baselines(full_page: Page) -> None:
    text = " ".join(full_page.text.split())
    assert "clustering accuracy (mixture prior) 0.947 k-means on raw data: 0.772" in text
    assert "rank correlation of distances (geodesic) 0.917" in text
    assert "k-means on raw data (baseline) 0.772" in text


def test_the_header_says_what_the_run_is(full_page: Page) -> None:
    text = " ".join(full_page.text.split())
    assert "GWAE on shapes" in text
    for name, value in (
        ("prior", "gaussian-mixture"),
        ("data points", "200 train, 20 validation, 60 test"),
        ("parameters", "12,345"),
        ("steps", "200"),
        ("seed", "7"),
        ("training time", "1 min 23 s"),
        ("started", "31 January 2025, 10:20 UTC"),
        ("versions", "torch 2.13.0"),
    ):
        assert f" {name} {value} " in text
    assert "gwae train a-run/config.yaml --out a-run-again" in text


def test_data_from_a_file_are_called_by_its_name(make_run: Any) -> None:
    folder = make_run(None)
    config = folder / "config.yaml"
    config.write_text(config.read_text().replace("type: shapes", "type: arrays, path: my/wine.npz"))
    assert "GWAE on wine" in read(write_report(folder)).text


def test_no_half_section_stands_alone(full_page: Page, make_run: Any, make_evaluation: Any) -> None:
    halves = [section["id"] for section in full_page.all("section") if "class" in section]
    assert halves == FULL[2:8]
    page = read(write_report(make_run(make_evaluation((1, 8, 8), mixture=False))))
    halves = [section["id"] for section in page.all("section") if "class" in section]
    assert halves == ["reconstructions", "samples", "traversals", "embedding"]


def test_what_cannot_be_drawn_is_named_and_the_rest_is_there(
    make_run: Any, whole: Evaluation
) -> None:
    damage = {"x": np.zeros((0, 1, 8, 8)), "dci.gbt.importance": np.ones(3), "z_2d": np.zeros(3)}
    page = read(write_report(make_run(replace(whole, figures={**whole.figures, **damage}))))
    assert anchors(page) == ["warnings", "metrics", "coupling", "ood", "reproduce"]
    text = " ".join(page.text.split())
    assert text.count("Not drawn:") == 4
    assert "the array dci.gbt.importance must hold numbers in 2 dimensions" in text
    assert "gwae evaluate a-run computes it again" in text


def test_an_animation_rests_until_it_is_asked_for(full_page: Page, full_run: Path) -> None:
    (button,) = full_page.all("input")
    assert button["type"] == "checkbox" and "checked" not in button
    assert [label["for"] for label in full_page.all("label")] == [button["id"]]
    html = (full_run / "report.html").read_text(encoding="utf-8")
    css = html[: html.index("</style>")]
    assert re.search(r"\.moving, [^{]*\{ display: none; \}", css)
    assert ".play:checked ~ .moving { display: block;" in css
    still = html.index('class="rows"', html.index('id="traversals"'))
    assert html.index('class="play"') < html.index('class="moving"') < still


def test_intervals_stand_beside_their_numbers(full_page: Page) -> None:
    text = " ".join(full_page.text.split())
    assert "mutual information gap (MIG) 0.125 [0.100, 0.200] perfect: 1" in text
    assert "reconstruction error 0.667 [0.600, 0.700]" in text
    assert "In brackets: confidence intervals" in text


def test_health_begins_with_a_verdict(full_page: Page) -> None:
    text = " ".join(full_page.text.split())
    assert "Trained, with something to look at: warnings" in text
    assert "active units ✓ good 3 of 3 latent dimensions depend on the data" in text


def test_components_come_with_weight_and_count(full_page: Page) -> None:
    assert "component 1: weight 0.500, 1,234 test points" in full_page.text
    assert "component 2: weight 0.000, no test point" in full_page.text


def test_names_from_files_are_escaped(make_run: Any) -> None:
    message = {"event": "warning", "step": 3, "message": "<b>", "remedy": "lower <rate>"}
    folder = make_run(None, [message])
    config = folder / "config.yaml"
    config.write_text(config.read_text().replace("shapes", '"<script>alert(1)</script>"'))
    html = " ".join(write_report(folder).read_text(encoding="utf-8").split())
    assert "<script" not in html
    assert "&lt;script&gt;alert(1)" in html
    assert "<b>Step 3:</b> &lt;b&gt;. <br>Remedy: lower &lt;rate&gt;." in html


def test_a_run_that_failed_has_a_report_of_its_training(make_run: Any) -> None:
    page = read(write_report(make_run(None, [{"event": "failure", "step": 9, "term": "gw"}])))
    text = " ".join(page.text.split())
    assert anchors(page) == ["warnings", "reproduce"]
    assert "Training failed at step 9. the term gw was not finite" in text
    assert "No evaluation." in text and "gwae evaluate a-run" in text


RAGGED: list[dict[str, Any]] = [
    {"event": "train"},
    {"event": "train", "step": 5, "terms": {"gw": 1.0}, "observed": None},
    {"event": "train", "step": 6, "total": float("nan"), "terms": {"gw": None}},
    {"event": "stage"},
    {"event": "warning"},
    {"event": "end"},
    {"event": "of a later version", "step": 8, "x": [1]},
]


@pytest.mark.parametrize(
    "records", [[], [RAGGED[1]], RAGGED], ids=["none", "one", "with missing keys"]
)
def test_few_or_ragged_records_are_drawn_as_far_as_they_go(
    records: list[dict[str, Any]], make_run: Any
) -> None:
    folder = make_run(None, records)
    page = read(write_report(folder))
    assert ("losses" in anchors(page)) is bool(records)
    assert (folder / "figures" / "loss_gw.png").is_file() is bool(records)


def test_a_second_report_is_the_same_file(full_run: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(full_run, tmp_path / "a-run")
    (copy / "report.html").write_text("replaced")
    assert write_report(copy).read_bytes() == (full_run / "report.html").read_bytes()


def test_a_folder_without_configuration_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match="is not a run folder"):
        write_report(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_figures_do_not_touch_the_global_state_of_matplotlib(make_run: Any) -> None:
    before = dict(matplotlib.rcParams)
    write_report(make_run(None, [RAGGED[1]]))
    assert matplotlib.pyplot.get_fignums() == []
    assert dict(matplotlib.rcParams) == before


def luminance(color: str) -> float:
    channels = [int(color[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a: str, b: str) -> float:
    high, low = sorted((luminance(a), luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_text_has_a_contrast_of_at_least_4_5(full_run: Path) -> None:
    html = (full_run / "report.html").read_text(encoding="utf-8")
    colors = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", html))
    for page in ("page", "card"):
        for text in ("ink", "muted", "accent", "good"):
            assert contrast(colors[text], colors[page]) >= 4.5
    assert contrast(colors["warn"], colors["warn-page"]) >= 4.5
    assert contrast(colors["ink"], colors["warn-page"]) >= 4.5

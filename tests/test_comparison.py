"""Runs beside each other: grouping by seed, standard errors, and what is skipped."""

from __future__ import annotations

import csv
import io
import json
import math
import re
import statistics
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from gwae_core import RunConfig
from gwae_core.cli import app
from gwae_core.cli.comparison_cells import seeds_text, summary_text
from gwae_core.cli.comparison_latex import escaped, number
from gwae_core.comparison import Summary, compare, direction
from gwae_core.errors import ConfigError, RunFolderError

ACCURACY = "clustering.prior.accuracy"


def gwae(*arguments: object):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def made(path: Path, *, data: str = "aaaa", metrics: dict[str, float] | None = None, **fields):
    """A run folder with what a comparison reads."""
    config = RunConfig.from_mapping(fields)
    (path / "evaluation").mkdir(parents=True)
    (path / "config.yaml").write_text(config.to_yaml(), encoding="utf-8")
    (path / "environment.json").write_text(json.dumps({"data": {"checksum": data}}))
    values = {ACCURACY: 0.5} if metrics is None else metrics
    (path / "evaluation" / "metrics.json").write_text(json.dumps(values))
    return path


finite = st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=8)


@given(finite)
def test_mean_and_standard_error_are_those_of_the_statistics_module(values):
    found = Summary.of(values)
    assert found.mean == pytest.approx(statistics.fmean(values), abs=1e-6)
    assert found.error == pytest.approx(statistics.stdev(values) / len(values) ** 0.5, abs=1e-6)


def test_runs_that_differ_in_the_seed_alone_are_one_row(tmp_path):
    folders = [
        made(tmp_path / f"{name}{seed}", seed=seed, latent_dim=d, metrics={ACCURACY: value + seed})
        for name, d, value in (("a", 4, 0.0), ("b", 8, 10.0))
        for seed in (2, 0, 1)
    ]
    found = compare(folders)
    assert found.fields == ("latent_dim",)
    assert [[run.seed for run in row.runs] for row in found.rows] == [[0, 1, 2], [0, 1, 2]]
    summary = found.rows[1].metrics[ACCURACY]
    assert (summary.mean, summary.n) == (11.0, 3)
    assert summary.error == pytest.approx(1 / math.sqrt(3))
    assert found.best == {ACCURACY: frozenset({1})}


def test_a_folder_of_runs_stands_for_them_and_each_counts_once(tmp_path):
    made(tmp_path / "one", seed=0)
    made(tmp_path / "several" / "seed-1", seed=1)
    (row,) = compare([tmp_path, tmp_path / "one", tmp_path / "one" / ".." / "one"]).rows
    assert [run.seed for run in row.runs] == [0, 1]


def test_a_repeated_seed_counts_once_and_is_named(tmp_path):
    found = compare([made(tmp_path / "a"), made(tmp_path / "b")])
    assert found.rows[0].metrics[ACCURACY].n == 1
    assert "b repeats" in found.warnings[0]


def test_fields_of_a_component_count_where_both_runs_have_them(tmp_path):
    folders = [
        made(tmp_path / "a", prior="normal"),
        made(tmp_path / "b", prior={"type": "gaussian-mixture", "num_components": 5}),
        made(tmp_path / "c", prior={"type": "gaussian-mixture", "num_components": 7}),
    ]
    assert compare(folders).fields == ("prior.type", "prior.num_components")


@pytest.mark.parametrize(
    ("name", "values", "best"),
    [
        ("geometry.euclidean.distortion", (0.3, 0.1), {1}),
        ("reconstruction.mse", (0.1, 0.1), {0, 1}),
        (ACCURACY, (math.nan, 0.1), None),
        ("clustering.prior.components", (1, 2), None),
        ("foreign.metric", (1, 2), None),
    ],
)
def test_the_best_follows_the_direction_that_the_metric_declares(tmp_path, name, values, best):
    folders = [
        made(tmp_path / str(k), latent_dim=k + 2, metrics={name: value})
        for k, value in enumerate(values)
    ]
    assert compare(folders).best == ({} if best is None else {name: frozenset(best)})


def test_every_direction_of_core_is_declared_for_a_value_that_the_metric_gives():
    stored = Path(__file__).parent / "data" / "run_v1" / "evaluation" / "metrics.json"
    unknown = {name for name in json.loads(stored.read_text()) if direction(name) is None}
    assert unknown == {n for n in unknown if n.endswith(".components")}


def test_different_data_are_flagged_and_nothing_is_best(tmp_path):
    folders = [made(tmp_path / "a", data="aaaa"), made(tmp_path / "b", data="bbbb")]
    found = compare(folders)
    assert len(found.rows) == 2 and found.best == {}
    assert "different data" in found.warnings[0]
    result = gwae("compare", *folders)
    assert (
        "aaaa" in result.stdout and "warning: the runs were trained on different" in result.stderr
    )


def broken(tmp_path: Path) -> list[Path]:
    """Folders that hold no finished run."""
    unfinished = made(tmp_path / "unfinished")
    (unfinished / "evaluation" / "metrics.json").unlink()
    damaged = made(tmp_path / "damaged")
    (damaged / "config.yaml").write_text("seed: [")
    text = made(tmp_path / "text", metrics={ACCURACY: "high"})  # type: ignore[dict-item]
    huge = made(tmp_path / "huge")
    (huge / "evaluation" / "metrics.json").write_text(f'{{"a": 1{"0" * 400}}}')
    deep = made(tmp_path / "deep")
    (deep / "environment.json").write_text("[" * 100_000)
    (tmp_path / "foreign").mkdir()
    return [unfinished, damaged, text, huge, deep, tmp_path / "foreign", tmp_path / "missing"]


def test_folders_without_a_finished_run_are_skipped_and_named(tmp_path):
    folders = broken(tmp_path)
    found = compare([made(tmp_path / "good"), *folders])
    assert [path for path, _ in found.skipped] == folders
    assert len(found.rows) == 1
    result = gwae("compare", tmp_path / "good", *folders)
    assert result.exit_code == 0
    assert all(f"skipped {folder}: " in result.stderr for folder in folders)


def test_nothing_to_compare_is_an_error(tmp_path):
    with pytest.raises(RunFolderError, match=r"there is no run to compare; .*not finished"):
        compare(broken(tmp_path))


def test_a_metric_is_asked_for_by_a_part_of_its_name(tmp_path):
    values = {
        "clustering.prior.accuracy": 1.0,
        "clustering.kmeans.nmi": 2.0,
        "other.accuracy2": 3.0,
    }
    run = made(tmp_path / "a", metrics=values)
    assert compare([run], metrics=["accuracy"]).metrics == ("clustering.prior.accuracy",)
    assert len(compare([run], metrics=["clustering"]).metrics) == 2
    with pytest.raises(
        ConfigError, match="no run has a metric 'acuracy'; did you mean 'accuracy'"
    ) as caught:
        compare([run], metrics=["acuracy"])
    assert str(caught.value.hint).startswith("metrics: clustering (2), other (1);")


def test_the_formats_say_the_same(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folders = [
        made(Path("p|q<b>") / f"seed-{seed}", seed=seed, metrics={ACCURACY: 0.25 + seed / 2})
        for seed in (0, 1)
    ]
    folders.append(made(Path("other"), latent_dim=3, metrics={ACCURACY: 2.0}))
    table = gwae("compare", *folders).stdout
    assert "0.50 ± 0.25" in table and "2 *" in table and "p|q<b>  0-1" in table
    markdown = gwae("compare", *folders, "--format", "markdown").stdout.splitlines()
    assert "p\\|q&lt;b> | 0-1 | 16 | 0.50 ± 0.25 |" in markdown[2] and "**2**" in markdown[3]
    file = tmp_path / "table.csv"
    assert gwae("compare", *folders, "--format", "csv", "-o", file).exit_code == 0
    header, first, _ = csv.reader(io.StringIO(file.read_text()))
    assert dict(zip(header, first, strict=True))[f"{ACCURACY} standard error"] == "0.25"
    listed = json.loads(gwae("compare", *folders, "--json").stdout)["rows"]
    assert listed[0]["metrics"][ACCURACY] == {"mean": 0.5, "error": 0.25, "n": 2}
    assert gwae("compare", *folders, "--format", "word").exit_code == 2


def test_no_terminal_obeys_what_a_run_says(tmp_path):
    runs = [made(tmp_path / "a"), made(tmp_path / "b")]
    text = runs[1] / "config.yaml"
    text.write_text(text.read_text().replace("type: mlp", 'type: "\\e[2J\\n|x"', 1))
    printed = gwae("compare", *runs).stdout
    assert "\x1b" not in printed and "\\x1b[2J\\n|x" in printed


def test_short_texts():
    assert seeds_text([0, 1, 2, 7]) == "0-2, 7"
    assert summary_text(Summary(0.91234, 0.0137, 5), 5) == "0.912 ± 0.014"
    assert summary_text(Summary(1234.5, 20.0, 3), 4) == "1234 ± 20 (3 of 4)"
    assert summary_text(Summary(math.nan, math.nan, 2), 2) == "nan"
    assert summary_text(None, 2) == "-"


def study(tmp_path: Path, **values: list[float]) -> list[Path]:
    """Runs of several configurations, a latent dimension each, with an accuracy by seed."""
    return [
        made(tmp_path / name / f"seed-{seed}", seed=seed, latent_dim=d, metrics={ACCURACY: value})
        for d, (name, numbers) in enumerate(values.items(), 3)
        for seed, value in enumerate(numbers)
    ]


def test_rows_that_a_test_does_not_tell_from_the_best_are_marked(tmp_path):
    folders = study(
        tmp_path,
        best=[0.90, 0.92, 0.94, 0.93],
        close=[0.91, 0.90, 0.95, 0.92],
        worse=[0.80, 0.83, 0.84, 0.82],
        once=[0.91],
    )
    found = compare(folders)
    assert found.best == {ACCURACY: frozenset({0})}
    assert found.close == {ACCURACY: frozenset({1})}
    assert found.untested
    printed = gwae("compare", *folders).stdout
    assert printed.count(" ≈\n") == 1
    assert "p >= 0.05 after Holm" in printed and "fewer than 3 seeds in common" in printed


def test_a_baseline_by_name_and_by_number(tmp_path):
    folders = study(tmp_path, a=[0.1, 0.2, 0.4], b=[0.3, 0.5, 0.6])
    by_number = compare(folders, baseline="1")
    by_name = compare(folders, baseline=f"{tmp_path / 'a'}/")
    assert by_number.tests == by_name.tests and by_number.baseline == 0
    (one,) = by_number.tests
    assert (one.row, one.test.pairs) == (1, 3)
    assert one.test.difference == pytest.approx(0.7 / 3)
    assert not by_number.warnings
    for asked in ("0", "3", "-1", "", str(tmp_path / "aa")):
        with pytest.raises(ConfigError, match="no row"):
            compare(folders, baseline=asked)


def test_fewer_than_three_common_seeds_and_other_data_are_flagged_and_not_tested(tmp_path):
    folders = study(tmp_path, a=[0.1, 0.2, 0.4], b=[0.3, 0.5])
    folders.append(made(tmp_path / "other", data="bbbb"))
    found = compare(folders, baseline="1")
    (one,) = found.tests
    assert (one.test.pairs, one.test.t, one.test.wilcoxon) == (2, None, None)
    assert any("have 2 seeds in common: no paired test" in text for text in found.warnings)
    assert any("has other data than" in text for text in found.warnings)


def test_holm_counts_all_tests_against_the_baseline(tmp_path):
    rows = {"a": [0.1, 0.2, 0.4], "b": [0.3, 0.5, 0.6], "c": [0.2, 0.5, 0.4]}
    folders = study(tmp_path, **rows)
    plain = [one.test.t for one in compare(folders, baseline="1").tests]
    corrected = [one.test.t for one in compare(folders, baseline="1", corrected=True).tests]
    assert corrected[0] == pytest.approx(2 * plain[0]) and corrected[1] >= plain[1]
    result = gwae("compare", *folders, "--holm")
    assert result.exit_code == 2 and "--baseline 1" in result.stderr


def test_every_format_shows_the_tests(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folders = study(Path(), **{"p|q_<b>&50%": [0.1, 0.2, 0.4], "b": [0.3, 0.5, 0.6]})
    shown = {
        form: gwae("compare", *folders, "--baseline", "b", "--format", form).stdout
        for form in ("table", "markdown", "latex", "html", "csv")
    }
    for form in ("table", "markdown", "latex", "html"):
        assert "paired tests against b by seed" in shown[form]
    assert r"p\textbar{}q\_\textless{}b\textgreater{}\&50\%" in shown["latex"]
    assert r"$\mathbf{0.467 \pm 0.088}$" in shown["latex"]
    assert r"$-0.233 \pm 0.033$" in shown["latex"]
    assert r"\multicolumn{1}{c}{clustering.prior}" in shown["latex"]
    assert "p|q_&lt;b&gt;&amp;50%" in shown["html"] and "<b>" not in shown["html"]
    assert "<strong>0.467 ± 0.088</strong>" in shown["html"]
    assert "http" not in shown["html"] and "<script" not in shown["html"]
    header, first, second = csv.reader(io.StringIO(shown["csv"]))
    line = dict(zip(header, first, strict=True))
    assert line[f"{ACCURACY} pairs"] == "3" and float(line[f"{ACCURACY} p t-test"]) < 0.05
    assert dict(zip(header, second, strict=True))[f"{ACCURACY} p t-test"] == ""
    listed = json.loads(gwae("compare", *folders, "--baseline", "b", "--json").stdout)
    assert listed["baseline"] == "b" and listed["correction"] is None
    assert listed["tests"][0]["pairs"] == 3
    assert listed["rows"][0]["values"][ACCURACY] == {"0": 0.1, "1": 0.2, "2": 0.4}


def test_no_latex_command_comes_out_of_a_run():
    printable = "".join(chr(c) for c in range(32, 127))
    found = escaped(printable)
    plain = re.sub(r"\\(text[a-z]+\{\}|[&%$#_{}])", "", found)
    assert not set(plain) & set('\\^~<>|"&%$#_{}')


@pytest.mark.parametrize(
    ("text", "mark", "latex"),
    [
        ("0.91 ± 0.02", "", r"$0.91 \pm 0.02$"),
        ("0.91 ± 0.02 (2 of 3)", "close", r"$0.91 \pm 0.02^{\approx}$ (2 of 3)"),
        ("1.5e-07", "best", r"$\mathbf{1.5 \times 10^{-7}}$"),
        ("nan", "", "nan"),
        ("-", "", "-"),
        ("<0.001", "", "$<0.001$"),
    ],
)
def test_numbers_in_latex(text, mark, latex):
    assert number(text, mark) == latex

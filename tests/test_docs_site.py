"""The built documentation loads nothing from outside, and its sources hold together."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
ABSOLUTE = re.compile(r"\s*(?:https?:)?//")
# An XML namespace is a name; nothing is fetched from there.
NAMESPACE = "http://www.w3.org/"
# Statistics of a hosted repository, fetched by pages that link one through `repo_url`.
REPOSITORY = re.compile(r"https://(?:api\.github\.com|\$\{\w+\}/api/v4)/")


class Loads(HTMLParser):
    """Collects what a page loads by itself: every absolute address but those of hyperlinks."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.styles: list[str] = []
        self.scripts: list[str] = []
        self._inside = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = tag
        for name, value in attrs:
            if not value or name.startswith("xmlns") or (tag, name) == ("a", "href"):
                continue
            if name == "style":
                self.styles.append(value)
            if any(ABSOLUTE.match(part) for part in re.split(r",\s+", value)):
                self.found.append(f'<{tag} {name}="{value}">')

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "style":
            self.styles.append(data)
        elif self._inside == "script":
            self.scripts.append(data)


def css_loads(text: str) -> list[str]:
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    found = re.findall(r"(?:url\(|@import)\s*['\"]?\s*((?:https?:)?//[^\s'\")]*)", text)
    return [address for address in found if not address.startswith(NAMESPACE)]


def js_loads(text: str) -> list[str]:
    # An address that code can fetch stands at the start of a string.
    found = re.findall(r"[\"'`]((?:https?:)?//[\w${}-]*[.}][\w$.{}-]+/?[^\"'`\s]*)[\"'`]?", text)
    return [
        address
        for address in found
        if not address.startswith(NAMESPACE) and not REPOSITORY.match(address)
    ]


@pytest.mark.parametrize(
    "page",
    [
        '<script src="https://host.example/a.js"></script>',
        '<link rel="stylesheet" href="//host.example/a.css">',
        '<img srcset="a.png 1x, https://host.example/b.png 2x">',
        '<iframe src="http://host.example/"></iframe>',
    ],
)
def test_page_that_loads_from_outside_is_found(page: str) -> None:
    assert len(Loads(page).found) == 1


def test_address_in_style_or_script_is_found() -> None:
    assert css_loads("a{background:url( 'https://host.example/a.png')}") == [
        "https://host.example/a.png"
    ]
    assert css_loads("@import '//host.example/a.css';") == ["//host.example/a.css"]
    assert js_loads("fetch(`https://host.example/x`)") == ["https://host.example/x"]
    assert js_loads('import("https://host.example/m.js")') == ["https://host.example/m.js"]
    assert css_loads(Loads("<style>@import '//host.example/a.css'</style>").styles[0])


def test_hyperlink_and_namespace_load_nothing() -> None:
    assert Loads('<a href="https://host.example/">x</a>').found == []
    assert js_loads('createElementNS("http://www.w3.org/2000/svg")') == []


def test_built_site_loads_nothing_from_outside(tmp_path: Path) -> None:
    site = tmp_path / "site"
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(site)],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1", "GWAE_PLUGINS": ""},
        capture_output=True,
        text=True,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    assert built.stdout + built.stderr == ""
    loaded: dict[str, list[str]] = {}
    for file in site.rglob("*"):
        where = str(file.relative_to(site))
        if file.suffix == ".html":
            text = file.read_text(encoding="utf-8")
            page = Loads(text)
            # Without this part the theme's script asks no repository host.
            assert 'data-md-component="source"' not in text, where
            loaded[where] = page.found
            loaded[where] += [x for style in page.styles for x in css_loads(style)]
            loaded[where] += [x for script in page.scripts for x in js_loads(script)]
        elif file.suffix == ".css":
            loaded[where] = css_loads(file.read_text(encoding="utf-8"))
        elif file.suffix == ".js":
            loaded[where] = js_loads(file.read_text(encoding="utf-8"))
    assert {"index.html", "concepts.html", "assets/katex/katex.min.css"} <= loaded.keys()
    assert {where: found for where, found in loaded.items() if found} == {}
    for address in re.findall(
        r"url\(([^)]+)\)", (site / "assets/katex/katex.min.css").read_text(encoding="utf-8")
    ):
        assert (site / "assets/katex" / address).is_file()


def test_vendored_mathematics_carries_its_licence() -> None:
    licence = (DOCS / "assets" / "katex" / "LICENSE").read_text(encoding="utf-8")
    assert "The MIT License" in licence


def test_every_cited_work_is_in_the_bibliography() -> None:
    bibliography = (DOCS / "bibliography.md").read_text(encoding="utf-8")
    works = [" ".join(entry.split()) for entry in re.split(r"\n- ", bibliography)]
    sources = [*(ROOT / "gwae_core").rglob("*.py"), *DOCS.rglob("*.md")]
    sources += (ROOT / "plugins").rglob("*.py")
    citation = re.compile(
        r"([A-Z][\w-]+)(?: (?:and|&) [A-Z][\w-]+| et al\.)?,? \(?((?:19|20)\d\d)(?=[);])"
    )
    missing = set()
    cited = 0
    for source in sources:
        if source.name == "bibliography.md":
            continue
        for name, year in citation.findall(" ".join(source.read_text(encoding="utf-8").split())):
            cited += 1
            if not any(name in work.partition(f"({year})")[0] for work in works if year in work):
                missing.add(f"{source.relative_to(ROOT)}: {name} {year}")
    assert cited
    assert not missing, "not in docs/bibliography.md: " + "; ".join(sorted(missing))


@pytest.mark.parametrize("example", ["digits.yaml", "train.py", "gwae-cube/gwae_cube.py"])
def test_readme_shows_the_example_as_it_is(example: str) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"\n{(DOCS / 'examples' / example).read_text(encoding='utf-8')}```\n" in readme


@pytest.mark.parametrize("page", ["README.md", "CHANGELOG.md"])
def test_links_to_files_lead_somewhere(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", text)
    assert [link for link in links if not (ROOT / link).exists()] == []

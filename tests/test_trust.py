"""Each statement of docs/guide/trust.md."""

from __future__ import annotations

import ast
import json
import pickle
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import torch

import gwae_core
from gwae_core import Prior, RunConfig, load
from gwae_core.errors import ComponentError, ConfigError, DataError, GWAEError, RunFolderError
from gwae_core.plugins import registry
from gwae_core.report import write_report
from gwae_core.run_folder import RunFolder
from gwae_core.yaml import MAX_NODES, parse_yaml

CORE = Path(gwae_core.__file__).parent
PAGE = (CORE.parent / "docs/guide/trust.md").read_text()
STORED = Path(__file__).parent / "data/run_v1"
MODULES = sorted(CORE.rglob("*.py"))


class Bomb:
    """Leaves a mark where it is unpickled."""

    mark: str = ""

    def __reduce__(self):
        return (Path.touch, (Path(self.mark),))


@pytest.fixture
def bomb(tmp_path: Path) -> tuple[Bomb, Callable[[], bool]]:
    """Something that must never be unpickled, and whether it was."""
    made = Bomb()
    made.mark = str(tmp_path / "exploded")
    return made, (tmp_path / "exploded").exists


@pytest.fixture
def run_folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(STORED, tmp_path / "run"))


def names_used(path: Path) -> set[str]:
    """Modules that a file imports, and dotted names that it calls."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {str(node.module), *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Call):
            found.add(ast.unparse(node.func))
    return found


NETWORK = ("aiohttp", "ftplib", "http", "httpx", "requests", "smtplib", "socket", "urllib")
EXECUTION = ("dill", "cloudpickle", "joblib.load", "marshal", "pickle", "shelve", "torch.load")


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(CORE)))
def test_core_opens_no_connection_and_reads_no_pickle(path):
    roots = {name for used in names_used(path) for name in (used, used.partition(".")[0])}
    assert not roots & {*NETWORK, *EXECUTION, "eval", "exec", "__import__", "os.system"}
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("np.load"):
            options = {k.arg: ast.unparse(k.value) for k in node.keywords}
            assert options.get("allow_pickle") == "False"


MARKED = "import pathlib\npathlib.Path('{mark}').touch()\n"


@pytest.fixture
def marking_plugin(tmp_path: Path) -> Path:
    """A plugin that leaves a mark where it is imported; the folder to put on the path."""
    (tmp_path / "gwae_marking.py").write_text(MARKED.format(mark=tmp_path / "imported"))
    info = tmp_path / "gwae_marking-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: gwae-marking\nVersion: 0.1.0\n")
    (info / "entry_points.txt").write_text("[gwae]\nmain = gwae_marking\n")
    return tmp_path


def run_python(code: str, path: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    code = f"import sys; sys.path.insert(0, {str(path)!r})\n{code}"
    environment = {"PATH": "", "PYTHONPATH": str(CORE.parent), **variables}
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, cwd=path
    )


@pytest.mark.parametrize(
    ("code", "variables", "imported"),
    [
        ("import gwae_core; gwae_core.__version__", {}, False),
        ("from gwae_core.cli import main; sys.argv = ['gwae', '--help']; main()", {}, False),
        ("from gwae_core.cli import main; sys.argv = ['gwae', '--version']; main()", {}, False),
        (
            "from gwae_core.cli import main; sys.argv = ['gwae', 'plugins', '--quick']; main()",
            {},
            False,
        ),
        ("from gwae_core.plugins import registry; registry()", {}, True),
        (
            "from gwae_core.plugins import registry; print(registry().names('prior'))",
            {"GWAE_PLUGINS": ""},
            False,
        ),
        (
            "from gwae_core.plugins import registry; registry()",
            {"GWAE_PLUGINS": "GWAE_Marking", "GWAE_DISABLE_PLUGINS": "gwae-marking"},
            False,
        ),
    ],
)
def test_when_a_plugin_is_imported(marking_plugin, code, variables, imported):
    done = run_python(code, marking_plugin, **variables)
    assert done.returncode == 0, done.stderr
    assert (marking_plugin / "imported").exists() == imported
    if "names" in code:
        # Core's own components are always there.
        assert "gaussian-mixture" in done.stdout


def test_an_import_path_is_a_name_like_any_other_and_imports_nothing(tmp_path, monkeypatch):
    (tmp_path / "evil.py").write_text(MARKED.format(mark=tmp_path / "imported"))
    monkeypatch.syspath_prepend(str(tmp_path))
    for text in ("evil:Prior", "evil.Prior", "evil", "./evil.py", "gwae-core:evil.Prior"):
        for values in ({"prior": text}, {"prior": {"type": text}}, {"metrics": [text]}):
            with pytest.raises(ConfigError, match=r"unknown (prior|metric)"):
                RunConfig.from_mapping(values)
    assert not (tmp_path / "imported").exists()
    assert "evil" not in sys.modules


@pytest.mark.parametrize(
    "text",
    [
        "prior: !!python/object/apply:pathlib.Path.touch [{mark}]",
        "prior: !!python/object/new:pathlib.PosixPath [{mark}]",
        "prior: !!python/name:os.system",
        "prior: !!python/module:evil",
    ],
)
def test_yaml_builds_no_python_objects(tmp_path, text):
    with pytest.raises(ConfigError, match="is not valid YAML"):
        RunConfig.from_yaml(text.replace("{mark}", str(tmp_path / "made")))
    assert not (tmp_path / "made").exists()


def test_yaml_has_limits():
    with pytest.raises(ConfigError, match="duplicate key 'seed'"):
        parse_yaml("seed: 1\nseed: 2", source="run.yaml")
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{k}: &a{k} [{', '.join([f'*a{k - 1}'] * 10)}]\n" for k in range(1, 12)
    )
    with pytest.raises(ConfigError, match=f"expand to more than {MAX_NODES}"):
        parse_yaml(bomb, source="run.yaml")
    assert f"{MAX_NODES:,} values" in PAGE
    with pytest.raises(ConfigError, match="is not valid YAML"):
        parse_yaml("a: " + "[" * 20_000, source="run.yaml")


def test_a_configuration_does_not_say_where_results_are_written():
    for name in ("out", "folder", "output"):
        with pytest.raises(ConfigError, match="unknown field"):
            RunConfig.from_mapping({name: "/etc"})
    assert "out" not in RunConfig.model_fields


def test_the_bomb_would_go_off(bomb):
    made, exploded = bomb
    pickle.loads(pickle.dumps(made))
    assert exploded()


def refused(read: Callable[[], object], exploded: Callable[[], bool]) -> None:
    with pytest.raises(GWAEError) as caught:
        read()
    assert isinstance(caught.value, RunFolderError | DataError)
    assert not exploded()


def test_a_pickle_in_place_of_weights_is_refused(run_folder, bomb):
    made, exploded = bomb
    path = run_folder / "checkpoints/last.safetensors"
    for write in (lambda: path.write_bytes(pickle.dumps(made)), lambda: torch.save(made, path)):
        write()
        refused(lambda: load(run_folder), exploded)


def test_a_pickle_in_the_arrays_of_a_run_is_refused(run_folder, bomb):
    made, exploded = bomb
    objects = np.array([made], dtype=object)
    np.savez(run_folder / "split.npz", train=objects, allow_pickle=True)
    refused(RunFolder(run_folder).read_split, exploded)
    np.savez(run_folder / "evaluation/figures.npz", z=objects)
    refused(lambda: write_report(run_folder), exploded)


@pytest.mark.parametrize("suffix", ["npy", "npz"])
def test_a_pickle_in_a_file_of_data_is_refused(tmp_path, bomb, suffix):
    made, exploded = bomb
    path = tmp_path / f"data.{suffix}"
    objects = np.array([made], dtype=object)
    np.save(path, objects) if suffix == "npy" else np.savez(path, x=objects)
    config = registry().find("dataset", "arrays").component.Config(path=path)
    refused(lambda: config.build().load(), exploded)


def test_a_run_folder_holds_no_pickle():
    suffixes = {path.suffix for path in STORED.rglob("*") if path.is_file()}
    assert suffixes == {".json", ".jsonl", ".npz", ".safetensors", ".yaml"}
    for path in STORED.rglob("*.npz"):
        with np.load(path, allow_pickle=False) as file:
            assert not any(file[name].dtype.hasobject for name in file.files)


EVIL = """'"><script>{{7*7}}"""


def test_all_text_of_a_run_is_escaped_in_a_report(run_folder):
    facts = run_folder / "evaluation/facts.json"
    values = json.loads(facts.read_text())
    values |= {"d_x_name": EVIL, "embedding": EVIL, "split": EVIL, "skipped": [EVIL]}
    values["label_names"][0] = EVIL
    facts.write_text(json.dumps(values))
    metrics = run_folder / "evaluation/metrics.json"
    metrics.write_text(json.dumps({f"clustering.{EVIL}.accuracy": 0.5, EVIL: 1.0}))
    environment = run_folder / "environment.json"
    values = json.loads(environment.read_text())
    values |= {"started": EVIL}
    values["versions"][EVIL] = EVIL
    values["components"][f"prior {EVIL}"] = {"distribution": EVIL, "version": EVIL}
    environment.write_text(json.dumps(values))
    config = run_folder / "config.yaml"
    config.write_text(config.read_text() + f"# {EVIL}\n")
    with (run_folder / "metrics.jsonl").open("a") as file:
        for record in (
            {"event": "warning", "step": 1, "message": EVIL, "remedy": EVIL},
            {"event": "failure", "step": 2, "message": EVIL},
            {"event": "failure", "step": 1, "term": EVIL},
        ):
            file.write(json.dumps(record) + "\n")
    page = write_report(run_folder).read_text()
    escaped = "&#39;&#34;&gt;&lt;script&gt;{{7*7}}"
    assert page.count(escaped) == page.count("7*7") > 10
    assert "<script" not in page
    assert not re.search(r'(?:src|href)="(?:https?:)?//', page)


def test_no_name_in_a_run_leads_out_of_its_folder(run_folder):
    before = {path for path in run_folder.parent.rglob("*") if run_folder not in path.parents}
    with (run_folder / "metrics.jsonl").open("a") as file:
        for step in (1, 2):
            terms = {"/../../../escaped": 1.0, "/etc/escaped": 1.0, "..": 1.0}
            record = {"event": "train", "step": step, "stage": "joint", "terms": terms}
            file.write(json.dumps(record) + "\n")
    write_report(run_folder)
    after = {path for path in run_folder.parent.rglob("*") if run_folder not in path.parents}
    assert after == before
    assert {path.parent.name for path in run_folder.rglob("*.png")} == {"figures"}


@pytest.mark.parametrize("name", ["../x", "a/b", "..", "", "/etc", "a\\b", "a b", "a\n"])
def test_no_component_has_a_name_that_leads_out_of_runs(name):
    # Without --out, the name of a run folder is made of the names of components.
    config = type(
        "Config",
        (Prior.Config,),
        {"__annotations__": {"type": Literal[name]}, "type": name, "__module__": __name__},
    )
    named = type("Named", (Prior,), {"Config": config, "__doc__": "A prior.", "sample": len})
    with pytest.raises(ComponentError, match="a name is letters, digits"):
        named.check_declaration()

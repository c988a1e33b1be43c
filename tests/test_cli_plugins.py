"""`gwae plugins`: list, show, check and write plugins."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import sysconfig
import tomllib
import venv
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gwae_core import RunConfig, __version__
from gwae_core.cli import app
from gwae_core.cli.fields import fields
from gwae_core.cli.places import PLACES, example
from gwae_core.cli.showing import references
from gwae_core.interfaces import KINDS
from gwae_core.plugins import registry
from gwae_core.registry import CORE
from gwae_core.yaml import parse_yaml

ROOT = Path(__file__).parents[1]
# Whatever else is installed where the tests run stays out.
ENTRIES = [entry for entry in registry() if entry.source.distribution == CORE]


def gwae(*arguments: object):
    """Run the command in this process."""
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def program(*arguments: str, **options):
    """Run the command in a process of its own, which says on stderr what it imported."""
    code = (
        "import atexit, sys\n"
        "loaded = lambda: [m for m in ('torch', 'numpy', 'fake_0') if m in sys.modules]\n"
        "atexit.register(lambda: print('loaded:', *loaded(), file=sys.stderr))\n"
        "from gwae_core.cli import main; main()"
    )
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, **options
    )


def distribution(folder: Path, name: str, source: str, entry_points: str = "") -> None:
    """A made-up distribution of one module."""
    module = name.replace("-", "_")
    (folder / f"{module}.py").write_text(source)
    info = folder / f"{module}-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.1.0\n")
    points = entry_points or f"main = {module}"
    (info / "entry_points.txt").write_text(f"[gwae]\n{points}\n")


# --- list


def test_the_table_fits_the_terminal(monkeypatch):
    for columns in (80, 100):
        monkeypatch.setenv("COLUMNS", str(columns))
        lines = gwae("plugins").stdout.splitlines()
        assert max(map(len, lines)) <= columns
    monkeypatch.setenv("COLUMNS", "300")
    assert max(len(line) for line in gwae("plugins").stdout.splitlines()) <= 100


def test_what_could_not_be_had_comes_after_the_components(tmp_path):
    distribution(tmp_path, "fake-broken", "raise RuntimeError('libfoo.so is missing')")
    distribution(tmp_path, "fake-off", "raise SystemExit")
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)]),
        "GWAE_PLUGINS": "fake-broken",
    }
    done = program("plugins", env=environment)
    assert "failed to load:\n  fake-broken 0.1.0: RuntimeError: libfoo.so is miss" in done.stdout
    assert "\n  fake-off 0.1.0" in done.stdout.partition("\ndisabled:")[2]
    quick = program("plugins", "--quick", env=environment)
    rows = [line.split() for line in quick.stdout.splitlines()]
    assert ["fake-off", "0.1.0", "main", "=", "fake_off", "disabled"] in rows
    checked = program("plugins", "check", "fake-broken", env=environment)
    assert checked.returncode == 1
    assert "failed  registration  RuntimeError: libfoo.so is missing" in checked.stdout
    off = program("plugins", "check", "fake-off", env=environment)
    assert off.returncode == 2
    assert "error: fake-off is disabled\nhint: the variables GWAE_PLUGINS" in off.stderr


def test_quick_lists_200_plugins_and_imports_none(tmp_path):
    for number in range(200):
        distribution(tmp_path, f"fake-{number}", "raise AssertionError('imported')")
    paths = os.pathsep.join([str(tmp_path), str(ROOT)])
    environment = {**os.environ, "PYTHONPATH": paths}
    done = program("plugins", "--quick", env=environment, timeout=20)
    assert done.stderr == "loaded:\n"
    listed = [line for line in done.stdout.splitlines() if line.startswith("fake-")]
    assert len(listed) == 200
    assert listed[0].split() == ["fake-0", "0.1.0", "main", "=", "fake_0", "not", "imported"]
    printed = json.loads(program("plugins", "--quick", "--json", env=environment).stdout)
    assert printed["core"] == __version__
    assert {
        "distribution": "fake-7",
        "version": "0.1.0",
        "entry_point": "main",
        "module": "fake_7",
        "enabled": True,
        "reason": "",
    } in printed["plugins"]


@pytest.mark.parametrize("command", ["--help", "plugins --help", "plugins new --help"])
def test_help_imports_neither_torch_nor_plugins(tmp_path, command):
    distribution(tmp_path, "fake-0", "raise AssertionError('imported')")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])}
    done = program(*command.split(), env=environment)
    assert (done.returncode, done.stderr) == (0, "loaded:\n")


# --- show


def label(entry):
    return f"{entry.component.kind}-{entry.component.name()}"


@pytest.mark.parametrize("entry", ENTRIES, ids=label)
def test_what_is_shown_is_complete_and_the_example_is_valid(entry):
    component = entry.component
    printed = json.loads(gwae("plugins", "show", component.kind, component.name(), "--json").stdout)
    assert printed["summary"] == component.summary()
    assert (printed["distribution"], printed["version"]) == (CORE, __version__)
    for field in printed["fields"]:
        assert field["type"] and field["description"]
    assert printed["example"] == example(component)
    config = RunConfig.from_yaml(printed["example"])
    held = config
    for key in PLACES[component.kind]:
        held = held[0] if key == "-" else getattr(held, key)
    assert isinstance(held, component.Config)
    text = gwae("plugins", "show", component.kind, component.name()).stdout
    for field in printed["fields"]:
        assert f"\n{field['name']}" in text
    assert max(map(len, text.splitlines())) <= 100


def test_fields_have_type_default_and_constraints():
    gwae_config = registry().find("objective", "gwae").component.Config
    found = {field.name: field for field in fields(gwae_config)}
    assert found["weights.gw"].default == 3.0
    rate = found["scale_learning_rate"]
    assert (rate.type, rate.default) == ("float", 0.01)
    assert found["representation_share"].constraints == (">= 0", "< 1")
    assert found["compare"].constraints == ("one of posterior, generated, data",)
    assert (found["estimator"].type, found["estimator"].default) == ("estimator", "paired")
    assert found["rho"].type == "float or null"
    arrays = {f.name: f for f in fields(registry().find("dataset", "arrays").component.Config)}
    assert arrays["path"].required
    assert (arrays["path"].type, arrays["path"].shown_default) == ("path", "required")


def test_references_are_found_in_both_forms():
    assert references("A bound (Mémoli, 2011), or GW (Peyré et al., 2016).") == [
        "Mémoli, 2011",
        "Peyré et al., 2016",
    ]
    assert references("A cube.\n\nSource: elementary probability.") == ["elementary probability"]
    assert references("The first of Mémoli (2011); not 2011 alone, (a, b) or (2016).") == [
        "Mémoli (2011)"
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["show", "prior", "norml"], "unknown prior 'norml'; did you mean 'normal'?; registered"),
        (["show", "priors", "normal"], "unknown kind 'priors'; did you mean 'prior'?; kinds: "),
        (["check", "norml"], "no component and no distribution is called 'norml'; did you mean"),
        (["check", "prior", "norml"], "unknown prior 'norml'"),
        (["check", "a", "b", "c"], "expected NAME or KIND NAME; got a b c"),
        (["check", "mlp", "--set", "hidden=[4]"], "--set is for one component; 2 are checked"),
        (["check", "dataset", "arrays"], "dataset arrays: path: this field is required"),
        (["check", "normal", "--data-shape", "8x8"], "a shape is positive numbers with commas"),
    ],
)
def test_a_wrong_name_or_value_is_an_error_that_says_what_there_is(arguments, message):
    result = gwae("plugins", *arguments)
    assert result.exit_code == 2
    assert f"error: {message}" in result.stderr


# --- check


def test_check_says_what_was_checked_and_passes():
    result = gwae("plugins", "check", "prior", "normal")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0] == f"prior normal, from gwae-core {__version__}"
    assert "passed  gradients" in lines
    assert lines[-1].endswith(" passed, 0 failed, 0 skipped")


def test_check_takes_parameters_and_a_shape():
    result = gwae(
        *["plugins", "check", "encoder", "mlp", "--set", "hidden=[4]", "--data-shape", "5"],
        *["--latent-dim", "2", "--json"],
    )
    assert result.exit_code == 0
    printed = json.loads(result.stdout)
    (checked,) = printed["checked"]
    assert (checked["kind"], checked["name"], printed["failed"]) == ("encoder", "mlp", 0)
    assert {r["status"] for r in checked["results"]} == {"passed"}


def test_a_component_that_refuses_images_is_checked_on_what_it_takes(tmp_path):
    source = (ROOT / "docs" / "examples" / "gwae-waves" / "gwae_waves.py").read_text()
    distribution(tmp_path, "gwae-waves-checked", source)
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    checked = program("plugins", "check", "gwae-waves-checked:series", env=environment)
    assert "on data of shape 64\n" in checked.stdout
    assert checked.returncode == 0 and ", 0 failed" in checked.stdout, checked.stdout


def test_the_kind_may_be_left_out_where_one_has_the_name():
    assert (
        gwae("plugins", "show", "uniform").output
        == gwae("plugins", "show", "prior", "uniform").output
    )
    several = gwae("plugins", "show", "mlp")
    assert several.exit_code == 2 and "gwae plugins show encoder mlp" in several.output
    unknown = gwae("plugins", "show", "uniformm")
    assert unknown.exit_code == 2 and "did you mean 'uniform'?" in unknown.output


def test_a_failure_exits_with_one_and_a_name_of_two_kinds_means_both(monkeypatch):
    from gwae_core.testing import CheckResult

    failure = CheckResult("shapes", "failed", "encoder-mlp-shapes: mend it like this")
    monkeypatch.setattr("gwae_core.cli.checking.run_checks", lambda config, **_: [failure])
    result = gwae("plugins", "check", "mlp")
    assert result.exit_code == 1
    assert "decoder mlp, from" in result.stdout
    assert "encoder mlp, from" in result.stdout
    assert "failed  shapes  encoder-mlp-shapes: mend it like this" in result.stdout
    assert result.stdout.endswith("0 passed, 2 failed, 0 skipped\n")
    assert json.loads(gwae("plugins", "check", "mlp", "--json").stdout)["failed"] == 2


def test_check_of_core_skips_what_needs_parameters(monkeypatch):
    monkeypatch.setattr("gwae_core.cli.checking.run_checks", lambda config, **_: [])
    result = gwae("plugins", "check", "gwae-core")
    assert result.exit_code == 0
    assert "skipped  all    it needs parameters; check it alone, with --set" in result.stdout
    assert result.stdout.count(f", from gwae-core {__version__}") == len(ENTRIES)


# --- new


def made(tmp_path: Path, kind: str) -> Path:
    """A package written by the command."""
    result = gwae("plugins", "new", f"gwae-own-{kind}", "--kind", kind, "--out", tmp_path)
    assert result.exit_code == 0, result.output
    return tmp_path / f"gwae-own-{kind}"


def run_tests(folder: Path, *arguments: str, paths: tuple[Path, ...] = ()) -> str:
    """Run tests in a process of its own, which sees core and more paths."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (ROOT, *paths)))}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_new_package_passes_its_own_tests_at_once(tmp_path):
    assert " passed" in run_tests(made(tmp_path, "prior"))


@pytest.mark.slow
def test_a_new_package_of_every_kind_passes_its_own_tests(tmp_path):
    folders = tuple(made(tmp_path, kind) for kind in KINDS)
    printed = run_tests(tmp_path, *map(str, folders), "-rA", paths=folders)
    for kind in KINDS:
        assert f"test_conformance[{kind}-own-{kind}-declaration" in printed
    assert " failed" not in printed


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_package_is_small_and_clean(tmp_path, kind):
    folder = made(tmp_path, kind)
    module = f"gwae_own_{kind}"
    assert sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()) == [
        "README.md",
        f"{module}.py",
        "pyproject.toml",
        f"tests/test_{module}.py",
    ]
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    assert project["entry-points"]["gwae"] == {f"own-{kind}": module}
    assert project["dependencies"] == ["gwae-core>=0.1,<0.2"]
    source = (folder / f"{module}.py").read_text()
    lines = source.splitlines()
    start = next(k for k, line in enumerate(lines) if line.startswith("class "))
    # Code of the component: neither blank lines, docstrings nor the hook.
    body = source[source.index("class ") : source.index("@hookimpl")].split('"""')[::2]
    code = [line for part in body for line in part.splitlines() if line.strip()]
    assert lines[start].startswith(f"class Own{kind.capitalize()}(")
    assert len(code) <= 25
    readme = (folder / "README.md").read_text()
    if kind in PLACES:
        shown = readme.partition("```yaml\n")[2].partition("\n```")[0]
        assert f"own-{kind}" in str(parse_yaml(shown, source="README"))
    else:
        assert f"Own{kind.capitalize()}.Config().build(" in readme
    for tool in (["check", "--select", "E,F,I,UP,B,SIM,RUF"], ["format", "--check"]):
        command = [sys.executable, "-m", "ruff", *tool, "--isolated", "--no-cache", "."]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("gwae-normal", "would be 'normal', a prior of gwae-core, whose names are reserved"),
        ("gwae_core", "gwae-core is this package's own name"),
        ("ball-", "'ball-' is no name of a distribution"),
        ("gwae ball", "'gwae ball' is no name of a distribution"),
        ("../ball", "'../ball' is no name of a distribution"),
        ("json", "there is a module 'json' already"),
        ("numpy", "there is a module 'numpy' already"),
        ("3d", "the module of '3d' would be '3d', which Python cannot import"),
        ("class", "the module of 'class' would be 'class'"),
    ],
)
def test_a_name_that_cannot_be_is_refused_and_nothing_is_written(tmp_path, name, message):
    result = gwae("plugins", "new", name, "--kind", "prior", "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert message in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_an_existing_folder_is_refused(tmp_path):
    made(tmp_path, "prior")
    before = sorted(tmp_path.rglob("*"))
    result = gwae("plugins", "new", "gwae-own-prior", "--kind", "metric", "--out", tmp_path)
    assert result.exit_code == 2
    assert "gwae-own-prior exists already" in result.stderr
    assert sorted(tmp_path.rglob("*")) == before


def test_an_unknown_kind_is_refused(tmp_path):
    result = gwae("plugins", "new", "gwae-ball", "--kind", "priors", "--out", tmp_path)
    assert result.exit_code == 2
    assert "unknown kind 'priors'; kinds: prior, encoder" in result.stderr


def test_nothing_half_written_is_left_behind(tmp_path, monkeypatch):
    def full(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("gwae_core.cli.package.os.rename", full)
    result = gwae("plugins", "new", "gwae-ball", "--kind", "prior", "--out", tmp_path)
    assert result.exit_code == 2
    assert "No space left on device" in result.stderr
    assert list(tmp_path.iterdir()) == []


PAGE = (ROOT / "docs" / "guide" / "plugin-commands.md").read_text(encoding="utf-8")
SHOWN = re.findall(r"```console\n\$ gwae (.+)\n((?:.*\n)*?)```", PAGE)


@pytest.mark.parametrize(("command", "expected"), SHOWN, ids=[command for command, _ in SHOWN])
def test_the_guide_shows_what_is_printed(command, expected, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    printed = gwae(*command.split()).stdout
    # Other plugins may be installed where the tests run: three dots stand for anything, and columns
    # may be wider.
    words, found = (" ".join(text.split()) for text in (expected, printed))
    assert re.fullmatch(re.escape(words).replace(re.escape(" ..."), ".*"), found), printed


def test_the_guide_shows_the_package_that_is_written(tmp_path):
    gwae("plugins", "new", "gwae-ball", "--kind", "prior", "--out", tmp_path)
    source = (tmp_path / "gwae-ball" / "gwae_ball.py").read_text(encoding="utf-8")
    assert f'```python title="gwae-ball/gwae_ball.py"\n{source}```' in PAGE


CONFIG = """\
data: {type: own-dataset, number: 90}
latent_dim: 2
encoder: {hidden: [8]}
decoder: {hidden: [8]}
prior: own-prior
training: {steps: 5, batch_size: 32}
metrics: [own-metric]
trackers: [own-tracker]
"""


@pytest.mark.slow
def test_new_packages_built_and_installed_train_together(tmp_path):
    pytest.importorskip("hatchling")
    pytest.importorskip("pip")
    venv.create(tmp_path / "venv", with_pip=False)
    python = tmp_path / "venv" / ("Scripts" if os.name == "nt" else "bin") / "python"
    (site,) = (tmp_path / "venv").rglob("site-packages")
    seen = {str(ROOT), sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (site / "core.pth").write_text("\n".join(sorted(seen)) + "\n")
    kinds = ("dataset", "prior", "metric", "tracker")
    install = [sys.executable, "-m", "pip", "--python", str(python), "install", "--no-deps"]
    install += ["--no-build-isolation", "--no-index", *(str(made(tmp_path, k)) for k in kinds)]
    done = subprocess.run(install, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr

    def run(*arguments: str) -> str:
        code = "from gwae_core.cli import main; main()"
        command = [str(python), "-c", code, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    (tmp_path / "own.yaml").write_text(CONFIG)
    assert "effective_dimensions" in run("train", "own.yaml", "--out", "run", "--no-report")
    assert "type: gwae-own-prior:own-prior" in (tmp_path / "run" / "config.yaml").read_text()
    header, *rows = (tmp_path / "run" / "terms.csv").read_text().splitlines()
    assert header == "step,term,value"
    assert rows
    assert run("plugins", "check", "gwae-own-dataset").endswith(" 0 failed, 0 skipped\n")

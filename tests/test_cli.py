"""The command line: what it prints, where, and with which exit code it ends."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from typer.testing import CliRunner

from gwae_core import RunConfig, __version__
from gwae_core.cli import app
from gwae_core.cli.results import metrics_text
from gwae_core.files import write_json
from gwae_core.yaml import parse_yaml

SHORT = """\
data: digits
encoder: {hidden: [16]}
decoder: {hidden: [16]}
prior: {num_components: 3, fit_starts: 1}
latent_dim: 4
training: {steps: 20, batch_size: 64, validate_every: 10}
metrics: [reconstruction]
"""


def gwae(*arguments: object):
    """Run the command in this process."""
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def program(*arguments: str, code: str = "from gwae_core.cli import main; main()", **options):
    """Run the command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, **options
    )


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a short run."""
    folder = tmp_path_factory.mktemp("trained")
    (folder / "short.yaml").write_text(SHORT)
    result = gwae("train", folder / "short.yaml", "--out", folder / "run", "--no-report")
    assert result.exit_code == 0, result.output
    return folder / "run"


def test_version():
    result = gwae("--version")
    assert (result.exit_code, result.stdout) == (0, f"gwae {__version__}\n")


def test_help_names_every_command_and_imports_nothing_heavy():
    code = (
        "import sys, atexit\n"
        "heavy = {'torch', 'numpy', 'pydantic', 'matplotlib', 'scipy', 'sklearn', 'yaml'}\n"
        "atexit.register(lambda: print('heavy:', sorted(heavy & set(sys.modules))))\n"
        "from gwae_core.cli import main; main()"
    )
    done = program("--help", code=code)
    assert done.returncode == 0
    assert done.stdout.endswith("heavy: []\n")
    for command in (
        "train",
        "new",
        "plugins",
        "schema",
        "evaluate",
        "compare",
        "sweep",
        "report",
        "sample",
        "encode",
        "distance",
    ):
        assert f"\n  {command} " in done.stdout
        assert program(command, "--help").returncode == 0


def test_training_prints_stages_metrics_and_where_the_run_is(tmp_path):
    (tmp_path / "short.yaml").write_text(SHORT)
    out = tmp_path / "run"
    result = gwae("train", tmp_path / "short.yaml", "--out", out, "--seed", 3, "--no-report")
    assert result.exit_code == 0, result.output
    for text in ("representation", "joint", "metrics on the test split", "psnr", f"run     {out}"):
        assert text in result.stdout
    assert "\nreport" not in result.stdout
    assert RunConfig.from_file(out / "config.yaml").seed == 3
    assert not (out / "report.html").exists()


def test_training_without_a_terminal_prints_plain_lines(tmp_path):
    (tmp_path / "short.yaml").write_text(SHORT)
    result = gwae("train", tmp_path / "short.yaml", "--out", tmp_path / "run", "--no-report")
    lines = result.stderr.splitlines()
    assert lines[0].startswith("data: 1258 train, 180 validation, 359 test; 20 steps, stages: ")
    assert any(line.startswith("representation 10/20  validation: recon") for line in lines)
    assert any(line.startswith("trained 20 steps in 0:") for line in lines)
    assert result.stderr.replace("\n", "").isprintable()


def test_quiet_training_prints_the_folder_alone_and_names_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "short.yaml").write_text(SHORT)
    settings = ("--set", "training.steps=2", "--set", "metrics=[]", "--quiet", "--no-report")
    folders = []
    for _ in range(2):
        result = gwae("train", "short.yaml", *settings)
        assert result.exit_code == 0, result.output
        folders.append(result.stdout)
    assert folders == [
        "runs/digits-gwae-gaussian-mixture-seed0\n",
        "runs/digits-gwae-gaussian-mixture-seed0-2\n",
    ]


@pytest.mark.slow
def test_training_ends_with_a_report(tmp_path):
    (tmp_path / "short.yaml").write_text(SHORT)
    result = gwae("train", tmp_path / "short.yaml", "--out", tmp_path / "run")
    assert result.exit_code == 0, result.output
    report = tmp_path / "run" / "report.html"
    assert result.stdout.endswith(f"report  {report}\n")
    report.unlink()
    again = gwae("report", tmp_path / "run")
    assert (again.exit_code, again.stdout) == (0, f"{report}\n")
    assert report.is_file()


def test_evaluate_repeats_the_metrics(trained):
    stored = json.loads((trained / "evaluation" / "metrics.json").read_text())
    printed = json.loads(gwae("evaluate", trained, "--force", "--json").stdout)
    assert printed["metrics"] == pytest.approx(stored)
    assert (printed["cached"], list(printed["computed"])) == ([], ["reconstruction"])


def test_evaluate_says_what_it_computed_and_what_it_knew(trained):
    known = gwae("evaluate", trained)
    assert "psnr" in known.stdout and known.stderr == ""
    assert "from cache  reconstruction (--force computes again)" in known.stdout
    result = gwae("evaluate", trained, "--metric", "geometry", "--set", "geometry.points=50")
    assert result.exit_code == 0, result.output
    assert "computing geometry ..." in result.stderr and "computed    geometry " in result.stdout
    assert "spearman" in result.stdout and "psnr" not in result.stdout
    stored = json.loads((trained / "evaluation" / "metrics.json").read_text())
    assert {"reconstruction.psnr", "geometry.euclidean.spearman"} <= stored.keys()


def test_evaluate_does_not_announce_a_metric_that_it_leaves_out(trained):
    result = gwae("evaluate", trained, "--metric", "dci")
    assert result.exit_code == 0 and result.stderr == ""
    assert result.stdout == "left out    dci: not for these data or this model\n"


def test_evaluate_writes_the_report_that_shows_what_it_computed(trained, tmp_path):
    run = Path(shutil.copytree(trained, tmp_path / "run"))
    page = run / "report.html"
    changed = ("evaluate", run, "--metric", "geometry", "--set")

    def evaluated(*arguments):
        result = gwae(*arguments)
        assert result.exit_code == 0, result.output
        return result

    assert "report" not in evaluated(*changed, "geometry.points=40").output
    assert not page.exists()
    page.write_text("an old page")
    assert "report" not in evaluated("evaluate", run, "--part", "validation").output
    assert "report" not in evaluated(*changed, "geometry.points=41", "--no-report").output
    assert page.read_text() == "an old page"
    result = evaluated(*changed, "geometry.points=42", "--json")
    assert "geometry.euclidean.spearman" in json.loads(result.stdout)["metrics"]
    assert "Spearman" in page.read_text()
    known = evaluated(*changed, "geometry.points=42")
    assert "from cache  geometry" in known.stdout and "report" not in known.output
    again = evaluated(*changed, "geometry.points=43")
    assert again.stdout.endswith(f"\nreport      {page}\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--metric", "geometri"), "did you mean 'geometry'"),
        (("--preset", "papr"), "no preset 'papr'; did you mean 'paper'?"),
        (("--part", "train"), "--part must be test or validation; got 'train'"),
        (("--set", "geometry.points=5"), "'geometry', which is not evaluated"),
        (("--preset", "fast", "--set", "geometry.point=5"), "did you mean 'points'"),
        (("--preset", "fast", "--set", "geometry.points=1"), "geometry.points: input should be"),
    ],
)
def test_what_evaluate_cannot_do_is_said(trained, arguments, said):
    result = gwae("evaluate", trained, *arguments)
    assert result.exit_code == 2, result.output
    assert said in result.stderr and "Traceback" not in result.output


def test_sample(trained, tmp_path):
    for name, options in (("a", ()), ("b", ()), ("c", ("--seed", 1)), ("d", ("--component", 2))):
        result = gwae("sample", trained, "-n", 5, "-o", tmp_path / f"{name}.npz", *options)
        assert result.exit_code == 0, result.output
        assert "x (5, 1, 8, 8)" in result.stdout
    a, b, c, d = (np.load(tmp_path / f"{name}.npz")["x"] for name in "abcd")
    assert (a == b).all()
    assert not (a == c).all()
    assert not (a == d).all()


@pytest.mark.parametrize("suffix", ["npy", "npz", "csv"])
def test_encode(trained, tmp_path, suffix):
    from gwae_core import load

    x = np.random.default_rng(0).uniform(size=(7, 1, 8, 8)).astype(np.float32)
    file = tmp_path / f"data.{suffix}"
    match suffix:
        case "npy":
            np.save(file, x)
        case "npz":
            np.savez(file, x=x)
        case "csv":
            np.savetxt(file, x.reshape(7, 64), delimiter=",")
    result = gwae("encode", trained, file, "-o", tmp_path / "codes.npz")
    assert result.exit_code == 0, result.output
    z = np.load(tmp_path / "codes.npz")["z"]
    assert z.shape == (7, 4)
    np.testing.assert_allclose(z, load(trained).encode(x), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("objective", ["gwae", "vae"])
def test_a_new_configuration_is_commented_and_means_the_defaults(tmp_path, objective):
    file = tmp_path / "my.yaml"
    result = gwae("new", file, "--objective", objective)
    assert result.exit_code == 0, result.output
    assert f"gwae train {file}" in result.stdout
    text = file.read_text()
    assert RunConfig.from_file(file) == RunConfig.from_mapping({"objective": objective})
    assert max(map(len, text.splitlines())) <= 100
    lines = [line.strip() for line in text.splitlines()]
    for name, field in RunConfig.model_fields.items():
        assert any(line.startswith(f"{name}:") for line in lines)
        assert f"# {field.description.split()[0]}" in text
    assert gwae("new", "--objective", objective).stdout == text


def test_a_new_configuration_shows_what_has_to_be_filled_in():
    text = gwae("new", "--data", "arrays").stdout
    assert "path: FILL-ME-IN" in text
    assert RunConfig.from_yaml(text).data.path == Path("FILL-ME-IN")


def test_new_never_overwrites(tmp_path):
    (tmp_path / "my.yaml").write_text("seed: 1\n")
    result = gwae("new", tmp_path / "my.yaml")
    assert result.exit_code == 2
    assert "exists already" in result.stderr
    assert (tmp_path / "my.yaml").read_text() == "seed: 1\n"


def test_schema(tmp_path):
    printed = json.loads(gwae("schema").stdout)
    jsonschema.Draft202012Validator.check_schema(printed)
    assert gwae("schema", "-o", tmp_path / "s.json").exit_code == 0
    assert json.loads((tmp_path / "s.json").read_text()) == printed
    jsonschema.validate(parse_yaml(SHORT, source="short"), printed)


def test_plugins_lists_what_is_installed():
    header, *rows = gwae("plugins").stdout.splitlines()
    assert header.split() == ["kind,", "name", "distribution", "version", "summary"]
    priors = rows[rows.index("prior") + 1 : rows.index("reconstruction")]
    assert any(row.split()[:3] == ["normal", "gwae-core", __version__] for row in priors)
    listed = json.loads(gwae("plugins", "--json").stdout)
    assert set(listed) == {"components", "failed", "refused", "disabled", "ambiguous"}
    normal = next(c for c in listed["components"] if (c["kind"], c["name"]) == ("prior", "normal"))
    assert normal["distribution"] == "gwae-core"
    assert normal["summary"]


def test_variants_of_a_metric_stand_beside_each_other(tmp_path):
    write_json(tmp_path / "evaluation" / "facts.json", {"split": "validation"})
    text = metrics_text(
        {
            "clustering.prior.components": 10.0,
            "clustering.prior.nmi": 0.5,
            "clustering.raw.nmi": 0.123456,
            "reconstruction.mse": 1e-7,
        },
        tmp_path,
    )
    assert text.splitlines() == [
        "",
        "metrics on the validation split",
        "",
        "clustering  prior     raw",
        "components     10",
        "nmi           0.5  0.1235",
        "",
        "reconstruction",
        "mse             1e-07",
    ]


def data_file(folder: Path, **arrays: np.ndarray) -> Path:
    np.savez(folder / "data.npz", **arrays)
    return folder / "data.npz"


UNIFORM = np.random.default_rng(0).uniform(size=(60, 5)).astype(np.float32)
WITH_NAN = np.where(UNIFORM > 0.9, np.nan, UNIFORM)
IMAGES = np.zeros((60, 6, 6), np.float32) + UNIFORM[:, :1, None]

MISTAKES = {
    "misspelt component": ("prior=gausian-mixture", "did you mean 'gaussian-mixture'?"),
    "misspelt field": ("prior.num_component=3", "did you mean 'num_components'?"),
    "misspelt section": ("trainning.steps=3", "did you mean 'training'?"),
    "wrong type": ("training.steps=many", "training.steps: input should be a valid integer"),
    "negative width": ("encoder.hidden=[-3]", "encoder.hidden.0: input should be greater than 0"),
    "negative batch": ("training.batch_size=-3", "batch_size: input should be greater than 0"),
    "negative seed": ("seed=-3", "seed: input should be greater than or equal to 0; got -3"),
    "no latent dimension": ("latent_dim=0", "latent_dim: input should be greater than 0; got 0"),
    "batch larger than the data": ("training.batch_size=100000", "batch_size"),
    "compare data with a given coupling": ("objective.compare=data", "paired"),
    "no such data file": ("data={type: arrays, path: nowhere.npz}", "no such file: nowhere.npz"),
    "unknown monitor": ("training.monitor=mse", "no term 'mse'; allowed: total, "),
    "unknown device": ("training.accelerator=abacus", "training.accelerator 'abacus'"),
    "nothing left to train on": ("split={validation: 0.5, test: 0.5}", "nothing to train on"),
    "no equals sign": ("seed", "not of the form"),
}


@pytest.mark.parametrize("override, message", MISTAKES.values(), ids=MISTAKES)
def test_mistakes(tmp_path, override, message):
    (tmp_path / "short.yaml").write_text(SHORT)
    result = gwae("train", tmp_path / "short.yaml", "--out", tmp_path / "run", "--set", override)
    assert_user_error(result, message)


def assert_user_error(result, message: str) -> None:
    assert result.exit_code == 2, result.output
    assert message in result.stderr
    first = next(line for line in result.stderr.splitlines() if not line.startswith("data: "))
    assert first.startswith("error: ")
    assert "Traceback" not in result.stderr
    assert result.stdout == ""


DATA_MISTAKES = {
    "NaN in the data": (WITH_NAN, {}, "NaN"),
    "infinite values": (np.where(UNIFORM > 0.9, np.inf, UNIFORM), {}, "inf"),
    "too few points": (UNIFORM[:3], {}, "3 points leave 1 to train on"),
    "image too small for the network": (IMAGES, {"encoder": "convolutional"}, "8"),
    "image too small for the decoder": (IMAGES, {"decoder": "convolutional"}, "8"),
    "table for a network of images": (UNIFORM, {"encoder": "convolutional"}, "convolutional"),
    "text": (np.array([["a", "b"]] * 60), {}, "numbers"),
    "out of range": (UNIFORM * 3, {"reconstruction": "bernoulli"}, "[0, 1]"),
}


@pytest.mark.parametrize("x, parts, message", DATA_MISTAKES.values(), ids=DATA_MISTAKES)
def test_data_mistakes(tmp_path, x, parts, message):
    data = {"type": "arrays", "path": str(data_file(tmp_path, x=x))}
    config = {"data": data, **parts, "training": {"steps": 2, "batch_size": 8}}
    (tmp_path / "run.yaml").write_text(json.dumps(config))
    result = gwae("train", tmp_path / "run.yaml", "--out", tmp_path / "run")
    assert_user_error(result, message)


def test_a_missing_configuration(tmp_path):
    result = gwae("train", tmp_path / "none.yaml")
    assert_user_error(result, f"error: no such file: {tmp_path / 'none.yaml'}")
    assert "\nhint: `gwae new FILE`" in result.stderr


def test_a_configuration_that_is_no_yaml(tmp_path):
    (tmp_path / "bad.yaml").write_text("a: [1\n")
    assert_user_error(gwae("train", tmp_path / "bad.yaml"), "is not valid YAML")


def test_an_existing_run_folder_stays_as_it_is(trained):
    before = sorted(trained.rglob("*"))
    result = gwae("train", trained / "config.yaml", "--out", trained)
    assert_user_error(result, f"{trained} exists already")
    assert sorted(trained.rglob("*")) == before


def test_an_output_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "short.yaml").write_text(SHORT)
    (tmp_path / "file").write_text("")
    result = gwae("train", tmp_path / "short.yaml", "--out", tmp_path / "file" / "run")
    assert_user_error(result, "cannot write to the folder")


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write anywhere")
def test_an_output_folder_without_permission(tmp_path):
    (tmp_path / "short.yaml").write_text(SHORT)
    (tmp_path / "locked").mkdir(mode=0o500)
    result = gwae("train", tmp_path / "short.yaml", "--out", tmp_path / "locked" / "run")
    assert_user_error(result, "cannot write to the folder")


@pytest.fixture
def copied(trained, tmp_path) -> Path:
    """A copy of the run, to be damaged."""
    import shutil

    return Path(shutil.copytree(trained, tmp_path / "copy"))


CHECKPOINT_DAMAGE = {
    "truncated": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "empty": lambda path: path.write_bytes(b""),
    "of another format": lambda path: path.write_bytes(b"not a checkpoint at all" * 100),
    "missing": lambda path: path.unlink(),
    "a folder": lambda path: (path.unlink(), path.mkdir()),
}


@pytest.mark.parametrize("damage", CHECKPOINT_DAMAGE.values(), ids=CHECKPOINT_DAMAGE)
@pytest.mark.parametrize("command", ["sample", "evaluate"])
def test_a_damaged_checkpoint(copied, damage, command):
    damage(copied / "checkpoints" / "last.safetensors")
    assert_user_error(gwae(command, copied), "last.safetensors")


def test_a_checkpoint_of_another_model(copied):
    config = (copied / "config.yaml").read_text()
    assert "latent_dim: 4" in config
    (copied / "config.yaml").write_text(config.replace("latent_dim: 4", "latent_dim: 5"))
    assert_user_error(gwae("sample", copied), "last.safetensors")


def test_a_checkpoint_that_some_other_program_wrote(copied):
    import torch
    from safetensors.torch import save_file

    save_file({"weight": torch.zeros(3)}, copied / "checkpoints" / "last.safetensors")
    assert_user_error(gwae("sample", copied), "last.safetensors")


@pytest.mark.parametrize("command", ["evaluate", "report", "sample"])
def test_what_is_no_run_folder(tmp_path, command):
    assert_user_error(gwae(command, tmp_path), "is not a run folder")
    assert_user_error(gwae(command, tmp_path / "none"), "no run folder")


def test_encoding_data_of_another_shape(trained, tmp_path):
    result = gwae("encode", trained, data_file(tmp_path, x=UNIFORM))
    assert_user_error(result, "(n, 1, 8, 8)")


def test_encoding_a_file_that_is_not_there(trained, tmp_path):
    assert_user_error(gwae("encode", trained, tmp_path / "none.npy"), "no such file")


def test_sampling_a_component_that_is_not_there(trained, tmp_path):
    result = gwae("sample", trained, "--component", 3, "-o", tmp_path / "s.npz")
    assert_user_error(result, "component")


def test_an_output_that_is_no_npz(trained, tmp_path):
    assert_user_error(gwae("sample", trained, "-o", tmp_path / "x.txt"), "must end in .npz")


def test_an_output_in_a_folder_that_cannot_be_written(trained, tmp_path):
    (tmp_path / "file").write_text("")
    result = gwae("sample", trained, "-o", tmp_path / "file" / "x.npz")
    assert_user_error(result, "cannot write")


@pytest.mark.parametrize("arguments", [["train"], ["sing"], ["train", "a.yaml", "--sed", "3"]])
def test_usage_errors_exit_with_two(arguments):
    result = gwae(*arguments)
    assert result.exit_code == 2
    assert "Usage: " in result.stderr


def test_a_bug_keeps_its_traceback_and_exits_with_one():
    code = (
        "import gwae_core.plugins\n"
        "def broken(): raise ZeroDivisionError('a bug')\n"
        "gwae_core.plugins.registry = broken\n"
        "from gwae_core.cli import main; main()"
    )
    done = program("plugins", code=code)
    assert done.returncode == 1
    assert "Traceback" in done.stderr
    assert done.stderr.endswith("ZeroDivisionError: a bug\n")


def test_an_interruption_is_no_traceback():
    code = (
        "import gwae_core.plugins\n"
        "def interrupted(): raise KeyboardInterrupt\n"
        "gwae_core.plugins.registry = interrupted\n"
        "from gwae_core.cli import main; main()"
    )
    done = program("plugins", code=code)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "interrupted\n")


@pytest.mark.skipif(os.name == "nt", reason="pipes differ")
def test_a_closed_pipe_is_no_traceback():
    code = "from gwae_core.cli import main; main()"
    with subprocess.Popen(
        [sys.executable, "-c", code, "schema"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == 141


def test_a_warning_is_one_line_on_stderr(monkeypatch):
    import warnings

    import gwae_core.plugins

    real = gwae_core.plugins.registry()

    def warned():
        warnings.warn("prior 'cube' was trained with gwae-cube 0.1", stacklevel=1)
        return real

    monkeypatch.setattr(gwae_core.plugins, "registry", warned)
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        result = gwae("plugins")
    assert result.exit_code == 0
    assert set(result.stderr.splitlines()) == {
        "warning: prior 'cube' was trained with gwae-cube 0.1"
    }

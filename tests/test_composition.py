"""What a configuration can say, composed from objects, printed back and loaded again."""

from __future__ import annotations

import copy
import importlib
import os
import pickle
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import jsonschema
import numpy as np
import pytest
import torch
from pydantic import PositiveFloat, PositiveInt, ValidationError
from torch import Generator, Tensor, nn

from gwae_core import (
    Batch,
    BuildContext,
    DataArrays,
    Dataset,
    Estimator,
    GWResult,
    Losses,
    Metric,
    MMSpace,
    Prior,
    RunConfig,
    TrainingConfig,
    evaluate_run,
    fit,
    load,
    run,
)
from gwae_core.build import build_objective
from gwae_core.builtin.decoders import MLPDecoder
from gwae_core.builtin.encoders import MLPEncoder
from gwae_core.builtin.estimators import Entropic
from gwae_core.builtin.objectives import GWAE, VAE
from gwae_core.builtin.priors import GaussianMixture, Normal
from gwae_core.builtin.reconstructions import Bernoulli, SquaredError
from gwae_core.errors import ComponentError, ConfigError, DataError, RunFolderError
from gwae_core.interfaces import MetricInput
from gwae_core.schema import run_schema

ROOT = Path(__file__).parents[1]
FEATURES, LATENT = 5, 2
TRAINING = TrainingConfig(steps=6, batch_size=16, log_every=6, validate_every=6)


class Ring(Prior):
    """Uniform distribution on a sphere."""

    class Config(Prior.Config):
        type: Literal["ring"] = "ring"
        radius: PositiveFloat = 1.0

    config: Config

    def sample(self, n: int, *, generator: Generator | None = None) -> Tensor:
        z = self.noise(n, generator=generator)
        return self.config.radius * z / z.norm(dim=1, keepdim=True)


class Blobs(Dataset):
    """Two blobs."""

    class Config(Dataset.Config):
        type: Literal["blobs"] = "blobs"
        n: PositiveInt = 80

    config: Config

    def load(self) -> DataArrays:
        rng = np.random.default_rng(0)
        y = np.arange(self.config.n) % 2
        x = rng.normal(size=(self.config.n, FEATURES)) + 6 * y[:, None]
        return DataArrays(x.astype(np.float32), y=y)


class CodeNorm(Metric):
    """Mean norm of the codes."""

    class Config(Metric.Config):
        type: Literal["code-norm"] = "code-norm"

    config: Config

    def compute(self, data: MetricInput) -> Mapping[str, float]:
        return {"mean": float(np.linalg.norm(data.test.z, axis=1).mean())}


class MeanGap(Estimator):
    """Squared difference of the mean distances."""

    class Config(Estimator.Config):
        type: Literal["mean-gap"] = "mean-gap"

    config: Config
    has_plan = False

    def forward(
        self, x: MMSpace, z: MMSpace, *, rho: float = 2.0, generator: Generator | None = None
    ) -> GWResult:
        value = (x.d.mean() - z.d.mean()).square()
        return GWResult(value, value, None, True, 0, 0.0)


OWN = [Ring, Blobs, CodeNorm, MeanGap]


class TwoHeads(nn.Module):
    """An encoder that is no component."""

    def __init__(self, features: int = FEATURES, latent_dim: int = LATENT) -> None:
        super().__init__()
        self.mean, self.spread = nn.Linear(features, latent_dim), nn.Linear(features, latent_dim)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return self.mean(x), self.spread(x).clamp(-4, 2)


def notebook_config() -> RunConfig:
    """A run of which everything that can be is a class registered nowhere."""
    return RunConfig(
        latent_dim=LATENT,
        data=Blobs.Config(),
        prior=Ring.Config(radius=2.0),
        encoder=MLPEncoder.Config(hidden=(8,)),
        decoder=MLPDecoder.Config(hidden=(8,)),
        objective=GWAE.Config(estimator=MeanGap.Config()),
        training=TRAINING,
        metrics=(CodeNorm.Config(),),
    )


def modules() -> dict[str, nn.Module]:
    return {"encoder": TwoHeads(), "decoder": nn.Linear(LATENT, FEATURES)}


def objective_from_objects(x: Tensor, **parts: nn.Module) -> GWAE:
    context = BuildContext.for_data(x, LATENT)
    context = context.with_parts(reconstruction=SquaredError(SquaredError.Config(), context))
    defaults = {
        "encoder": MLPEncoder(MLPEncoder.Config(hidden=(8,)), context),
        "decoder": MLPDecoder(MLPDecoder.Config(hidden=(8,)), context),
        "prior": GaussianMixture(GaussianMixture.Config(num_components=2), context),
    }
    return GWAE(
        GWAE.Config(estimator=Entropic.Config(epsilon=0.1), compare="data"),
        context.with_parts(**{**defaults, **parts}),
    )


@pytest.fixture(scope="module")
def notebook_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("notebook") / "run"
    return run(notebook_config(), out=folder, report=False).folder


@pytest.fixture(scope="module")
def own_modules_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, nn.Module]]:
    folder, parts = tmp_path_factory.mktemp("own") / "run", modules()
    config = notebook_config().model_copy(update={"prior": Normal.Config()})
    return run(config, out=folder, report=False, parts=parts, data=data()).folder, parts


def data() -> np.ndarray[Any, Any]:
    return Blobs.Config().build().load().x.astype(np.float64)


# Components that no plugin registers


def test_unregistered_components_run_and_load_in_the_place_of_registered_ones(
    notebook_run: Path,
) -> None:
    model = load(notebook_run, components=OWN)
    assert model.config == notebook_config()
    assert isinstance(model.objective.prior, Ring)
    z = model.objective.prior.sample(9)
    torch.testing.assert_close(z.norm(dim=1), torch.full((9,), 2.0))
    assert model.sample(3).shape == (3, FEATURES)
    assert list(evaluate_run(notebook_run, components=OWN)) == ["code-norm.mean"]


def test_an_unregistered_configuration_is_printed_and_read_back() -> None:
    config = notebook_config()
    assert RunConfig.from_yaml(config.to_yaml(), components=OWN) == config
    assert RunConfig.from_mapping(config.model_dump(mode="json"), components=OWN) == config


def test_an_unregistered_objective_trains_loads_and_prints(tmp_path: Path) -> None:
    class Halved(VAE):
        """A VAE with half of its loss."""

        class Config(VAE.Config):
            type: Literal["halved"] = "halved"
            share: PositiveFloat = 0.5

        config: Config

        def losses(self, group: str, batch: Batch, *, generator: Generator) -> Losses:
            full = super().losses(group, batch, generator=generator)
            return Losses({k: self.config.share * v for k, v in full.terms.items()}, full.observed)

    config = RunConfig(
        latent_dim=LATENT, objective=Halved.Config(share=0.25), prior=Normal.Config(), metrics=()
    ).model_copy(update={"training": TRAINING})
    run(config, out=tmp_path / "run", report=False, data=data())
    model = load(tmp_path / "run", components=[Halved])
    assert isinstance(model.objective, Halved)
    assert "objective:\n  type: halved\n  beta: 1.0\n  share: 0.25\n" in model.to_yaml()


def test_a_class_may_be_defined_again_as_a_notebook_does(notebook_run: Path) -> None:
    class Again(Ring):
        """The cell ran twice."""

        class Config(Ring.Config):
            """The same parameters."""

        config: Config

    model = load(notebook_run, components=[Again, Blobs, CodeNorm, MeanGap])
    assert type(model.objective.prior) is Again
    assert model.objective.prior.config.radius == 2.0


def test_classes_that_were_not_given_are_named(notebook_run: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load(notebook_run, components=[Blobs, MeanGap])
    assert "prior: unknown prior 'ring'" in caught.value.message
    assert caught.value.hint is not None
    assert f"({__name__}.Ring, {__name__}.CodeNorm)" in caught.value.hint
    assert "components=[Ring, CodeNorm]" in caught.value.hint


def test_an_unregistered_class_cannot_pass_for_a_registered_one() -> None:
    class Impostor(Prior):
        """Another prior."""

        class Config(Prior.Config):
            type: Literal["normal"] = "normal"

        def sample(self, n: int, *, generator: Generator | None = None) -> Tensor:
            return self.noise(n, generator=generator)

    with pytest.raises(ValidationError, match="named 'normal', which is the name of a prior of"):
        RunConfig(prior=Impostor.Config())
    with pytest.raises(ComponentError, match="another name"):
        RunConfig.from_mapping({}, components=[Impostor])


def test_a_module_that_is_loaded_again_keeps_its_names() -> None:
    module = importlib.import_module(Normal.__module__)
    source = Path(str(module.__file__)).read_text(encoding="utf-8")
    again: dict[str, Any] = {"__name__": Normal.__module__}
    exec(compile(source, "again", "exec", dont_inherit=True), again)
    assert again["Normal"] is not Normal
    config = RunConfig(prior=again["Normal"].Config())
    assert RunConfig.from_yaml(config.to_yaml()).prior == Normal.Config()


def test_a_class_that_could_not_be_registered_is_refused() -> None:
    class NoConfig(Normal):
        """It shares the Config of its parent."""

    with pytest.raises(ComponentError, match="no Config in its own body"):
        RunConfig.from_mapping({"prior": "normal"}, components=[NoConfig])


@pytest.mark.slow
def test_a_notebook_trains_saves_and_loads(tmp_path: Path) -> None:
    """Classes of __main__, as in a notebook; another process has them again, or is told which."""
    example = (ROOT / "docs" / "examples" / "composition.py").read_text(encoding="utf-8")
    definitions = example[: example.index("angle = ")]
    first = definitions + (
        "run(RunConfig(latent_dim=2, prior=Ring.Config(), training=TrainingConfig(steps=2)), "
        "out='run', data=torch.eye(200)[:, :3].numpy(), report=False)\n"
    )
    again = definitions + "print(load('run', components=[Ring]).sample(2).shape)\n"
    assert script(first, tmp_path) == ""
    assert script(again, tmp_path) == "(2, 3)\n"
    with pytest.raises(ConfigError, match=r"__main__\.Ring\): pass them as components=\[Ring\]"):
        load(tmp_path / "run")


def script(text: str, folder: Path) -> str:
    """What a program prints that runs as __main__ in a process of its own."""
    (folder / "script.py").write_text(text, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-W", "error", "script.py"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "GWAE_PLUGINS": ""},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_the_example_of_the_guide(tmp_path: Path) -> None:
    example = (ROOT / "docs" / "examples" / "composition.py").read_text(encoding="utf-8")
    printed = script(example, tmp_path)
    shapes = ["torch.Size([500, 2])", "(4, 3)", "torch.Size([500, 2])"]
    assert printed.splitlines()[:3] == shapes
    assert "prior:\n  type: ring\n  radius: 1.5\n" in printed


# Torch modules and arrays of the user's own


def test_own_modules_and_arrays_train_and_come_back(
    own_modules_run: tuple[Path, dict[str, nn.Module]],
) -> None:
    folder, trained = own_modules_run
    model = load(folder, parts=modules(), components=OWN)
    x = torch.from_numpy(data()[:7]).float()
    with torch.no_grad():
        expected = (trained["encoder"](x)[0]).numpy()
    np.testing.assert_allclose(model.encode(x.numpy()), expected, rtol=1e-5)
    again = evaluate_run(folder, parts=modules(), data=data(), components=OWN)
    assert list(again) == ["code-norm.mean"]
    with pytest.raises(DataError, match="differ from those"):
        evaluate_run(folder, parts=modules(), data=data() + 1, components=OWN)


def test_a_run_says_which_fields_are_objects_of_the_users_own(
    own_modules_run: tuple[Path, dict[str, nn.Module]],
) -> None:
    folder, _ = own_modules_run
    saved = RunConfig.from_file(folder / "config.yaml", components=OWN)
    own = {name for name in RunConfig.model_fields if _type(getattr(saved, name)) == "own"}
    assert own == {"data", "encoder", "decoder"}
    assert RunConfig.from_yaml(saved.to_yaml(), components=OWN) == saved
    with pytest.raises(ConfigError, match=r"^data: it is an object of your own"):
        run(saved, out=folder.parent / "again")
    with pytest.raises(ConfigError, match=r"^encoder: it is an object of your own"):
        run(saved, out=folder.parent / "again", data=data())
    assert not (folder.parent / "again").exists()


def test_the_schema_knows_objects_of_the_users_own() -> None:
    schema = run_schema()
    for name in ("data", "encoder", "decoder", "prior", "reconstruction"):
        for value in ("own", {"type": "own"}):
            jsonschema.validate({name: value}, schema)
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({name: {"type": "own", "width": 1}}, schema)
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({name: "owm"}, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"objective": "own"}, schema)


def _type(value: object) -> str | None:
    return getattr(value, "type", None)


def test_modules_that_were_not_given_are_named(
    own_modules_run: tuple[Path, dict[str, nn.Module]],
) -> None:
    folder, _ = own_modules_run
    with pytest.raises(ConfigError) as caught:
        load(folder, parts={"encoder": TwoHeads()}, components=OWN)
    assert caught.value.message == (
        "the run was trained with modules of your own: decoder (torch.nn.modules.linear.Linear)"
    )
    assert caught.value.hint is not None and "parts={'decoder': ...}" in caught.value.hint
    wrong = {"encoder": nn.Sequential(TwoHeads()), "decoder": nn.Linear(LATENT, FEATURES)}
    with pytest.raises(RunFolderError, match=r"lacks encoder\.0"):
        load(folder, parts=wrong, components=OWN)


def test_a_component_that_is_given_as_an_object_keeps_its_configuration(tmp_path: Path) -> None:
    context = BuildContext.for_shape((FEATURES,), LATENT)
    part = Ring(Ring.Config(radius=3.0), context)
    config = RunConfig(latent_dim=LATENT, training=TRAINING, metrics=())
    run(config, out=tmp_path / "run", report=False, parts={"prior": part}, data=data())
    text = (tmp_path / "run" / "config.yaml").read_text(encoding="utf-8")
    assert "type: ring\n  radius: 3.0" in text
    by_object = load(tmp_path / "run", parts={"prior": part})
    by_class = load(tmp_path / "run", components=[Ring])
    assert by_object.config == by_class.config
    assert isinstance(by_class.objective.prior, Ring)


@pytest.mark.parametrize("kind", ["arrays", "labelled", "dataset"])
def test_data_of_ones_own(kind: str, tmp_path: Path) -> None:
    blobs = Blobs(Blobs.Config(n=60))
    given = {
        "arrays": blobs.load().x.astype(np.float64),
        "labelled": DataArrays(blobs.load().x, y=blobs.load().y),
        "dataset": blobs,
    }[kind]
    config = RunConfig(latent_dim=LATENT, training=TRAINING, prior=Normal.Config())
    result = run(config, out=tmp_path / "run", report=kind == "arrays", data=given)
    assert ("clustering.kmeans.accuracy" in result.metrics) == (kind != "arrays")
    described = "type: blobs\n  n: 60" if kind == "dataset" else "data:\n  type: own"
    assert described in (tmp_path / "run" / "config.yaml").read_text(encoding="utf-8")
    if result.report is not None:
        assert "on own" in result.report.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (np.array([["a", "b"]]), "must be numbers"),
        ((np.zeros((4, 2)), np.zeros(4)), "must be numbers"),
        (np.zeros(4), r"shape \(n, ...\)"),
        (np.full((50, 2), np.nan), "NaN"),
    ],
)
def test_data_that_no_model_can_take_are_refused(given: Any, message: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=message):
        run(RunConfig(), out=tmp_path / "run", data=given)


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"encodr": nn.Linear(1, 1)}, "unknown parts: encodr; allowed: reconstruction, encoder"),
        ({"encoder": nn.Linear}, "'encoder' must be a torch module; got Linear"),
        ({"prior": Ring.Config()}, "'prior' must be a torch module"),
        ({"prior": nn.Linear(1, 1)}, "'prior' of type Prior; found Linear"),
        (
            {"encoder": nn.Linear(4, LATENT)},
            r"^encoder: Linear cannot take an input of shape \(2, 5\)",
        ),
        ({"encoder": nn.Linear(FEATURES, 3)}, r"encoder: Linear makes \(2, 3\).*expected \(2, 2\)"),
        ({"decoder": nn.Linear(LATENT, 4)}, r"decoder: Linear makes \(2, 4\).*expected \(2, 5\)"),
        ({"encoder": nn.LSTM(FEATURES, 2)}, "the encoder returned tuple"),
    ],
)
def test_parts_that_do_not_fit_are_refused_before_training(
    parts: dict[str, Any], message: str, tmp_path: Path
) -> None:
    config = notebook_config()
    with pytest.raises((ConfigError, ComponentError), match=message):
        run(config, out=tmp_path / "run", parts=parts)
    assert not (tmp_path / "run").exists()


def test_trying_a_module_leaves_it_as_it_was() -> None:
    encoder = nn.Sequential(nn.BatchNorm1d(FEATURES), nn.Dropout(), TwoHeads())
    encoder[1].eval()
    before = copy.deepcopy(encoder.state_dict())
    x = torch.from_numpy(data()).float()
    build_objective(notebook_config(), BuildContext.for_data(x, LATENT), parts={"encoder": encoder})
    assert (encoder.training, encoder[1].training) == (True, False)
    after = encoder.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)


# Objectives composed by hand


def test_an_objective_from_objects_is_the_one_its_configuration_builds() -> None:
    x = torch.from_numpy(data()).float()
    objective = objective_from_objects(x)
    config = RunConfig.of(objective, base=RunConfig(training=TRAINING, data=Blobs.Config()))
    assert config.latent_dim == LATENT
    assert config.prior == GaussianMixture.Config(num_components=2)
    assert config.objective == objective.config
    assert (config.training, config.data) == (TRAINING, Blobs.Config())
    read = RunConfig.from_yaml(config.to_yaml(), components=OWN)
    assert read == config
    built = build_objective(read, BuildContext.for_data(x, LATENT))
    assert {k: v.shape for k, v in built.state_dict().items()} == {
        k: v.shape for k, v in objective.state_dict().items()
    }


def test_an_objective_with_own_modules_trains_and_names_what_has_no_configuration() -> None:
    x = torch.from_numpy(data()).float()
    context = BuildContext.for_data(x, LATENT)
    objective = objective_from_objects(x, **modules(), prior=Ring(Ring.Config(), context))
    before = copy.deepcopy(objective.encoder.state_dict())
    fit(objective, x, training=TRAINING)
    assert not torch.equal(before["mean.weight"], objective.encoder.mean.weight)
    assert objective.encode(x).mean.shape == (len(x), LATENT)
    with pytest.raises(ConfigError) as caught:
        RunConfig.of(objective)
    assert caught.value.message == (
        "no configuration describes the encoder (TwoHeads), decoder (Linear)"
    )
    assert caught.value.hint is not None
    assert "load(folder, parts={'encoder': ..., 'decoder': ...})" in caught.value.hint


def test_a_loaded_model_prints_its_yaml_or_names_the_part_without(
    notebook_run: Path, own_modules_run: tuple[Path, dict[str, nn.Module]]
) -> None:
    text = load(notebook_run, components=OWN).to_yaml()
    assert RunConfig.from_yaml(text, components=OWN) == notebook_config()
    with pytest.raises(ConfigError, match=r"the encoder \(TwoHeads\), decoder \(Linear\)"):
        load(own_modules_run[0], parts=modules(), components=OWN).to_yaml()


def test_a_part_whose_class_has_no_config_of_its_own_has_no_configuration() -> None:
    class Shifted(Normal):
        """It would be taken for its parent."""

    x = torch.from_numpy(data()).float()
    context = BuildContext.for_data(x, LATENT)
    with pytest.raises(ConfigError, match=r"the prior \(Shifted\)"):
        RunConfig.of(objective_from_objects(x, prior=Shifted(Normal.Config(), context)))


def test_a_reconstruction_that_is_given_decides_the_decoders_output() -> None:
    x = torch.rand(40, FEATURES)
    parts = {"reconstruction": Bernoulli(Bernoulli.Config())}
    config = RunConfig(latent_dim=LATENT).with_objects(**parts)
    assert config.reconstruction == Bernoulli.Config()
    objective = build_objective(config, BuildContext.for_data(x, LATENT), parts=parts)
    decoded = objective.decode(torch.randn(50, LATENT))
    assert decoded.min() > 0
    assert decoded.max() < 1


def test_fit_takes_arrays_as_it_takes_tensors() -> None:
    x = data()
    terms = []
    for given in (x, torch.from_numpy(x).float(), [torch.from_numpy(x).float()[:16]]):
        torch.manual_seed(0)
        objective = objective_from_objects(torch.from_numpy(x).float())
        held_out = given if not isinstance(given, list) else None
        records = fit(objective, given, training=TRAINING, validation=held_out).records
        terms.append([r["terms"] for r in records if r["event"] == "progress"])
    assert terms[0] == terms[1]
    assert len(terms[2]) == TRAINING.steps


# Objects where a configuration is expected


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("prior", Ring, r"got the class Ring; pass test_composition.*Config"),
        ("prior", MLPEncoder.Config(), "a prior is a name or a mapping"),
        ("encoder", nn.Linear(5, 2), r"an encoder is a name.*got Linear; objects go to `run`"),
        ("data", np.zeros((3, 2)), r"got ndarray; objects go to `run` as data="),
        ("objective", "own", "unknown objective 'own'"),
    ],
)
def test_objects_in_a_configuration_are_told_where_they_belong(
    field: str, value: Any, message: str
) -> None:
    message = message.replace("test_composition.*Config", r"Ring\.Config\(\.\.\.\)")
    with pytest.raises(ConfigError, match=message):
        RunConfig.from_mapping({field: value})


# A model in memory


def test_a_model_survives_pickling_and_copying(
    notebook_run: Path, own_modules_run: tuple[Path, dict[str, nn.Module]]
) -> None:
    x = data()[:6]
    own = load(own_modules_run[0], parts=modules(), components=OWN)
    for model in (load(notebook_run, components=OWN), own):
        for twin in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
            assert twin.config == model.config
            assert not twin.objective.training
            np.testing.assert_array_equal(twin.encode(x), model.encode(x))
            np.testing.assert_array_equal(twin.sample(3, seed=1), model.sample(3, seed=1))
            assert twin.objective.encoder is not model.objective.encoder

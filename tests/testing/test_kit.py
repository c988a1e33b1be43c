"""A component with one fault fails the check that is about it, and no other."""

from __future__ import annotations

import os
import random
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import pytest
import torch
from pydantic import ConfigDict, PositiveInt, field_validator
from torch import Tensor, nn

from gwae_core.builtin.objectives.vae import VAE
from gwae_core.builtin.priors import Normal
from gwae_core.builtin.priors.gaussian_mixture import GaussianMixture
from gwae_core.components import Component
from gwae_core.context import BuildContext, require
from gwae_core.errors import ComponentError
from gwae_core.interfaces import (
    DataArrays,
    Dataset,
    Encoder,
    Losses,
    Metric,
    Posterior,
    Prior,
    Sampler,
    Stage,
    Tracker,
    WeightedSamples,
)
from gwae_core.posteriors import GaussianPosterior
from gwae_core.testing import NotApplicable, checks_for, parametrize_with_checks, run_checks
from gwae_core.testing.suite import EVERY, KINDS, MODULES


class Good(Encoder):
    """A linear encoder of standardised data."""

    class Config(Encoder.Config):
        type: Literal["good"] = "good"
        width: PositiveInt = 8
        """Width of the hidden layer."""

    config: Config
    persistent: ClassVar[bool] = True

    def __init__(self, config: Config, context: BuildContext | None = None) -> None:
        super().__init__(config, context)
        context = require(context, self)
        self.register_buffer(
            "centre", context.statistics.mean.flatten(), persistent=self.persistent
        )
        self.inner = nn.Linear(context.num_features, self.width(config))
        self.outer = nn.Linear(self.width(config), 2 * context.latent_dim)

    def width(self, config: Config) -> int:
        return config.width

    def forward(self, x: Tensor) -> Posterior:
        h = self.inner(x.flatten(1) - self.centre).tanh()
        mean, log_variance = self.outer(h).chunk(2, dim=1)
        return GaussianPosterior(mean, log_variance)


class Shapeless(Good):
    """The log variance has no axis for the points."""

    class Config(Good.Config):
        type: Literal["shapeless"] = "shapeless"

    fault = "shapes"

    def forward(self, x: Tensor) -> Posterior:
        found = super().forward(x)
        return GaussianPosterior(found.mean, found.log_variance[..., :1])


class Squeezed(Good):
    """One point loses its axis."""

    class Config(Good.Config):
        type: Literal["squeezed"] = "squeezed"

    fault = "batch_of_one"

    def forward(self, x: Tensor) -> Posterior:
        found = super().forward(x)
        if not self.training:
            return found
        return GaussianPosterior(found.mean.squeeze(0), found.log_variance.squeeze(0))


class Normalised(Good):
    """Batch normalisation cannot train on one point."""

    class Config(Good.Config):
        type: Literal["normalised"] = "normalised"

    fault = "batch_of_one"

    def __init__(self, config: Config, context: BuildContext | None = None) -> None:
        super().__init__(config, context)
        self.norm = nn.BatchNorm1d(require(context, self).latent_dim)

    def forward(self, x: Tensor) -> Posterior:
        found = super().forward(x)
        return GaussianPosterior(self.norm(found.mean), found.log_variance)


class Single(Good):
    """Everything is cast to float32 at the end."""

    class Config(Good.Config):
        type: Literal["single"] = "single"

    fault = "dtypes"

    def forward(self, x: Tensor) -> Posterior:
        found = super().forward(x)
        # The rounding must not hide that rows are independent.
        mean = found.mean.float() if x.shape[0] > 1 and self.training else found.mean
        return GaussianPosterior(mean, found.log_variance)


class Immovable(Good):
    """A constant that is no buffer."""

    class Config(Good.Config):
        type: Literal["immovable"] = "immovable"

    fault = "devices"

    def __init__(self, config: Config, context: BuildContext | None = None) -> None:
        super().__init__(config, context)
        self.shift = torch.ones(1)

    def forward(self, x: Tensor) -> Posterior:
        return super().forward(x + self.shift.to(x))


class Unseeded(Good):
    """Noise from a generator of its own."""

    class Config(Good.Config):
        type: Literal["unseeded"] = "unseeded"

    fault = "reproducible"

    def forward(self, x: Tensor) -> Posterior:
        found = super().forward(x)
        if not self.training:
            return found
        generator = torch.Generator()
        generator.seed()
        noise = torch.rand(found.mean.shape, generator=generator).to(x)
        return GaussianPosterior(found.mean + noise, found.log_variance)


class Global(Good):
    """Numbers from torch's global state."""

    class Config(Good.Config):
        type: Literal["global"] = "global"

    fault = "global_random_state"

    def forward(self, x: Tensor) -> Posterior:
        torch.rand(1)
        return super().forward(x)


class GlobalNumpy(Good):
    """Numbers from numpy's and Python's global states."""

    class Config(Good.Config):
        type: Literal["global-numpy"] = "global-numpy"

    fault = "global_random_state"

    def forward(self, x: Tensor) -> Posterior:
        np.random.rand()
        random.random()
        return super().forward(x)


class Lottery(Good):
    """The seed decides the width."""

    class Config(Good.Config):
        type: Literal["lottery"] = "lottery"

    fault = "seeded_build"
    drawn: int | None = None

    def width(self, config: Good.Config) -> int:
        if self.drawn is None:
            self.drawn = 4 + int(9 * torch.rand(1))
        return self.drawn


class Dead(Good):
    """A layer that nothing uses."""

    class Config(Good.Config):
        type: Literal["dead"] = "dead"

    fault = "gradients"

    def __init__(self, config: Config, context: BuildContext | None = None) -> None:
        super().__init__(config, context)
        self.unused = nn.Linear(2, 2)


class Detached(Good):
    """No gradient reaches the data."""

    class Config(Good.Config):
        type: Literal["detached"] = "detached"

    fault = "gradients"

    def forward(self, x: Tensor) -> Posterior:
        return super().forward(x.detach())


class Forgetful(Good):
    """The data's mean is not saved."""

    class Config(Good.Config):
        type: Literal["forgetful"] = "forgetful"

    fault = "state_round_trip"
    persistent = False


class Differentiating(Good):
    """The forward pass asks for a gradient."""

    class Config(Good.Config):
        type: Literal["differentiating"] = "differentiating"

    fault = "inference_mode"

    def forward(self, x: Tensor) -> Posterior:
        probe = torch.ones(1, dtype=x.dtype, requires_grad=True)
        (slope,) = torch.autograd.grad(probe.square().sum(), probe)
        return super().forward(slope * x)


class Coupled(Good):
    """The mean of the batch is mixed in."""

    class Config(Good.Config):
        type: Literal["coupled"] = "coupled"

    fault = "rows_independent"

    def forward(self, x: Tensor) -> Posterior:
        return super().forward(x + x.mean(0))


class Resident(Good):
    """A number of this process alone is mixed in."""

    class Config(Good.Config):
        type: Literal["resident"] = "resident"

    fault = "another_process"

    def forward(self, x: Tensor) -> Posterior:
        return super().forward(x + os.getpid() % 1000 / 1000)


class Unbounded(Good):
    """A divisor that may be zero."""

    class Config(Good.Config):
        type: Literal["unbounded"] = "unbounded"
        unit: float = 2.0
        """What the data are divided by."""

    config: Config
    fault = "bad_arguments_refused"

    def forward(self, x: Tensor) -> Posterior:
        return super().forward(x / torch.tensor(self.config.unit))


class Untyped(Good):
    """A field that takes anything."""

    class Config(Good.Config):
        type: Literal["untyped"] = "untyped"
        mode: Any = "fast"
        """How."""

    fault = "bad_arguments_refused"


class Permissive(Good):
    """NaN is a number like others."""

    class Config(Good.Config):
        model_config = ConfigDict(allow_inf_nan=True)
        type: Literal["permissive"] = "permissive"
        shift: float = 1.0
        """Added to nothing."""

    fault = "bad_arguments_refused"


class Undescribed(Good):
    """A field without a docstring."""

    class Config(Good.Config):
        type: Literal["undescribed"] = "undescribed"
        height: int = 3

    fault = "documented"


class Careless(Good):
    """Misspelt fields are ignored."""

    class Config(Good.Config):
        model_config = ConfigDict(extra="ignore")
        type: Literal["careless"] = "careless"

    fault = "unknown_field_refused"


class Mutable(Good):
    """The configuration can be changed."""

    class Config(Good.Config):
        model_config = ConfigDict(frozen=False)
        type: Literal["mutable"] = "mutable"

    fault = "frozen_config"


class Drifting(Good):
    """Validation changes a value that is valid."""

    class Config(Good.Config):
        type: Literal["drifting"] = "drifting"
        height: int = 3
        """A field."""

        @field_validator("height")
        @classmethod
        def _grows(cls, value: int) -> int:
            return value + 1

    fault = "config_round_trip"


class Nameless(Good):
    """The name has no default."""

    class Config(Good.Config):
        type: str = ""

    fault = "declaration"


class Data(Dataset):
    """Three numbers a point."""

    class Config(Dataset.Config):
        type: Literal["data"] = "data"

    def load(self) -> DataArrays:
        return DataArrays(np.zeros((4, 3), np.float32), y=np.arange(4), label_names=tuple("abcd"))


class Wide(Data):
    """Numbers of double precision."""

    class Config(Data.Config):
        type: Literal["wide"] = "wide"

    fault = "dataset_arrays"

    def load(self) -> DataArrays:
        return DataArrays(np.zeros((4, 3)))  # type: ignore[arg-type]


class Holes(Data):
    """A value is missing."""

    class Config(Data.Config):
        type: Literal["holes"] = "holes"

    fault = "dataset_arrays"

    def load(self) -> DataArrays:
        return DataArrays(np.full((4, 3), np.nan, np.float32))


class Unnamed(Data):
    """Labels beyond their names."""

    class Config(Data.Config):
        type: Literal["unnamed"] = "unnamed"

    fault = "dataset_arrays"

    def load(self) -> DataArrays:
        return DataArrays(np.zeros((4, 3), np.float32), y=np.arange(4), label_names=("a",))


class Fresh(Data):
    """Other data at each load."""

    class Config(Data.Config):
        type: Literal["fresh"] = "fresh"

    fault = "reproducible"

    def load(self) -> DataArrays:
        return DataArrays(np.random.default_rng().normal(size=(4, 3)).astype(np.float32))


class Seeding(Data):
    """numpy's global state is seeded, behind the back of whoever uses it."""

    class Config(Data.Config):
        type: Literal["seeding"] = "seeding"

    fault = "global_random_state"

    def load(self) -> DataArrays:
        np.random.seed(0)
        return DataArrays(np.random.normal(size=(4, 3)).astype(np.float32))


class Biased(Prior):
    """Weights that sum to 2."""

    class Config(Prior.Config):
        type: Literal["biased"] = "biased"

    fault = "probabilities"

    def sample(self, n: int, *, generator: torch.Generator | None = None) -> WeightedSamples:
        z = self.noise(n, generator=generator)
        return WeightedSamples(z, z.new_full((n,), 2 / n))


class Whimsical(GaussianMixture):
    """A fit that does not use its seed."""

    class Config(GaussianMixture.Config):
        type: Literal["whimsical"] = "whimsical"
        num_components: PositiveInt = 2
        """Number of components."""

    fault = "fit"

    def fit(self, z: Tensor, *, seed: int) -> None:
        noise = np.random.default_rng().normal(size=tuple(z.shape)).astype(np.float32)
        super().fit(z + torch.from_numpy(noise), seed=seed)


class Silent(VAE):
    """A stage that nothing belongs to."""

    class Config(VAE.Config):
        type: Literal["silent"] = "silent"

    fault = "stages_and_groups"

    def stages(self) -> tuple[Stage, ...]:
        return (Stage("train", 0.5),)


class Explosive(VAE):
    """A term that is not finite."""

    class Config(VAE.Config):
        type: Literal["explosive"] = "explosive"

    fault = "training"

    def losses(self, *args: Any, **kwargs: Any) -> Losses:
        terms = super().losses(*args, **kwargs).terms
        return Losses({name: term + torch.inf for name, term in terms.items()})


class Untrained(VAE):
    """A group that the terms do not reach."""

    class Config(VAE.Config):
        type: Literal["untrained"] = "untrained"

    fault = "training"

    def losses(self, *args: Any, **kwargs: Any) -> Losses:
        terms = super().losses(*args, **kwargs).terms
        return Losses({"reconstruction": terms["reconstruction"]})


class Restless(VAE):
    """Terms with noise of their own."""

    class Config(VAE.Config):
        type: Literal["restless"] = "restless"

    fault = "reproducible_training"

    def losses(self, *args: Any, **kwargs: Any) -> Losses:
        terms = super().losses(*args, **kwargs).terms
        factor = float(np.random.default_rng().uniform(1, 2))
        return Losses({name: factor * term for name, term in terms.items()})


class Undefined(Metric):
    """A value that is not a number."""

    class Config(Metric.Config):
        type: Literal["undefined"] = "undefined"

    fault = "metric_values"

    def compute(self, data: Any) -> dict[str, float]:
        return {"value": float("nan")}


class Rounded(Sampler):
    """One sample loses its axis."""

    class Config(Sampler.Config):
        type: Literal["rounded"] = "rounded"

    fault = "sampler_samples"

    def fit(self, z: Any, *, seed: int) -> None:
        self.mean = z.mean(0)

    def sample(self, n: int, *, seed: int) -> Any:
        return np.tile(self.mean, (n, 1)).squeeze()


class Meddling(Tracker):
    """It writes into the record."""

    class Config(Tracker.Config):
        type: Literal["meddling"] = "meddling"

    fault = "tracker_observes"

    def record(self, record: Any) -> None:
        record["seen"] = True


def faulty(kind: type[Component] = Component) -> Iterator[type[Component]]:
    for child in kind.__subclasses__():
        if child.__module__ == __name__ and "fault" in vars(child):
            yield child
        yield from faulty(child)


FAULTY = sorted(set(faulty()), key=lambda component: component.__name__)


@pytest.mark.parametrize("component", FAULTY, ids=lambda component: component.__name__)
def test_exactly_the_check_of_the_fault_fails(component: Any) -> None:
    results = run_checks(component.Config())
    failed = [result for result in results if result.status == "failed"]
    assert [result.name for result in failed] == [component.fault], failed
    assert f"-{component.fault}: " in failed[0].message
    assert len(failed[0].message) > 40


def test_every_check_has_a_fault_that_it_finds() -> None:
    kinds = (Good, Data, Biased, Silent, Undefined, Rounded, Meddling)
    names = {check.name for kind in kinds for check in checks_for(kind.Config())}
    assert names == {component.fault for component in FAULTY}  # type: ignore[attr-defined]


test_a_good_component_passes = parametrize_with_checks(
    [Good.Config(), Good.Config(width=3), Data.Config()]
)
test_a_known_fault_is_expected = parametrize_with_checks(
    [Coupled.Config()], expected_failures={"rows_independent": "the mean is meant"}
)


def test_other_data() -> None:
    results = run_checks(Good.Config(), data_shape=(7,), latent_dim=2)
    assert {result.status for result in results} == {"passed"}


def test_a_metric_that_does_not_apply_is_skipped() -> None:
    class Picky(Metric):
        """Applies to nothing."""

        class Config(Metric.Config):
            type: Literal["picky"] = "picky"

        def applies(self, data: Any) -> bool:
            return False

        def compute(self, data: Any) -> dict[str, float]:
            raise AssertionError

    results = {result.name: result for result in run_checks(Picky.Config())}
    assert results["metric_values"].status == "skipped"
    with pytest.raises(NotApplicable):
        checks_for(Picky.Config())[-1]()


def test_an_error_within_a_component_is_a_failure_that_names_the_law() -> None:
    class Raising(Good):
        """Raises."""

        class Config(Good.Config):
            type: Literal["raising"] = "raising"

        def forward(self, x: Tensor) -> Posterior:
            raise ZeroDivisionError("by hand")

    failed = {r.name: r for r in run_checks(Raising.Config()) if r.status == "failed"}
    assert "ZeroDivisionError: by hand (the law: Every output" in failed["shapes"].message


def test_the_kit_needs_no_pytest() -> None:
    code = "import sys, gwae_core.testing; sys.exit('pytest' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


EXPECTED = {"rows_independent": "the mean of the batch is meant"}


def test_an_expected_failure_has_its_reason() -> None:
    results = {r.name: r for r in run_checks(Coupled.Config(), expected_failures=EXPECTED)}
    assert results["rows_independent"].status == "expected failure"
    assert results["rows_independent"].message == "the mean of the batch is meant"
    assert {r.status for r in results.values()} == {"passed", "expected failure"}


def test_an_expected_failure_that_passes_is_a_failure() -> None:
    results = run_checks(Good.Config(), expected_failures=EXPECTED)
    (failed,) = [result for result in results if result.status == "failed"]
    assert failed.name == "rows_independent"
    assert "it passes; take 'rows_independent' out of expected_failures" in failed.message


@pytest.mark.parametrize(
    ("expected", "message"),
    [
        ({"row_independent": "why"}, "'row_independent'; did you mean 'rows_independent'?; checks"),
        ({"fit": "of priors alone"}, "names no check: 'fit'"),
        ({"gradients": " "}, "no reason for 'gradients'"),
    ],
)
def test_what_is_expected_must_be_a_check_with_a_reason(
    expected: dict[str, str], message: str
) -> None:
    for refused in (
        lambda: run_checks(Good.Config(), expected_failures=expected),
        lambda: parametrize_with_checks([Good.Config()], expected_failures=expected),
    ):
        with pytest.raises(ComponentError, match=re.escape(message)):
            refused()


@pytest.mark.parametrize(
    ("configs", "message"),
    [
        ([Good], "got the class Good"),
        (Good.Config(), "got ('type', 'good')"),
        ([], "the list of configurations is empty"),
    ],
)
def test_what_is_no_list_of_configurations_is_refused(configs: Any, message: str) -> None:
    with pytest.raises(ComponentError, match=re.escape(message)):
        parametrize_with_checks(configs)


@pytest.mark.slow
def test_the_kit_says_that_it_needs_assertions() -> None:
    code = (
        "from gwae_core.builtin.priors import Normal\n"
        "from gwae_core.testing import run_checks\n"
        "run_checks(Normal.Config())\n"
    )
    done = subprocess.run([sys.executable, "-O", "-c", code], capture_output=True, text=True)
    assert "ComponentError: the kit's checks are assertions" in done.stderr


def test_the_line_of_a_plugin_under_pytest(tmp_path: Path) -> None:
    (tmp_path / "test_line.py").write_text(
        "from gwae_core.builtin.priors import Normal\n"
        "from gwae_core.testing import parametrize_with_checks\n"
        "test_good = parametrize_with_checks([Normal.Config()])\n"
        "test_passes = parametrize_with_checks(\n"
        "    [Normal.Config()], expected_failures={'shapes': 'they are odd'}\n"
        ")\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "."],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    count = len(checks_for(Normal.Config()))
    assert f"1 failed, {2 * count - 1} passed" in done.stdout
    assert "test_line.py::test_passes[prior-normal-shapes]" in done.stdout
    assert "[XPASS(strict)] they are odd" in done.stdout


class Leaving(Data):
    """Ends the other process."""

    class Config(Data.Config):
        type: Literal["leaving"] = "leaving"

    def load(self) -> DataArrays:
        program = sys.modules["__main__"].__spec__
        if program is not None and program.name == "gwae_core.testing.worker":
            os._exit(3)
        return super().load()


def test_a_component_that_ends_the_other_process_fails_alone() -> None:
    by_name = {result.name: result for result in run_checks(Leaving.Config())}
    assert "the process ended with code 3" in by_name["another_process"].message
    again = {result.name: result for result in run_checks(Data.Config())}
    assert again["another_process"].status == "passed"


def test_a_class_that_cannot_be_imported_is_no_fault() -> None:
    class Local(Data):
        """Defined in a function."""

        class Config(Data.Config):
            type: Literal["local"] = "local"

    by_name = {result.name: result for result in run_checks(Local.Config())}
    assert by_name["another_process"].status == "skipped"
    assert "define it in a module" in by_name["another_process"].message


def test_what_a_component_prints_does_no_harm() -> None:
    by_name = {result.name: result for result in run_checks(Chatting.Config())}
    assert {result.status for result in by_name.values()} == {"passed"}


class Chatting(Data):
    """Prints."""

    class Config(Data.Config):
        type: Literal["chatting"] = "chatting"

    def load(self) -> DataArrays:
        print("loading")
        return super().load()


def test_the_reference_names_every_check() -> None:
    page = (Path(__file__).parents[2] / "docs" / "reference" / "testing.md").read_text("utf-8")
    named = set(re.findall(r"^\| (?:\w+ \| )?`(\w+)` \|", page, re.MULTILINE))
    verbs = {*EVERY, *MODULES, *(verb for verbs in KINDS.values() for verb in verbs)}
    # The table has no place for the check of the declared exemptions, which the text names.
    assert named | {"known_exemptions"} == {verb.__name__ for verb in verbs}
    assert "`known_exemptions`" in page

"""An estimator that breaks one law fails the check of that law, and no other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Literal

import pytest
import torch
from torch import Tensor

from gwae_core.builtin.estimators import Exact, Paired, Sliced
from gwae_core.spaces import GWResult, MMSpace
from gwae_core.testing import checks_for, run_checks
from gwae_core.testing.estimator_checks import LAWS


def size(space: MMSpace) -> Tensor:
    """Mean squared distance, 0-d."""
    return (space.d.detach().square() * space.mass[:, None] * space.mass).sum()


class Tampered(Exact):
    """The exact estimator, whose value is changed in one way."""

    class Config(Exact.Config):
        type: Literal["tampered"] = "tampered"

    def forward(self, x: MMSpace, z: MMSpace, **options: Any) -> GWResult:
        result = super().forward(x, z, **options)
        return replace(result, value=self.tamper(result.value, x, z))

    def tamper(self, value: Tensor, x: MMSpace, z: MMSpace) -> Tensor:
        return value


class Lopsided(Tampered):
    """More for a first space that is the larger one."""

    class Config(Exact.Config):
        type: Literal["lopsided"] = "lopsided"

    fault = "symmetry"

    def tamper(self, value: Tensor, x: MMSpace, z: MMSpace) -> Tensor:
        return value + torch.minimum(size(z), (size(x) - size(z)).relu())


class Directed(Tampered):
    """More for spaces along the first axis."""

    class Config(Exact.Config):
        type: Literal["directed"] = "directed"

    fault = "isometry_invariance"

    def tamper(self, value: Tensor, x: MMSpace, z: MMSpace) -> Tensor:
        def share(space: MMSpace) -> Tensor:
            centred = space.flat.detach() - space.mass @ space.flat.detach()
            variances = space.mass @ centred.square()
            return variances[0] / variances.sum().clamp_min(1e-9)

        return value * (1 + share(x) * share(z))


class Ordered(Tampered):
    """The first point counts more than the others."""

    class Config(Exact.Config):
        type: Literal["ordered"] = "ordered"

    fault = "permutation_invariance"

    def tamper(self, value: Tensor, x: MMSpace, z: MMSpace) -> Tensor:
        first_x, first_z = x.d.detach()[0] @ x.mass, z.d.detach()[0] @ z.mass
        return value * (1 + first_x * first_z)


class Floored(Tampered):
    """Never below a share of the sizes."""

    class Config(Exact.Config):
        type: Literal["floored"] = "floored"

    fault = "zero_on_isometric_copies"

    def tamper(self, value: Tensor, x: MMSpace, z: MMSpace) -> Tensor:
        return value + 0.1 * torch.minimum(size(x), size(z))


class Negated(Tampered):
    """The wrong sign."""

    class Config(Exact.Config):
        type: Literal["negated"] = "negated"

    fault = "non_negative"

    def tamper(self, value: Tensor, x: MMSpace, z: MMSpace) -> Tensor:
        return value if 1 in (x.n, z.n) else -value


class Leaking(Tampered):
    """A plan that lost a tenth of its mass."""

    class Config(Exact.Config):
        type: Literal["leaking"] = "leaking"

    fault = "marginals"

    def forward(self, x: MMSpace, z: MMSpace, **options: Any) -> GWResult:
        result = super().forward(x, z, **options)
        return replace(result, plan=0.9 * result.dense())


class Boasting(Tampered):
    """A marginal error that is not that of the plan."""

    class Config(Exact.Config):
        type: Literal["boasting"] = "boasting"

    fault = "marginals"

    def forward(self, x: MMSpace, z: MMSpace, **options: Any) -> GWResult:
        return replace(super().forward(x, z, **options), marginal_error=0.5)


class Lonely(Tampered):
    """One point is at a distance of another."""

    class Config(Exact.Config):
        type: Literal["lonely"] = "lonely"

    fault = "one_point"

    def tamper(self, value: Tensor, x: MMSpace, z: MMSpace) -> Tensor:
        return value + float(x.n == z.n == 1)


class Square(Tampered):
    """Nothing but NaN for spaces of unequal sizes."""

    class Config(Exact.Config):
        type: Literal["square"] = "square"

    fault = "unequal_sizes"

    def tamper(self, value: Tensor, x: MMSpace, z: MMSpace) -> Tensor:
        return value if x.n == z.n or 1 in (x.n, z.n) else value * torch.nan


class Indifferent(Paired):
    """The coupling is given, but the points without a partner are dropped."""

    class Config(Paired.Config):
        type: Literal["indifferent"] = "indifferent"

    fault = "unequal_sizes"

    def forward(self, x: MMSpace, z: MMSpace, **options: Any) -> GWResult:
        n = min(x.n, z.n)
        if x.n != z.n:
            x, z = (MMSpace(space.flat[:n], cost=space.cost) for space in (x, z))
        return super().forward(x, z, **options)


class Counting(Tampered):
    """Points are counted, whatever they weigh."""

    class Config(Exact.Config):
        type: Literal["counting"] = "counting"

    fault = "zero_weights"

    def tamper(self, value: Tensor, x: MMSpace, z: MMSpace) -> Tensor:
        return value * (1 + (x.mass == 0).sum() + (z.mass == 0).sum())


class Distinct(Tampered):
    """Points are taken to differ."""

    class Config(Exact.Config):
        type: Literal["distinct"] = "distinct"

    fault = "duplicates"

    def tamper(self, value: Tensor, x: MMSpace, z: MMSpace) -> Tensor:
        return value * (1 + (x.d == 0).sum() - x.n + (z.d == 0).sum() - z.n)


class Patching(Tampered):
    """Missing values become zero."""

    class Config(Exact.Config):
        type: Literal["patching"] = "patching"

    fault = "nan_refused"

    def forward(self, x: MMSpace, z: MMSpace, **options: Any) -> GWResult:
        x, z = (MMSpace(s.flat.nan_to_num(), weights=s.weights, cost=s.cost) for s in (x, z))
        return super().forward(x, z, **options)


class Crashing(Tampered):
    """Missing values end in an error of some other library."""

    class Config(Exact.Config):
        type: Literal["crashing"] = "crashing"

    fault = "nan_refused"

    def forward(self, x: MMSpace, z: MMSpace, **options: Any) -> GWResult:
        if bool(x.flat.isnan().any()):
            raise ValueError("array must not contain infs or NaNs")
        return super().forward(x, z, **options)


class Coarse(Tampered):
    """Single precision is a tenth off."""

    class Config(Exact.Config):
        type: Literal["coarse"] = "coarse"

    fault = "precision"

    def tamper(self, value: Tensor, x: MMSpace, z: MMSpace) -> Tensor:
        return value * (1.1 if value.dtype == torch.float32 else 1.0)


class Misspelt(Tampered):
    """Exempt from a law that there is not."""

    class Config(Exact.Config):
        type: Literal["misspelt"] = "misspelt"

    fault = "known_exemptions"
    exempt_from = frozenset({"symetry"})


def faulty(kind: type = Exact) -> Iterator[type]:
    for child in kind.__subclasses__():
        if child.__module__ == __name__ and "fault" in vars(child):
            yield child
        yield from faulty(child)


FAULTY: list[Any] = sorted({*faulty(), *faulty(Paired)}, key=lambda component: component.__name__)


@pytest.mark.parametrize("component", FAULTY, ids=lambda component: component.__name__)
def test_exactly_the_check_of_the_fault_fails(component: Any) -> None:
    results = run_checks(component.Config())
    failed = [result for result in results if result.status == "failed"]
    assert [result.name for result in failed] == [component.fault], failed
    assert f"-{component.fault}: " in failed[0].message
    assert len(failed[0].message) > 60


def test_every_law_has_a_fault_that_it_finds() -> None:
    assert {*LAWS, "known_exemptions"} == {component.fault for component in FAULTY}


def test_the_estimator_that_is_tampered_with_keeps_all_laws() -> None:
    results = run_checks(Tampered.Config())
    assert {result.status for result in results} == {"passed"}, results


def test_an_exemption_is_skipped_with_its_reason() -> None:
    results = {result.name: result for result in run_checks(Sliced.Config())}
    assert results["isometry_invariance"].status == "skipped"
    assert (
        results["isometry_invariance"].message
        == "the estimator says that it is exempt from this law"
    )
    # Other types of number get other random lines.
    assert "random numbers" in results["precision"].message
    assert results["symmetry"].status == "passed"


def test_exempt_laws_are_laws() -> None:
    names = {check.name for check in checks_for(Sliced.Config())}
    assert Sliced.exempt_from <= names

from __future__ import annotations

from typing import Literal

import pytest
import torch
from pydantic import PositiveFloat, ValidationError
from torch import Tensor

from gwae_core.components import Component, Section
from gwae_core.context import BuildContext
from gwae_core.errors import ComponentError
from gwae_core.interfaces import KINDS, Prior


class Cube(Prior):
    """Uniform distribution on a cube centred at the origin.

    The second paragraph is no part of the summary.
    """

    class Config(Prior.Config):
        type: Literal["cube"] = "cube"
        half_width: PositiveFloat = 1.0
        """Half the length of an edge."""

    config: Config

    def sample(self, n: int, *, generator: torch.Generator | None = None) -> Tensor:
        u = torch.rand(n, self.latent_dim, generator=generator)
        return self.config.half_width * (2 * u - 1)


class Heir(Cube):
    """Takes its parent's Config over."""


CONTEXT = BuildContext.for_shape((4,), latent_dim=3)


def test_a_component_is_its_kind_name_parameters_and_summary():
    assert (Cube.kind, Cube.name()) == ("prior", "cube")
    assert Cube.summary() == "Uniform distribution on a cube centred at the origin."
    assert Cube.Config.model_fields["half_width"].description == "Half the length of an edge."
    Cube.check_declaration()


def test_a_component_is_built_in_python():
    cube = Cube(Cube.Config(half_width=2), CONTEXT)
    z = cube.sample(500)
    assert z.shape == (500, 3)
    assert 1 < z.abs().max() <= 2


def test_a_configuration_builds_the_component_that_it_belongs_to():
    built = Cube.Config(half_width=3).build(CONTEXT)
    assert type(built) is Cube
    assert built.config.half_width == 3


def test_a_prior_without_context_says_what_to_pass():
    with pytest.raises(ComponentError, match="needs a build context") as caught:
        Cube(Cube.Config())
    assert "BuildContext.for_data" in str(caught.value)


def test_parameters_are_frozen_checked_and_closed():
    config = Cube.Config()
    with pytest.raises(ValidationError, match="frozen"):
        config.half_width = 2.0
    with pytest.raises(ValidationError, match="greater than 0"):
        Cube.Config(half_width=-1)
    with pytest.raises(ValidationError, match="finite"):
        Cube.Config(half_width=float("inf"))
    with pytest.raises(ValidationError, match="Extra inputs"):
        Cube.Config(width=1)  # type: ignore[call-arg]


def test_a_class_without_a_config_of_its_own_is_refused():
    with pytest.raises(ComponentError, match="Heir has no Config in its own body") as caught:
        Heir.check_declaration()
    assert 'type: Literal["my-name"] = "my-name"' in str(caught.value)
    assert Cube.Config.component is Cube


@pytest.mark.parametrize("base", KINDS.values(), ids=KINDS)
def test_every_kind_is_an_abstract_base_with_parameters_of_its_own(base):
    assert base.kind
    assert issubclass(base, Component)
    assert base.Config.component is base
    with pytest.raises(ComponentError, match="is abstract"):
        base.check_declaration()


def test_twelve_kinds():
    assert list(KINDS) == [
        "prior",
        "encoder",
        "decoder",
        "estimator",
        "divergence",
        "reconstruction",
        "objective",
        "dataset",
        "metric",
        "features",
        "sampler",
        "tracker",
    ]


def test_sections_share_the_rules_of_configurations():
    class Weights(Section):
        gw: float = 1.0
        """Weight of the term."""

    assert Weights.model_fields["gw"].description == "Weight of the term."
    with pytest.raises(ValidationError, match="Extra inputs"):
        Weights.model_validate({"gww": 1})

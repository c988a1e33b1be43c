from __future__ import annotations

import jsonschema
import pytest

from gwae_core.config import RunConfig
from gwae_core.errors import ConfigError
from gwae_core.schema import run_schema

NESTED = '''
from typing import Annotated, Literal
from pydantic import Field
from gwae_core.components import Section
from gwae_core.hooks import hookimpl
from gwae_core.interfaces import Estimator, Prior
from gwae_core.registered import Registered, default_config

class Product(Prior):
    """A product of priors, which may be products."""

    class Config(Prior.Config):
        type: Literal["product"] = "product"
        factors: tuple[Annotated[Prior.Config, Registered(Prior)], ...]
        """What is multiplied."""

    def sample(self, n, *, generator=None):
        return self.noise(n, generator=generator)

class Options(Section):
    strength: float = Field(1.0, ge=0)

class Penalised(Estimator):
    """An estimator in an estimator."""

    class Config(Estimator.Config):
        type: Literal["penalised"] = "penalised"
        inner: Annotated[Estimator.Config, Registered(Estimator, "paired")] = Field(
            default_factory=default_config("estimator", "paired")
        )
        options: Options = Options()

    def forward(self, x, z, *, rho=2.0):
        raise NotImplementedError

@hookimpl
def gwae_components():
    return [Product, Penalised]
'''


@pytest.fixture
def validator(site):
    site.add("gwae-nested", NESTED)
    site.discover()
    schema = run_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


PRODUCT = {"type": "product", "factors": ["normal", {"type": "product", "factors": ["uniform"]}]}
INNER = {"type": "penalised", "inner": {"type": "penalised", "inner": "paired"}}


@pytest.mark.parametrize("values", [{"prior": PRODUCT}, {"objective": {"estimator": INNER}}])
def test_a_component_may_hold_its_own_kind(validator, values):
    config = RunConfig.from_mapping(values)
    validator.validate(values)
    assert RunConfig.from_yaml(config.to_yaml()) == config


@pytest.mark.parametrize(
    ("values", "path"),
    [
        (
            {"prior": {"type": "product", "factors": ["normal", {"type": "product", "fac": []}]}},
            "prior.factors.1.fac: unknown field 'fac'; did you mean 'factors'?",
        ),
        (
            {"objective": {"estimator": {"type": "penalised", "inner": {"rho": 1}}}},
            "objective.estimator.inner.rho: unknown field 'rho'; allowed: type",
        ),
        (
            {"objective": {"estimator": {**INNER, "options": {"strenght": 1}}}},
            "objective.estimator.options.strenght: unknown field 'strenght'; did you mean",
        ),
    ],
)
def test_a_mistake_deep_inside_is_found_by_both(validator, values, path):
    with pytest.raises(ConfigError) as caught:
        RunConfig.from_mapping(values)
    assert path in caught.value.message
    assert not validator.is_valid(values)


def test_the_schema_lists_a_plugin_by_both_names(validator, site):
    assert validator.is_valid({"prior": {"type": "gwae-nested:product", "factors": []}})
    assert "prior.product" in validator.schema["$defs"]


def test_a_name_that_two_plugins_claim_is_only_valid_with_its_distribution(site, prior_module):
    site.add("gwae-a", prior_module("cube", "CubeA"))
    site.add("gwae-b", prior_module("cube", "CubeB"))
    site.discover()
    schema = run_schema()
    validator = jsonschema.Draft202012Validator(schema)
    assert {"prior.gwae-a:cube", "prior.gwae-b:cube"} <= set(schema["$defs"])
    for name in ("gwae-a:cube", "gwae-b:cube"):
        assert validator.is_valid({"prior": name})
        assert validator.is_valid({"prior": {"type": name, "width": 2}})
    assert not validator.is_valid({"prior": "cube"})
    assert not validator.is_valid({"prior": {"type": "cube"}})


def test_a_kind_of_a_plugins_own_has_its_definitions(site):
    site.add(
        "gwae-kernels",
        '''
        from typing import Annotated, ClassVar, Literal
        from gwae_core.components import Component
        from gwae_core.hooks import hookimpl
        from gwae_core.interfaces import Estimator
        from gwae_core.registered import Registered

        class Kernel(Component):
            """A kernel."""
            kind: ClassVar[str] = "kernel"

        class Laplace(Kernel):
            """The Laplace kernel."""
            class Config(Kernel.Config):
                type: Literal["laplace"] = "laplace"

        class Kernelised(Estimator):
            """An estimator on kernels."""
            class Config(Estimator.Config):
                type: Literal["kernelised"] = "kernelised"
                kernel: Annotated[Kernel.Config, Registered(Kernel)]
            def forward(self, x, z, *, rho=2.0):
                raise NotImplementedError

        @hookimpl
        def gwae_components():
            return [Laplace, Kernelised]
        ''',
    )
    site.discover()
    validator = jsonschema.Draft202012Validator(run_schema())
    values = {"objective": {"estimator": {"type": "kernelised", "kernel": "laplace"}}}
    config = RunConfig.from_mapping(values)
    assert config.objective.estimator.kernel.type == "laplace"
    assert validator.is_valid(values)
    values["objective"]["estimator"]["kernel"] = "gauss"
    assert not validator.is_valid(values)


def test_a_component_without_a_schema_stops_no_other(site, prior_module):
    bad = prior_module("formula").replace("width: float = 1.0", "width: Callable = max")
    site.add("gwae-callable", "from collections.abc import Callable\n" + bad)
    site.add("gwae-good", prior_module("good"))
    site.discover()
    with pytest.warns(UserWarning, match="gwae-callable 0.1.0: the fields of prior 'formula'"):
        schema = run_schema()
    validator = jsonschema.Draft202012Validator(schema)
    assert validator.is_valid({"prior": {"type": "formula", "anything": 1}})
    assert validator.is_valid({"prior": {"type": "good", "width": 1}})
    assert not validator.is_valid({"prior": {"type": "good", "wdith": 1}})

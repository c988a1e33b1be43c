"""Sweep files: what is accepted, and what an error of each mistake says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gwae_core import RunConfig, SweepConfig
from gwae_core.errors import ConfigError
from gwae_core.sweeping.config import Range
from gwae_core.sweeping.space import Space

EXAMPLE = Path(__file__).parents[2] / "docs/examples/sweeps/digits.yaml"
RUN = {"data": "digits", "prior": "normal", "metrics": ["reconstruction", "clustering"]}
GOOD: dict[str, Any] = {
    "run": RUN,
    "space": {"latent_dim": [2, 3]},
    "search": "random",
    "trials": 3,
    "metric": "reconstruction.mse",
}


def checked(**changes: Any) -> Space:
    """The space of the good sweep with changes, after all checks."""
    space = Space(SweepConfig.from_mapping({**GOOD, **changes}, source="s.yaml"))
    space.check("s.yaml")
    return space


def test_the_example_is_valid():
    space = Space(SweepConfig.from_file(EXAMPLE))
    space.check("digits.yaml")
    assert (space.trials(), space.seeds(), space.direction()) == (10, (0, 1), "maximize")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"serch": "grid"}, r"unknown field 'serch'; did you mean 'search'\?"),
        ({"search": "bayes"}, "search: input should be 'grid', 'random' or 'tpe'; got 'bayes'"),
        ({"trials": None}, "search: random needs a number of `trials`"),
        ({"trials": 0}, "trials: .* greater than 0; got 0"),
        ({"search": "grid"}, "a grid tries every combination; leave `trials` out"),
        (
            {"search": "grid", "trials": None, "space": {"latent_dim": {"low": 1, "high": 2}}},
            "a grid needs values: list those of latent_dim, or give a step",
        ),
        ({"space": {}}, "space: .* at least 1 item"),
        ({"space": {"latent_dim": []}}, "space.latent_dim: the list of values is empty"),
        ({"space": {"latent_dim": [2, 2.0]}}, "space.latent_dim: 2.0 stands twice"),
        ({"space": {"latent_dim": 3}}, r"space.latent_dim: a list of values, or a range .* got 3"),
        (
            {"space": {"latent_dim": {"lo": 1, "high": 2}}},
            r"unknown field 'lo' of a range; did you mean 'low'\?; allowed: low, high, log",
        ),
        (
            {"space": {"latent_dim": {"low": 3, "high": 2}}},
            r"space.latent_dim: low \(3\) must not be above high \(2\)",
        ),
        ({"space": {"latent_dim": {"low": 0, "high": 2, "log": True}}}, "log needs a low above 0"),
        (
            {"space": {"latent_dim": {"low": 1, "high": 2.5, "integer": True}}},
            "integer needs whole numbers; got 2.5",
        ),
        (
            {"space": {"latent_dim": {"low": 1, "high": 2, "log": True, "step": 1}}},
            "log and step cannot both be given",
        ),
        ({"space": {"latent_dim": {"low": 1}}}, "space.latent_dim.high: this field is required"),
        ({"space": {"latent_dim": {"low": 2, "high": 20}}}, "latent_dim: .* valid integer"),
        (
            {"space": {"prior.tpye": ["normal"]}},
            r"s.yaml: space: prior.tpye: unknown field 'tpye'; did you mean 'type'\?",
        ),
        (
            {"space": {"prior": ["normal", "gausian-mixture"]}},
            r"unknown prior 'gausian-mixture'; did you mean 'gaussian-mixture'\?",
        ),
        (
            {"space": {"prior": ["normal", "gaussian-mixture"], "prior.num_components": [2, 3]}},
            r"unknown field 'num_components'.*\n\(found at prior=normal, prior.num_components=2\)",
        ),
        ({"space": {"training.learning_rate": [0.1, -1]}}, "training.learning_rate: .* got -1"),
        ({"space": {"seed": [1, 2]}}, "seed cannot be searched: give `seeds` beside the space"),
        ({"space": {"split.test": [0.1, 0.2]}}, "split.test cannot be searched"),
        ({"run": {**RUN, "latent_dmi": 3}}, r"s.yaml: run: latent_dmi: .* mean 'latent_dim'\?"),
        ({"run": {**RUN, "split": {"validation": 0}}}, "judged on the validation part"),
        ({"metric": "reconstuction.mse"}, r"no metric 'reconstuction'; did you mean 'reconstruct"),
        ({"metric": "reconstruction.msee"}, "did you mean 'reconstruction.mse'?"),
        ({"seeds": "0..3"}, "seeds: seeds are numbers and ranges such as 0-4"),
        ({"seeds": [1, 1]}, "a seed stands twice"),
        ({"seeds": []}, "the list of seeds is empty"),
        ({"pruning": "medain"}, "pruning.type: input should be 'median' or 'halving'"),
    ],
)
def test_a_mistake_is_named_before_anything_is_trained(changes, message):
    with pytest.raises(ConfigError, match=message):
        checked(**changes)


def test_a_run_of_another_file_is_found_beside_the_sweep(tmp_path, monkeypatch):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/run.yaml").write_text("latent_dim: 7")
    text = "run: run.yaml\nspace: {prior: [normal]}\nsearch: grid\nmetric: reconstruction.mse\n"
    (tmp_path / "sub/sweep.yaml").write_text(text)
    monkeypatch.chdir(tmp_path)
    found = SweepConfig.from_file("sub/sweep.yaml", overrides=("training.steps=3",))
    config = Space(found).config({"prior": "normal"})
    assert (config.latent_dim, config.training.steps, config.prior.type) == (7, 3, "normal")
    (tmp_path / "sub/run.yaml").unlink()
    with pytest.raises(ConfigError, match=r"no such file: sub.run\.yaml"):
        SweepConfig.from_file("sub/sweep.yaml")


def test_a_run_may_be_given_as_its_configuration():
    run = RunConfig(latent_dim=5)
    assert Space(SweepConfig(**{**GOOD, "run": run})).config({}) == run


def test_a_grid_has_every_combination_once():
    space = checked(
        search="grid",
        trials=None,
        space={
            "latent_dim": {"low": 2, "high": 6, "integer": True, "step": 2},
            "training.learning_rate": {"low": 0.1, "high": 0.35, "step": 0.1},
            "prior": ["normal", {"type": "gaussian-mixture", "num_components": 4}],
        },
    )
    configs = [space.config(labels) for labels in space.grid()]
    found = {(c.latent_dim, round(c.training.learning_rate, 9), c.prior.type) for c in configs}
    kinds = ("normal", "gaussian-mixture")
    assert found == {(d, r, k) for d in (2, 4, 6) for r in (0.1, 0.2, 0.3) for k in kinds}
    assert len(configs) == space.trials() == 18
    assert {c.prior.num_components for c in configs if c.prior.type == kinds[1]} == {4}


def test_a_grid_has_a_limit():
    space = {"latent_dim": list(range(1, 201)), "training.steps": list(range(1, 201))}
    with pytest.raises(ConfigError, match="the grid has 40000 combinations; at most 10000"):
        checked(search="grid", trials=None, space=space)


def test_a_field_comes_after_the_component_that_it_is_of():
    space = checked(
        space={
            "prior.num_components": [3, 4],
            "prior": ["gaussian-mixture"],
        }
    )
    config = space.config({"prior.num_components": 3, "prior": "gaussian-mixture"})
    assert config.prior.num_components == 3


@pytest.mark.parametrize(
    ("values", "numbers"),
    [
        ({"low": 0, "high": 1, "step": 0.25}, (0, 0.25, 0.5, 0.75, 1)),
        ({"low": 1, "high": 4, "integer": True}, (1, 2, 3, 4)),
        ({"low": 1, "high": 4}, None),
        ({"low": 1, "high": 4, "integer": True, "log": True}, None),
        ({"low": 2, "high": 2, "step": 5}, (2,)),
    ],
)
def test_numbers_of_a_range(values, numbers):
    assert Range(**values).values() == numbers

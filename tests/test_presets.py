"""Named lists of metrics, and which metrics an evaluation asks for."""

from __future__ import annotations

import pytest

from gwae_core import RunConfig
from gwae_core.builtin.metrics import ClusteringMetric
from gwae_core.errors import ConfigError
from gwae_core.plugins import registry
from gwae_core.presets import PRESETS, chosen_metrics, preset

RUN = RunConfig.from_mapping({"metrics": [{"type": "geometry", "points": 7}, "reconstruction"]})


@pytest.mark.parametrize("name", PRESETS)
def test_every_metric_of_a_preset_is_registered_and_builds(name):
    metrics = [config.build() for config in preset(name)]
    assert {metric.name() for metric in metrics} <= set(registry().names("metric"))


def test_both_presets_hold_the_same_metrics():
    kinds = [{config.type for config in preset(name)} for name in PRESETS]
    assert kinds[0] == kinds[1]


def test_nothing_asked_for_means_the_metrics_of_the_run_or_of_the_preset():
    assert chosen_metrics(RUN) == RUN.metrics
    assert chosen_metrics(RUN, preset="fast") == preset("fast")


def test_a_name_has_the_settings_of_the_run_of_the_preset_or_its_defaults():
    (points,) = chosen_metrics(RUN, ["geometry"])
    assert points == RUN.metrics[0]
    assert chosen_metrics(RUN, ["clustering"]) == (ClusteringMetric.Config(),)
    (fast,) = chosen_metrics(RUN, ["clustering"], preset="fast")
    assert fast in preset("fast") and fast != ClusteringMetric.Config()
    mapping = {"type": "clustering", "starts": 3}
    assert chosen_metrics(RUN, [mapping]) == (ClusteringMetric.Config(starts=3),)
    own = ClusteringMetric.Config(starts=4)
    assert chosen_metrics(RUN, [own], overrides=["clustering.starts=2"])[0].starts == 2


def test_a_setting_goes_to_every_metric_of_its_name():
    twice = RunConfig.from_mapping({"metrics": ["clustering", {"type": "clustering", "starts": 3}]})
    found = chosen_metrics(twice, overrides=["clustering.starts=9"])
    assert [metric.starts for metric in found] == [9, 9]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"asked": ["geometri"]}, "unknown metric 'geometri'"),
        ({"asked": [""]}, "unknown metric ''"),
        ({"preset": "fats"}, "no preset 'fats'; did you mean 'fast'"),
        ({"overrides": ["clustering.starts=2"]}, "'clustering', which is not evaluated"),
        ({"overrides": ["geometry.points"]}, "not of the form"),
        ({"overrides": ["geometry=3"]}, "not of the form metric.field=value"),
        ({"overrides": ["geometry.points=none"]}, "points"),
    ],
)
def test_mistakes_are_named(arguments, message):
    with pytest.raises(ConfigError, match=message):
        chosen_metrics(RUN, **{"asked": (), **arguments})

from __future__ import annotations

from pathlib import Path

import pytest

from gwae_core.config import RunConfig, read_text
from gwae_core.errors import ConfigError

EXAMPLES = sorted((Path(__file__).parents[1] / "docs/examples").glob("*.yaml"))


def test_there_are_examples():
    assert EXAMPLES


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_example_is_read_and_survives_the_round_trip(path):
    config = RunConfig.from_file(path)
    again = RunConfig.from_yaml(config.to_yaml())
    assert again == config
    assert again.to_yaml() == config.to_yaml()


def test_the_defaults_are_a_whole_run():
    config = RunConfig()
    assert config == RunConfig.from_yaml("")
    assert config.data.type == "digits"
    assert config.objective.type == "gwae"
    assert config.prior.type == "gaussian-mixture"
    assert [metric.type for metric in config.metrics] == [
        "reconstruction",
        "clustering",
        "geometry",
    ]
    assert RunConfig.from_yaml(config.to_yaml()) == config


def test_yaml_out_writes_every_field():
    written = RunConfig().to_yaml()
    for name in RunConfig.model_fields:
        assert f"\n{name}:" in f"\n{written}"
    assert "num_components: 10" in written


def test_a_component_is_given_by_name_by_mapping_or_as_an_object():
    named = RunConfig.from_mapping({"prior": "normal"})
    mapped = RunConfig.from_mapping({"prior": {"type": "normal"}})
    built = RunConfig(prior=named.prior)
    assert named == mapped == built


def test_a_mapping_without_type_means_the_default():
    config = RunConfig.from_mapping({"prior": {"num_components": 3}})
    assert (config.prior.type, config.prior.num_components) == ("gaussian-mixture", 3)


def test_an_object_of_another_kind_is_refused():
    encoder = RunConfig().encoder
    with pytest.raises(ConfigError, match="prior: a prior is a name or a mapping"):
        RunConfig.from_mapping({"prior": encoder})


def test_numbers_written_as_text_are_read_as_numbers():
    config = RunConfig.from_yaml("training: {learning_rate: 1e-3, steps: '20'}")
    assert (config.training.learning_rate, config.training.steps) == (1e-3, 20)


def test_a_configuration_is_frozen():
    with pytest.raises(ValueError, match="frozen"):
        RunConfig().seed = 3  # type: ignore[misc]


def test_another_type_over_the_fields_of_a_file_says_how_it_is_replaced(tmp_path):
    path = tmp_path / "run.yaml"
    path.write_text("prior: {type: gaussian-mixture, num_components: 10}\n")
    with pytest.raises(ConfigError, match="unknown field 'num_components'") as caught:
        RunConfig.from_file(path, overrides=("prior.type=normal",))
    assert "prior=normal replaces it whole" in str(caught.value.hint)
    assert RunConfig.from_file(path, overrides=("prior=normal",)).prior.type == "normal"
    with pytest.raises(ConfigError, match="unknown field 'components'") as caught:
        RunConfig.from_file(path, overrides=("prior.components=3",))
    assert caught.value.hint is None


def test_overrides_apply_to_the_file(tmp_path):
    path = tmp_path / "run.yaml"
    path.write_text("seed: 1\nprior: gaussian-mixture\n")
    config = RunConfig.from_file(
        path, overrides=("prior.num_components=20", "training.learning_rate=1e-4", "seed=2")
    )
    assert (config.seed, config.prior.num_components) == (2, 20)
    assert config.training.learning_rate == 1e-4


def test_a_mistake_in_the_file_names_it(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("sead: 1\n")
    with pytest.raises(ConfigError, match=r"mine\.yaml: sead: unknown field 'sead'; did you mean"):
        RunConfig.from_file(path)


def test_a_missing_file(tmp_path):
    with pytest.raises(ConfigError, match="no such file") as caught:
        RunConfig.from_file(tmp_path / "none.yaml")
    assert "gwae new" in caught.value.hint


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", None])
def test_what_is_not_text(tmp_path, content):
    path = tmp_path / "run.yaml"
    path.mkdir() if content is None else path.write_bytes(content)
    with pytest.raises(ConfigError, match="cannot be read as text"):
        read_text(path)


@pytest.mark.parametrize(
    "training", [{"patience": 3}, {"select": "best"}, {"patience": 3, "select": "best"}]
)
def test_what_watches_validation_needs_one(training):
    values = {"training": training, "split": {"validation": 0}}
    with pytest.raises(ConfigError, match=r"cannot work without a validation part") as caught:
        RunConfig.from_mapping(values)
    assert all(name in caught.value.message for name in training)
    RunConfig.from_mapping({"training": training})

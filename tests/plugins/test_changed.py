"""A stored run whose plugin is another one today: the error or warning names both versions."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from gwae_core import load
from gwae_core.errors import ConfigError, RunFolderError
from gwae_core.yaml import dump_yaml, parse_yaml

STORED = Path(__file__).parents[1] / "data/run_v1"


@pytest.fixture
def run_folder(tmp_path_factory) -> Path:
    """A run that says that its prior came from gwae-made 0.1.0."""
    folder = Path(shutil.copytree(STORED, tmp_path_factory.mktemp("changed") / "run"))
    config = parse_yaml((folder / "config.yaml").read_text(), source="config.yaml")
    config["prior"] = {"type": "gwae-made:made", "width": 2.0}
    (folder / "config.yaml").write_text(dump_yaml(config))
    facts = json.loads((folder / "environment.json").read_text())
    del facts["components"]["prior gaussian-mixture"]
    facts["components"]["prior made"] = {"distribution": "gwae-made", "version": "0.1.0"}
    (folder / "environment.json").write_text(json.dumps(facts))
    return folder


def test_a_field_that_is_gone(site, prior_module, run_folder):
    site.add("gwae-made", prior_module("made").replace("width", "edge"), version="0.2.0")
    site.discover()
    with pytest.raises(ConfigError) as caught:
        load(run_folder)
    assert "prior.width: unknown field 'width'" in caught.value.message
    assert caught.value.hint == (
        "prior 'made' was trained with gwae-made 0.1.0; 0.2.0 is installed"
    )


def test_weights_that_do_not_fit(site, prior_module, run_folder):
    site.add("gwae-made", prior_module("made"), version="0.2.0")
    site.discover()
    with (
        pytest.warns(UserWarning, match=r"trained with gwae-made 0\.1\.0; 0\.2\.0 is installed"),
        pytest.raises(RunFolderError, match="is the checkpoint of another model"),
    ):
        load(run_folder)


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        (None, "which is not installed (pip install gwae-made==0.1.0)"),
        ("raise RuntimeError('no GPU')", "which failed to load in version 0.2.0: RuntimeError"),
        ("other", "which does not provide it in version 0.2.0"),
    ],
)
def test_a_component_that_is_gone(site, prior_module, run_folder, source, sentence):
    if source is not None:
        text = prior_module("another") if source == "other" else source
        site.add("gwae-made", text, version="0.2.0")
    site.discover()
    with pytest.raises(ConfigError) as caught:
        load(run_folder)
    assert "unknown prior 'gwae-made:made'" in caught.value.message
    assert f"prior 'made' came from gwae-made 0.1.0, {sentence}" in caught.value.hint


def test_a_field_of_another_name_today(site, prior_module, run_folder):
    renamed = (
        prior_module("made")
        .replace("width: float", "edge: float")
        .replace(
            "    def sample",
            "        earlier_names = {'width': 'edge'}\n\n    def sample",
        )
    )
    site.add("gwae-made", renamed, version="0.1.0")
    found = site.discover()
    config = found.find("prior", "made").component.Config
    with pytest.warns(FutureWarning, match=r"'width' of Made\.Config is called 'edge' today"):
        assert config.model_validate({"width": 2.0}).edge == 2.0

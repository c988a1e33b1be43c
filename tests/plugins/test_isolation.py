"""Bad packages beside good ones, all installed by pip into one environment."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Mapping
from typing import Any

import pytest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(importlib.util.find_spec("pip") is None, reason="needs pip"),
]

HOOK = "@hookimpl\ndef gwae_components():\n    return [{names}]\n"
HEAD = (
    "from typing import Literal\nfrom gwae_core.components import Component\n"
    "from gwae_core.hooks import hookimpl\nfrom gwae_core.interfaces import Prior\n"
)


def component(
    cls: str, name: str, *, base: str = "Prior", body: str = "", config: bool = True
) -> str:
    nested = (
        f'    class Config({base}.Config):\n        type: Literal["{name}"] = "{name}"\n'
        if config
        else ""
    )
    return f'class {cls}({base}):\n    """A prior called {name}."""\n{nested}{body}\n'


SAMPLE = "    def sample(self, n, *, generator=None):\n        return self.noise(n)\n"
NAMED_PRIOR = '    kind = "prior"\n'


def plugin(*classes: str, names: str) -> str:
    return HEAD + "".join(classes) + HOOK.format(names=names)


def good(name: str) -> str:
    return plugin(component("Good", name, body=SAMPLE), names="Good")


def beside(name: str, bad: str) -> str:
    """A faulty class in one package with a good one."""
    return plugin(bad, component("Good", name, body=SAMPLE), names="Bad, Good")


PACKAGES: dict[str, str | None] = {
    "gwae-good": good("good"),
    "gwae-import-error": "import libfoo_that_nobody_has\n",
    "gwae-exits": "import sys\nsys.exit('no licence')\n",
    "gwae-hook-raises": HEAD
    + "@hookimpl\ndef gwae_components():\n    raise RuntimeError('no GPU')\n",
    "gwae-abstract": beside("beside-abstract", component("Bad", "abstract")),
    "gwae-wrong-base": beside(
        "beside-wrong-base", component("Bad", "wrong", base="Component", body=NAMED_PRIOR)
    ),
    "gwae-no-config": beside(
        "beside-no-config", component("Bad", "bare", body=SAMPLE, config=False)
    ),
    "gwae-core-name": beside("beside-core-name", component("Bad", "normal", body=SAMPLE)),
    "gwae-claims-one": good("claimed"),
    "gwae-claims-two": good("claimed"),
    "gwae-newer": "raise AssertionError('a plugin for a newer core is not imported')\n",
    "gwae-to-nothing": None,
    "gwae-loud": "print('{\"loud\": 1}')\n" + good("loud"),
}
REQUIRES = {"gwae-newer": ("gwae-core>=99",)}

FAILED = {
    "gwae-import-error": "ModuleNotFoundError: No module named 'libfoo_that_nobody_has'",
    "gwae-exits": "SystemExit: no licence",
    "gwae-hook-raises": "RuntimeError: no GPU",
    "gwae-newer": "needs gwae-core>=99, but gwae-core ",
    "gwae-to-nothing": "ModuleNotFoundError: No module named 'gwae_to_nothing'",
}
REFUSED = {
    "gwae-abstract": "is abstract: it lacks sample",
    "gwae-wrong-base": "does not inherit from Prior",
    "gwae-no-config": "has no Config in its own body",
    "gwae-core-name": "the name 'normal' is reserved by gwae-core",
}
BAD = FAILED | REFUSED


@pytest.fixture(scope="module")
def environment(tmp_path_factory, new_environment, written_package):
    folder = tmp_path_factory.mktemp("isolation")
    built = [
        written_package(folder, name, source, requires=REQUIRES.get(name, ()))
        for name, source in PACKAGES.items()
    ]
    environment = new_environment(folder)
    environment.install(*built)
    return environment


@pytest.fixture(scope="module")
def listed(environment) -> Mapping[str, Any]:
    """What the command for programs says of all of them."""
    done = environment.gwae("plugins", "--json")
    assert done.returncode == 0, done.stderr
    # Nothing but JSON is on stdout, whatever a plugin prints.
    return {**json.loads(done.stdout), "stderr": done.stderr}


def test_every_good_component_is_there_with_its_distribution(listed):
    found = {c["name"]: c for c in listed["components"] if c["distribution"] in PACKAGES}
    besides = {f"beside-{name.removeprefix('gwae-')}" for name in REFUSED}
    assert set(found) == {"good", "loud", "claimed"} | besides
    assert (found["good"]["distribution"], found["good"]["version"]) == ("gwae-good", "0.1.0")


@pytest.mark.parametrize("distribution", FAILED)
def test_a_package_that_failed_is_listed_with_its_reason(listed, distribution):
    (entry,) = [e for e in listed["failed"] if e["distribution"] == distribution]
    assert entry["version"] == "0.1.0"
    assert FAILED[distribution] in entry["reason"]


@pytest.mark.parametrize("distribution", REFUSED)
def test_a_component_that_was_refused_is_listed_with_its_reason(listed, distribution):
    (entry,) = [e for e in listed["refused"] if e["distribution"] == distribution]
    assert entry["version"] == "0.1.0"
    assert REFUSED[distribution] in entry["reason"]


def test_nothing_else_failed(listed):
    # What else is installed where the tests run may fail in its own way.
    for key, expected in (("failed", FAILED), ("refused", REFUSED)):
        assert {e["distribution"] for e in listed[key]} & PACKAGES.keys() == set(expected)


def test_two_distributions_of_one_name_are_ambiguous(listed):
    ((claim,),) = [listed["ambiguous"]]
    assert (claim["kind"], claim["name"]) == ("prior", "claimed")
    assert [e["distribution"] for e in claim["claimed_by"]] == [
        "gwae-claims-one",
        "gwae-claims-two",
    ]


def test_what_a_package_prints_at_import_goes_to_stderr(listed):
    assert '{"loud": 1}' in listed["stderr"]


ASK = """
import json, sys
from gwae_core.errors import GWAEError
from gwae_core.config import RunConfig

answers = {}
for name in json.loads(sys.argv[1]):
    try:
        RunConfig.from_mapping({"prior": name})
    except GWAEError as error:
        answers[name] = str(error)
    else:
        answers[name] = ""
print(json.dumps(answers))
"""


@pytest.fixture(scope="module")
def answers(environment) -> Mapping[str, str]:
    """What comes of asking for a prior, by the name that was asked for."""
    names = ["misspelt", "good", "claimed", "gwae-claims-two:claimed", "normal", "beside-abstract"]
    names += [f"{distribution}:anything" for distribution in BAD]
    done = environment.run("-c", ASK, json.dumps(names))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("distribution", BAD)
@pytest.mark.parametrize("asked", ["misspelt", "its own"])
def test_an_error_names_each_bad_package_with_version_and_reason(answers, distribution, asked):
    text = answers["misspelt" if asked == "misspelt" else f"{distribution}:anything"]
    assert f"{distribution} 0.1.0 (" in text
    assert BAD[distribution] in text


@pytest.mark.parametrize("name", ["good", "gwae-claims-two:claimed", "normal", "beside-abstract"])
def test_what_is_good_is_not_stopped(answers, name):
    assert answers[name] == ""


def test_only_the_ambiguous_name_fails_and_names_both(answers):
    assert "claimed by gwae-claims-one 0.1.0 and gwae-claims-two 0.1.0" in answers["claimed"]
    assert "gwae-claims-one:claimed" in answers["claimed"]


def test_a_run_trains_among_bad_packages(environment):
    settings = ["prior=good", "latent_dim=2", "training.steps=2", "metrics=[reconstruction]"]
    options = [part for setting in settings for part in ("--set", setting)]
    (environment.folder / "run.yaml").write_text("data: digits\n")
    environment.succeed("train", "run.yaml", "--out", "run", "--no-report", *options)
    facts = json.loads((environment.folder / "run/environment.json").read_text())
    assert facts["components"]["prior good"] == {"distribution": "gwae-good", "version": "0.1.0"}


LOADED = """
import json, sys
from gwae_core.plugins import registry
found = registry()
print(json.dumps({
    "modules": sorted(name for name in sys.modules if name.startswith("gwae_")),
    "disabled": [source.distribution for source in found.disabled],
    "names": found.names("prior"),
}))
"""


@pytest.mark.parametrize("variable", ["GWAE_DISABLE_PLUGINS", "GWAE_PLUGINS"])
def test_a_package_that_is_disabled_costs_nothing(environment, variable):
    off = [name for name in PACKAGES if name != "gwae-good"]
    value = "gwae-good" if variable == "GWAE_PLUGINS" else ",".join(off)
    done = environment.run("-c", LOADED, **{variable: value})
    assert done.stderr == ""
    found = json.loads(done.stdout)
    assert "gwae_good" in found["modules"]
    # Not one of them is imported.
    assert not {name.replace("-", "_") for name in off} & set(found["modules"])
    assert set(off) <= set(found["disabled"])
    assert "good" in found["names"]

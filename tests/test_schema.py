from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from pydantic import ValidationError

from gwae_core.cli.starter import PLACEHOLDER, starting_config
from gwae_core.config import RunConfig
from gwae_core.plugins import registry
from gwae_core.schema import run_schema
from gwae_core.yaml import parse_yaml

ROOT = Path(__file__).parents[1]
DISTRIBUTIONS = {entry.source.distribution for entry in registry()}
EXAMPLES = sorted((ROOT / "docs/examples").glob("*.yaml")) + [
    path
    for path in sorted((ROOT / "plugins").glob("*/examples/*.yaml"))
    if path.parents[1].name in DISTRIBUTIONS
]
if "gwae-baselines" in DISTRIBUTIONS:
    EXAMPLES += sorted((ROOT / "docs/examples/baselines").glob("*.yaml"))


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft202012Validator:
    schema = run_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def test_the_schema_is_plain_json_and_every_reference_is_defined():
    schema = run_schema()
    assert json.loads(json.dumps(schema)) == schema
    defined = {f"#/$defs/{name}" for name in schema["$defs"]}

    def references(node):
        if isinstance(node, dict):
            yield from ([node["$ref"]] if "$ref" in node else [])
            node = list(node.values())
        if isinstance(node, list):
            for item in node:
                yield from references(item)

    assert set(references(schema)) <= defined
    assert "x-gwae-kind" not in json.dumps(schema)


def test_one_definition_for_each_component():
    names = run_schema()["$defs"]
    for entry in registry():
        definition = names[f"{entry.component.kind}.{entry.component.name()}"]
        assert definition["description"] == entry.component.summary()
        assert set(definition["properties"]) == set(entry.component.Config.model_fields)


def test_fields_are_described():
    schema = run_schema()
    assert schema["properties"]["seed"]["description"].startswith("Seed of everything random")
    fields = schema["$defs"]["prior.gaussian-mixture"]["properties"]
    assert fields["num_components"]["description"]
    assert schema["properties"]["prior"]["description"] == "Prior pi(z)."


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_example_is_valid_as_written_and_as_resolved(validator, path):
    text = path.read_text()
    validator.validate(parse_yaml(text, source=path.name))
    resolved = RunConfig.from_yaml(text).to_yaml()
    validator.validate(parse_yaml(resolved, source=path.name))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_editor_that_knows_an_older_dialect_finds_no_mistake(path):
    older = jsonschema.Draft7Validator(run_schema())
    older.validate(parse_yaml(path.read_text(), source=path.name))


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"prior": "normal"},
        {"prior": {"type": "normal"}},
        {"prior": {"num_components": 3}},
        {"objective": {"estimator": "paired", "weights": {"gw": 1}}},
        {"metrics": ["geometry", {"type": "reconstruction"}]},
        {"split": {"seed": None}},
    ],
)
def test_the_schema_takes_what_a_run_takes(validator, values):
    RunConfig.from_mapping(values)
    validator.validate(values)


@pytest.mark.parametrize(
    "values",
    [
        {"latent_dimm": 3},
        {"latent_dim": 0},
        {"prior": "nrmal"},
        {"prior": {"type": "normal", "num_components": 3}},
        {"prior": {"type": "gaussian-mixture", "num_component": 3}},
        {"prior": {"half_width": 2.0}},
        {"prior": 3},
        {"prior": None},
        {"objective": {"estimator": {"type": "paired", "misspelt": 1}}},
        {"objective": {"estimator": "piared"}},
        {"objective": {"weights": {"gww": 1}}},
        {"metrics": [{}]},
        {"metrics": ["geometri"]},
        {"training": {"batch": 3}},
    ],
)
def test_the_schema_refuses_what_a_run_refuses(validator, values):
    with pytest.raises(ValueError):
        RunConfig.model_validate(values)
    with pytest.raises(jsonschema.ValidationError):
        validator.validate(values)


def places(node: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The path of every value of a configuration but the whole."""
    if path:
        yield path
    if isinstance(node, dict | list):
        for key, value in node.items() if isinstance(node, dict) else enumerate(node):
            yield from places(value, (*path, key))


def replaced(values: Any, path: tuple[str | int, ...], value: Any) -> Any:
    values = copy.deepcopy(values)
    node = values
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = value
    return values


def mistakes(values: Any) -> set[str]:
    """Kinds of mistake that a run finds; ``value_error`` is about several fields."""
    try:
        RunConfig.model_validate(values)
    except ValidationError as error:
        return {item["type"] for item in error.errors()}
    return set()


def kind_of_place(values: Any, place: tuple[str | int, ...]) -> tuple[Any, ...]:
    """Equal for fields of the same components: the path, and the components along it."""
    found: list[Any] = []
    for key in place:
        if isinstance(values, dict):
            found.append((key, values.get("type")))
        values = values[key]
    return (*found, values.get("type") if isinstance(values, dict) else type(values))


def test_the_schema_and_a_run_agree_wherever_one_value_is_replaced(validator):
    seen = set()
    judged = []
    for path in EXAMPLES:
        values = json.loads(json.dumps(RunConfig.from_file(path).model_dump(mode="json")))
        for place in places(values):
            if (kind := kind_of_place(values, place)) in seen:
                continue
            seen.add(kind)
            for value in ("wrong", -1, 0.5, {"x": 1}, ["x"], None):
                changed = replaced(values, place, value)
                found = mistakes(changed)
                judged.append(not found)
                # A rule about several fields is beyond a schema; the rest is not.
                agreed = validator.is_valid(changed) == (found <= {"value_error"})
                assert agreed, (path.stem, place, value)
    # Most of them are mistakes, and some are not.
    assert len(judged) > 1000
    assert 0 < sum(judged) < len(judged) / 2


@pytest.mark.parametrize("objective", registry().names("objective"))
@pytest.mark.parametrize("data", registry().names("dataset"))
def test_a_new_configuration_is_valid(validator, data, objective):
    text = starting_config(data=data, objective=objective)
    # A path or name that has no default is the user's to fill in; it is text as that would be.
    values = parse_yaml(text, source="new.yaml")
    validator.validate(values)
    if PLACEHOLDER not in text and data != "idx":
        assert RunConfig.from_mapping(values).data.type == data


PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
SHOWN = [
    pytest.param(text, id=f"{path.stem}-{k}")
    for path in PAGES
    for k, text in enumerate(re.findall(r"```yaml[^\n]*\n(.*?)```", path.read_text(), re.DOTALL))
    if "--8<--" not in text
    if path.stem != "sweeps"  # whose files are of another kind, read in tests/sweeping
]
OF_TUTORIALS = {"cube", "gaussian"}
"""Components of packages that are not installed where the tests run."""


@pytest.mark.parametrize("text", SHOWN)
def test_what_a_page_shows_is_valid(validator, text):
    values = parse_yaml(text, source="page")
    if OF_TUTORIALS & set(re.findall(r"(?:type|estimator): ([\w-]+)", text)):
        assert not validator.is_valid(values)
        return
    validator.validate(values)
    RunConfig.from_mapping(values)


def test_the_page_on_configurations_shows_how_an_editor_finds_the_schema():
    page = (ROOT / "docs/guide/configuration.md").read_text()
    assert "gwae schema -o gwae.schema.json" in page
    (line,) = re.findall(r"^# yaml-language-server: \$schema=(\S+)$", page, re.MULTILINE)
    assert line == "gwae.schema.json"
    (settings,) = re.findall(r"```json[^\n]*\n(.*?)```", page, re.DOTALL)
    ((file, patterns),) = json.loads(settings)["yaml.schemas"].items()
    assert file.endswith("gwae.schema.json")
    assert patterns
    # The line is a comment: the file stays a configuration.
    assert RunConfig.from_yaml(f"# yaml-language-server: $schema={line}\nseed: 3").seed == 3

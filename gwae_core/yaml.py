"""YAML in by a safe and strict loader, YAML out, and overrides of single fields."""

from __future__ import annotations

import copy
import re
from collections.abc import Hashable, Iterable, Mapping
from typing import Any

import yaml

from gwae_core.errors import ConfigError

MAX_NODES = 100_000
"""Largest number of values a file may stand for, aliases written out."""


class _StrictLoader(yaml.SafeLoader):
    """Safe loader that refuses duplicate keys and reads numbers such as 1e-3 as YAML 1.2 does."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.tag != "tag:yaml.org,2002:merge":
                if key.value in seen:
                    raise yaml.constructor.ConstructorError(
                        None, None, f"duplicate key {key.value!r}", key.start_mark
                    )
                seen.add(key.value)
        return super().construct_mapping(node, deep=deep)


class _StrictDumper(yaml.SafeDumper):
    """Safe dumper that quotes the strings that the strict loader would read as numbers."""


for _side in (_StrictLoader, _StrictDumper):
    _side.add_implicit_resolver(
        "tag:yaml.org,2002:float",
        re.compile(r"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)[eE][-+]?[0-9]+$"),
        list("-+0123456789."),
    )


def parse_yaml(text: str, *, source: str) -> dict[str, Any]:
    """Read a YAML mapping.

    Raises:
        ConfigError: The text is not YAML, holds a duplicate key, expands to too many values, or is
            not a mapping.
    """
    try:
        loader = _StrictLoader(text)
        try:
            node = loader.get_single_node()
            if node is not None and _size(node, {}) > MAX_NODES:
                raise ConfigError(f"{source}: its aliases expand to more than {MAX_NODES} values")
            values = None if node is None else loader.construct_document(node)
        finally:
            loader.dispose()
    except yaml.YAMLError as error:
        raise ConfigError(f"{source} is not valid YAML: {_first_problem(error)}") from error
    except (LookupError, TypeError, AttributeError) as error:
        # how PyYAML's own constructors fail at `!!int ""` or `!!bool x`
        raise ConfigError(
            f"{source} is not valid YAML: a tag such as !!int stands before another kind of value"
        ) from error
    except (RecursionError, ValueError) as error:
        raise ConfigError(f"{source} is not valid YAML: {error}") from error
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise ConfigError(
            f"{source}: expected a mapping of field names to values, got {type(values).__name__}"
        )
    if wrong := [key for key in values if not isinstance(key, str)]:
        raise ConfigError(f"{source}: a field name is text; got {wrong[0]!r}")
    return values


def _size(node: yaml.Node, known: dict[int, int]) -> int:
    """Number of values below a node, each alias counted as often as it is used."""
    if id(node) not in known:
        known[id(node)] = MAX_NODES + 1  # an alias of its own parent never ends
        children = node.value if isinstance(node, yaml.CollectionNode) else ()
        pairs = (child if isinstance(child, tuple) else (child,) for child in children)
        known[id(node)] = 1 + sum(_size(child, known) for pair in pairs for child in pair)
    return known[id(node)]


def _first_problem(error: yaml.YAMLError) -> str:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem:
        mark = error.problem_mark
        text = f"{error.context}, {error.problem}" if error.context else error.problem
        return text + (f" (line {mark.line + 1})" if mark else "")
    return str(error).partition("\n")[0]


def dump_yaml(values: Mapping[str, Any]) -> str:
    """Write plain values as YAML, fields in their order."""
    return yaml.dump(
        dict(values), Dumper=_StrictDumper, sort_keys=False, allow_unicode=True, width=100
    )


def apply_overrides(values: Mapping[str, Any], overrides: Iterable[str]) -> dict[str, Any]:
    """Set single fields, each given as ``path.to.field=value`` with the value in YAML.

    A component given by its bare name becomes a mapping where one of its fields is set; a number
    in the path is the position of an item in a list.

    Raises:
        ConfigError: An override has no ``=``, an empty path, or leads through a plain value.
    """
    result = copy.deepcopy(dict(values))
    for override in overrides:
        path, equals, text = override.partition("=")
        keys = path.strip().split(".")
        if not equals or not all(keys):
            raise ConfigError(
                f"override {override!r} is not of the form path.to.field=value",
                hint="for example --set prior.num_components=20",
            )
        given = parse_yaml(f"value: {text.strip()}", source=f"--set {path}")
        if list(given) != ["value"]:
            raise ConfigError(f"override {override!r} sets more than one value")
        place: Any = result
        for depth, key in enumerate(keys[:-1]):
            place = _enter(place, key, ".".join(keys[: depth + 1]), override)
        place[_position(place, keys[-1], path, override)] = given["value"]
    return result


def _enter(place: Any, key: str, where: str, override: str) -> Any:
    """The mapping or list under a key, made where there is none or only a component's name."""
    if isinstance(place, dict):
        place.setdefault(key, {})
    position = _position(place, key, where, override)
    inner = place[position]
    if isinstance(inner, str):
        inner = place[position] = {"type": inner}
    if not isinstance(inner, dict | list):
        raise ConfigError(f"override {override!r}: {where} is {inner!r}, not a mapping")
    return inner


def _position(place: dict[str, Any] | list[Any], key: str, where: str, override: str) -> Any:
    if isinstance(place, dict):
        return key
    if key.isdecimal() and int(key) < len(place):
        return int(key)
    raise ConfigError(
        f"override {override!r}: {where} is not there; the list has {len(place)} items, from 0"
    )

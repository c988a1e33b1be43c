from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gwae_core.errors import ConfigError
from gwae_core.yaml import apply_overrides, dump_yaml, parse_yaml


def parse(text: str):
    return parse_yaml(text, source="run.yaml")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 1e-3),
        ("1E5", 1e5),
        ("-2e+4", -2e4),
        (".5e1", 5.0),
        ("1.e2", 100.0),
        ("0.001", 0.001),
        ("3", 3),
        ("e3", "e3"),
        ("1e", "1e"),
        ("'1e-3'", "1e-3"),
        ("null", None),
        ("true", True),
    ],
)
def test_scalars(text, value):
    got = parse(f"a: {text}")["a"]
    assert got == value
    assert type(got) is type(value)


def test_an_empty_text_is_an_empty_mapping():
    assert parse("") == parse("# only a comment\n") == {}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: 1\na: 2", r"duplicate key 'a' \(line 2\)"),
        ("prior:\n  x: 1\n  y: 2\n  x: 3", r"duplicate key 'x' \(line 4\)"),
        ("a: [1, 2", r"line 1|line 2"),
        ("a:\n\tb: 1", r"'\\t' that cannot start any token \(line 2\)"),
        ("a: 1\n---\na: 2", "a single document"),
        ("a: !!python/object/apply:os.system ['true']", "could not determine a constructor"),
        ("? [x]\n: 1", "unhashable key"),
        ("a: &a [*a]", "aliases expand to more than"),
        ("a: 2020-13-45", "month"),
        ("a: \x00", "special characters"),
        ("a: *missing", "undefined alias"),
        ("[" * 5000, "not valid YAML"),
    ],
)
def test_what_is_not_valid_names_the_source_and_the_problem(text, problem):
    with pytest.raises(ConfigError, match=problem) as caught:
        parse(text)
    assert caught.value.message.startswith("run.yaml")


@pytest.mark.parametrize(
    ("text", "problem"),
    [("- 1\n- 2", "got list"), ("just text", "got str"), ("3", "got int"), ("1: a", "got 1")],
)
def test_what_is_no_mapping_of_field_names(text, problem):
    with pytest.raises(ConfigError, match=f"^run.yaml: .*{problem}"):
        parse(text)


def test_an_alias_bomb_is_refused_at_once():
    lines = ["a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 12)]
    with pytest.raises(ConfigError, match="aliases expand to more than"):
        parse("\n".join(lines))


def test_aliases_and_merge_keys_in_reasonable_number_are_read():
    text = "a: &a {x: 1, y: 2}\nb: {<<: *a, y: 3}\nc: *a"
    assert parse(text) == {"a": {"x": 1, "y": 2}, "b": {"x": 1, "y": 3}, "c": {"x": 1, "y": 2}}


scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn"]))
    | st.from_regex(r"[-+]?[0-9.]{1,3}[eE][-+]?[0-9]{1,2}", fullmatch=True)
)
documents = st.dictionaries(
    st.text("abcdefghij_", min_size=1),
    st.recursive(
        scalars,
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.text("abc", min_size=1), inner, max_size=3)
        ),
        max_leaves=10,
    ),
    max_size=4,
)


@given(documents)
def test_what_is_written_is_read_back_equal(values):
    assert parse(dump_yaml(values)) == values


@pytest.mark.parametrize("value", ["1e-3", "yes", "null", "1:30", "2020-01-01", "", "a: b", "é\n"])
def test_strings_that_look_like_something_else_stay_strings(value):
    assert parse(dump_yaml({"a": value})) == {"a": value}


@pytest.mark.parametrize("value", [1e-300, 1e22, 0.1, -5e-324, 1e16, math.pi])
def test_floats_keep_every_digit(value):
    assert parse(dump_yaml({"a": value})) == {"a": value}


def test_fields_are_written_in_their_order():
    assert dump_yaml({"b": 1, "a": {"d": [1], "c": None}}) == ("b: 1\na:\n  d:\n  - 1\n  c: null\n")


@pytest.mark.parametrize(
    ("values", "override", "result"),
    [
        ({}, "seed=3", {"seed": 3}),
        ({}, "training.learning_rate=1e-3", {"training": {"learning_rate": 1e-3}}),
        ({"prior": "normal"}, "prior.width=2", {"prior": {"type": "normal", "width": 2}}),
        ({"prior": {"type": "a"}}, "prior.width=2", {"prior": {"type": "a", "width": 2}}),
        ({"prior": {"type": "a", "w": 1}}, "prior=b", {"prior": "b"}),
        ({}, "a.b.c=null", {"a": {"b": {"c": None}}}),
        ({}, "data.path=x=y", {"data": {"path": "x=y"}}),
        ({}, "layers=[1, 2]", {"layers": [1, 2]}),
        ({}, "prior={type: a}", {"prior": {"type": "a"}}),
        ({}, " seed = 3", {"seed": 3}),
        ({}, "a=", {"a": None}),
        ({"m": ["x", {"y": 1}]}, "m.0.seed=1", {"m": [{"type": "x", "seed": 1}, {"y": 1}]}),
        ({"m": ["x", "z"]}, "m.1=y", {"m": ["x", "y"]}),
        ({"m": [{"y": [1, 2]}]}, "m.0.y.1=5", {"m": [{"y": [1, 5]}]}),
    ],
)
def test_overrides(values, override, result):
    assert apply_overrides(values, [override]) == result


def test_later_overrides_win_and_the_values_given_stay_as_they_were():
    values = {"prior": {"width": 1}}
    changed = apply_overrides(values, ["prior.width=2", "prior.width=3", "seed=1"])
    assert changed == {"prior": {"width": 3}, "seed": 1}
    assert values == {"prior": {"width": 1}}


@pytest.mark.parametrize(
    ("override", "problem"),
    [
        ("seed", "not of the form"),
        ("=3", "not of the form"),
        ("a..b=3", "not of the form"),
        (".a=3", "not of the form"),
        ("seed.x=3", "seed is 1, not a mapping"),
        ("seed=[1", "--set seed is not valid YAML"),
        ("seed=1\nother: 2", "more than one value"),
        ("metrics.5.x=1", "metrics.5 is not there; the list has 1 items"),
        ("metrics.first=1", "metrics.first is not there"),
    ],
)
def test_overrides_that_make_no_sense(override, problem):
    with pytest.raises(ConfigError, match=problem):
        apply_overrides({"seed": 1, "metrics": ["a"]}, [override])

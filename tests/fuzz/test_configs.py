"""Mutated configurations: read, and trained where they are valid."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from gwae_core import RunConfig, run
from gwae_core.yaml import dump_yaml, parse_yaml

EXAMPLES = sorted((Path(__file__).parents[2] / "docs" / "examples").glob("*.yaml"))
LARGEST = 512
"""Valid configurations with larger numbers are not trained: they only ask for much memory."""

few = settings(max_examples=50, suppress_health_check=[HealthCheck.too_slow])
many = settings(max_examples=500, suppress_health_check=[HealthCheck.too_slow])


def check_text(data, damaged, survives):
    text = data.draw(st.sampled_from(EXAMPLES)).read_bytes()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "config.yaml"
        path.write_bytes(damaged(data, text))
        survives(lambda: RunConfig.from_file(path).to_yaml())


@few
@given(data=st.data())
def test_text(data, damaged, survives):
    check_text(data, damaged, survives)


@pytest.mark.slow
@many
@given(data=st.data())
def test_text_many_times(data, damaged, survives):
    check_text(data, damaged, survives)


def check_fields(data, small, changed, survives, whole):
    values = changed(data, small)
    found: list[RunConfig] = []
    if not survives(lambda: found.append(RunConfig.from_mapping(values))):
        return
    (config,) = found
    assert parse_yaml(config.to_yaml(), source="x") == parse_yaml(
        dump_yaml(config.model_dump(mode="json")), source="x"
    )
    if largest(config.model_dump(mode="json")) > LARGEST:
        return
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "run"
        event("trained" if survives(lambda: run(config, out=out, report=False)) else "not trained")
        whole(out)


def largest(value: object) -> float:
    """The largest number in nested values."""
    if isinstance(value, dict):
        return max(map(largest, value.values()), default=0)
    if isinstance(value, list):
        return max(map(largest, value), default=0)
    return abs(value) if isinstance(value, int) else 0


@few
@given(data=st.data())
def test_fields(data, small, changed, survives, whole):
    check_fields(data, small, changed, survives, whole)


@pytest.mark.slow
@many
@given(data=st.data())
def test_fields_many_times(data, small, changed, survives, whole):
    check_fields(data, small, changed, survives, whole)

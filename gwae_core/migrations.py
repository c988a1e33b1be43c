"""Migrations: configurations of earlier formats are read as the present one."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import gwae_core
from gwae_core.errors import ConfigError

Migration = Callable[[dict[str, Any]], dict[str, Any]]

MIGRATIONS: Sequence[Migration] = ()
"""The k-th function turns the values of format k + 1 into those of format k + 2."""


def migrate(
    values: Mapping[str, Any], *, source: str, migrations: Sequence[Migration] = MIGRATIONS
) -> dict[str, Any]:
    """The values in the present format, ``schema_version`` 1 + len(migrations).

    Values that name no version are taken as the present format: a run folder always names it, and
    who writes by hand reads the documentation of what is installed.

    Args:
        values: A configuration as it was read.
        source: Where it comes from, for the error.
        migrations: The chain, the step from format 1 to 2 first.

    Raises:
        ConfigError: The values are of a format that only a later gwae-core knows.
    """
    present = 1 + len(migrations)
    version = values.get("schema_version", present)
    # Anything but a number is for validation to refuse.
    if type(version) is not int or version < 1:
        return dict(values)
    if version > present:
        raise ConfigError(
            f"{source}: schema_version: the format {version} is newer than the latest, {present}, "
            f"that gwae-core {gwae_core.__version__} reads",
            hint="upgrade gwae-core to the version that the file was written with",
        )
    migrated = copy.deepcopy(dict(values))
    for step in migrations[version - 1 :]:
        migrated = step(migrated)
    return {**migrated, "schema_version": present} if "schema_version" in values else migrated

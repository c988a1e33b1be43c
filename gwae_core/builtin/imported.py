"""Torch modules that a configuration names by their import path."""

from __future__ import annotations

import re
from importlib import import_module
from typing import Annotated

from pydantic import AfterValidator, Field, JsonValue
from pydantic_core import PydanticCustomError
from torch import nn

from gwae_core.components import ComponentConfig
from gwae_core.context import BuildContext
from gwae_core.errors import ComponentError

PATTERN = r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*$"


def _is_import_path(text: str) -> str:
    if not re.fullmatch(PATTERN, text):
        raise PydanticCustomError("import_path", "write package.module:Class, as torch.nn:Linear")
    return text


ImportPath = Annotated[
    str, AfterValidator(_is_import_path), Field(json_schema_extra={"pattern": PATTERN})
]
"""``package.module:Class``."""
Keywords = dict[str, JsonValue]
"""Keyword arguments that YAML can write."""


class ImportedConfig(ComponentConfig):
    """Fields of a component that is a class of the user's own."""

    module: ImportPath
    """Class of a torch module: ``package.module:Class``."""
    kwargs: Keywords = Field(default_factory=dict)
    """Keyword arguments of the class."""


def imported_module(config: ImportedConfig, context: BuildContext) -> nn.Module:
    """Import a class of torch modules and instantiate it.

    Args:
        config: Which class, and its keyword arguments.
        context: It says whether the user allowed imports.

    Raises:
        ComponentError: Imports were not allowed, there is no such class, it is no torch module, or
            it does not take these arguments.
    """
    path, kwargs = config.module, config.kwargs
    if not context.allow_import:
        raise ComponentError(
            f"`module: {path}` would import and run code of that name, which was not allowed",
            hint="see that it is code you trust, then pass --allow-import on the command line, or "
            "allow_import=True to run, load and evaluate_run",
        )
    name, _, attribute = path.partition(":")
    try:
        found = getattr(import_module(name), attribute, None)
    # Importing runs code of the user's, which may fail in any way at all.
    except Exception as error:
        raise ComponentError(
            f"{name!r} cannot be imported: {type(error).__name__}: {error}",
            hint="install it, or name its folder: PYTHONPATH=FOLDER gwae ...",
        ) from error
    if not (isinstance(found, type) and issubclass(found, nn.Module)):
        what = "has no such name" if found is None else f"is no class of torch modules: {found!r}"
        raise ComponentError(f"{path!r} {what}", hint="write package.module:Class")
    try:
        return found(**kwargs)
    except Exception as error:
        given = ", ".join(f"{key}={value!r}" for key, value in kwargs.items())
        raise ComponentError(
            f"{attribute}({given}) cannot be built: {type(error).__name__}: {error}",
            hint="its arguments are `kwargs`",
        ) from error

"""The component model: a class, its kind, and the frozen configuration nested in it."""

from __future__ import annotations

import inspect
import re
import sys
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, get_args

from pydantic import BaseModel, ConfigDict, model_validator

from gwae_core.errors import ComponentError, GWAEDeprecationWarning

if TYPE_CHECKING:
    from gwae_core.context import BuildContext


class Section(BaseModel):
    """A group of fields: frozen, no unknown fields, attribute docstrings as descriptions."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False
    )

    earlier_names: ClassVar[Mapping[str, str]] = {}
    """Former names of fields and their present ones; stored runs that use them still load."""

    @model_validator(mode="before")
    @classmethod
    def _read_earlier_names(cls, values: Any) -> Any:
        if not isinstance(values, Mapping) or cls.earlier_names.keys().isdisjoint(values):
            return values
        renamed = dict(values)
        for earlier, present in cls.earlier_names.items():
            if earlier not in renamed:
                continue
            if present in renamed:
                raise ValueError(f"{earlier!r} is the earlier name of {present!r}; give only one")
            renamed[present] = renamed.pop(earlier)
            warnings.warn(
                f"the field {earlier!r} of {cls.__qualname__} is called {present!r} today; write "
                "the present name",
                GWAEDeprecationWarning,
                stacklevel=2,
            )
        return renamed


class ComponentConfig(Section):
    """Parameters of a component, and the name that it is registered under."""

    component: ClassVar[type[Any]]
    """The class whose parameters these are (set when that class is defined)."""

    type: str
    """Name of the component; a component narrows it to ``Literal[name] = name``."""

    def build(self, context: BuildContext | None = None) -> Any:
        """Build the component that these parameters belong to."""
        return self.component(self, context)


class Component:
    """A part of a model or of a run that plugins can add.

    A component's kind is the abstract base it inherits from, its name is the default of
    ``Config.type``, its parameters are the fields of ``Config``, and its summary is the first line
    of its docstring.

    Args:
        config: The parameters.
        context: What is known when the component is built (shapes, statistics, parts built before).
    """

    kind: ClassVar[str] = ""
    """Name of the kind; set by the abstract base, not by components."""

    class Config(ComponentConfig):
        """Parameters."""

    config: Config

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "Config" in cls.__dict__:
            cls.Config.component = cls

    def __init__(self, config: Config, context: BuildContext | None = None) -> None:
        super().__init__()
        self.config = config

    @classmethod
    def name(cls) -> str:
        """Name under which the component is registered."""
        return str(cls.Config.model_fields["type"].default)

    @classmethod
    def summary(cls) -> str:
        """First line of the docstring."""
        return (inspect.getdoc(cls) or "").partition("\n")[0]

    @classmethod
    def check_declaration(cls) -> None:
        """Refuse a class that cannot be registered.

        Raises:
            ComponentError: The class has no kind, is abstract, has no ``Config`` of its own (it
                would take over its parent's name), no name, or no docstring.
        """
        where = f"{cls.__module__}.{cls.__qualname__}"
        if not cls.kind:
            raise ComponentError(
                f"{where} has no kind",
                hint="inherit from one of the bases in gwae_core.interfaces, such as Prior",
            )
        if inspect.isabstract(cls):
            missing = ", ".join(sorted(getattr(cls, "__abstractmethods__", ())))
            raise ComponentError(f"{where} is abstract: it lacks {missing}")
        if "Config" not in cls.__dict__ or not issubclass(cls.Config, ComponentConfig):
            raise ComponentError(
                f"{where} has no Config in its own body",
                hint='nest `class Config(Parent.Config): type: Literal["my-name"] = "my-name"`',
            )
        if cls.Config.component is not cls:
            other = cls.Config.component.__qualname__
            raise ComponentError(
                f"{where} shares its Config with {other}, so its name builds the other",
                hint="give each component a Config of its own",
            )
        cls._check_name(where)
        # Python drops docstrings under -OO.
        if sys.flags.optimize < 2 and not (cls.__doc__ or "").strip():
            raise ComponentError(f"{where} has no docstring; its first line is its summary")

    @classmethod
    def _check_name(cls, where: str) -> None:
        field = cls.Config.model_fields["type"]
        name = field.default
        if not isinstance(name, str) or get_args(field.annotation) != (name,):
            raise ComponentError(
                f"{where}.Config.type has no fixed name",
                hint='declare it as `type: Literal["my-name"] = "my-name"`',
            )
        if not re.fullmatch("[A-Za-z0-9][A-Za-z0-9._-]*", name):
            raise ComponentError(
                f"{where} is named {name!r}; a name is letters, digits, '.', '_' and '-'"
            )

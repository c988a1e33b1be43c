"""The component model: a class, its kind, and the frozen configuration nested in it."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import BaseModel, ConfigDict

from gwae_core.errors import ComponentError

if TYPE_CHECKING:
    from gwae_core.context import BuildContext


class ComponentConfig(BaseModel):
    """Parameters of a component: frozen, no unknown fields, attribute docstrings as descriptions."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False
    )

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
            ComponentError: The class has no kind, is abstract, has no ``Config`` in its own body
                (it would take over its parent's name), no name, or no docstring.
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
        name = cls.Config.model_fields["type"].default
        if not isinstance(name, str) or not name:
            raise ComponentError(
                f"{where}.Config.type has no default",
                hint='declare it as `type: Literal["my-name"] = "my-name"`',
            )
        if "__doc__" not in cls.__dict__ or not cls.summary():
            raise ComponentError(f"{where} has no docstring; its first line is its summary")

"""`Registered`: a field that holds a component of a kind, looked up when it is validated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import PydanticCustomError, core_schema

from gwae_core.components import Component, ComponentConfig
from gwae_core.errors import ComponentError

SCHEMA_KEY = "x-gwae-kind"
"""Key of such a field's kind and default, until the schemas of all components are joined."""


@dataclass(frozen=True)
class Registered:
    """Annotation of a field that takes any registered component of a kind.

    ``prior: Annotated[Prior.Config, Registered(Prior)]`` takes a configuration object, a mapping
    with ``type``, or the bare name. The registry is asked when a value is validated, so a plugin
    that is registered later needs no rebuild of the model, and errors keep their own location.

    Args:
        kind: Abstract base of the kind.
        default: Name that a mapping without ``type`` means; None makes ``type`` necessary.
    """

    kind: type[Component]
    default: str | None = None

    def config_class(self, value: Mapping[str, Any]) -> type[ComponentConfig]:
        """The configuration class that a mapping asks for.

        Raises:
            ComponentError: ``type`` is missing or unknown.
        """
        name = value.get("type", self.default)
        if not isinstance(name, str):
            from gwae_core.plugins import registry

            allowed = ", ".join(registry().names(self.kind.kind))
            raise ComponentError(
                f"{self.kind.kind} needs a `type`, a name; got {name!r}; registered: {allowed}"
            )
        return config_class(self.kind.kind, name)

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(
            self._validate,
            serialization=core_schema.plain_serializer_function_ser_schema(_plain_values),
        )

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {SCHEMA_KEY: [self.kind.kind, self.default]}

    def _validate(self, value: Any) -> ComponentConfig:
        if isinstance(value, self.kind.Config):
            return value
        if isinstance(value, str):
            value = {"type": value}
        if not isinstance(value, Mapping):
            raise PydanticCustomError(
                "component",
                "a {kind} is a name or a mapping with `type`; got {got}",
                {"kind": self.kind.kind, "got": type(value).__name__},
            )
        try:
            found = self.config_class(value)
        except ComponentError as error:
            raise PydanticCustomError(
                "component", "{text}", {"text": error.message, "hint": error.hint}
            ) from error
        # `distribution:name` only says whose component is meant.
        return found.model_validate({**value, "type": found.model_fields["type"].default})


def _plain_values(config: ComponentConfig) -> dict[str, Any]:
    """Values of a component's configuration; ``type`` says whose component it is."""
    from gwae_core.plugins import registry

    return {
        **config.model_dump(mode="json"),
        "type": registry().full_name(config.component),
    }


def config_class(kind: str, name: str) -> type[ComponentConfig]:
    """The configuration class of a registered component."""
    from gwae_core.plugins import registry

    return registry().find(kind, name).component.Config


def default_config(kind: str, name: str) -> Any:
    """A default factory: the configuration of a component with all its defaults."""
    return lambda: cast(Any, config_class(kind, name))()

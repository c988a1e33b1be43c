"""`Registered`: a field that holds a component of a kind, looked up when it is validated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import PydanticCustomError, core_schema

from gwae_core.components import Component, ComponentConfig
from gwae_core.errors import ComponentError

if TYPE_CHECKING:
    from gwae_core.context import BuildContext

SCHEMA_KEY = "x-gwae-kind"
"""Key of such a field's kind and default, until the schemas of all components are joined."""
COMPONENTS = "components"
"""Key, in pydantic's validation context, of the classes that are known beside the registry."""
OWN_SCHEMA = [
    {"enum": ["own"], "description": "an object of your own, passed in Python"},
    {
        "type": "object",
        "properties": {"type": {"enum": ["own"]}},
        "required": ["type"],
        "additionalProperties": False,
    },
]


class OwnPart(ComponentConfig):
    """Stands for an object of the user's own, such as a torch module, which has no configuration.

    A run that was given such objects writes ``type: own`` in their place.
    """

    type: Literal["own"] = "own"

    def build(self, context: BuildContext | None = None) -> Any:
        """Refuse: only its owner can bring the object.

        Raises:
            ComponentError: Always.
        """
        raise ComponentError(
            "it is an object of your own (`type: own`), which no configuration can build",
            hint="pass it in Python: parts={'encoder': ...} to run, load or evaluate_run, "
            "data=... to run or evaluate_run",
        )


@dataclass(frozen=True)
class Registered:
    """Annotation of a field that takes any registered component of a kind.

    ``prior: Annotated[Prior.Config, Registered(Prior)]`` takes a configuration object, a mapping
    with ``type``, or the bare name. The registry is asked when a value is validated, so a plugin
    that is registered later needs no rebuild of the model, and errors keep their own location.

    Args:
        kind: Abstract base of the kind.
        default: Name that a mapping without ``type`` means; None makes ``type`` necessary.
        own: Whether ``type: own`` may stand for an object that is passed beside the configuration.
    """

    kind: type[Component]
    default: str | None = None
    own: bool = False

    def config_class(
        self, value: Mapping[str, Any], components: Sequence[type[Component]] = ()
    ) -> type[ComponentConfig]:
        """The configuration class that a mapping asks for.

        Args:
            value: The mapping.
            components: Classes that are known beside the registry.

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
        if name == "own" and self.own:
            return OwnPart
        for component in components:
            if (component.kind, component.name()) == (self.kind.kind, name):
                return component.Config
        return config_class(self.kind.kind, name)

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        return core_schema.with_info_plain_validator_function(
            self._validate,
            serialization=core_schema.plain_serializer_function_ser_schema(_plain_values),
        )

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        field: JsonSchemaValue = {SCHEMA_KEY: [self.kind.kind, self.default]}
        return {"anyOf": [field, *OWN_SCHEMA]} if self.own else field

    def _validate(self, value: Any, info: ValidationInfo) -> ComponentConfig:
        try:
            return self._read(value, (info.context or {}).get(COMPONENTS, ()), info.context)
        except ComponentError as error:
            raise PydanticCustomError(
                "component", "{text}", {"text": error.message, "hint": error.hint}
            ) from error

    def _read(
        self, value: Any, components: Sequence[type[Component]], context: Any
    ) -> ComponentConfig:
        if isinstance(value, self.kind.Config):
            check_name(value.component)
            return value
        if isinstance(value, OwnPart) and self.own:
            return value
        if isinstance(value, str):
            value = {"type": value}
        if not isinstance(value, Mapping):
            kind = self.kind.kind
            article = "an" if kind[0] in "aeiou" else "a"
            raise ComponentError(
                f"{article} {kind} is a name or a mapping with `type`; got {self._described(value)}"
            )
        found = self.config_class(value, components)
        # `distribution:name` only says whose component is meant.
        values = {**value, "type": found.model_fields["type"].default}
        return found.model_validate(values, context=context)

    def _described(self, value: Any) -> str:
        """What was received, and what to pass in place of an object that does not belong here."""
        if isinstance(value, type):
            advice = (
                f"; pass {value.__qualname__}.Config(...)" if issubclass(value, self.kind) else ""
            )
            return f"the class {value.__qualname__}{advice}"
        plain = value is None or isinstance(value, int | float | list | ComponentConfig)
        advice = "" if plain or not self.own else "; objects go to `run` as data=... or parts={...}"
        return f"{type(value).__qualname__}{advice}"


def check_name(component: type[Component]) -> None:
    """Refuse a class that no plugin registered, where its name means a registered one.

    Written out and read again, the name would silently become the other component.

    Raises:
        ComponentError: It says who has the name.
    """
    from gwae_core.plugins import registry

    holders = registry().entries.get(component.kind, {}).get(component.name(), [])
    # A module that is loaded again, as a notebook does, has new classes of the same path.
    paths = {(entry.component.__module__, entry.component.__qualname__) for entry in holders}
    if holders and (component.__module__, component.__qualname__) not in paths:
        raise ComponentError(
            f"{component.__module__}.{component.__qualname__} is named {component.name()!r}, "
            f"which is the name of a {component.kind} of {holders[0].source}; give your own class "
            "another name in its Config.type"
        )


def _plain_values(config: ComponentConfig) -> dict[str, Any]:
    """Values of a component's configuration; ``type`` says whose component it is."""
    from gwae_core.plugins import registry

    if isinstance(config, OwnPart):
        return config.model_dump(mode="json")
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

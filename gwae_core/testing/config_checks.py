"""Laws of every component: its declaration and its configuration."""

from __future__ import annotations

from pydantic import ValidationError

from gwae_core.errors import ComponentError
from gwae_core.testing.subject import Subject


def declaration(subject: Subject) -> None:
    """The class can be registered, and its Config knows it."""
    component = subject.component
    try:
        component.check_declaration()
    except ComponentError as error:
        raise AssertionError(str(error)) from error
    assert subject.config.type == component.name(), (
        f"config.type is {subject.config.type!r}, but the component's name is "
        f"{component.name()!r}; declare `type: Literal[NAME] = NAME`"
    )


def documented(subject: Subject) -> None:
    """The class and each field of its Config have a docstring, which is all the help there is."""
    component = subject.component
    assert (component.__doc__ or "").strip(), (
        f"{component.__name__} has no docstring of its own; its first line is what "
        "`gwae plugins` shows"
    )
    fields = type(subject.config).model_fields
    missing = [name for name, field in fields.items() if name != "type" and not field.description]
    assert not missing, (
        f"fields without a docstring: {', '.join(missing)}; write one as a string below each field"
    )


def unknown_field_refused(subject: Subject) -> None:
    """A field that does not exist is refused, so that a slip of the pen is seen."""
    values = {**subject.config.model_dump(), "no_such_field": 1}
    try:
        type(subject.config).model_validate(values)
    except ValidationError:
        return
    raise AssertionError(
        'a misspelt field is accepted; leave `extra="forbid"`, which ComponentConfig sets, alone'
    )


def frozen_config(subject: Subject) -> None:
    """A configuration does not change after it was made."""
    config = subject.config.model_copy()
    try:
        # By name: a plain assignment to a frozen field would not pass the type checker.
        setattr(config, "type", subject.config.type)  # noqa: B010
    except ValidationError:
        return
    raise AssertionError("the Config can be changed; leave `frozen=True` alone")


def config_round_trip(subject: Subject) -> None:
    """Written out and read again, a configuration is the same."""
    config = subject.config
    copies = {
        "model_dump": type(config).model_validate(config.model_dump()),
        'model_dump(mode="json")': type(config).model_validate(config.model_dump(mode="json")),
        "model_dump_json": type(config).model_validate_json(config.model_dump_json()),
    }
    for way, copy in copies.items():
        assert copy == config, (
            f"through {way} the configuration became {copy!r}, it was {config!r}; a validator "
            "must leave its own result as it is, and fields must be of types that JSON can hold"
        )

"""Weights that change over a run: a number, or a ramp from one to another."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    ConfigDict,
    Field,
    NonNegativeFloat,
    TypeAdapter,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    model_validator,
)

from gwae_core.components import Section

_NUMBER = TypeAdapter(NonNegativeFloat, config=ConfigDict(allow_inf_nan=False))


class Ramp(Section):
    """A weight that goes from one value to another over a part of the run.

    w(t) = start + (end - start) s((t - a) / (b - a)), t the share of all steps that are done,
    s(u) = u (linear) or (1 - cos(pi u)) / 2 (cosine), u clipped to [0, 1]. In evaluation, and so on
    the validation part, it is the value at the end of the run, so that totals can be compared.
    """

    start: NonNegativeFloat
    """Value until the ramp begins."""
    end: NonNegativeFloat
    """Value after it."""
    over: tuple[
        Annotated[float, Field(ge=0, le=1)],
        Annotated[float, Field(ge=0, le=1)],
    ] = (0.0, 1.0)
    """Shares a and b of all steps between which it goes."""
    shape: Literal["linear", "cosine"] = "linear"
    """How it goes."""

    @model_validator(mode="after")
    def _goes_forward(self) -> Ramp:
        if self.over[0] >= self.over[1]:
            raise ValueError(
                f"a ramp begins before it ends; over: {list(self.over)} does not (such as [0, 0.5])"
            )
        return self

    def at(self, progress: float) -> float:
        """The value after a share of all steps."""
        begin, finish = self.over
        share = min(1.0, max(0.0, (progress - begin) / (finish - begin)))
        if self.shape == "cosine":
            share = (1 - math.cos(math.pi * share)) / 2
        return self.start + (self.end - self.start) * share


def _number_or_ramp(value: Any, _handler: ValidatorFunctionWrapHandler) -> float | Ramp:
    # A union's own errors would name every member and a path that is not in the file.
    if isinstance(value, Mapping | Ramp):
        return Ramp.model_validate(value)
    return _NUMBER.validate_python(value)


Weight = Annotated[NonNegativeFloat | Ramp, WrapValidator(_number_or_ramp)]
"""Annotation of a field that takes a number >= 0 or the fields of a `Ramp`."""


def weight_at(weight: float | Ramp, progress: float) -> float:
    """Value of a weight after a share of all steps."""
    return weight.at(progress) if isinstance(weight, Ramp) else weight

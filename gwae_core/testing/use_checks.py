"""Laws of every component in use: it repeats itself, here and in another process."""

from __future__ import annotations

import warnings

import torch
from pydantic import ValidationError
from torch import Tensor

from gwae_core.errors import GWAEError
from gwae_core.testing.check import NotApplicable
from gwae_core.testing.process import results_elsewhere
from gwae_core.testing.subject import Subject, changed_states, random_states, seeded


def reproducible(subject: Subject) -> None:
    """Equal seeds give equal results, bit by bit."""
    first, again = (subject.use(subject.build()) for _ in range(2))
    for name in first:
        assert _equal(first[name], again.get(name)), (
            f"{name} differs between two uses of one seed; draw all random numbers with the "
            "generator or the seed that is passed in, and where there is none, with a seed that "
            "is a field of Config"
        )


def global_random_state(subject: Subject) -> None:
    """No global random state is touched after building."""
    component = subject.build()
    # A seed of the kit's own, which a component that seeds the state itself does not hit upon.
    with seeded(987654321):
        before = random_states()
        subject.use(component)
        changed = changed_states(before)
    assert not changed, (
        f"the global random state of {', '.join(changed)} changed; draw with the generator or the "
        "seed that is passed in (dropout cannot), or with np.random.default_rng(seed)"
    )


def another_process(subject: Subject) -> None:
    """Built in another process from configuration and state, it gives the same results."""
    state = subject.state(subject.build())
    here, again = (subject.use(subject.restore(state)) for _ in range(2))
    if not all(_equal(here[name], again.get(name)) for name in here):
        raise NotApplicable("the results differ in one process already")
    there = results_elsewhere(subject, state)
    assert here.keys() == there.keys(), f"the results there are {sorted(there)}"
    for name, tensor in here.items():
        assert tensor.shape == there[name].shape and torch.allclose(
            tensor.double(), there[name].double(), rtol=1e-4, atol=1e-5, equal_nan=True
        ), (
            f"{name} is another one in another process; take nothing from what a process holds "
            "(hash() of a string, a process id, the time, a global variable set elsewhere), only "
            "from Config and the state dict"
        )


def bad_arguments_refused(subject: Subject) -> None:
    """Config refuses what the component cannot use: another type, NaN, a number out of range."""
    fields = [name for name in type(subject.config).model_fields if name != "type"]
    for name in fields:
        assert _accepted(subject, name, object()) is None, (
            f"the field {name} takes an object of any type; annotate it with the one that it is of"
        )
        value = getattr(subject.config, name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            continue
        assert _accepted(subject, name, float("nan")) is None, (
            f"the field {name} takes NaN; leave `allow_inf_nan=False`, which ComponentConfig sets, "
            "alone"
        )
        for number in (0, -1):
            accepted = _accepted(subject, name, number)
            if accepted is not None:
                _require_usable(accepted, f"the field {name} takes {number}, but then")


def _accepted(subject: Subject, field: str, value: object) -> Subject | None:
    """The subject with another value of a field, or None where Config refuses the value."""
    config = subject.config
    values = {name: getattr(config, name) for name in type(config).model_fields}
    try:
        other = type(config).model_validate({**values, field: value})
    except ValidationError:
        return None
    return type(subject)(other, subject.data_shape, subject.latent_dim)


def _require_usable(subject: Subject, where: str) -> None:
    remedy = "constrain the field, for instance as PositiveInt or with Field(gt=0)"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            results = subject.use(subject.build())
    except (GWAEError, NotApplicable):
        return
    except Exception as error:
        raise AssertionError(f"{where} {type(error).__name__}: {error}; {remedy}") from error
    for name, tensor in results.items():
        assert bool(torch.isfinite(tensor).all()), f"{where} {name} holds NaN or inf; {remedy}"


def _equal(a: Tensor, b: Tensor | None) -> bool:
    return b is not None and a.shape == b.shape and torch.allclose(a, b, 0, 0, equal_nan=True)

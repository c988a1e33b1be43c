"""Laws of components that are torch modules."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from gwae_core.errors import GWAEError
from gwae_core.testing.subject import ModuleSubject, N, perturbed


def shapes(subject: ModuleSubject) -> None:
    """Every output has the shape that its interface says, and is finite."""
    found = subject.exercise(subject.build())
    for name, shape in subject.shapes(N).items():
        if name in found:
            assert found[name].shape == shape, (
                f"{name} has shape {tuple(found[name].shape)} for {N} points, expected {shape}; "
                f"the data are {subject.data_shape}, latent_dim is {subject.latent_dim}"
            )
    _require_finite(found, f"{N} points")


def batch_of_one(subject: ModuleSubject) -> None:
    """One point goes through like many, in training mode too."""
    many = subject.exercise(subject.build())
    try:
        one = subject.exercise(subject.build(), 1)
    except GWAEError:
        assert subject.needs_many, "one point is refused; nothing in this kind needs several"
        return
    assert one.keys() == many.keys(), f"for one point the outputs are {sorted(one)}"
    for name, tensor in one.items():
        expected = tuple(1 if size == N else size for size in many[name].shape)
        assert tensor.shape == expected, (
            f"{name} has shape {tuple(tensor.shape)} for one point, expected {expected}; do not "
            "squeeze() without naming the axis"
        )
    _require_finite(one, "one point; batch normalisation and variances over a batch divide by 0")


def dtypes(subject: ModuleSubject) -> None:
    """float32 goes in and comes out, and so does float64 after ``module.double()``."""
    for dtype in (torch.float32, torch.float64):
        module = subject.build().to(dtype)
        inputs = {name: tensor.to(dtype) for name, tensor in subject.inputs(N).items()}
        for name, tensor in subject.exercise(module, inputs=inputs).items():
            assert tensor.dtype == dtype, (
                f"{name} is {tensor.dtype} where module and inputs are {dtype}; make new tensors "
                "like the inputs (x.new_zeros, torch.randn(..., dtype=x.dtype))"
            )


def devices(subject: ModuleSubject) -> None:
    """Parts move with the module: constants are buffers, outputs stay on the inputs' device."""
    module = subject.build()
    for prefix, part in module.named_modules():
        hidden = [name for name, value in vars(part).items() if isinstance(value, Tensor)]
        assert not hidden, (
            f"{', '.join(f'{prefix}.{name}'.lstrip('.') for name in hidden)} would stay behind "
            "when the module moves to a GPU; use self.register_buffer(name, tensor)"
        )
    for device in ("cpu", "cuda") if torch.cuda.is_available() else ("cpu",):
        inputs = {name: tensor.to(device) for name, tensor in subject.inputs(N).items()}
        for name, tensor in subject.exercise(module.to(device), inputs=inputs).items():
            assert tensor.device.type == device, (
                f"{name} is on {tensor.device} where module and inputs are on {device}; make new "
                "tensors on the inputs' device"
            )


def seeded_build(subject: ModuleSubject) -> None:
    """A seed decides the first weights, and nothing else."""
    states = [subject.build(seed=seed).state_dict() for seed in (0, 0, 1)]
    shapes = [{name: tuple(value.shape) for name, value in state.items()} for state in states]
    assert shapes[0] == shapes[2], (
        "another seed gives other layers; a seed may change random numbers only"
    )
    for name, value in states[0].items():
        assert torch.equal(value, states[1][name]), (
            f"{name} differs between two builds of one seed; initialise it with torch's global "
            "random numbers, which the run seeds"
        )


def gradients(subject: ModuleSubject) -> None:
    """Every parameter gets a gradient, and so do the inputs that should."""
    module = subject.build()
    inputs = {
        name: tensor.requires_grad_(name in subject.differentiable)
        for name, tensor in subject.inputs(N).items()
    }
    generator = torch.Generator().manual_seed(4)
    outputs = subject.exercise(module, inputs=inputs)
    loss = torch.zeros(())
    for tensor in outputs.values():
        if tensor.requires_grad:
            # Random weights: a plain sum of standardised outputs would have no gradient.
            weight = torch.randn(tensor.shape, generator=generator)
            loss = loss + (weight * (tensor + tensor.square())).sum()
    wanted = {f"parameter {name}": p for name, p in module.named_parameters() if p.requires_grad}
    used = {f"input {name}": inputs[name] for name in subject.differentiable}
    if not wanted and not used:
        return
    assert loss.requires_grad, "no output carries a gradient; do not detach, and no torch.no_grad"
    torch.autograd.backward(loss)
    require_gradients({**wanted, **used})


def require_gradients(tensors: Mapping[str, Tensor]) -> None:
    """Assert that each tensor has a finite gradient that is not all zero."""
    for name, tensor in tensors.items():
        gradient = tensor.grad
        assert gradient is not None and bool((gradient != 0).any()), (
            f"{name} gets no gradient, so it can never learn; use it in an output, or freeze it "
            "with requires_grad_(False)"
        )
        assert bool(torch.isfinite(gradient).all()), (
            f"the gradient of {name} is not finite; look for sqrt, log or division at 0"
        )


def state_round_trip(subject: ModuleSubject) -> None:
    """A trained state, loaded into a model built without data, gives the same outputs."""
    trained = perturbed(subject.build()).eval()
    loaded = subject.build(neutral=True).eval()
    loaded.load_state_dict(trained.state_dict())
    first, again = subject.exercise(trained), subject.exercise(loaded)
    for name in first:
        assert torch.allclose(first[name], again[name], rtol=1e-4, atol=1e-5, equal_nan=True), (
            f"{name} changed by {gap(first[name], again[name]):g} through saving and loading; "
            "what was taken from the data when building must be a parameter or a persistent buffer"
        )


def inference_mode(subject: ModuleSubject) -> None:
    """Evaluation mode works where torch keeps no graph at all."""
    module = subject.build().eval()
    with torch.inference_mode():
        found = subject.exercise(module)
    _require_finite(found, "evaluation mode")


def rows_independent(subject: ModuleSubject) -> None:
    """In evaluation mode, what is made of a point does not depend on the other points."""
    module = subject.build().double().eval()
    inputs = {name: tensor.double() for name, tensor in subject.inputs(N).items()}
    together = subject.exercise(module, inputs=inputs)
    for row in range(N):
        one = {name: tensor[row : row + 1] for name, tensor in inputs.items()}
        alone = subject.exercise(module, 1, inputs=one)
        for name in subject.rowwise:
            if name in together:
                change = gap(alone[name], together[name][row : row + 1])
                assert change < 1e-6, (
                    f"{name} of a point changes by {change:g} with the rest of the batch; take no "
                    "mean over axis 0"
                )


def gap(a: Tensor, b: Tensor) -> float:
    """Largest absolute difference."""
    return float((a - b).detach().abs().max())


def _require_finite(outputs: Mapping[str, Tensor], where: str) -> None:
    for name, tensor in outputs.items():
        assert bool(torch.isfinite(tensor).all()), f"{name} holds NaN or inf for {where}"

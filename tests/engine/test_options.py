"""Options of training: precision, several batches a step, averaged weights, deterministic mode."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import pytest
import torch
from torch import Tensor

from gwae_core import RunConfig
from gwae_core.build import build_objective
from gwae_core.builtin.divergences import Critic, Sinkhorn
from gwae_core.builtin.objectives.gw_term import GWTerm
from gwae_core.context import Batch, BuildContext
from gwae_core.engine import Loop, TensorBatches, TrainingState, train
from gwae_core.errors import ConfigError, TrainingError
from gwae_core.interfaces import (
    Losses,
    Objective,
    Parameters,
    Posterior,
    Resumable,
    Stage,
    UpdateGroup,
)
from gwae_core.posteriors import DeterministicPosterior

X = torch.from_numpy(np.random.default_rng(0).normal(size=(48, 5)).astype(np.float32))


def settings(objective: Any = None, **training: Any) -> RunConfig:
    return RunConfig.from_mapping(
        {
            "latent_dim": 2,
            "encoder": {"type": "mlp", "hidden": [6]},
            "decoder": {"type": "mlp", "hidden": [6]},
            "prior": "normal",
            "objective": objective or "gwae",
            "training": {"steps": 6, "batch_size": 8, "warmup_steps": 0, **training},
        }
    )


def loop(config: RunConfig, *, validation: bool = False) -> Loop:
    objective = build_objective(config, BuildContext.for_data(X, config.latent_dim))
    batches = TensorBatches(X, batch_size=config.training.batch_size)
    held_out = TensorBatches(X[:16], batch_size=16) if validation else None
    return Loop(objective, batches, config.training, validation=held_out)


def weights(objective: Objective) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in objective.state_dict().items()}


def test_a_step_ends_with_its_progress_record() -> None:
    """So that what is saved at this record is the state between two steps."""
    records = list(loop(settings(validate_every=3), validation=True).run())
    steps: dict[int, list[str]] = {}
    for record in records[1:-1]:
        if record["event"] != "warning":
            steps.setdefault(record["step"], []).append(record["event"])
    assert steps == {
        1: ["train", "progress"],
        2: ["progress"],
        3: ["validation", "progress"],
        4: ["progress"],
        5: ["progress"],
        6: ["train", "validation", "progress"],
    }


@pytest.mark.parametrize("divergence", ["sinkhorn", "critic"])
def test_mixed_precision_is_for_encoder_and_decoder_alone(
    divergence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = loop(settings({"divergence": divergence}, precision="bf16-mixed"))
    seen: dict[str, set[Any]] = {"networks": set(), "terms": set(), "dtypes": set()}

    def layers(module: torch.nn.Module, inputs: Any, output: Tensor) -> None:
        if module.training:  # codes that a stage is prepared from need no speed
            seen["networks"].add(output.dtype)

    for part in (running.objective.encoder, running.objective.decoder):
        for layer in part.modules():
            if isinstance(layer, torch.nn.Linear):
                layer.register_forward_hook(layers)

    def watch(kind: Any, name: str) -> None:
        original = getattr(kind, name)

        def watched(self: Any, *arguments: Any, **keywords: Any) -> Any:
            seen["terms"].add(torch.is_autocast_enabled("cpu"))
            sample = arguments[0]
            seen["dtypes"].add(getattr(sample, "z", getattr(sample, "points", None)).dtype)
            return original(self, *arguments, **keywords)

        monkeypatch.setattr(kind, name, watched)

    watch(GWTerm, "forward")
    watch(Sinkhorn, "forward")
    watch(Critic, "critic_losses")
    records = list(running.run())
    assert seen == {"networks": {torch.bfloat16}, "terms": {False}, "dtypes": {torch.float32}}
    assert all(p.dtype == torch.float32 for p in running.objective.parameters())
    plain = list(loop(settings({"divergence": divergence})).run())
    first = [next(r for r in found if r["event"] == "train")["terms"] for found in (records, plain)]
    assert first[0] != first[1]
    assert first[0] == pytest.approx(first[1], rel=0.05, abs=0.02)


def test_float16_needs_a_gpu() -> None:
    with pytest.raises(ConfigError, match=r"16-mixed.*cannot be used here"):
        loop(settings(precision="16-mixed"))


def test_gradients_of_several_batches_are_averaged() -> None:
    """The update of two batches is that of the mean of their gradients."""
    config = settings(
        {"type": "vae"}, steps=1, decay=0, accumulate=2, optimizer="sgd", gradient_clip=None
    )
    running = loop(config)
    before = weights(running.objective)
    (record,) = [r for r in running.run() if r["event"] == "train"]
    assert running.source.state() == {"taken": 2}

    gradients: dict[str, Tensor] = {}
    by_hand = loop(config)
    generator = torch.Generator().manual_seed(0)
    batches = iter(by_hand.source)
    totals = []
    for _ in range(2):
        losses = by_hand.objective.losses("main", next(batches), generator=generator)
        (losses.total / 2).backward()
        totals.append(float(losses.total.detach()))
    for name, parameter in by_hand.objective.named_parameters():
        if parameter.grad is not None:
            gradients[name] = parameter.grad
    after = running.objective.state_dict()
    for name, gradient in gradients.items():
        torch.testing.assert_close(after[name], before[name] - 1e-3 * gradient)
    assert record["total"] == pytest.approx(sum(totals) / 2, rel=1e-5)


def test_averaged_weights_are_what_is_validated_and_left_behind() -> None:
    running = loop(settings(ema_decay=0.5, validate_every=2), validation=True)
    assert running.ema is not None
    for record in running.run():
        if record["event"] == "validation":
            average = running.weights()
            other = loop(settings(validate_every=2), validation=True)
            other.objective.load_state_dict(average)
            stage = other.objective.stages()[0]
            assert other._validate(stage, running.validation)["terms"] == record["terms"]
    left = running.objective.state_dict()
    assert all(torch.equal(left[name], value) for name, value in running.weights().items())
    plain = loop(settings())
    list(plain.run())
    assert any(not torch.equal(left[n], v) for n, v in plain.objective.state_dict().items())


def test_deterministic_mode_ends_with_the_training() -> None:
    modes = []
    running = loop(settings(deterministic=True))
    for record in running.run():
        modes.append((record["event"], torch.are_deterministic_algorithms_enabled()))
    assert {mode for _, mode in modes} == {True}
    assert not torch.are_deterministic_algorithms_enabled()


def test_an_operation_without_a_deterministic_form_is_named() -> None:
    running = loop(settings(deterministic=True))

    def put(*_: Any) -> Tensor:
        message = "put_ does not have a deterministic implementation"
        raise RuntimeError(message)

    running.objective.decode_params = put  # type: ignore[attr-defined]
    with pytest.raises(TrainingError, match=r"training\.deterministic: put_"):
        list(running.run())
    assert not torch.are_deterministic_algorithms_enabled()


class Mute(Objective):
    """Two stages, and not a word on what they change."""

    class Config(Objective.Config):
        type: Literal["mute"] = "mute"

    config: Config

    def __init__(self) -> None:
        super().__init__(self.Config())
        self.layer = torch.nn.Linear(5, 2)

    def stages(self) -> Sequence[Stage]:
        return (Stage("one", 0.5), Stage("two", 0.5))

    def groups(self) -> Sequence[UpdateGroup]:
        return [UpdateGroup("main", [Parameters(list(self.parameters()))])]

    def losses(self, group: str, batch: Batch, *, generator: torch.Generator) -> Losses:
        return Losses({"fit": self.layer(batch.x).square().mean()})

    def encode(self, x: Tensor) -> Posterior:
        return DeterministicPosterior(self.layer(x))

    def decode(self, z: Tensor) -> Tensor:
        return z

    def sample_latent(self, n: int, *, generator: torch.Generator | None = None) -> Tensor:
        return torch.zeros(n, 2)


class Outspoken(Mute, Resumable):
    """The same, and it says that nothing is carried."""

    class Config(Mute.Config):
        type: Literal["outspoken"] = "outspoken"

    def training_state(self) -> dict[str, Any]:
        return {}

    def load_training_state(self, state: Mapping[str, Any]) -> None:
        assert not state


@pytest.mark.parametrize("kind", [Mute, Outspoken])
def test_an_objective_with_stages_has_to_say_what_they_change(kind: type[Mute]) -> None:
    """Otherwise the start of a stage would be lost, and the run be resumed wrongly."""

    def running() -> Loop:
        return Loop(kind(), TensorBatches(X, batch_size=8), settings().training)

    first = running()
    states = [first.state() for record in first.run() if record["event"] == "progress"]
    if kind is Mute:
        with pytest.raises(TrainingError, match="'mute' has stages, and cannot be resumed") as told:
            running().load_state(states[4])
        assert "Resumable" in str(told.value.hint)
    else:
        second = running()
        second.load_state(states[4])
        assert [r["event"] for r in second.run()] == ["train", "progress", "end"]
        assert all(
            torch.equal(value, second.objective.state_dict()[name])
            for name, value in first.objective.state_dict().items()
        )


def test_a_state_of_another_model_is_refused() -> None:
    with pytest.raises(TrainingError, match="of another model"):
        loop(settings()).load_state(TrainingState())


def test_a_state_is_a_copy() -> None:
    """Training that goes on does not change a state that was taken."""
    running = loop(settings(ema_decay=0.9))
    taken: list[TrainingState] = []
    copies: list[dict[str, Tensor]] = []
    for record in running.run():
        if record["event"] == "progress":
            taken.append(running.state())
            copies.append({name: t.clone() for name, t in taken[-1].tensors.items()})
    for state, copy in zip(taken, copies, strict=True):
        assert all(torch.equal(state.tensors[name], copy[name]) for name in copy)


def test_train_is_the_loop() -> None:
    config = settings()
    one, two = loop(config), loop(config)
    source = TensorBatches(X, batch_size=8)
    list(train(one.objective, source, config.training))
    list(two.run())
    first, second = weights(one.objective), weights(two.objective)
    assert all(torch.equal(first[name], second[name]) for name in first)

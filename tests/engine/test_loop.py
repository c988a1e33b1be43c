"""The training loop: groups, stages, validation, and values that are not finite."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal

import pytest
import torch
from torch import Tensor, nn

from gwae_core.context import Batch
from gwae_core.engine import NotFiniteError, TensorBatches, fit, train
from gwae_core.errors import ConfigError, TrainingError
from gwae_core.interfaces import Losses, Objective, Parameters, Posterior, Stage, UpdateGroup
from gwae_core.posteriors import DeterministicPosterior
from gwae_core.training_config import TrainingConfig


class Toy(Objective):
    """Fits a linear map, with a critic that counts how it is called."""

    class Config(Objective.Config):
        type: Literal["toy"] = "toy"

    config: Config

    def __init__(self) -> None:
        super().__init__(self.Config())
        torch.manual_seed(0)
        self.model = nn.Linear(3, 2)
        self.critic = nn.Linear(2, 1)
        self.calls: list[str] = []
        self.stages_started: list[str] = []
        self.frozen: list[tuple[str, bool, bool]] = []
        self.extra: Any = lambda objective, x: torch.zeros(())

    def stages(self) -> Sequence[Stage]:
        return (Stage("first", 0.5), Stage("second", 0.5, ("critic", "main")))

    def start_stage(self, stage: str, x: Tensor, *, generator: torch.Generator) -> None:
        self.stages_started.append(stage)

    def groups(self) -> Sequence[UpdateGroup]:
        return [
            UpdateGroup("main", [Parameters(list(self.model.parameters()))]),
            UpdateGroup("critic", [Parameters(list(self.critic.parameters()), 1e-2)], steps=3),
        ]

    @property
    def adversarial_terms(self) -> frozenset[str]:
        return frozenset({"moving"})

    def losses(self, group: str, batch: Batch, *, generator: torch.Generator) -> Losses:
        self.calls.append(group if torch.is_grad_enabled() else f"{group} without gradients")
        self.frozen.append(
            (group, self.model.weight.requires_grad, self.critic.weight.requires_grad)
        )
        z = self.model(batch.x)
        if group == "critic":
            return Losses({"critic": self.critic(z.detach()).square().mean()})
        terms = {
            "fit": z.square().mean(),
            "moving": self.critic(z).mean(),
            "extra": self.extra(self, batch.x),
        }
        return Losses(terms, {"posterior_scale": z.detach().abs().mean()})

    def encode(self, x: Tensor) -> Posterior:
        return DeterministicPosterior(self.model(x))

    def decode(self, z: Tensor) -> Tensor:
        return z

    def sample_latent(self, n: int, *, generator: torch.Generator | None = None) -> Tensor:
        return torch.zeros(n, 2)


def settings(**changes: Any) -> TrainingConfig:
    return TrainingConfig(**{"steps": 10, "batch_size": 4, "warmup_steps": 0, **changes})


def data(n: int = 16) -> Tensor:
    return torch.randn(n, 3, generator=torch.Generator().manual_seed(1))


def run(objective: Objective, **changes: Any) -> list[Any]:
    training = settings(**changes)
    held_out = TensorBatches(data(8), batch_size=8)
    source = TensorBatches(data(), batch_size=training.batch_size)
    return list(train(objective, source, training, validation=held_out))


def test_stages_come_in_order_and_groups_step_as_often_as_they_say() -> None:
    objective = Toy()
    records = run(objective, steps=10, validate_every=100)
    assert objective.stages_started == ["first", "second"]
    trained = [call for call in objective.calls if "without" not in call]
    assert trained == ["main"] * 5 + ["critic", "critic", "critic", "main"] * 5
    assert [r["step"] for r in records if r["event"] == "progress"] == list(range(1, 11))


def test_each_group_trains_alone() -> None:
    """The main step computes no gradient for the critic, nor the critic's for the model."""
    objective = Toy()
    source = TensorBatches(data(), batch_size=4)
    list(train(objective, source, settings(steps=4)))
    # (group, whether the model's weights are trained, whether the critic's are)
    assert set(objective.frozen) == {("critic", False, True), ("main", True, False)}
    assert all(p.requires_grad for p in objective.parameters())


class Sharing(Toy):
    """Writes down what it sees of each batch, and counts uses of it."""

    def __init__(self, *same_batch: str) -> None:
        super().__init__()
        self.same_batch = same_batch
        self.seen: list[tuple[str, list[int], int]] = []

    def stages(self) -> Sequence[Stage]:
        return (Stage("only", 1.0, ("critic", "main")),)

    def groups(self) -> Sequence[UpdateGroup]:
        return [
            replace(group, same_batch=group.name in self.same_batch) for group in super().groups()
        ]

    def losses(self, group: str, batch: Batch, *, generator: torch.Generator) -> Losses:
        if torch.is_grad_enabled():
            assert batch.index is not None
            batch.memo["uses"] = batch.memo.get("uses", 0) + 1
            self.seen.append((group, batch.index.tolist(), batch.memo["uses"]))
        return super().losses(group, batch, generator=generator)


@pytest.mark.parametrize("accumulate", [1, 2])
def test_groups_may_share_the_batches_of_a_step(accumulate: int) -> None:
    shared, apart = Sharing("critic", "main"), Sharing()
    for objective in (shared, apart):
        source = TensorBatches(data(64), batch_size=4)
        list(train(objective, source, settings(steps=2, accumulate=accumulate)))
    updates = 4  # three of the critic, one of the model
    for step in range(2):
        seen = shared.seen[step * updates * accumulate :][: updates * accumulate]
        batches = [rows for _, rows, _ in seen]
        assert batches == batches[:accumulate] * updates
        # what the critic kept of a batch lasts for its steps, and is gone in the model's
        critic = [uses for group, _, uses in seen if group == "critic"]
        assert critic == [uses for uses in (1, 2, 3) for _ in range(accumulate)]
        assert [uses for group, _, uses in seen if group == "main"] == [1] * accumulate
    rows = [row for _, batch, _ in shared.seen[:: updates * accumulate] for row in batch]
    assert len(set(rows)) == 8  # each step has a batch of its own
    rows = [row for _, batch, _ in apart.seen[:updates] for row in batch]
    assert len(set(rows)) == 4 * updates
    assert {uses for _, _, uses in apart.seen} == {1}


def test_the_monitor_leaves_a_moving_critic_out() -> None:
    records = run(Toy(), steps=10, validate_every=5)
    validations = [r for r in records if r["event"] == "validation"]
    assert validations
    for record in validations:
        rest = sum(value for name, value in record["terms"].items() if name != "moving")
        assert record["monitor"] == pytest.approx(rest)
        assert record["monitor"] != pytest.approx(record["total"])


def test_an_unknown_monitor_is_refused_with_what_there_is() -> None:
    with pytest.raises(ConfigError, match="no term 'loss'; allowed: total, fit, moving, extra"):
        run(Toy(), monitor="loss", validate_every=1)


def test_validation_runs_without_gradients_and_leaves_training_as_it_was() -> None:
    objective = Toy()
    with_validation = run(objective, steps=6, validate_every=2)
    assert "main without gradients" in objective.calls
    without = Toy()
    source = TensorBatches(data(), batch_size=4)
    plain = list(train(without, source, settings(steps=6, validate_every=2)))
    assert [r["terms"] for r in plain if r["event"] == "progress"] == [
        r["terms"] for r in with_validation if r["event"] == "progress"
    ]


def test_a_stage_is_validated_by_its_main_group_or_else_by_its_last() -> None:
    objective = Toy()
    stages = (
        Stage("first", 0.5, ("main", "critic")),
        Stage("second", 0.5, ("critic",)),
    )
    objective.stages = lambda: stages  # type: ignore[method-assign]
    records = run(objective, steps=4, validate_every=100)
    terms = {r["stage"]: set(r["terms"]) for r in records if r["event"] == "validation"}
    assert terms == {"first": {"fit", "moving", "extra"}, "second": {"critic"}}


def test_early_stopping_ends_a_stage_and_says_so() -> None:
    objective = Toy()
    # The term rises with every validation, so nothing ever improves on the first.
    objective.extra = lambda o, x: torch.tensor(float(len(o.calls)))
    records = run(objective, steps=40, validate_every=2, patience=2, monitor="extra")
    stops = [r for r in records if r["event"] == "early-stop"]
    assert [r["stage"] for r in stops] == ["first", "second"]
    assert records[-1]["event"] == "end"
    assert records[-1]["step"] < 40


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_a_term_that_is_not_finite_is_named_with_its_step(value: float) -> None:
    objective = Toy()
    objective.extra = lambda o, x: torch.tensor(value if o.calls.count("main") == 4 else 0.0)
    weights = []
    source = TensorBatches(data(), batch_size=4)
    with pytest.raises(NotFiniteError, match="'extra' is not finite at step 4") as caught:
        for record in train(objective, source, settings()):
            if record["event"] == "progress":
                weights.append(objective.model.weight.detach().clone())
    assert caught.value.batch.x.shape == (4, 3)
    assert torch.equal(objective.model.weight, weights[-1])  # nothing was updated on that step


def test_a_gradient_that_is_not_finite_stops_the_run_too() -> None:
    objective = Toy()
    # sqrt has no finite gradient at 0, although its value is finite
    objective.extra = lambda o, x: (o.model.weight[0, 0] * 0).sqrt()
    with pytest.raises(NotFiniteError, match="gradient of extra") as caught:
        run(objective)
    assert caught.value.step == 1
    assert torch.isfinite(objective.model.weight).all()


def test_an_explosion_is_warned_of_once_and_stops_when_hopeless() -> None:
    class Exploding(Toy):
        """Codes that grow without end."""

        class Config(Toy.Config):
            type: Literal["exploding"] = "exploding"

        def losses(self, group: str, batch: Batch, *, generator: torch.Generator) -> Losses:
            found = super().losses(group, batch, generator=generator)
            scale = torch.tensor(10.0 ** self.calls.count("main"))
            return Losses(found.terms, {"posterior_scale": scale})

    records = []
    with pytest.raises(TrainingError, match="exploded at step 7"):
        source = TensorBatches(data(), batch_size=4)
        for record in train(Exploding(), source, settings(log_every=1)):
            records.append(record)
    warnings = [r for r in records if r["event"] == "warning"]
    assert [r["step"] for r in warnings] == [2]
    assert "learning_rate" in warnings[0]["remedy"]


def test_gradients_are_clipped_to_the_largest_norm() -> None:
    """With plain gradient descent, one step moves the weights by rate times clipped norm."""
    objective = Toy()
    objective.extra = lambda o, x: 1e4 * o.model.weight.sum()
    before = nn.utils.parameters_to_vector(objective.model.parameters()).detach().clone()
    training = settings(steps=2, optimizer="sgd", learning_rate=0.1, gradient_clip=0.5, decay=0.0)
    records = train(objective, TensorBatches(data(), batch_size=4), training)
    for record in records:
        if record["event"] == "progress":
            break
    after = nn.utils.parameters_to_vector(objective.model.parameters()).detach()
    assert float((after - before).norm()) == pytest.approx(0.05, rel=1e-4)


def test_records_hold_every_term_with_its_gradient_norm() -> None:
    records = run(Toy(), steps=10, log_every=1)
    last = [r for r in records if r["event"] == "train"][-1]
    assert set(last["terms"]) == {"fit", "moving", "extra", "critic"}
    assert set(last["gradient_norm"]) == set(last["terms"])
    assert last["gradient_norm"]["fit"] > 0
    assert last["gradient_norm"]["extra"] == 0


def test_the_same_seed_gives_the_same_model_and_global_randomness_is_untouched() -> None:
    state = torch.get_rng_state()
    first, second = Toy(), Toy()
    torch.set_rng_state(state)
    for objective in (first, second):
        fit(objective, data(), training=settings(), seed=5)
    assert torch.equal(first.model.weight, second.model.weight)
    assert torch.equal(torch.get_rng_state(), state)


def test_fit_takes_batches_of_the_users_own_and_returns_every_record() -> None:
    result = fit(Toy(), [data(4), data(4)], training=settings(), validation=data(6))
    assert result.records[-1]["event"] == "end"
    assert any(r["event"] == "validation" for r in result.records)
    assert not result.objective.training

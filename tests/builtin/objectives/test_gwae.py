"""The GWAE objective: its terms, stages, groups, and the faults of the published code."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from gwae_core import RunConfig
from gwae_core.build import build_objective
from gwae_core.builtin.objectives import GWAE
from gwae_core.context import Batch, BuildContext
from gwae_core.engine import TensorBatches, train
from gwae_core.errors import ComponentError, ConfigError
from gwae_core.spaces import pairwise_distances

LATENT = 3


def data(n: int = 64, d: int = 6) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randn(n, d, generator=generator) @ torch.randn(d, d, generator=generator)


def config(prior: str = "normal", **objective: Any) -> RunConfig:
    return RunConfig.from_mapping(
        {
            "latent_dim": LATENT,
            "encoder": {"type": "mlp", "hidden": [16]},
            "decoder": {"type": "mlp", "hidden": [16]},
            "prior": prior,
            "objective": {"type": "gwae", **objective},
            "training": {"steps": 20, "batch_size": 16},
        }
    )


def build(prior: str = "normal", x: Tensor | None = None, **objective: Any) -> GWAE:
    x = data() if x is None else x
    model = build_objective(config(prior, **objective), BuildContext.for_data(x, LATENT))
    assert isinstance(model, GWAE)
    return model


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(1)


def losses(model: GWAE, x: Tensor | None = None) -> dict[str, float]:
    x = data()[:16] if x is None else x
    found = model.losses("main", Batch(x, torch.arange(len(x))), generator=generator())
    return {name: term.item() for name, term in found.terms.items()}


def test_terms_are_the_published_formulas_in_the_papers_scaling() -> None:
    weights = {"gw": 1.0, "reconstruction": 1.0, "divergence": 1.0, "entropy": 1.0}
    model = build(scaling="paper", weights=weights, compare="generated", initial_scale=2.5, rho=1.0)
    x = data()[:16]
    terms = losses(model, x)
    # The same draws again, in the order of the objective: posterior noise, then the prior.
    draw = generator()
    posterior = model.encode(x)
    z_tilde = posterior.rsample(draw)
    x_hat = model.decode(z_tilde)
    z = model.prior.sample(16, generator=draw)
    generated = model.decode(z).flatten(1)
    d_z = 2.5 / z.std(0, unbiased=False).mean() * torch.pdist(z)
    expected = {
        "reconstruction": 0.5 * (x - x_hat).square().flatten(1).sum(1).mean(),
        "gw": (d_z - torch.pdist(generated)).abs().mean(),
        "entropy": -posterior.log_variance.sum(1).mean(),
    }
    for name, value in expected.items():
        assert terms[name] == pytest.approx(value.item(), rel=1e-5), name


def test_normalised_terms_do_not_depend_on_the_unit_of_the_data() -> None:
    values = []
    for unit in (1.0, 255.0):
        model = build(x=unit * data())
        model.start_stage("joint", unit * data(), generator=generator())
        values.append(losses(model, unit * data()[:16]))
    for name, value in values[0].items():
        assert values[1][name] == pytest.approx(value, rel=1e-3), name


def test_the_first_scale_is_taken_from_the_data() -> None:
    """A fixed start of C would take 10,000 steps an e-fold to mend."""
    far = 1000 * data()
    model = build(x=far)
    model.start_stage("joint", far, generator=generator())
    codes = model.gw.code_space(model.encode_all(far), None).d
    assert codes.mean().item() == pytest.approx(
        pairwise_distances(far, cost="euclidean").mean().item(), rel=1e-3
    )


def test_a_seed_changes_random_numbers_only() -> None:
    shapes = []
    weights = []
    for seed in (0, 1):
        model = build_objective(
            config().model_copy(update={"seed": seed}), BuildContext.for_data(data(), LATENT)
        )
        shapes.append([(name, type(m).__name__) for name, m in model.named_modules()])
        weights.append(nn.utils.parameters_to_vector(model.parameters()))
    assert shapes[0] == shapes[1]
    assert not torch.equal(weights[0], weights[1])


def test_building_leaves_the_global_random_state_alone() -> None:
    state = torch.get_rng_state()
    build()
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("divergence", ["sinkhorn", "critic"])
def test_evaluation_works_under_inference_mode(divergence: str) -> None:
    """The published evaluation runs the gradient penalty, and so needs autograd."""
    model = build(divergence=divergence).eval()
    with torch.inference_mode():
        assert "divergence" in losses(model)
        assert model.decode(model.encode(data()).mean).shape == data().shape


class Counted(nn.Module):
    """Counts the passes through a module, and those that build a graph."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module
        self.passes = self.graphs = 0

    def forward(self, x: Tensor) -> Any:
        self.passes += 1
        self.graphs += torch.is_grad_enabled()
        return self.module(x)


def test_no_pass_is_wasted_in_critic_steps() -> None:
    """The published loop rebuilds encoder, decoder and prior five times and throws them away."""
    model = build(divergence={"type": "critic", "steps": 5})
    encoder = model.encoder = Counted(model.encoder)
    decoder = model.decoder = Counted(model.decoder)
    for _ in range(5):
        model.losses("critic", Batch(data()[:16]), generator=generator())
    assert (encoder.passes, encoder.graphs) == (5, 0)
    assert (decoder.passes, decoder.graphs) == (5, 0)  # g(z) alone; nothing is reconstructed


def test_critic_steps_over_one_batch_encode_it_once() -> None:
    found = {}
    for same in (True, False):
        model = build(divergence={"type": "critic", "steps": 5, "same_batch": same})
        encoder = model.encoder = Counted(model.encoder)
        noise = []
        original = model.divergence.critic_losses

        def watch(q: Any, p: Any, *, noise: Any = noise, by: Any = original, **more: Any) -> Any:
            noise.append(q.z)
            return by(q, p, **more)

        model.divergence.critic_losses = watch  # type: ignore[method-assign]
        settings = config().training.model_copy(update={"steps": 1, "batch_size": 16})
        list(train(model, TensorBatches(data()[:16], batch_size=16), settings))
        found[same] = encoder.passes, encoder.graphs, noise
    assert found[False][0] - found[True][0] == 4
    assert found[False][1] == found[True][1] == 1
    # other noise in each step; the first of both runs saw the same batch with the same noise
    assert len({z.sum().item() for z in found[True][2]}) == 5
    assert torch.equal(found[True][2][0], found[False][2][0])


def test_the_main_step_leaves_no_gradient_in_the_critic() -> None:
    model = build(divergence={"type": "critic", "steps": 1})
    settings = config().training.model_copy(update={"steps": 3, "validate_every": 100})
    seen = []
    original = model.divergence.critic_losses

    def watch(*arguments: Any, **keywords: Any) -> Any:
        seen.append([p.grad for p in model.divergence.parameters()])
        return original(*arguments, **keywords)

    model.divergence.critic_losses = watch  # type: ignore[method-assign]
    critic = list(model.divergence.parameters())
    for record in train(model, TensorBatches(data(), batch_size=16), settings):
        if record["event"] == "progress":
            after_critic = [None if p.grad is None else p.grad.clone() for p in critic]
    # The last main step came after the last critic step; gradients are still the critic's own.
    for parameter, gradient in zip(critic, after_critic, strict=True):
        assert (parameter.grad is None) == (gradient is None)
        assert gradient is None or torch.equal(parameter.grad, gradient)
    assert len(seen) == 3
    assert model.adversarial_terms == {"divergence"}


def test_a_mixture_is_fitted_between_two_stages_on_standardised_codes() -> None:
    model = build("gaussian-mixture")
    assert [stage.name for stage in model.stages()] == ["representation", "joint"]
    x = data(200)
    model.start_stage("representation", x, generator=generator())
    before = losses(model)
    assert "divergence" not in before
    reconstruction = model.decode(model.encode(x).mean)
    start = model.prior.components().means.clone()
    model.start_stage("joint", x, generator=generator())
    codes = model.encode_all(x)
    assert torch.allclose(codes.mean(0), torch.zeros(LATENT), atol=1e-4)
    assert codes.square().mean().item() == pytest.approx(1.0, rel=1e-3)
    # Standardisation is undone by the decoder: the model reconstructs as before.
    assert torch.allclose(model.decode(codes), reconstruction, atol=1e-4)
    assert not torch.allclose(model.prior.components().means, start)
    fitted = model.prior.log_prob(codes).mean()
    assert fitted > torch.distributions.Normal(0, 1).log_prob(codes).sum(1).mean()
    assert "divergence" in losses(model)


def test_without_a_share_for_it_there_is_no_first_stage() -> None:
    model = build("gaussian-mixture", representation_share=0)
    assert [(s.name, s.fraction) for s in model.stages()] == [("joint", 1.0)]
    assert [stage.name for stage in build("normal").stages()] == ["joint"]


@pytest.mark.parametrize("prior", ["normal", "uniform", "gaussian-mixture"])
@pytest.mark.parametrize("compare", ["posterior", "generated"])
def test_every_trained_parameter_gets_a_gradient(prior: str, compare: str) -> None:
    model = build(prior, compare=compare)
    found = model.losses("main", Batch(data()[:16]), generator=generator())
    found.total.backward()
    main = next(group for group in model.groups() if group.name == "main")
    parameters = {id(p) for part in main.parameters for p in part.params}
    for name, parameter in model.named_parameters():
        assert id(parameter) in parameters, name
        assert parameter.grad is not None and parameter.grad.abs().sum() > 0, name


def test_the_scale_has_a_learning_rate_of_its_own() -> None:
    (main,) = build(scale_learning_rate=0.5).groups()
    rates = {part.learning_rate for part in main.parameters}
    assert rates == {None, 0.5}
    (fixed,) = build(scale_learning_rate=0).groups()
    assert {part.learning_rate for part in fixed.parameters} == {None}


def test_the_data_metric_changes_the_term_but_not_its_unit() -> None:
    plain, geodesic = build(), build(data_metric="geodesic")
    assert geodesic.gw.mean_distance.item() == pytest.approx(
        plain.gw.mean_distance.item(), rel=1e-3
    )
    name, distances = geodesic.data_distances(data()[:10])
    assert name == "geodesic"
    assert distances.shape == (10, 10)
    assert plain.data_distances(data()[:10]) is None


@pytest.mark.parametrize(
    ("objective", "message"),
    [
        ({"compare": "data"}, "compare: data needs an estimator that solves.*'paired'"),
        ({"compare": "generated", "data_metric": "geodesic"}, "geodesic is known for data only"),
        ({"ground_cost": "sqeuclidean", "data_metric": "geodesic"}, "ground_cost: euclidean"),
    ],
)
def test_combinations_that_mean_nothing_are_refused(
    objective: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        config(**objective)


def test_an_entropy_term_without_entropy_is_refused_with_the_remedy() -> None:
    settings = config().model_dump(mode="json")
    settings["encoder"]["posterior"] = "deterministic"
    context = BuildContext.for_data(data(), LATENT)
    model = build_objective(RunConfig.from_mapping(settings), context)
    with pytest.raises(ComponentError, match="no entropy") as caught:
        model.losses("main", Batch(data()[:16]), generator=generator())
    assert "weights.entropy" in (caught.value.hint or "")


def test_plain_torch_modules_serve_as_parts() -> None:
    parts = {
        "encoder": nn.Linear(6, LATENT),
        "decoder": nn.Linear(LATENT, 6),
    }
    settings = config(weights={"entropy": 0.0})
    model = build_objective(settings, BuildContext.for_data(data(), LATENT), parts=parts)
    assert model.encoder is parts["encoder"]
    records = list(train(model, TensorBatches(data(), batch_size=16), settings.training))
    totals = [sum(r["terms"].values()) for r in records if r["event"] == "progress"]
    assert totals[-1] < totals[0]


def test_unknown_parts_are_refused() -> None:
    with pytest.raises(ConfigError, match="unknown parts: encodr; allowed: reconstruction"):
        build_objective(
            config(), BuildContext.for_data(data(), LATENT), parts={"encodr": nn.Linear(1, 1)}
        )


def test_images_with_black_background_do_not_explode_at_the_start() -> None:
    """Published settings took the posterior's scale from 1.1 to 1e11 within four steps."""
    x = torch.zeros(64, 1, 16, 16)
    x[:, :, 6:10, 6:10] = torch.rand(64, 1, 4, 4, generator=generator())
    settings = RunConfig.from_mapping(
        {
            "latent_dim": 8,
            "encoder": "convolutional",
            "decoder": "convolutional",
            "prior": "normal",
            "training": {"steps": 30, "batch_size": 16, "log_every": 1},
        }
    )
    model = build_objective(settings, BuildContext.for_data(x, 8))
    records = list(train(model, TensorBatches(x, batch_size=16), settings.training))
    scales = [r["observed"]["posterior_scale"] for r in records if r["event"] == "train"]
    assert max(scales) < 10

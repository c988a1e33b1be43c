"""The variational ladder autoencoder."""

from __future__ import annotations

import pytest
import torch
from torch.distributions import Normal, kl_divergence

from gwae_core.errors import ComponentError, ConfigError


def test_the_divergence_is_the_sum_over_levels(build, data, terms) -> None:
    model = build("vlae")
    posterior = model.encode(data.double())
    assert [level.mean.shape[1] for level in posterior.levels] == [2, 1]
    each = [
        kl_divergence(
            Normal(level.mean, (0.5 * level.log_variance).exp()),
            Normal(torch.zeros_like(level.mean), 1),
        ).sum(1)
        for level in posterior.levels
    ]
    expected = torch.stack(each).sum(0).mean().item()
    assert terms(model)["divergence"].item() == pytest.approx(expected, rel=1e-12)


def test_a_level_sees_no_layer_above_it(build, data) -> None:
    model = build({"type": "vlae", "num_levels": 3})
    before = model.encode(data.double()).levels
    with torch.no_grad():
        model.up[1][0].weight.add_(1)  # between the second and the third level
    after = model.encode(data.double()).levels
    same = [torch.equal(a.mean, b.mean) for a, b in zip(before, after, strict=True)]
    assert same == [True, True, False]


def test_deeper_parts_of_the_code_pass_more_layers(build) -> None:
    model = build({"type": "vlae", "num_levels": 3})
    passed = []
    for depth, network in enumerate(model.down):
        network.register_forward_hook(lambda *_, depth=depth: passed.append(depth))
    z = torch.zeros(1, 3, dtype=torch.float64)
    model.decode(z)
    assert passed == [2, 1, 0]
    for coordinate in range(3):
        step = torch.zeros_like(z)
        step[0, coordinate] = 1
        assert not torch.allclose(model.decode(z), model.decode(z + step))


def test_more_levels_than_dimensions_are_refused(build) -> None:
    with pytest.raises((ComponentError, ConfigError), match="4 levels cannot share 3"):
        build({"type": "vlae", "num_levels": 4})

"""A GWAE from objects: a prior of your own, torch modules of your own, and what is built in."""

from typing import Literal

import torch
from pydantic import PositiveFloat
from torch import Generator, Tensor, nn

from gwae_core import BuildContext, Prior, RunConfig, TrainingConfig, fit, load, run
from gwae_core.builtin.estimators import Sliced
from gwae_core.builtin.objectives import GWAE
from gwae_core.builtin.reconstructions import SquaredError


class Ring(Prior):
    """Uniform distribution on a sphere around the origin."""

    class Config(Prior.Config):
        type: Literal["ring"] = "ring"
        radius: PositiveFloat = 1.0
        """Radius of the sphere."""

    config: Config

    def sample(self, n: int, *, generator: Generator | None = None) -> Tensor:
        z = self.noise(n, generator=generator)  # (n, d)
        return self.config.radius * z / z.norm(dim=1, keepdim=True)


class TwoHeads(nn.Module):
    """An encoder that is any torch module: it returns means and log variances of the codes."""

    def __init__(self, features: int, latent_dim: int) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(features, 32), nn.Tanh())
        self.mean, self.log_variance = nn.Linear(32, latent_dim), nn.Linear(32, latent_dim)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        h = self.body(x)
        return self.mean(h), self.log_variance(h).clamp(-8, 2)


angle = torch.rand(500, generator=Generator().manual_seed(0)) * 2 * torch.pi
x = torch.stack([angle.cos(), angle.sin(), angle.sin().square()], dim=1)  # (500, 3)
training = TrainingConfig(steps=100, batch_size=64)

# 1. A configuration from objects: Ring is registered nowhere.
config = RunConfig(
    latent_dim=2,
    prior=Ring.Config(radius=1.5),
    objective=GWAE.Config(estimator=Sliced.Config()),
    training=training,
)
result = run(config, out="runs/ring", data=x.numpy(), report=False)
model = load("runs/ring", components=[Ring])
print(model.encode(x).shape)

# 2. With a module of your own in the place of the encoder.
run(config, out="runs/own", data=x.numpy(), report=False, parts={"encoder": TwoHeads(3, 2)})
model = load("runs/own", components=[Ring], parts={"encoder": TwoHeads(3, 2)})
print(model.sample(4).shape)

# 3. Without a configuration: an objective over parts, trained in place.
context = BuildContext.for_data(x, latent_dim=2)
objective = GWAE(
    GWAE.Config(),
    context.with_parts(
        encoder=TwoHeads(3, 2),
        decoder=nn.Sequential(nn.Linear(2, 32), nn.Tanh(), nn.Linear(32, 3)),
        prior=Ring(Ring.Config(radius=1.5), context),
        reconstruction=SquaredError(SquaredError.Config(), context),
    ),
)
fit(objective, x, training=training)
print(objective.encode(x).mean.shape)

# 4. Printed back: what consists of components has a configuration.
print(load("runs/ring", components=[Ring]).to_yaml())

"""Train a small GWAE from Python, then encode, decode and sample."""

from gwae_core import RunConfig, load, run

config = RunConfig.from_mapping(
    {
        "latent_dim": 8,
        "data": "digits",
        "prior": {"type": "gaussian-mixture", "num_components": 10},
        "training": {"steps": 200},
    }
)
result = run(config, out="runs/from-python")
print(result.metrics)

model = load("runs/from-python")
x = model.sample(4)  # (4, *data_shape)
z = model.encode(x)  # (4, 8)
x_hat = model.decode(z)  # (4, *data_shape)

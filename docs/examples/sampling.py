"""Data generated from a flow that is fitted on the codes of a run."""

import gwae_core

model = gwae_core.load("runs/digits")
sampler = gwae_core.fit_sampler(model, {"type": "flow", "steps": 500})
x = model.sample(64, sampler=sampler)
print(x.shape)

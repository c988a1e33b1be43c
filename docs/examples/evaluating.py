"""Evaluate a run: a preset, single metrics and settings; nothing is computed twice."""

from gwae_core import RunConfig, evaluate_run, run

run(RunConfig.from_mapping({"training": {"steps": 50}}), out="runs/evaluated", report=False)

found = evaluate_run("runs/evaluated", preset="fast")
print({name: round(value, 3) for name, value in found.items() if "accuracy" in name})
print("left out:", found.skipped)

near = evaluate_run(
    "runs/evaluated", metrics=["geometry", {"type": "reconstruction", "bootstrap": 200}]
)
print("mean squared error:", near["reconstruction.mse"], near.intervals["reconstruction.mse"])

again = evaluate_run("runs/evaluated", preset="fast", metrics=["clustering"])
print("known before:", again.cached)

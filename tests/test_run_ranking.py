"""Runs of several seeds ranked by how well they agree."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from gwae_core import RunConfig, load, run
from gwae_core.cli import app
from gwae_core.comparison import compare
from gwae_core.errors import ConfigError, DataError
from gwae_core.evaluation.udr import udr_scores
from gwae_core.files import read_json, write_json
from gwae_core.run_ranking import code_divergence, rank_runs

RNG = np.random.default_rng(0)
X = (RNG.normal(size=(90, 2)) @ RNG.normal(size=(2, 5))).astype(np.float32)


def trained(folder: Path, *, seed: int = 0, posterior: str = "gaussian", **changes: object) -> Path:
    path = folder / "x.npz"
    if not path.exists():
        np.savez(path, x=X)
    config = RunConfig.from_mapping(
        {
            "seed": seed,
            "latent_dim": 3,
            "data": {"type": "arrays", "path": str(path)},
            "encoder": {"type": "mlp", "hidden": [8], "posterior": posterior},
            "decoder": {"type": "mlp", "hidden": [8]},
            "prior": "normal",
            "training": {"steps": 10, "batch_size": 32, "validate_every": 10},
            "metrics": ["reconstruction"],
            **changes,
        }
    )
    return run(config, out=folder / f"{posterior}-{seed}", report=False).folder


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("runs")
    return [trained(folder, seed=seed) for seed in range(3)]


def test_the_scores_are_those_of_the_codes_of_all_data(folders):
    found = rank_runs(compare(folders).rows, "spearman")
    models = [load(folder) for folder in folders]
    with torch.inference_mode():
        posteriors = [model.objective.encode(torch.from_numpy(X)) for model in models]
    codes = [posterior.mean.numpy().astype(float) for posterior in posteriors]
    divergences = [
        code_divergence(z, posterior.log_variance.exp().numpy().astype(float))
        for z, posterior in zip(codes, posteriors, strict=True)
    ]
    expected = udr_scores(codes, divergences, similarity="spearman").scores
    scores = [found[folder]["udr.spearman.score"] for folder in folders]
    np.testing.assert_allclose(scores, expected, rtol=1e-6)
    assert all(0 < score <= 1 for score in scores)


def test_the_command_shows_each_run_and_the_mean(folders):
    arguments = ["compare", *map(str, folders), "--udr", "lasso", "--metric", "mse"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert "udr.lasso" in result.stdout and "run by run" in result.stdout
    assert all(str(folder) in result.stdout for folder in folders)
    listed = json.loads(CliRunner().invoke(app, [*arguments, "--json"]).stdout)
    assert set(listed["rows"][0]["values"]["udr.lasso.score"]) == {"0", "1", "2"}


def test_posteriors_without_a_variance_keep_every_code(tmp_path):
    objective = {"type": "gwae", "weights": {"entropy": 0}}
    runs = [
        trained(tmp_path, seed=seed, posterior="deterministic", objective=objective)
        for seed in (0, 1)
    ]
    rows = compare(runs).rows
    found = rank_runs(rows, "lasso")
    assert [numbers["udr.lasso.codes"] for numbers in found.values()] == [3, 3]


def test_a_single_seed_other_data_and_own_data_are_refused(folders, tmp_path):
    with pytest.raises(ConfigError, match="every row has one"):
        rank_runs(compare(folders[:1]).rows, "lasso")
    copies = [Path(shutil.copytree(f, tmp_path / f.name)) for f in folders[:2]]
    for copy in copies:
        facts = read_json(copy / "environment.json")
        write_json(copy / "environment.json", {**facts, "data": {"shape": [5], "checksum": "a"}})
    with pytest.raises(DataError, match="the data differ"):
        rank_runs(compare(copies).rows, "lasso")
    own = []
    for seed in (0, 1):
        config = RunConfig.from_file(folders[seed] / "config.yaml")
        own.append(run(config, out=tmp_path / f"own{seed}", report=False, data=X).folder)
    with pytest.raises(DataError, match="data of your own"):
        rank_runs(compare(own).rows, "lasso")


def test_the_divergence_of_a_code_is_that_from_a_standard_normal_prior():
    rng = np.random.default_rng(0)
    sigma = np.array([0.3, 1.0, 0.9])
    mean = rng.normal(size=(50_000, 3)) * np.sqrt(1 - sigma**2)
    variance = np.broadcast_to(sigma**2, mean.shape)
    found = code_divergence(mean, variance)
    exact = 0.5 * (mean**2 + variance - 1 - np.log(variance)).mean(axis=0)
    np.testing.assert_allclose(found, exact, atol=0.01)
    assert found[1] == 0
    # what is shifted and stretched tells as much
    np.testing.assert_allclose(code_divergence(5 * mean + 3, 25 * variance), found, atol=1e-9)

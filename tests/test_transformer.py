"""The scikit-learn face: scikit-learn's own checks, then what they do not look at."""

from __future__ import annotations

import copy
import io
import os
import pickle
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any, Literal

import joblib
import numpy as np
import pandas as pd
import pytest
import torch
from scipy.sparse import csr_matrix
from sklearn import config_context
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.metrics import adjusted_rand_score
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks
from torch import Generator, Tensor, nn

from gwae_core import GWAETransformer, Prior, RunConfig
from gwae_core.builtin.priors import GaussianMixture
from gwae_core.errors import ConfigError, TrainingError

ROOT = Path(__file__).parents[1]
SMALL = {"type": "mlp", "hidden": [8]}
MIXTURE = {"type": "gaussian-mixture", "num_components": 2, "fit_starts": 1}

# A fit of a few steps has no reason to be well.
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def small(**changes: Any) -> GWAETransformer:
    """A transformer that trains in a moment."""
    defaults = {"prior": MIXTURE, "encoder": SMALL, "decoder": SMALL, "steps": 5, "random_state": 0}
    return GWAETransformer(**{**defaults, **changes})


def blobs(n: int = 60, p: int = 4, *, seed: int = 0) -> np.ndarray[Any, Any]:
    """Two well separated clusters, rows alternating."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, p)) + 8 * (np.arange(n) % 2)[:, None]


@parametrize_with_checks([small(random_state=None)])
def test_scikit_learns_own_checks(estimator: GWAETransformer, check: Any) -> None:
    # One is skipped here, check_array_api_input: it needs SCIPY_ARRAY_API=1 before scipy is
    # imported ("Array API support", scikit-learn's user guide). The test below sets it.
    check(estimator)


@pytest.mark.slow
def test_scikit_learns_own_checks_without_a_skip() -> None:
    program = (
        "import warnings; warnings.simplefilter('ignore')\n"
        "import torch; torch.set_num_threads(1)\n"
        "from collections import Counter\n"
        "from sklearn.utils.estimator_checks import check_estimator\n"
        "from gwae_core import GWAETransformer\n"
        f"small = GWAETransformer(prior={MIXTURE}, encoder={SMALL}, decoder={SMALL}, steps=5)\n"
        "for estimator in (small, GWAETransformer(steps=5)):\n"
        "    print(*{result['status'] for result in check_estimator(estimator)})\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "OMP_NUM_THREADS": "1",
            "SCIPY_ARRAY_API": "1",
            "GWAE_PLUGINS": "",
        },
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "passed\npassed\n"


@pytest.fixture(scope="module")
def trained() -> tuple[GWAETransformer, np.ndarray[Any, Any]]:
    x = blobs(120)
    return small(steps=300).fit(x), x


# Numbers


def test_score_grows_with_training(trained: tuple[GWAETransformer, Any]) -> None:
    longer, x = trained
    shorter = small(steps=3).fit(x)
    assert shorter.score(x) < 0.5 < 0.9 < longer.score(x) <= 1


def test_score_is_the_explained_share(trained: tuple[GWAETransformer, Any]) -> None:
    model, x = trained
    new = blobs(30, seed=1)
    x_hat = model.inverse_transform(model.transform(new))
    expected = 1 - ((new - x_hat) ** 2).sum() / ((new - x.mean(0)) ** 2).sum()
    assert model.score(new) == pytest.approx(expected, rel=1e-9)
    assert model.score(np.repeat(x.mean(0)[None], 2, axis=0)) == 0.0


def test_clusters_are_the_components_of_the_prior(trained: tuple[GWAETransformer, Any]) -> None:
    model, x = trained
    labels = np.arange(len(x)) % 2
    assert adjusted_rand_score(labels, model.predict(x)) > 0.95
    shares = model.predict_proba(x)
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    np.testing.assert_array_equal(shares.argmax(axis=1), model.predict(x))
    for component in (0, 1):
        drawn = model.sample(50, component=component)
        assert (model.predict(drawn) == component).mean() > 0.9
        centre = x[model.predict(x) == component].mean()
        assert abs(drawn.mean() - centre) < 1.5


def test_samples_follow_the_random_state(trained: tuple[GWAETransformer, Any]) -> None:
    model, x = trained
    first = model.sample(200)
    assert first.shape == (200, x.shape[1])
    np.testing.assert_array_equal(first, model.sample(200))
    assert not np.array_equal(first, model.sample(200, random_state=1))
    np.testing.assert_array_equal(
        model.sample(3, random_state=1), model.sample(3, random_state=np.random.RandomState(1))
    )
    assert np.abs(first.mean(0) - x.mean(0)).max() < 1.5


def test_one_row_is_encoded_as_among_others(trained: tuple[GWAETransformer, Any]) -> None:
    model, x = trained
    np.testing.assert_allclose(model.transform(x[3:4]), model.transform(x)[3:4], rtol=1e-12)


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16, np.int64, np.uint8, bool])
def test_any_numeric_dtype(dtype: Any) -> None:
    x = blobs(24).round().clip(0, 9).astype(dtype)
    model = small().fit(x)
    codes = model.transform(x)
    assert codes.dtype == (np.float32 if dtype is np.float32 else np.float64)
    assert model.inverse_transform(codes).dtype == codes.dtype


@pytest.mark.parametrize("factor", [1e-9, 1e6])
@pytest.mark.parametrize("shift", [0.0, 1e3])
def test_units_and_offset_of_the_data_do_not_matter(factor: float, shift: float) -> None:
    x = blobs(40)
    reference = small(steps=60).fit(x).score(x)
    scaled = factor * (x + shift)
    assert small(steps=60).fit(scaled).score(scaled) == pytest.approx(reference, abs=0.02)


def test_the_random_state_alone_decides() -> None:
    x = blobs(30)
    first = small(random_state=3).fit_transform(x)
    with torch.random.fork_rng():
        torch.manual_seed(9)
        np.testing.assert_array_equal(first, small(random_state=3).fit_transform(x))
    assert not np.allclose(first, small(random_state=4).fit_transform(x))
    state = torch.random.get_rng_state()
    small().fit(x)
    assert torch.equal(state, torch.random.get_rng_state())


# scikit-learn's tools


def test_pipeline_names_and_pandas_output() -> None:
    frame, _ = load_iris(return_X_y=True, as_frame=True)
    pipeline = make_pipeline(StandardScaler(), small(latent_dim=3)).set_output(transform="pandas")
    codes = pipeline.fit_transform(frame)
    assert list(codes.columns) == [f"gwaetransformer{k}" for k in range(3)]
    assert codes.index.equals(frame.index)
    assert list(pipeline[0].get_feature_names_out()) == list(frame.columns)
    assert pipeline.predict(frame).shape == (150,)
    assert isinstance(pipeline.score(frame), float)
    bare = small().fit(frame)
    assert list(bare.feature_names_in_) == list(frame.columns)
    with pytest.raises(ValueError, match="feature names"):
        bare.transform(frame[frame.columns[::-1]])


def test_grid_search_over_parts_and_numpy_numbers() -> None:
    grid = {
        "latent_dim": np.arange(1, 3),
        "learning_rate": np.logspace(-3, -2, 2),
        "estimator": ["paired", {"type": "sliced"}],
        "prior": [GaussianMixture.Config(num_components=2, fit_starts=1)],
    }
    search = GridSearchCV(small(), grid, cv=2, error_score="raise").fit(blobs(40))
    assert len(search.cv_results_["params"]) == 8
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert search.best_estimator_.model_.config.prior.num_components == 2
    assert np.isfinite(cross_val_score(small(), blobs(40), cv=2)).all()


def test_clone_and_parameters() -> None:
    module = nn.Linear(4, 2)
    model = small(encoder=module, objective={"weights": {"entropy": 0}}).fit(blobs(30))
    twin = clone(model)
    assert not hasattr(twin, "model_")
    assert set(twin.get_params()) == set(model.get_params())
    twin.set_params(latent_dim=5, encoder="mlp")
    assert (twin.latent_dim, model.latent_dim) == (5, 2)


def test_an_own_module_is_copied_and_its_copy_trained() -> None:
    module = nn.Linear(4, 2)
    before = copy.deepcopy(module.state_dict())
    x = blobs(30)
    model = small(encoder=module, objective={"weights": {"entropy": 0}}).fit(x)
    assert all(torch.equal(before[name], tensor) for name, tensor in module.state_dict().items())
    twin = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(twin.transform(x), model.transform(x))


def test_pickle_joblib_and_copies(trained: tuple[GWAETransformer, Any]) -> None:
    model, x = trained
    file = io.BytesIO()
    joblib.dump(model, file)
    file.seek(0)
    for twin in (pickle.loads(pickle.dumps(model)), joblib.load(file), copy.deepcopy(model)):
        np.testing.assert_array_equal(twin.transform(x), model.transform(x))
        np.testing.assert_array_equal(twin.sample(4), model.sample(4))
        np.testing.assert_array_equal(twin.predict(x), model.predict(x))
        assert twin.model_.objective is not model.model_.objective


def test_a_pickle_does_not_hold_the_training_data() -> None:
    x = blobs(2000, 20)
    model = small(objective={"data_metric": "geodesic"}, steps=3, batch_size=32).fit(x[:400])
    assert len(pickle.dumps(model)) < x[:400].nbytes


def test_an_unregistered_component_is_taken_as_its_config() -> None:
    class Flat(Prior):
        """Uniform."""

        class Config(Prior.Config):
            type: Literal["flat"] = "flat"

        def sample(self, n: int, *, generator: Generator | None = None) -> Tensor:
            return self.noise(n, generator=generator).clamp(-1, 1)

    model = small(prior=Flat.Config()).fit(blobs(20))
    assert model.sample(3).shape == (3, 4)
    assert not hasattr(model, "predict")


def test_the_trained_model_is_there_with_its_configuration(
    trained: tuple[GWAETransformer, Any],
) -> None:
    model, x = trained
    config = RunConfig.from_yaml(model.model_.to_yaml())
    assert (config.latent_dim, config.training.steps) == (2, 300)
    assert config.training.batch_size == len(x)  # fewer points than the default batch
    assert [record["step"] for record in model.records_][:2] == [1, 51]


def test_a_model_that_is_not_well_warns_with_a_remedy() -> None:
    with pytest.warns(ConvergenceWarning, match=r"mean \(step \d+\).*train longer"):
        small(steps=2).fit(np.random.default_rng(0).normal(size=(30, 4)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        small(steps=300, latent_dim=1).fit(blobs(60, 1))


# Mistakes


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"prior": "gausian-mixture"}, "prior: unknown prior.*did you mean 'gaussian-mixture'"),
        ({"prior": {"type": "normal", "width": 3}}, "prior.width: unknown field"),
        ({"prior": 3}, "a prior is a name or a mapping"),
        ({"prior": nn.Linear(1, 1)}, "'prior' of type Prior; found Linear"),
        ({"latent_dim": 0}, "latent_dim: input should be greater than 0; got 0"),
        ({"steps": "many"}, "training.steps: .*valid integer"),
        ({"batch_size": 0}, "training.batch_size"),
        ({"training": {"optimiser": "sgd"}}, "did you mean 'optimizer'"),
        ({"training": 3}, "training: expected a mapping of fields; got 3"),
        ({"objective": 3, "estimator": "paired"}, "an objective is a name or a mapping"),
        ({"training": {"steps": 3}}, "'steps' is a parameter of its own"),
        ({"estimator": "entropc"}, "objective.estimator: unknown.*'entropic'"),
        ({"objective": "vae", "estimator": "paired"}, "objective.estimator: unknown field"),
        ({"objective": "vae", "prior": "neural"}, "vae needs a prior with a density"),
        ({"reconstruction": "bernoulli"}, r"needs data in \[0, 1\]"),
        ({"encoder": nn.Linear(3, 2)}, r"encoder: Linear cannot take an input of shape \(2, 4\)"),
        ({"prior": {**MIXTURE, "num_components": 31}}, "n_samples=30 is less than.*31 components"),
        ({"device": "abacus"}, "training.accelerator 'abacus'"),
    ],
)
def test_parameters_are_checked_in_fit(changes: dict[str, Any], message: str) -> None:
    model = small(**changes)
    with pytest.raises(ValueError, match=f"(?s){message}") as caught:
        model.fit(blobs(30))
    assert isinstance(caught.value, ConfigError)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (csr_matrix(blobs(20)), "Sparse data was passed.*toarray"),
        (blobs(1), "1 sample"),
        (np.ones((20, 3)), "every feature is constant"),
        (np.where(blobs(20) > 8, np.nan, 0), "NaN"),
        (blobs(20) + 1e9, "single precision cannot hold.*StandardScaler"),
        (blobs(20) * 1e200, "single precision cannot hold.*StandardScaler"),
        (blobs(20) * 1e-30, "single precision cannot hold.*StandardScaler"),
        (pd.DataFrame({"a": ["x", "y"]}), "could not convert string"),
    ],
)
def test_data_are_checked(x: Any, message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=f"(?s){message}"):
        small().fit(x)


def test_mistakes_after_fit(trained: tuple[GWAETransformer, Any]) -> None:
    model, x = trained
    with pytest.raises(ValueError, match="4 columns, but the transformer has 2 latent dimensions"):
        model.inverse_transform(x)
    with pytest.raises(ValueError, match="expecting 4 features"):
        model.transform(x[:, :2])
    with pytest.raises(ValueError, match="at least 1; got 0"):
        model.sample(0)
    with pytest.raises(ValueError, match="there is no component 2; the prior has 2"):
        model.sample(1, component=2)
    for method in ("sample", "score", "predict", "transform"):
        with pytest.raises(NotFittedError):
            getattr(small(), method)(*([] if method == "sample" else [x]))


def test_without_a_mixture_there_are_no_clusters() -> None:
    model = small(prior="normal").fit(blobs(20))
    assert not hasattr(model, "predict") and not hasattr(model, "predict_proba")
    with pytest.raises(AttributeError, match="no attribute 'predict'") as caught:
        _ = model.predict
    assert "the prior 'normal' is no mixture" in str(caught.value.__cause__)
    with pytest.raises(ValueError, match="'normal' has no components"):
        model.sample(1, component=0)
    assert not hasattr(small(prior="no such prior"), "predict")


def test_bernoulli_data_train_and_come_back() -> None:
    x = (blobs(40) > 4).astype(float)
    model = small(reconstruction="bernoulli", steps=20).fit(x)
    expected = model.inverse_transform(model.transform(x))
    assert expected.min() > 0 and expected.max() < 1
    twin = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(twin.transform(x), model.transform(x))


def test_a_global_output_setting_reaches_no_inner_model() -> None:
    with config_context(transform_output="pandas"):
        codes = small().fit_transform(blobs(20))
    assert list(codes.columns) == ["gwaetransformer0", "gwaetransformer1"]


def test_a_failure_of_training_is_a_training_error() -> None:
    with pytest.raises(TrainingError, match=r"is not finite|exploded"):
        small(learning_rate=1e6, steps=50, training={"gradient_clip": None}).fit(blobs(30))


@pytest.mark.slow
def test_the_example_of_the_guide(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "docs" / "examples" / "transformer.py")],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "GWAE_PLUGINS": ""},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "gwaetransformer1" in done.stdout
    explained = float(done.stdout.split("explained: ")[1].split()[0])
    assert explained > 0.8
    assert "'gwaetransformer__latent_dim': 2" in done.stdout

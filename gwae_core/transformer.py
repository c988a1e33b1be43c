"""`GWAETransformer`: the scikit-learn face of a Gromov-Wasserstein autoencoder."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Mapping
from functools import partial
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from sklearn import config_context
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_array, check_random_state
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted, validate_data
from torch import nn

from gwae_core.build import build_objective
from gwae_core.components import ComponentConfig
from gwae_core.config import PARTS, RunConfig
from gwae_core.context import BuildContext
from gwae_core.data_checks import single_precision
from gwae_core.engine import fit
from gwae_core.errors import ComponentError, ConfigError, DataError, GWAEError, SpaceError
from gwae_core.evaluation.mixture import mixture_prior
from gwae_core.interfaces import MixturePrior, Prior
from gwae_core.model import Model
from gwae_core.registered import OwnPart

Part = str | Mapping[str, Any] | ComponentConfig
DTYPES = (np.float64, np.float32)
NUMPY_ONLY = partial(config_context, array_api_dispatch=False)
"""What is trained is a torch model, so arrays of other libraries become numpy's first."""


class ParameterError(ConfigError, ValueError):
    """Parameters or data that cannot be used; a ValueError, as scikit-learn expects."""


def _has_components(self: GWAETransformer) -> bool:
    """Whether the prior is a mixture, so that codes belong to its components.

    Raises:
        AttributeError: It is not.
    """
    kind: type[Prior] = self._config().prior.component
    if not issubclass(kind, MixturePrior):
        raise AttributeError(f"the prior {kind.name()!r} is no mixture of components")
    return True


class GWAETransformer(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Gromov-Wasserstein autoencoder as a scikit-learn transformer of tables (n, p).

    ``transform`` gives the posterior means, ``inverse_transform`` the expected data of codes. A
    part is a name, a mapping of its parameters with ``type``, or its ``Config``; encoder and
    decoder may be torch modules too, of which each fit trains a copy. Everything else is the
    default of `RunConfig`, but that there is no validation split.

    Data need not be scaled: the networks standardise them by their mean and one scale, and the loss
    terms are in units of the data. But as in PCA, features of larger variance count more; put a
    ``StandardScaler`` in front where units differ. Training is in single precision on ``device``;
    the fitted model is kept on the CPU in double precision, so that a row's code does not depend on
    the rows beside it.

    Args:
        latent_dim: Number of latent dimensions.
        prior: Prior; a mixture brings ``predict``, ``predict_proba`` and ``sample(component=...)``.
        encoder: Encoder.
        decoder: Decoder.
        reconstruction: How the decoder's output is read and compared with the data.
        objective: Training method.
        estimator: Estimator of the Gromov-Wasserstein term; None takes the objective's.
        steps: Training steps.
        batch_size: Points in a step; all, where there are fewer.
        learning_rate: Learning rate.
        training: Further fields of `TrainingConfig`, such as ``{"optimizer": "adamw"}``.
        random_state: Seed, ``RandomState`` or None, of weights, batches and noise.
        device: Where training runs: cpu, cuda, mps, auto.

    Attributes:
        model_: The trained `Model`.
        mean_: Mean of the training data, (p,).
        records_: Loss terms and observed values over training, one mapping for each logged step.
        n_features_in_: Number of features p.
        feature_names_in_: Their names, where the data had names.
    """

    def __init__(
        self,
        latent_dim: int = 2,
        *,
        prior: Part = "gaussian-mixture",
        encoder: Part | nn.Module = "mlp",
        decoder: Part | nn.Module = "mlp",
        reconstruction: Part = "squared-error",
        objective: Part = "gwae",
        estimator: Part | None = None,
        steps: int = 1500,
        batch_size: int = 128,
        learning_rate: float = 1e-3,
        training: Mapping[str, Any] | None = None,
        random_state: int | np.random.RandomState | None = None,
        device: str = "cpu",
    ) -> None:
        self.latent_dim = latent_dim
        self.prior = prior
        self.encoder = encoder
        self.decoder = decoder
        self.reconstruction = reconstruction
        self.objective = objective
        self.estimator = estimator
        self.steps = steps
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.training = training
        self.random_state = random_state
        self.device = device

    def fit(self, X: ArrayLike, y: object = None) -> Self:
        """Train on data (n, p); y is ignored.

        Raises:
            ValueError: A parameter or the data cannot be used.
            TrainingError: Training failed.

        Warns:
            ConvergenceWarning: The trained model is not well; the message says what to change.
        """
        with NUMPY_ONLY():
            data = validate_data(self, X, dtype=DTYPES, ensure_min_samples=2)
        config = self._config(seed=_seed(self.random_state), n=len(data))
        parts = {
            name: copy.deepcopy(module)
            for name in PARTS
            if isinstance(module := getattr(self, name), nn.Module)
        }
        try:
            x = torch.from_numpy(single_precision(data))
            context = BuildContext.for_data(x, config.latent_dim)
            objective = build_objective(config, context, parts=parts)
            prior = mixture_prior(objective)
            if prior is not None and prior.num_components > len(x):
                raise ConfigError(
                    f"n_samples={len(x)} is less than the {prior.num_components} components",
                    hint="set fewer: prior={'type': 'gaussian-mixture', 'num_components': 2}",
                )
            with NUMPY_ONLY():
                result = fit(objective, x, training=config.training, seed=config.seed)
        except (ComponentError, ConfigError, DataError, SpaceError) as error:
            raise ParameterError(error.message, hint=error.hint) from error
        for record in result.records:
            if record["event"] == "warning":
                text = f"{record['message']} (step {record['step']}); {record['remedy']}"
                warnings.warn(text, ConvergenceWarning, stacklevel=2)
        # A copy is made from configuration and weights, so it lets go of the training data.
        self.model_ = copy.deepcopy(Model(result.objective, config, None, context.data_shape))
        self.model_.objective.double()
        self.mean_ = data.mean(axis=0, dtype=np.float64)
        self.records_ = tuple(r for r in result.records if r["event"] == "train")
        return self

    def transform(self, X: ArrayLike) -> NDArray[Any]:
        """Codes (n, latent_dim) of data (n, p)."""
        data = self._data(X)
        codes: NDArray[Any] = self.model_.encode(data).astype(data.dtype, copy=False)
        return codes

    def inverse_transform(self, X: ArrayLike) -> NDArray[Any]:
        """Expected data (n, p) of codes (n, latent_dim)."""
        check_is_fitted(self)
        with NUMPY_ONLY():
            codes = check_array(X, dtype=DTYPES)
        if codes.shape[1] != self._n_features_out:
            raise ValueError(
                f"codes have {codes.shape[1]} columns, but the transformer has "
                f"{self._n_features_out} latent dimensions"
            )
        expected: NDArray[Any] = self.model_.decode(codes).astype(codes.dtype, copy=False)
        return expected

    def sample(
        self,
        n_samples: int = 1,
        *,
        component: int | None = None,
        random_state: int | np.random.RandomState | None = None,
    ) -> NDArray[Any]:
        """Generate data (n_samples, p) from the prior.

        Args:
            n_samples: How many.
            component: Component of a mixture prior; None draws from all.
            random_state: Seed of the draw; None takes the transformer's.
        """
        check_is_fitted(self)
        seed = _seed(self.random_state if random_state is None else random_state)
        try:
            return self.model_.sample(n_samples, component=component, seed=seed)
        except GWAEError as error:
            raise ParameterError(error.message, hint=error.hint) from error

    def score(self, X: ArrayLike, y: object = None) -> float:
        """Explained share of data (n, p): 1 - sum_i |x_i - x^_i|^2 / sum_i |x_i - m|^2.

        m is the mean of the training data. 1 is a perfect reconstruction, 0 that of a model which
        always answers m. The value compares models whatever their prior and loss weights, and grows
        with ``latent_dim``; it does not judge clusters or distances.
        """
        data = self._data(X).astype(np.float64)
        error = np.square(data - self.model_.reconstruct(data)).sum()
        total = np.square(data - self.mean_).sum()
        return float(1 - error / total) if total else float(error == 0)

    @available_if(_has_components)  # type: ignore[untyped-decorator]
    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Probability of each component of a mixture prior given the code of each row, (n, K)."""
        data = self._data(X).astype(np.float64)
        codes = torch.from_numpy(self.model_.encode(data))
        prior = mixture_prior(self.model_.objective)
        assert prior is not None
        with torch.inference_mode():
            return np.asarray(prior.responsibilities(codes).numpy(), np.float64)

    @available_if(_has_components)  # type: ignore[untyped-decorator]
    def predict(self, X: ArrayLike) -> NDArray[np.int64]:
        """Most probable component of a mixture prior for each row, (n,)."""
        return np.asarray(self.predict_proba(X).argmax(axis=1), np.int64)

    def _data(self, X: ArrayLike) -> NDArray[Any]:
        check_is_fitted(self)
        with NUMPY_ONLY():
            checked: NDArray[Any] = validate_data(self, X, reset=False, dtype=DTYPES)
        return checked

    def _config(self, *, seed: int = 0, n: int | None = None) -> RunConfig:
        """The parameters as a run configuration.

        Raises:
            ParameterError: One of them is not valid; the message names it and what is allowed.
        """
        own = {"steps", "batch_size", "learning_rate"}
        if not isinstance(self.training, Mapping | None):
            raise ParameterError(f"training: expected a mapping of fields; got {self.training!r}")
        training = dict(self.training or {})
        if twice := sorted(own & training.keys()):
            raise ParameterError(f"training: {twice[0]!r} is a parameter of its own")
        training |= {name: getattr(self, name) for name in own} | {"accelerator": self.device}
        values = {
            **{k: OwnPart() if isinstance(v := getattr(self, k), nn.Module) else v for k in PARTS},
            "latent_dim": self.latent_dim,
            "objective": _with_estimator(self.objective, self.estimator),
            "training": training,
            "data": OwnPart(),
            "seed": seed,
        }
        try:
            config = RunConfig.from_mapping(_plain(values), source=type(self).__name__)
        except GWAEError as error:
            raise ParameterError(error.message, hint=error.hint) from error
        size = min(config.training.batch_size, n or config.training.batch_size)
        limited = config.training.model_copy(update={"batch_size": size})
        return config.model_copy(update={"training": limited})

    @property
    def _n_features_out(self) -> int:
        return self.model_.config.latent_dim

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def _seed(random_state: int | np.random.RandomState | None) -> int:
    return int(check_random_state(random_state).randint(np.iinfo(np.int32).max))


def _with_estimator(objective: Part, estimator: Part | None) -> Any:
    """The objective, with another estimator where one is given."""
    if estimator is None or not isinstance(objective, str | Mapping | ComponentConfig):
        return objective
    values = {"type": objective} if isinstance(objective, str) else dict(objective)
    return {**values, "estimator": estimator}


def _plain(value: Any) -> Any:
    """Values without numpy's scalar types, which parameter grids are full of."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value

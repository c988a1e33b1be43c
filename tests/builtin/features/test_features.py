from __future__ import annotations

import sys
from types import ModuleType

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from torch import nn

from gwae_core.builtin.features import (
    ClassifierFeatures,
    InceptionFeatures,
    Pixels,
    RandomConvolutions,
)
from gwae_core.context import BuildContext
from gwae_core.errors import ComponentError, DataError

digits = load_digits()
order = np.random.default_rng(0).permutation(len(digits.target))
X = torch.from_numpy((digits.images[order, None] / 16).astype(np.float32))
Y = digits.target[order]
context = BuildContext.for_data(X[:1200], 4)


def separates(features: np.ndarray) -> float:
    """Accuracy of a linear classifier of classes on features."""
    model = LogisticRegression(max_iter=500).fit(features[:600], Y[600:1200])
    return float(model.score(features[600:], Y[1200:]))


def test_pixels_are_the_data() -> None:
    assert torch.equal(Pixels(Pixels.Config())(X[:3]), X[:3].flatten(1))


def test_random_convolutions_depend_on_their_own_seed_alone() -> None:
    def built(seed: int) -> torch.Tensor:
        torch.manual_seed(seed + 100)
        extractor = RandomConvolutions(RandomConvolutions.Config(seed=seed), context)
        return extractor(X[:5])

    torch.manual_seed(3)
    before = torch.get_rng_state()
    first = built(0)
    torch.manual_seed(3)
    assert torch.equal(first, built(0))
    assert not torch.allclose(first, built(1))
    assert first.shape == (5, 64)
    assert len(before) == len(torch.get_rng_state())


@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 2, 5), (1, 28, 28)])
def test_random_convolutions_take_images_of_any_size(shape: tuple[int, ...]) -> None:
    x = torch.rand(10, *shape)
    found = RandomConvolutions(RandomConvolutions.Config(), BuildContext.for_data(x, 2))(x)
    assert found.shape == (10, 64)
    assert torch.isfinite(found).all()


@pytest.mark.parametrize("extractor", [RandomConvolutions, InceptionFeatures])
def test_tables_are_refused_by_extractors_of_images(extractor: type) -> None:
    tables = BuildContext.for_shape((5,), 2)
    assert extractor.images_only
    with pytest.raises(ComponentError, match=r"the data have the shape \(5,\)"):
        extractor(extractor.Config(), tables)


def test_the_classifier_learns_what_tells_the_classes_apart() -> None:
    torch.manual_seed(0)
    extractor = ClassifierFeatures(ClassifierFeatures.Config(), context)
    assert extractor.needs_labels
    extractor.fit(X[:600].numpy(), Y[:600], seed=0)
    with torch.inference_mode():
        features = extractor(X[600:]).numpy()
    assert features.shape == (len(X) - 600, 64)
    assert separates(features) > max(0.96, separates(X[600:].flatten(1).numpy()))


def test_the_classifier_is_decided_by_the_seed_of_its_fit() -> None:
    def fitted(first: int, seed: int) -> torch.Tensor:
        torch.manual_seed(first)
        extractor = ClassifierFeatures(ClassifierFeatures.Config(steps=5), context)
        state = torch.get_rng_state()
        with torch.inference_mode():  # an evaluation may run in it
            extractor.fit(X[:100].numpy(), Y[:100] + 7, seed=seed)
        assert torch.equal(state, torch.get_rng_state())
        return extractor(X[:4]).detach()

    assert torch.equal(fitted(0, 1), fitted(5, 1))
    assert not torch.allclose(fitted(0, 1), fitted(0, 2))


def test_the_classifier_takes_tables() -> None:
    tables = BuildContext.for_data(X.flatten(1), 2)
    extractor = ClassifierFeatures(ClassifierFeatures.Config(steps=3), tables)
    extractor.fit(X.flatten(1).numpy(), Y, seed=0)
    assert extractor(X[:4].flatten(1)).shape == (4, 64)


@pytest.mark.parametrize(("y", "found"), [(None, "none"), (np.full(9, 3), "the label 3 alone")])
def test_the_classifier_says_that_it_needs_labels(y: np.ndarray | None, found: str) -> None:
    extractor = ClassifierFeatures(ClassifierFeatures.Config(), context)
    with pytest.raises(DataError, match=f"the training split has {found}"):
        extractor.fit(X[:9].numpy(), y, seed=0)


def test_inception_says_where_its_weights_are() -> None:
    with pytest.raises(ComponentError, match="need a file of weights") as caught:
        InceptionFeatures(InceptionFeatures.Config(), context)
    assert "inception_v3_google-0cc3c7bd.pth" in str(caught.value.hint)


def test_inception_refuses_a_file_that_is_missing_or_another_one(tmp_path) -> None:
    path = tmp_path / "weights.safetensors"
    with pytest.raises(ComponentError, match=r"cannot be read: No such file"):
        InceptionFeatures(InceptionFeatures.Config(weights=path), context)
    path.write_bytes(b"something else")
    expected = InceptionFeatures.Config(weights=path, checksum="0cc3c7bd")
    with pytest.raises(ComponentError, match="begins with f41f3fa6, expected 0cc3c7bd"):
        InceptionFeatures(expected, context)
    for own in (expected.model_copy(update={"checksum": digits}) for digits in ("f41f3fa6", None)):
        with pytest.raises(ComponentError, match="no safetensors file"):
            InceptionFeatures(own, context)


def test_the_pickle_itself_is_not_read(tmp_path) -> None:
    path = tmp_path / "weights.pth"
    torch.save({"fc.weight": torch.zeros(2, 3)}, path)
    with pytest.raises(ComponentError, match="no safetensors file") as caught:
        InceptionFeatures(InceptionFeatures.Config(weights=path), context)
    assert "safetensors.torch.save_file" in str(caught.value.hint)


def test_inception_takes_grey_and_colour_images_alone() -> None:
    with pytest.raises(ComponentError, match="the data have 4 channels"):
        InceptionFeatures(InceptionFeatures.Config(), BuildContext.for_shape((4, 8, 8), 2))


class Seen(nn.Module):
    """Stands for torchvision's network: gives back the mean of each channel that it sees."""

    def __init__(self) -> None:
        super().__init__()
        self.fc: nn.Module = nn.Linear(3, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        assert x.shape[1:] == (3, 299, 299)
        return self.fc(x.mean((2, 3)))


@pytest.fixture
def weights(tmp_path, monkeypatch: pytest.MonkeyPatch) -> InceptionFeatures.Config:
    """A file of weights of the stand-in."""
    import hashlib

    models = ModuleType("torchvision.models")
    models.inception_v3 = lambda **_: Seen()  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "torchvision", ModuleType("torchvision"))
    monkeypatch.setitem(sys.modules, "torchvision.models", models)
    path = tmp_path / "weights.safetensors"
    save_file(Seen().state_dict(), path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return InceptionFeatures.Config(weights=path, checksum=digest[:10])


def test_inception_sees_three_channels_between_minus_one_and_one(weights) -> None:
    extractor = InceptionFeatures(weights, context)
    assert not extractor.train().training
    assert not any(parameter.requires_grad for parameter in extractor.parameters())
    levels = torch.tensor([0.0, 0.25, 1.0]).reshape(3, 1, 1, 1).expand(3, 1, 8, 8)
    expected = torch.tensor([-1.0, -0.5, 1.0])[:, None].expand(3, 3)
    torch.testing.assert_close(extractor(levels), expected)


def test_weights_of_another_network_are_refused(weights, tmp_path) -> None:
    save_file({"conv": torch.zeros(1)}, weights.weights)
    own = weights.model_copy(update={"checksum": None})
    with pytest.raises(ComponentError, match="not those of Inception-v3"):
        InceptionFeatures(own, context)


def test_inception_says_that_torchvision_is_missing(weights, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "torchvision.models", None)
    with pytest.raises(ComponentError, match="need torchvision") as caught:
        InceptionFeatures(weights, context)
    assert "gwae-core[inception]" in str(caught.value.hint)

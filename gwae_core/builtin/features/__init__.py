"""Built-in feature extractors."""

from gwae_core.builtin.features.classifier import ClassifierFeatures
from gwae_core.builtin.features.inception import InceptionFeatures
from gwae_core.builtin.features.pixels import Pixels
from gwae_core.builtin.features.random_convolutions import RandomConvolutions

COMPONENTS = (Pixels, RandomConvolutions, ClassifierFeatures, InceptionFeatures)

"""Deep clustering for Keras 3."""

from dec import datasets, layers, metrics, networks, ops, plots, targets, training
from dec._version import __version__
from dec.layers import ClusteringLayer
from dec.methods import DEC, DeepClusterer
from dec.networks import DenseAutoencoder
from dec.saving import ModelFileError
from dec.training import Pretraining, Stage

__all__ = [
    "DEC",
    "ClusteringLayer",
    "DeepClusterer",
    "DenseAutoencoder",
    "ModelFileError",
    "Pretraining",
    "Stage",
    "__version__",
    "datasets",
    "layers",
    "metrics",
    "networks",
    "ops",
    "plots",
    "targets",
    "training",
]

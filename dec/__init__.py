"""Deep clustering for Keras 3."""

from dec import classical, datasets, layers, metrics, networks, ops, plots, targets, training
from dec._version import __version__
from dec.layers import ClusteringLayer
from dec.methods import (
    DBC,
    DCN,
    DEC,
    DEPICT,
    IDEC,
    LESC,
    CheckpointError,
    CollapseWarning,
    DeepClusterer,
    DegradedWarning,
    SoftKMeans,
)
from dec.networks import ConvAutoencoder, DenseAutoencoder, NoisyConvAutoencoder
from dec.saving import ModelFileError
from dec.selection import choose_n_clusters
from dec.training import Pretraining, Shards, Stage

__all__ = [
    "DBC",
    "DCN",
    "DEC",
    "DEPICT",
    "IDEC",
    "LESC",
    "CheckpointError",
    "ClusteringLayer",
    "CollapseWarning",
    "ConvAutoencoder",
    "DeepClusterer",
    "DegradedWarning",
    "DenseAutoencoder",
    "ModelFileError",
    "NoisyConvAutoencoder",
    "Pretraining",
    "Shards",
    "SoftKMeans",
    "Stage",
    "__version__",
    "choose_n_clusters",
    "classical",
    "datasets",
    "layers",
    "metrics",
    "networks",
    "ops",
    "plots",
    "targets",
    "training",
]

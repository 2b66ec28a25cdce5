"""Keras layers that work in any Keras model."""

from dec.layers.batch_normalization import BatchNormalization
from dec.layers.clustering_layer import ClusteringLayer
from dec.layers.convolutions import Conv2D, Conv2DTranspose
from dec.layers.random_affine import RandomAffine
from dec.layers.softmax_head import SoftmaxHead

__all__ = [
    "BatchNormalization",
    "ClusteringLayer",
    "Conv2D",
    "Conv2DTranspose",
    "RandomAffine",
    "SoftmaxHead",
]

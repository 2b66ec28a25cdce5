"""Keras layers that work in any Keras model."""

from dec.layers.clustering_layer import ClusteringLayer
from dec.layers.random_affine import RandomAffine
from dec.layers.softmax_head import SoftmaxHead

__all__ = ["ClusteringLayer", "RandomAffine", "SoftmaxHead"]

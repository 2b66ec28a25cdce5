"""Keras layers of clustering heads."""

from dec.layers.clustering_layer import ClusteringLayer

__all__ = ["ClusteringLayer"]

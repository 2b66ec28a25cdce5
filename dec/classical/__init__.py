"""Clustering without a network."""

from dec.classical.kmeans import KMeans

__all__ = ["KMeans"]

"""Clustering without a network."""

from dec.classical.graph_degree_linkage import GraphDegreeLinkage
from dec.classical.kmeans import KMeans

__all__ = ["GraphDegreeLinkage", "KMeans"]

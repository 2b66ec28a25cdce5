"""Agglomerative clustering on the graph of nearest neighbours."""

from __future__ import annotations

import numbers

import numpy as np
import scipy.sparse
from scipy.sparse.csgraph import connected_components
from sklearn.base import BaseEstimator, ClusterMixin
from sklearn.neighbors import NearestNeighbors
from sklearn.utils.validation import validate_data

from dec.classical._checks import enough_rows, whole_numbers


class GraphDegreeLinkage(ClusterMixin, BaseEstimator):
    """Graph degree linkage (Zhang, Wang, Zhao & Tang, ECCV 2012).

    On the directed graph of the K nearest neighbours,

    .. code-block:: text

        w_ij  = exp(-|x_i - x_j|^2 / sigma^2) for j among the K nearest of i, else 0
        sigma^2 = a times the mean of |x_i - x_j|^2 over these pairs

    two clusters are as near as they link to each other and back,

    .. code-block:: text

        A(C, D) = 1' W_CD W_DC 1 / |C|^2  +  1' W_DC W_CD 1 / |D|^2

    and from the components of the graph of first neighbours on, the nearest two merge until
    ``n_clusters`` are left. It is what is left of AC-PIC (Zhang, Zhao & Wang, Pattern Recognition
    2013) as its z goes to 0, and the affinity of JULE (Yang, Parikh & Batra, CVPR 2016).

    A cluster of at most K samples cannot hold its own neighbours. Where no two clusters have any
    affinity, or where a merge would leave fewer than ``n_clusters`` larger ones, such a stray joins
    the cluster that it links to most instead: else some outliers would be the last clusters.

    Clusters may have any shape. Memory grows with the square of the number of first components,
    about n / 4 of them: for up to some 20 000 samples.

    Parameters
    ----------
    n_clusters : int, default=10
    n_neighbors : int, default=20
        K >= 1; fewer where there are not so many samples.
    a : float, default=1.0
        > 0.

    Attributes
    ----------
    labels_ : int64 array, (n,)
    n_components_ : int
        Clusters before the first merge.
    """

    def __init__(self, n_clusters=10, *, n_neighbors=20, a=1.0):
        self.n_clusters = n_clusters
        self.n_neighbors = n_neighbors
        self.a = a

    def fit(self, X, y=None):
        """Cluster ``X``, (n, d); ``y`` is ignored.

        Raises
        ------
        ValueError, TypeError
            Bad data or parameters; names the argument.
        """
        X = validate_data(self, X, dtype=[np.float32, np.float64], ensure_min_samples=2)
        self._check_parameters(X)
        weights, first = neighbour_graph(X, min(self.n_neighbors, len(X) - 1), self.a)
        self.n_components_, labels = connected_components(first, directed=False)
        if self.n_components_ < self.n_clusters:  # as many as wanted: every sample for itself
            self.n_components_, labels = len(X), np.arange(len(X))
        labels = merge(weights, labels.astype(np.int64), self.n_clusters, X)
        self.labels_ = np.unique(labels, return_inverse=True)[1].astype(np.int64)
        return self

    def _check_parameters(self, X):
        whole_numbers(self, "n_clusters", "n_neighbors")
        enough_rows(X, self.n_clusters)
        if not isinstance(self.a, numbers.Real) or not self.a > 0:
            raise ValueError(f"a must be a number > 0, got {self.a!r}.")


def neighbour_graph(X, n_neighbors: int, a: float = 1.0):
    """W, sparse (n, n) with ``n_neighbors`` entries a row, and the graph of first neighbours."""
    n = len(X)
    # No X here: then no sample is its own neighbour, not even one with a twin.
    distances, near = NearestNeighbors(n_neighbors=n_neighbors).fit(X).kneighbors()
    squared = np.float64(distances) ** 2
    sigma2 = a * squared.mean() or 1.0  # all samples alike: all links 1
    rows = np.arange(n).repeat(n_neighbors)
    # Above zero, or an outlier would link to nobody.
    links = np.maximum(np.exp(-squared / sigma2), 1e-300).ravel()
    weights = scipy.sparse.csr_array((links, (rows, near.ravel())), shape=(n, n))
    first = scipy.sparse.csr_array((np.ones(n), (np.arange(n), near[:, 0])), shape=(n, n))
    return weights, first


def affinities(weights, labels, k: int):
    """U, dense (k, k): U_CD = 1' W_CD W_DC 1, for clusters C, D in ``range(k)``."""
    n = len(labels)
    members = scipy.sparse.csr_array((np.ones(n), (labels, np.arange(n))), shape=(k, n))
    both = (members @ weights).multiply(members @ weights.T.tocsr())  # C -> m and m -> C: (k, n)
    return (both @ members.T).toarray()


def merge(weights, labels, n_clusters: int, X):
    """Labels after merging the nearest two clusters until ``n_clusters`` are left."""
    k, n_neighbors = labels.max() + 1, weights.nnz // len(labels)
    back = weights.T.tocsr()
    u, sizes = affinities(weights, labels, k), np.bincount(labels).astype(float)
    members = [np.flatnonzero(labels == c) for c in range(k)]
    share = u / sizes[:, None] ** 2
    a = share + share.T
    np.fill_diagonal(a, -1.0)
    nearest = a.argmax(axis=1)
    alive = np.ones(k, bool)
    for _ in range(k - n_clusters):
        best = a[np.arange(k), nearest]
        best[~alive] = -2.0
        c = best.argmax()
        d = nearest[c]
        large = alive & (sizes > n_neighbors)
        scarce = large[c] and large[d] and large.sum() <= n_clusters
        if best[c] <= 0 or scarce:
            strays = np.flatnonzero(alive & ~large)
            if len(strays):
                d = strays[best[strays].argmin()]
                links = np.bincount(labels, weights=weights[members[d]].sum(axis=0), minlength=k)
                links[d] = 0.0
                c = links.argmax()
            elif best[c] <= 0:  # the clusters lie apart
                c, d = nearest_means(X, members, alive)
        members[c] = np.concatenate([members[c], members[d]])
        labels[members[d]] = c
        members[d], alive[d] = None, False
        sizes[c] += sizes[d]
        # The column of the union is the sum of the columns; in its row, paths out to D and back to
        # C count too, so it is made anew.
        u[:, c] += u[:, d]
        out = weights[members[c]].sum(axis=0)
        there_and_back = out * back[members[c]].sum(axis=0)
        u[c] = np.bincount(labels, weights=there_and_back, minlength=k)
        a[d], a[:, d] = -1.0, -1.0
        row = u[c] / sizes[c] ** 2 + u[:, c] / sizes**2
        row[~alive] = -1.0
        row[c] = -1.0
        stale = np.flatnonzero(alive & ((nearest == c) | (nearest == d)))
        a[c], a[:, c] = row, row
        closer = alive & (row > a[np.arange(k), nearest])
        nearest[closer] = c
        nearest[stale] = a[stale].argmax(axis=1)
        nearest[c] = row.argmax()
    return labels


def nearest_means(X, members, alive) -> tuple[int, int]:
    """The two living clusters whose means are nearest."""
    (living,) = np.nonzero(alive)
    means = np.array([X[members[c]].mean(axis=0) for c in living])
    distances, near = NearestNeighbors(n_neighbors=1).fit(means).kneighbors()
    i = int(distances[:, 0].argmin())
    return int(living[i]), int(living[near[i, 0]])

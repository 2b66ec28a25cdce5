"""k-means, to be read and watched."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    ClusterMixin,
    TransformerMixin,
)
from sklearn.cluster import kmeans_plusplus
from sklearn.metrics import pairwise_distances, pairwise_distances_argmin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from dec.classical._checks import enough_rows, whole_numbers

BLOCK = 8192  # rows a matrix product: the temporaries stay small, whatever n


class KMeans(ClassNamePrefixFeaturesOutMixin, TransformerMixin, ClusterMixin, BaseEstimator):
    """k-means by Lloyd's algorithm, with everything that happens on the way.

    .. code-block:: text

        L = sum_i |x_i - mu_c(i)|^2

    by turns: every sample goes to its nearest centre, every centre to the mean of its samples.
    Neither half step can raise L, so it ends, in a local minimum. ``sklearn.cluster.KMeans`` finds
    the same minima faster; this one shows the way there.

    Parameters
    ----------
    n_clusters : int, default=10
        Number of clusters k, 1 <= k <= n.
    init : {"k-means++", "random"} or array (k, d), default="k-means++"
        The first centres: samples spread by D^2 sampling (Arthur & Vassilvitskii, 2007), any k
        samples, or these.
    n_init : int, default=10
        Restarts; the smallest L wins. An array as ``init`` is started from once.
    max_iter : int, default=300
        Iterations (two half steps each) of one start at most.
    empty : {"farthest", "keep", "error"}, default="farthest"
        A centre that lost all its samples moves to the sample farthest from its own centre, stays
        where it is, or ends the fit in a ValueError.
    random_state : int, RandomState or None, default=None
        Seed of the starts.

    Attributes
    ----------
    cluster_centers_ : float array, (k, d)
    labels_ : int64 array, (n,)
        Nearest of these centres.
    inertia_ : float
        L at the end, in squared units of X.
    n_iter_ : int
        Iterations of the best start. The last one changed no label, unless it was ``max_iter``.
    losses_ : float64 array, (2 n_iter,)
        L after every half step of the best start: assignment, update, assignment, update, ...
    paths_ : float array, (n_iter + 1, k, d)
        Its centres: at the start and after every iteration.
    inertias_ : float64 array, (n_init,)
        L of every start.

    References
    ----------
    Lloyd. Least squares quantization in PCM. IEEE Trans. Information Theory 28, 1982.
    Arthur, Vassilvitskii. k-means++: the advantages of careful seeding. SODA 2007.
    """

    def __init__(
        self,
        n_clusters=10,
        *,
        init="k-means++",
        n_init=10,
        max_iter=300,
        empty="farthest",
        random_state=None,
    ):
        self.n_clusters = n_clusters
        self.init = init
        self.n_init = n_init
        self.max_iter = max_iter
        self.empty = empty
        self.random_state = random_state

    def fit(self, X, y=None):
        """Cluster ``X``, (n, d); ``y`` is ignored.

        Raises
        ------
        ValueError, TypeError
            Bad data or parameters; names the argument.
        """
        data = X = validate_data(self, X, dtype=[np.float32, np.float64], order="C")
        self._check_parameters(X)
        random = check_random_state(self.random_state)
        # Distances do not change, and sums of squares lose fewer digits, around the mean.
        origin = X.mean(axis=0, dtype=np.float64).astype(X.dtype)
        X = X - origin
        restarts = self.n_init if isinstance(self.init, str) else 1
        runs = [self._lloyd(X, self._start(X, origin, random)) for _ in range(restarts)]
        best = min(runs, key=lambda run: run.losses[-1])
        self.losses_ = np.array(best.losses)
        self.paths_ = np.array(best.paths) + origin
        self.cluster_centers_ = self.paths_[-1]
        self.inertia_, self.n_iter_ = best.losses[-1], len(best.losses) // 2
        self.inertias_ = np.array([run.losses[-1] for run in runs])
        self.labels_ = self._nearest(data)
        return self

    def predict(self, X):
        """Number of the nearest centre: (n, d) -> int64 (n,)."""
        return self._nearest(self._check_x(X))

    def transform(self, X):
        """Distances to the centres: (n, d) -> (n, k)."""
        return pairwise_distances(self._check_x(X), self.cluster_centers_)

    def _nearest(self, X):
        return pairwise_distances_argmin(X, self.cluster_centers_).astype(np.int64)

    def _lloyd(self, X, centers) -> Run:
        scatter = np.einsum("ij,ij->", X, X, dtype=np.float64)
        losses, paths, labels = [], [centers], None
        for _ in range(self.max_iter):
            before = labels
            labels, gaps, counts, sums = assign(X, centers)
            losses.append(loss(scatter, counts, sums, centers))
            centers = self._update(X, centers, gaps, counts, sums)
            losses.append(loss(scatter, counts, sums, centers))
            paths.append(centers)
            if before is not None and np.array_equal(labels, before):
                break
        return Run(losses, paths)

    def _update(self, X, centers, gaps, counts, sums):
        """Every centre to the mean of its samples."""
        (empty,) = np.nonzero(counts == 0)
        if len(empty) and self.empty == "error":
            raise ValueError(
                f"n_clusters must be smaller, or empty 'farthest' or 'keep': {len(empty)} of "
                f"{len(centers)} clusters lost all their samples."
            )
        means = np.where(counts[:, None] > 0, sums / np.maximum(counts, 1)[:, None], centers)
        if len(empty) and self.empty == "farthest":
            # Each takes one sample out of the sum, at the next assignment: L falls.
            means[empty] = X[np.argsort(gaps)[::-1][: len(empty)]]
        return means.astype(X.dtype)

    def _start(self, X, origin, random):
        if not isinstance(self.init, str):
            return np.asarray(self.init, dtype=X.dtype) - origin
        if self.init == "random":
            return X[random.choice(len(X), self.n_clusters, replace=False)]
        return kmeans_plusplus(X, self.n_clusters, random_state=random)[0]

    def _check_parameters(self, X):
        whole_numbers(self, "n_clusters", "n_init", "max_iter")
        enough_rows(X, self.n_clusters)
        if self.empty not in ("farthest", "keep", "error"):
            raise ValueError(f"empty must be 'farthest', 'keep' or 'error', got {self.empty!r}.")
        if isinstance(self.init, str):
            if self.init not in ("k-means++", "random"):
                raise ValueError(
                    f"init must be 'k-means++', 'random' or an array, got {self.init!r}."
                )
        else:
            wanted, centers = (self.n_clusters, X.shape[1]), np.asarray(self.init)
            if centers.shape != wanted or not np.isfinite(centers).all():
                raise ValueError(f"init must be finite, of shape {wanted}, got {centers.shape}.")

    def _check_x(self, X):
        check_is_fitted(self)
        return validate_data(self, X, reset=False, dtype=[np.float32, np.float64], order="C")

    @property
    def _n_features_out(self):
        return len(self.cluster_centers_)


class Run(NamedTuple):
    """One start: L after every half step, centres (k, d) at first and after every iteration."""

    losses: list[float]
    paths: list[np.ndarray]


def assign(X, centers):
    """The assignment, and what the update needs of it.

    Returns labels (n,), squared distances to the nearest centre (n,), and of every cluster the
    number (k,) and the float64 sum (k, d) of its samples.
    """
    n, k = len(X), len(centers)
    labels, gaps = np.empty(n, np.int64), np.empty(n, X.dtype)
    counts, sums = np.zeros(k, np.int64), np.zeros(centers.shape)
    half_norms = 0.5 * np.einsum("ij,ij->i", centers, centers)
    for start in range(0, n, BLOCK):
        block = X[start : start + BLOCK]
        # |x - mu|^2 / 2 less |x|^2 / 2, which is the same for all centres.
        scores = half_norms - block @ centers.T
        nearest = scores.argmin(axis=1)
        labels[start : start + BLOCK] = nearest
        own = np.take_along_axis(scores, nearest[:, None], axis=1)[:, 0]
        gaps[start : start + BLOCK] = np.einsum("ij,ij->i", block, block) + 2.0 * own
        members = nearest == np.arange(k)[:, None]  # (k, rows)
        counts += members.sum(axis=1)
        sums += members.astype(X.dtype) @ block
    return labels, gaps, counts, sums


def loss(scatter, counts, sums, centers) -> float:
    """L = sum |x|^2 - 2 sum_k mu_k . s_k + sum_k n_k |mu_k|^2, s_k the sum of the samples of k."""
    centers = centers.astype(np.float64)
    moved = counts @ np.einsum("ij,ij->i", centers, centers) - 2.0 * np.sum(centers * sums)
    return float(scatter + moved)

"""Generated data with known clusters."""

import math

import numpy as np
from numpy.typing import ArrayLike
from sklearn.datasets import make_blobs
from sklearn.utils import check_random_state


def make_gaussians(
    n_samples: int = 600,
    n_clusters: int = 3,
    n_features: int = 2,
    *,
    separation: float = 10.0,
    centers: ArrayLike | None = None,
    random_state: int | np.random.RandomState | None = 0,
) -> tuple[np.ndarray, np.ndarray]:
    """Draw round Gaussian clusters of unit variance and (nearly) equal size.

    Without `centers`, the centres are the first points of a square lattice around the origin, so
    that the smallest distance between two of them is exactly `separation`, for any number of
    clusters and features.

    Parameters
    ----------
    n_samples : int, default=600
        Number of points, at least the number of clusters.
    n_clusters, n_features : int, default=3 and 2
        k and d. Both are read off `centers` when that is given.
    separation : float, default=10.0
        Distance between neighbouring centres, in standard deviations of a cluster. Positive. From
        about 8 on k-means finds the clusters without an error.
    centers : array_like of shape (k, d), default=None
        The centres themselves, for a geometry of one's own.
    random_state : int, RandomState or None, default=0
        Seed of the noise and of the order of the points.

    Returns
    -------
    x : ndarray of shape (n_samples, d), float32
    y : ndarray of shape (n_samples,), int64
        Index of the centre each point was drawn around.

    Raises
    ------
    ValueError
        If a size is below 1, `n_samples` is below the number of clusters, `separation` is not
        positive and finite, or `centers` is not a finite (k, d) array.

    Examples
    --------
    >>> x, y = make_gaussians(n_samples=6, centers=[[0, 0], [100, 0]])
    >>> bool(((x[:, 0] > 50) == y).all())
    True
    """
    if centers is None:
        for name, size in (("n_clusters", n_clusters), ("n_features", n_features)):
            if size < 1:
                raise ValueError(f"{name} must be at least 1, got {size}.")
        if not 0 < separation < math.inf:
            raise ValueError(f"separation must be positive and finite, got {separation}.")
        centers = separation * _lattice(n_clusters, n_features)
    centers = np.asarray(centers, dtype=np.float64)
    if centers.ndim != 2 or centers.size == 0 or not np.isfinite(centers).all():
        raise ValueError(f"centers must be a finite (k, d) array, got shape {centers.shape}.")
    if n_samples < len(centers):
        raise ValueError(
            f"n_samples must be at least {len(centers)}, one a cluster, got {n_samples}."
        )
    x, y = make_blobs(n_samples, centers=centers, cluster_std=1.0, random_state=random_state)
    return x.astype(np.float32), y.astype(np.int64)


def make_three_gaussians(
    random_state: int | np.random.RandomState | None = 3,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw the toy set of a k-means course project: two round blobs and a sheared one.

    2000 points of N(0, I), 1500 of N((13, 13), I), and 1000 rows of N((6, 6), I) times one random
    matrix M = 3 (U - 0.2), U uniform in [0, 1]. For some seeds the third blob lies on another one;
    for the default it does not.

    Parameters
    ----------
    random_state : int, RandomState or None, default=3

    Returns
    -------
    x : ndarray of shape (4500, 2), float64
    y : ndarray of shape (4500,), int64
        0, 1, 2 in the order above.
    m : ndarray of shape (2, 2)
        M.
    """
    random = check_random_state(random_state)
    m = 3.0 * (random.uniform(size=(2, 2)) - 0.2)
    blobs = [
        random.normal(size=(2000, 2)),
        random.normal(size=(1500, 2)) + 13.0,
        (random.normal(size=(1000, 2)) + 6.0) @ m,
    ]
    return np.concatenate(blobs), np.repeat(np.arange(3), [2000, 1500, 1000]), m


def _lattice(k: int, d: int) -> np.ndarray:
    """First k points of a lattice of unit spacing, moved to mean zero: (k, d)."""
    axes = min(d, k.bit_length())  # two points a side already give 2**axes > k of them
    side = next(s for s in range(1, k + 1) if s**axes >= k)
    points = np.zeros((k, d))
    points[:, :axes] = np.arange(k)[:, None] // side ** np.arange(axes) % side
    return points - points.mean(axis=0)

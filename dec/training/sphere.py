"""The metric of the embedding, which an autoencoder leaves open.

With a linear embedding layer, z = h W + b, and a decoder that begins with a dense layer, the
reconstruction is the same for z A as for z, whatever the invertible A: L_R fixes the embedding only
up to a linear map. k-means and the Student-t kernel measure Euclidean distances in it all the same.
Of all maps that keep the volume, the one taken here makes the clusters spherical:

    min over labels c, centres mu and A with |A| = 1 of   sum_i |z_i A - mu_{c_i}|^2

For a fixed A this is k-means. For fixed labels it is A = |S|^(1 / 2d) S^(-1/2), with S the pooled
covariance within the clusters, and the minimum is n d |S|^(1 / d): the determinant criterion of
Friedman & Rubin (On some invariant criteria for grouping data, JASA 1967).
"""

from __future__ import annotations

import numpy as np
from sklearn.cluster import KMeans
from sklearn.utils import check_random_state

#: Rows, at least, on which starts are compared, and of a cluster on average.
SAMPLE, SAMPLE_OF_CLUSTER = 8192, 100


def sphered_kmeans(
    z, n_clusters: int, *, n_init: int = 20, random_state=None, max_rounds: int = 100
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """k-means under the linear map of determinant 1 that makes its clusters spherical.

    Both steps of the alternation can only improve, but its minima are local, and the best k-means
    of ``z`` need not lead to the best of them. So every start is followed to its end, on a sample
    of the rows; from the best end all rows go on.

    Parameters
    ----------
    z : array (n, d)
        Embedding.
    n_clusters, random_state
        Of k-means.
    n_init
        Starts, every second of them on the whitened ``z``.
    max_rounds
        Alternations at most; they end when fewer than 0.01 % of the labels change.

    Returns
    -------
    A : float64 array (d, d)
    centers : array (n_clusters, d)
        Of the clusters of ``z @ A``.
    labels : int array (n,)
    """
    random = check_random_state(random_state)
    mean = z.mean(axis=0)
    z = z - mean  # far from the origin float32 loses what is stretched
    size = max(SAMPLE, SAMPLE_OF_CLUSTER * n_clusters)
    sample = z if len(z) <= size else z[random.choice(len(z), size, replace=False)]
    maps = np.eye(z.shape[1]), _inverse_root(sample)
    starts = [
        (maps[number % 2], {"random_state": random.randint(2**31 - 1)}) for number in range(n_init)
    ]
    ends = [_alternate(sample, n_clusters, *start, max_rounds) for start in starts]
    kmeans, matrix = min(ends, key=lambda end: end[0].inertia_)
    if sample is not z:
        start = {"init": kmeans.cluster_centers_}
        kmeans, matrix = _alternate(z, n_clusters, matrix, start, max_rounds)
    return matrix, kmeans.cluster_centers_ + mean @ matrix, kmeans.labels_


def _alternate(z, n_clusters, matrix, start: dict, max_rounds) -> tuple[KMeans, np.ndarray]:
    """k-means of ``z`` and its map at the end of the alternation from one start of k-means."""
    u = z @ matrix.astype(z.dtype)
    kmeans = KMeans(n_clusters, n_init=1, **start).fit(u)
    for _ in range(max_rounds):
        labels, centers = kmeans.labels_, kmeans.cluster_centers_
        step = _inverse_root(u - centers[labels])
        matrix = matrix @ step
        u = u @ step.astype(u.dtype)
        kmeans = KMeans(n_clusters, n_init=1, init=centers @ step.astype(u.dtype)).fit(u)
        if np.mean(kmeans.labels_ != labels) < 1e-4:
            break
    return kmeans, matrix


def sphering_matrix(z, labels) -> np.ndarray:
    """A, (d, d), that makes the clusters ``labels`` (n,) of ``z`` (n, d) spherical."""
    centers = cluster_means(z, labels)
    return _inverse_root(z - centers[labels])


def cluster_means(z, labels) -> np.ndarray:
    """Means of the clusters 0 ... k - 1, none of them empty: (n, d), (n,) -> (k, d)."""
    return np.array([z[labels == k].mean(axis=0) for k in range(labels.max() + 1)])


def _inverse_root(residuals) -> np.ndarray:
    """|S|^(1 / 2d) S^(-1/2) of the covariance S of centred rows."""
    n, d = residuals.shape
    scatter = residuals.T.astype(np.float64) @ residuals
    # A prior worth d samples keeps S regular where there are few of them, or none in a direction.
    scatter += (np.trace(scatter) / n or 1.0) * np.eye(d)
    variances, axes = np.linalg.eigh(scatter)
    scales = np.exp(0.5 * (np.log(variances).mean() - np.log(variances)))
    return (axes * scales) @ axes.T

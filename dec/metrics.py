"""Scores of a clustering: one float out of labels, and classes or an embedding.

All ignore how clusters are numbered.
"""

import numpy as np
from scipy.optimize import linear_sum_assignment
from sklearn.metrics import (
    adjusted_rand_score,
    normalized_mutual_info_score,
    silhouette_score,
)
from sklearn.metrics.cluster import contingency_matrix
from sklearn.utils import check_consistent_length, column_or_1d


def accuracy(y, labels) -> float:
    """Clustering accuracy: share of samples that are right under the best one-to-one matching.

    ``ACC = max_m (1/n) sum_i [y_i = m(c_i)]`` over the injective maps m between clusters and
    classes (Hungarian algorithm). The numbers of clusters and classes may differ; an unmatched
    cluster counts as wrong.

    Parameters
    ----------
    y
        Classes, (n,).
    labels
        Clusters, (n,).

    Returns
    -------
    A float in (0, 1].
    """
    y, labels = column_or_1d(y), column_or_1d(labels)
    check_consistent_length(y, labels)
    table = contingency_matrix(y, labels)
    return float(table[linear_sum_assignment(table, maximize=True)].sum() / len(y))


def nmi(y, labels, average_method: str = "arithmetic") -> float:
    """Normalised mutual information ``I(y; c) / ((H(y) + H(c)) / 2)``, in [0, 1].

    ``average_method="geometric"`` gives the figure of repositories before 2020.
    """
    return float(normalized_mutual_info_score(y, labels, average_method=average_method))


def ari(y, labels) -> float:
    """Rand index adjusted for chance: 1 for equal partitions, about 0 for unrelated ones."""
    return float(adjusted_rand_score(y, labels))


def scores(y, labels) -> dict[str, float]:
    """The three scores by their short names."""
    return {"acc": accuracy(y, labels), "nmi": nmi(y, labels), "ari": ari(y, labels)}


def silhouette(z, labels) -> float:
    """Mean of ``(b_i - a_i) / max(a_i, b_i)``, in [-1, 1]: the larger, the better parted.

    a_i is the mean distance of z_i to its own cluster, b_i that to the nearest other (Rousseeuw,
    1987). With one cluster there is no b: -1; if every sample is a cluster there is no a: 0. It
    takes all pairs, so time and memory grow with n^2: take a sample.

    Parameters
    ----------
    z
        Embedding, (n, d).
    labels
        Clusters, (n,).
    """
    clusters = len(np.unique(labels))
    if clusters in (1, len(labels)):
        return -1.0 if clusters == 1 else 0.0
    return float(silhouette_score(z, labels))

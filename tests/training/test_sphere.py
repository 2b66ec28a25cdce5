"""The volume-preserving map that makes clusters spherical."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score
from sklearn.mixture import GaussianMixture

from dec.training.sphere import cluster_means, sphered_kmeans, sphering_matrix

START = {"n_init": 5, "random_state": 0}


def cigars(n=3000, d=3, seed=0):
    """Three long parallel clusters side by side, which k-means cuts across."""
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 3
    z = rng.normal(size=(n, d)) * 0.15
    z[:, 0] += y
    z[:, 1] *= 20
    turn, _ = np.linalg.qr(rng.normal(size=(d, d)))
    return (z @ turn).astype("float32"), y


def sphering(z, k, **start):
    """The map alone."""
    return sphered_kmeans(z, k, **start)[0]


def pooled(z, labels):
    """Covariance within the groups of ``labels``."""
    residuals = np.concatenate([z[labels == j] - z[labels == j].mean(0) for j in set(labels)])
    return residuals.T @ residuals / len(z)


def test_clusters_that_kmeans_cuts_across_are_found():
    z, y = cigars()
    assert adjusted_rand_score(y, KMeans(3, **START).fit_predict(z)) < 0.2
    labels = KMeans(3, **START).fit_predict(z @ sphering(z, 3, **START))
    assert adjusted_rand_score(y, labels) > 0.99


def test_known_clusters_are_made_spherical():
    z, y = cigars()
    matrix = sphering_matrix(z, y)
    assert np.linalg.det(matrix) == pytest.approx(1)
    variances = np.linalg.eigvalsh(pooled(z @ matrix, y))
    assert variances[-1] < 1.2 * variances[0]  # not 1: the prior, of d samples
    assert_allclose(cluster_means(z, y), [z[y == j].mean(axis=0) for j in range(3)], rtol=1e-5)


def test_second_opinion_of_a_gaussian_mixture_with_one_covariance():
    z, _ = cigars()
    labels = KMeans(3, **START).fit_predict(z @ sphering(z, 3, **START))
    means = np.stack([z[labels == j].mean(0) for j in range(3)])
    mixture = GaussianMixture(3, covariance_type="tied", means_init=means, random_state=0)
    assert adjusted_rand_score(mixture.fit_predict(z), labels) > 0.99


def test_volume_is_kept_and_clusters_are_spherical():
    z, _ = cigars()
    matrix = sphering(z, 3, **START)
    assert_allclose(np.linalg.det(matrix), 1, rtol=1e-6)
    u = z @ matrix
    covariance = pooled(u, KMeans(3, **START).fit_predict(u))
    assert_allclose(covariance, covariance[0, 0] * np.eye(3), atol=0.05 * covariance[0, 0])


def test_more_rounds_never_raise_the_determinant_criterion():
    z, _ = cigars(d=5)
    z = z + np.random.default_rng(1).normal(size=z.shape).astype("float32") * 0.1
    inertia = []
    for rounds in range(8):
        u = z @ sphering(z, 3, max_rounds=rounds, **START)
        inertia.append(KMeans(3, **START).fit(u).inertia_)
    assert inertia[0] > 1.05 * inertia[-1]
    assert (np.diff(inertia) <= 1e-3 * inertia[-1]).all()


def test_centers_are_those_of_kmeans_on_the_mapped_embedding():
    z, _ = cigars()
    z += 5
    matrix, centers, labels = sphered_kmeans(z, 3, **START)
    again = KMeans(3, n_init=1, init=centers).fit(z @ matrix)
    assert_allclose(again.cluster_centers_, centers, atol=1e-3)
    assert again.n_iter_ <= 2
    assert adjusted_rand_score(again.labels_, labels) > 0.99


def test_spherical_clusters_are_left_alone():
    rng = np.random.default_rng(0)
    z = rng.normal(size=(3000, 4)) + 20 * np.eye(4)[np.arange(3000) % 4]
    assert_allclose(sphering(z.astype("float32"), 4, **START), np.eye(4), atol=0.06)


def test_a_linear_map_of_the_embedding_changes_no_label():
    z, _ = cigars(d=4)
    skew = np.random.default_rng(3).normal(size=(4, 4)).astype("float32")
    labels = [KMeans(3, **START).fit_predict(u @ sphering(u, 3, **START)) for u in (z, z @ skew)]
    assert adjusted_rand_score(*labels) > 0.99


@pytest.mark.parametrize("case", ["constant direction", "points on their centres", "one dimension"])
def test_degenerate_embeddings_give_a_finite_map(case):
    z, y = cigars()
    if case == "constant direction":
        z[:, 2] = 7
    elif case == "points on their centres":
        z = np.eye(3, dtype="float32")[y]
    else:
        z = z[:, :1]
    matrix = sphering(z, 3, **START)
    assert np.isfinite(matrix).all()
    assert_allclose(abs(np.linalg.det(matrix)), 1, rtol=1e-4)


def test_the_start_of_the_best_kmeans_need_not_lead_to_the_best_end():
    """Of single starts the best end counts, on more rows than the sample as on fewer."""
    rng = np.random.default_rng(4)
    y = rng.integers(8, size=12_000)
    z = (rng.normal(size=(8, 6)) * 2)[y] + rng.normal(size=(12_000, 6))
    z = (z @ rng.normal(size=(6, 6))).astype("float32")

    def criterion(n_init, seed):
        matrix, centers, labels = sphered_kmeans(z, 8, n_init=n_init, random_state=seed)
        return ((z @ matrix - centers[labels]) ** 2).sum() / len(z)

    single = [criterion(1, seed) for seed in range(12)]
    assert max(single) > 1.02 * min(single)
    assert criterion(20, 0) < 1.001 * min(single)

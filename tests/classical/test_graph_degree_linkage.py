"""Graph degree linkage: brute force, its laws, and shapes that k-means cannot see."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from sklearn.base import clone
from sklearn.datasets import make_moons
from sklearn.utils.estimator_checks import parametrize_with_checks

from dec import datasets, metrics
from dec.classical import GraphDegreeLinkage
from dec.classical import graph_degree_linkage as linkage


@pytest.fixture(scope="module")
def points():
    return np.random.default_rng(0).normal(size=(50, 3))


@parametrize_with_checks([GraphDegreeLinkage(3)])
def test_scikit_learn_contract(estimator, check):
    check(estimator)


def test_graph_by_brute_force(points):
    weights, first = linkage.neighbour_graph(points, 5, a=2.0)
    squared = cdist(points, points, "sqeuclidean")
    np.fill_diagonal(squared, np.inf)
    near = np.argsort(squared, axis=1)[:, :5]
    mean = np.take_along_axis(squared, near, axis=1).mean()
    expected = np.zeros((50, 50))
    np.put_along_axis(
        expected, near, np.exp(-np.take_along_axis(squared, near, axis=1) / (2 * mean)), axis=1
    )
    np.testing.assert_allclose(weights.toarray(), expected, rtol=1e-6)
    np.testing.assert_array_equal(first.toarray().argmax(axis=1), near[:, 0])
    # By the definition of sigma, the mean exponent is -1 / a.
    assert np.log(weights.data).mean() == pytest.approx(-0.5)


def test_affinities_are_the_triple_products(points):
    weights, _ = linkage.neighbour_graph(points, 5)
    labels = np.random.default_rng(1).integers(0, 4, size=50)
    found, w = linkage.affinities(weights, labels, 4), weights.toarray()
    for c in range(4):
        for d in range(4):
            block, back = w[labels == c][:, labels == d], w[labels == d][:, labels == c]
            assert found[c, d] == pytest.approx((block @ back).sum())


def brute_force(weights, labels, n_clusters):
    """All affinities anew before every merge, from the definition."""
    w, labels = weights.toarray(), labels.copy()
    while len(np.unique(labels)) > n_clusters:
        best = (-1.0, None, None)
        for c in np.unique(labels):
            for d in np.unique(labels):
                if c < d:
                    out, back = w[labels == c][:, labels == d], w[labels == d][:, labels == c]
                    near = (out @ back).sum() / len(out) ** 2 + (back @ out).sum() / len(back) ** 2
                    best = max(best, (near, c, d))
        labels[labels == best[2]] = best[1]
    return labels


@pytest.mark.parametrize("seed", range(5))
def test_merges_are_those_of_brute_force(seed):
    x = np.random.default_rng(seed).normal(size=(60, 2))
    weights, first = linkage.neighbour_graph(x, 20)
    _, labels = linkage.connected_components(first, directed=False)
    expected = brute_force(weights, labels, 4)
    found = linkage.merge(weights, labels.astype(np.int64), 4, x)
    assert metrics.ari(expected, found) == 1.0


def test_moons():
    x, y = make_moons(500, noise=0.05, random_state=0)
    assert metrics.accuracy(y, GraphDegreeLinkage(2).fit_predict(x)) == 1.0


@pytest.mark.parametrize("k", [3, 5])
def test_separated_blobs(k):
    x, y = datasets.make_gaussians(600, k, 2, separation=30.0)
    assert metrics.accuracy(y, GraphDegreeLinkage(k).fit_predict(x)) == 1.0


def test_blobs_without_a_link_merge_by_their_means():
    """Three blobs and two clusters: the nearest two blobs are one."""
    x, y = datasets.make_gaussians(300, centers=[[0, 0], [40, 0], [400, 0]])
    labels = GraphDegreeLinkage(2).fit_predict(x)
    assert metrics.accuracy(y == 2, labels) == 1.0


@pytest.mark.parametrize("far", [1.0, 1e4])
def test_outliers_are_not_the_last_clusters(far):
    """Nor do those so far away that their links would be zero join a cluster that is gone."""
    x, y = datasets.make_gaussians(600, 3, 2, separation=20.0)
    strays = far * np.array([[-100.0, 0], [-100.5, 0], [0, 130.0], [0, 130.5]], dtype="float32")
    labels = GraphDegreeLinkage(3).fit_predict(np.concatenate([strays, x]))
    assert metrics.accuracy(y, labels[4:]) == 1.0
    assert np.bincount(labels).min() >= 200


@pytest.mark.parametrize("k", [1, 2, 7, 40])
def test_labels_are_a_partition(points, k):
    labels = GraphDegreeLinkage(k).fit_predict(points)
    assert labels.dtype == np.int64
    np.testing.assert_array_equal(np.unique(labels), np.arange(k))


def test_order_of_the_rows_does_not_matter(points):
    order = np.random.default_rng(0).permutation(50)
    a = GraphDegreeLinkage(4).fit_predict(points)
    b = GraphDegreeLinkage(4).fit_predict(points[order])
    assert metrics.ari(a[order], b) == 1.0


def test_twins_and_constant_data():
    x = np.repeat(np.eye(3), 10, axis=0)
    assert metrics.ari(np.repeat(range(3), 10), GraphDegreeLinkage(3).fit_predict(x)) == 1.0
    assert len(np.unique(GraphDegreeLinkage(2).fit_predict(np.zeros((30, 2))))) == 2


def test_usps_pixels():
    """k-means gives .67 there."""
    try:
        data = datasets.load("usps")
    except FileNotFoundError:
        pytest.skip("needs USPS in DEC_DATA_DIR")
    labels = GraphDegreeLinkage(10).fit_predict(data.x)
    assert metrics.accuracy(data.y, labels) > 0.94


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("n_clusters", 0, ValueError),
        ("n_clusters", 51, ValueError),
        ("n_clusters", 2.0, TypeError),
        ("n_neighbors", 0, ValueError),
        ("a", 0.0, ValueError),
        ("a", "1", ValueError),
    ],
)
def test_bad_parameter_is_refused(points, name, value, error):
    with pytest.raises(error, match=name):
        clone(GraphDegreeLinkage(3)).set_params(**{name: value}).fit(points)

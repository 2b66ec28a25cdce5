import numpy as np
import pytest
from scipy.spatial.distance import pdist
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score

from dec.datasets import make_gaussians


def class_means(x, y):
    return np.array([x[y == j].mean(axis=0) for j in range(y.max() + 1)])


def test_defaults():
    x, y = make_gaussians()
    assert (x.shape, x.dtype) == ((600, 2), np.float32)
    assert (y.shape, y.dtype) == ((600,), np.int64)
    assert np.bincount(y).tolist() == [200, 200, 200]
    assert len(np.unique(x, axis=0)) == 600


@pytest.mark.parametrize(("k", "d"), [(1, 1), (3, 2), (5, 1), (4, 2), (10, 3), (7, 100), (27, 3)])
def test_smallest_distance_between_centres_is_the_separation(k, d):
    x, y = make_gaussians(400 * k, k, d, separation=40.0)
    assert x.shape == (400 * k, d)
    means = class_means(x, y)
    np.testing.assert_allclose(means.mean(axis=0), 0, atol=0.3)
    if k > 1:
        # A mean of 400 points has standard deviation 0.05 in each coordinate.
        assert pdist(means).min() == pytest.approx(40, abs=1.0)


def test_unit_variance_around_the_given_centres():
    centers = [[0.0, 0.0, 5.0], [30.0, -30.0, 0.0]]
    x, y = make_gaussians(4000, n_clusters=9, n_features=9, centers=centers)
    assert x.shape == (4000, 3)
    np.testing.assert_allclose(class_means(x, y), centers, atol=0.1)
    np.testing.assert_allclose((x - np.array(centers)[y]).std(axis=0), 1, atol=0.05)


def test_kmeans_finds_the_clusters_without_an_error():
    x, y = make_gaussians(n_samples=500, n_clusters=5, n_features=4)
    labels = KMeans(5, n_init=10, random_state=0).fit_predict(x)
    assert adjusted_rand_score(y, labels) == 1.0


def test_seed_decides_and_global_state_is_untouched():
    state = np.random.get_state()[1].copy()
    a, b, c = (make_gaussians(random_state=seed)[0] for seed in (7, 7, 8))
    np.testing.assert_array_equal(a, b)
    assert not np.array_equal(a, c)
    np.testing.assert_array_equal(np.random.get_state()[1], state)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"n_clusters": 0}, "n_clusters must be at least 1, got 0"),
        ({"n_features": 0}, "n_features must be at least 1, got 0"),
        ({"n_samples": 2}, "n_samples must be at least 3, one a cluster, got 2"),
        ({"separation": 0.0}, "separation must be positive and finite, got 0.0"),
        ({"separation": float("nan")}, "separation must be positive and finite, got nan"),
        ({"separation": float("inf")}, "separation must be positive and finite, got inf"),
        ({"centers": [1.0, 2.0]}, r"centers must be a finite \(k, d\) array, got shape \(2,\)"),
        ({"centers": [[np.nan, 0.0]]}, "centers must be a finite"),
        ({"centers": np.empty((0, 2))}, "centers must be a finite"),
    ],
)
def test_bad_arguments_are_named(arguments, named):
    with pytest.raises(ValueError, match=named):
        make_gaussians(**arguments)

"""Differentiable k-means: its gradient, its limit, and its two losses."""

import math

import keras
import numpy as np
import pytest
from sklearn.cluster import KMeans

from dec import DEC, ClusteringLayer, SoftKMeans, datasets, metrics, ops, targets
from dec.methods.soft_kmeans import SoftDistances


@pytest.fixture(scope="module")
def points():
    return datasets.make_gaussians(600, 4, 2)


def gradient(points, centers, temperature, assignments=None):
    """d L / d centers, with assignments that follow the centres or stay as given."""
    if keras.backend.backend() != "tensorflow":
        pytest.skip("gradients are taken with TensorFlow's tape")
    import tensorflow as tf

    layer = ClusteringLayer(len(centers), math.inf, centers, temperature=temperature)
    layer.build((None, 2))
    with tf.GradientTape() as tape:
        squared = ops.squared_distances(keras.ops.convert_to_tensor(points), layer.centers)
        a = layer(points) if assignments is None else assignments
        loss = keras.ops.mean(keras.ops.sum(a * squared, axis=1))
    return np.asarray(tape.gradient(loss, layer.centers.value))


def soft(points, centers, temperature):
    squared = ((points[:, None] - centers) ** 2).sum(axis=2)
    a = np.exp(-(squared - squared.min(axis=1, keepdims=True)) / (2 * temperature))
    return a / a.sum(axis=1, keepdims=True)


def test_gradient_at_fixed_assignments(points):
    """2 sum_i a_ij (mu_j - x_i) / n."""
    x, centers = points[0], np.float32([[0, 0], [1, 0], [0, 3]])
    a = soft(np.float64(x), centers, 4.0)
    expected = 2 * (a.sum(axis=0)[:, None] * centers - a.T @ x) / len(x)
    found = gradient(x, centers, 4.0, np.float32(a))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_a_cold_step_at_rate_half_k_is_lloyds(points):
    """At T -> 0 a step against the gradient, each centre at n / 2 n_j, ends in the means."""
    x, centers = points[0], points[0][[0, 1, 2, 5]]
    labels = ((x[:, None] - centers) ** 2).sum(axis=2).argmin(axis=1)
    share = np.bincount(labels, minlength=4)[:, None] / len(x)
    stepped = centers - gradient(x, centers, 1e-5) / (2 * share)
    means = [x[labels == j].mean(axis=0) for j in range(4)]
    np.testing.assert_allclose(stepped, means, atol=1e-4)


def test_q_is_the_softmax_of_distances(points):
    model = SoftKMeans(4, temperature=3.0, max_iter=5, random_state=0).fit(points[0])
    expected = soft(np.float64(points[0]), model.cluster_centers_, 3.0)
    np.testing.assert_allclose(model.predict_proba(points[0]), expected, atol=1e-5)
    assert model.temperature_ == 3.0


@pytest.mark.parametrize("loss", ["distance", "kl"])
def test_blobs_are_found(points, loss):
    x, y = points
    model = SoftKMeans(4, loss=loss, init="k-means++", n_init=5, tol=0.0, random_state=0).fit(x)
    assert metrics.accuracy(y, model.labels_) > 0.99
    losses = [record["clustering_loss"] for record in model.history_[1:]]
    assert losses[-1] < losses[0]
    if loss == "distance":  # "kl" draws the centroids apart
        reference = KMeans(4, random_state=0).fit(x).cluster_centers_
        gaps = np.linalg.norm(model.cluster_centers_[:, None] - reference, axis=2).min(axis=1)
        assert gaps.max() < 0.3


def test_one_temperature_serves_all_units(points):
    """Scaling the data by 1000 scales the centres, and changes no label."""
    settings = {"max_iter": 100, "random_state": 0}
    small, large = (SoftKMeans(4, **settings).fit(points[0] * s) for s in (1, 1000))
    np.testing.assert_array_equal(small.labels_, large.labels_)
    np.testing.assert_allclose(large.cluster_centers_, 1000 * small.cluster_centers_, rtol=1e-2)
    assert large.temperature_ == pytest.approx(1e6 * small.temperature_, rel=1e-4)
    assert small.temperature_ == pytest.approx(points[0].var(axis=0).sum() / 50, rel=1e-4)


def test_the_best_of_the_draws_is_the_start(points):
    starts = [
        SoftKMeans(4, n_init=n, max_iter=0, random_state=0).fit(points[0]).cluster_centers_
        for n in (1, 20)
    ]
    inertias = [((points[0][:, None] - c) ** 2).sum(axis=2).min(axis=1).sum() for c in starts]
    assert inertias[1] < inertias[0]


def test_the_start_is_rows_of_the_data(points):
    centers = SoftKMeans(4, max_iter=0, random_state=0).fit(points[0]).cluster_centers_
    assert all((points[0] == center).all(axis=1).any() for center in centers)
    assert len(np.unique(centers, axis=0)) == 4


def test_the_network_is_left_alone(quick, blobs):
    """On a network it is DEC without backpropagation to the encoder."""
    settings = {**quick, "temperature": 1.0, "init": "k-means", "sphere": False}
    model = SoftKMeans(4, loss="kl", **settings).pretrain(blobs[0]).initialize(blobs[0])
    before, centers = model.transform(blobs[0]), model.cluster_centers_
    dec = DEC(4, **quick, sphere=False).pretrain(blobs[0]).initialize(blobs[0])
    np.testing.assert_array_equal(centers, dec.cluster_centers_)
    np.testing.assert_allclose(model.predict_proba(blobs[0]), dec.predict_proba(blobs[0]))
    model.refine(blobs[0])
    np.testing.assert_array_equal(model.transform(blobs[0]), before)
    assert np.abs(model.cluster_centers_ - centers).max() > 0


def test_loss_by_hand():
    """Distances 1 and 4 at T = 1/2: a = 1 / (1 + e^-3), L = a + 4 (1 - a)."""
    encoder = keras.Sequential([keras.Input((1,)), keras.layers.Identity()])
    layer = ClusteringLayer(2, math.inf, [[1.0], [2.0]], temperature=0.5)
    layer.build((None, 1))
    x = np.zeros((1, 1), "float32")
    trainer = SoftDistances(x, encoder, layer)
    terms = trainer.loss_terms(x, {"index": np.array([0])}, True)
    a = 1 / (1 + math.exp(-3))
    found = keras.ops.convert_to_numpy(terms["clustering_loss"])
    np.testing.assert_allclose(found, [a + 4 * (1 - a)], rtol=1e-5)


def test_kl_takes_decs_target(points):
    model = SoftKMeans(4, loss="kl", max_iter=0, random_state=0).fit(points[0])
    q = model.predict_proba(points[0])
    np.testing.assert_array_equal(model.compute_target(q), targets.squared(q))


@pytest.mark.parametrize(
    ("name", "value"),
    [("loss", "mse"), ("init", "kmeans"), ("temperature", 0.0), ("temperature", math.inf)],
)
def test_bad_parameter_is_refused(points, name, value):
    with pytest.raises(ValueError, match=name):
        SoftKMeans(4, **{name: value}).fit(points[0])

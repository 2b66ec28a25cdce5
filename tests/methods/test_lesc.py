"""LESC: pairwise similarities, and which loss trains which weights."""

import keras
import numpy as np
import pytest
from sklearn.base import clone

from dec import LESC
from dec.methods.lesc import log_similarities

Z = np.random.default_rng(0).normal(size=(6, 3)).astype("float32")


def similarities(z, alpha=1.0, joint=False):
    return np.exp(keras.ops.convert_to_numpy(log_similarities(z, alpha, joint)))


@pytest.fixture(scope="module")
def lesc(quick):
    return LESC(4, units=(16, 8), **{**quick, "update_interval": None}, tol=0.0)


@pytest.mark.parametrize("alpha", [1.0, 20.0])
def test_columns_sum_to_1_and_the_diagonal_is_0(alpha):
    p = similarities(Z, alpha)
    np.testing.assert_allclose(p.sum(axis=0), 1, rtol=1e-5)
    np.testing.assert_array_equal(np.diag(p), 0)


@pytest.mark.parametrize("alpha", [1.0, 20.0])
@pytest.mark.parametrize("joint", [False, True])
def test_second_opinion_of_numpy(alpha, joint):
    squared = ((np.float64(Z)[:, None] - np.float64(Z)) ** 2).sum(axis=2)
    kernel = (1 + squared / alpha) ** (-(alpha + 1) / 2) * (1 - np.eye(6))
    expected = kernel / (kernel.sum() if joint else kernel.sum(axis=0))
    np.testing.assert_allclose(similarities(Z, alpha, joint), expected, rtol=1e-4)
    if joint:
        np.testing.assert_allclose(expected, expected.T)


def test_a_turn_or_a_shift_changes_nothing():
    turn, _ = np.linalg.qr(np.random.default_rng(1).normal(size=(3, 3)))
    moved = (Z @ turn + 5).astype("float32")
    np.testing.assert_allclose(similarities(moved, 20.0), similarities(Z, 20.0), rtol=1e-3)


def test_many_degrees_of_freedom_are_a_gaussian_kernel():
    squared = ((Z[:, None] - Z) ** 2).sum(axis=2)
    kernel = np.exp(-squared / 2) * (1 - np.eye(6))
    np.testing.assert_allclose(similarities(Z, 1e4), kernel / kernel.sum(axis=0), rtol=5e-3)


def test_loss_is_at_least_the_entropy_and_log_b_minus_1_when_uniform():
    p, q = similarities(Z, 20.0), similarities(Z[::-1], 1.0)
    off = ~np.eye(6, dtype=bool)
    entropy = -(p[off] * np.log(p[off])).sum()
    assert -(p[off] * np.log(q[off])).sum() > entropy
    uniform = similarities(np.zeros((6, 3), "float32"))
    assert -(uniform[off] * np.log(uniform[off])).sum() == pytest.approx(6 * np.log(5), rel=1e-5)


def test_each_loss_trains_its_own_weights(lesc, blobs, gradients):
    x, _ = blobs
    model = clone(lesc).pretrain(x).initialize(x)

    def found(weight, terms=None):
        trainer = model.set_params(latent_weight=weight).build_trainer(x)
        return gradients(trainer, x[:32], np.arange(32), terms)

    both, stronger = found(0.01), found(0.02)
    network, pairs = found(0.01, ["reconstruction_loss"]), found(0.01, ["clustering_loss"])
    for path, gradient in both.items():
        if path.startswith("decoder"):  # L_R only
            np.testing.assert_array_equal(gradient, network[path])
            assert pairs[path] is None
        elif path.startswith("representation"):  # L_C only, whole, whatever latent_weight
            np.testing.assert_allclose(gradient, pairs[path], atol=1e-8)
            np.testing.assert_allclose(gradient, stronger[path], rtol=1e-4, atol=1e-7)
            assert network[path] is None
        else:  # the encoder: L_R + latent_weight L_C
            share = gradient - network[path]
            np.testing.assert_allclose(share, pairs[path], atol=1e-6)
            np.testing.assert_allclose(stronger[path] - network[path], 2 * share, atol=1e-6)
    for path, gradient in found(0.0).items():
        if path.startswith("encoder"):
            np.testing.assert_allclose(gradient, network[path], atol=1e-8)


@pytest.mark.parametrize("normalize", ["column", "joint"])
def test_floor_is_the_loss_of_k_equal_clusters(lesc, blobs, normalize):
    x, _ = blobs
    trainer = clone(lesc).set_params(normalize=normalize).pretrain(x).initialize(x).build_trainer(x)
    # 4 clusters of 9 samples each, far apart and each in one point: 8 mates a sample.
    z = np.repeat(1e4 * np.eye(4, 5), 9, axis=0).astype("float32")
    p = similarities(z, joint=trainer.joint)
    loss = -(p * np.log(np.where(p > 0, p, 1))).sum(axis=0).mean()
    mates = (36 - 1) / 4  # on average, of random batches; the 36 of this one have 8
    correction = np.log(8 / mates) / (36 if trainer.joint else 1)
    assert float(trainer.floor(z)) + correction == pytest.approx(loss, rel=1e-3)


def test_below_the_floor_the_encoder_is_left_alone(lesc, blobs, gradients):
    x, _ = blobs
    model = clone(lesc).pretrain(x).initialize(x)

    def encoder(floor, level):
        trainer = model.set_params(latent_weight=1.0, floor=floor).build_trainer(x)
        trainer.level.assign(level)
        found = gradients(trainer, x[:32], np.arange(32), ["clustering_loss"])
        # What the batch itself had is what the next one is judged by.
        assert 0 < float(trainer.level) < 2 * np.log(31)
        return max(np.abs(g).max() for path, g in found.items() if path.startswith("encoder"))

    low = np.log(31 / 4) - 0.01
    assert encoder(floor=True, level=low) == 0
    assert encoder(floor=True, level=low + 0.02) > 1e-6
    assert encoder(floor=False, level=low) > 1e-6


def test_pairs_loss_falls_and_labels_are_kmeans_on_e(lesc, blobs):
    x, _ = blobs
    model = clone(lesc).set_params(max_iter=100).fit(x)
    losses = [record["clustering_loss"] for record in model.history_[1:]]
    assert losses[-1] < losses[0] < 1.1 * np.log(31)
    e = model.transform(x)
    distances = ((e[:, None] - model.cluster_centers_) ** 2).sum(axis=2)
    np.testing.assert_array_equal(distances.argmin(axis=1), model.labels_)


def test_clusters_keep_their_numbers(lesc, blobs):
    """k-means is run anew at every refresh; on separated clusters nothing may seem to change."""
    model = clone(lesc).set_params(max_iter=100).fit(blobs[0])
    assert model.history_[-1]["changed"] < 0.05


@pytest.mark.parametrize(
    ("name", "value"), [("latent_weight", -1), ("alpha", 0), ("normalize", "rows"), ("floor", 3)]
)
def test_bad_values_are_refused(lesc, blobs, name, value):
    with pytest.raises((ValueError, TypeError), match=f"{name} must be"):
        clone(lesc).set_params(**{name: value}).fit(blobs[0])

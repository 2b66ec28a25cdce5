"""DCN: the rule that moves the centres, and its limiting cases."""

import sys

import keras
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.cluster import KMeans

from dec import DCN, LESC, DenseAutoencoder
from dec.methods.dcn import moved
from dec.training.sources import as_source


@pytest.fixture(scope="module")
def dcn(quick):
    return DCN(4, **{**quick, "update_interval": None}, tol=0.0)


@pytest.fixture
def initialized(dcn, blobs):
    return clone(dcn).pretrain(blobs[0]).initialize(blobs[0])


def sequential(z, nearest, centers, counts):
    """The rule of the paper, one sample after the other."""
    centers, counts = np.array(centers, "float64"), np.array(counts, "float64")
    for point, k in zip(np.float64(z), nearest, strict=True):
        counts[k] += 1
        centers[k] -= (centers[k] - point) / counts[k]
    return centers, counts


@pytest.mark.parametrize("seed", range(3))
def test_closed_form_equals_the_sequential_rule(seed):
    rng = np.random.default_rng(seed)
    z, centers = rng.normal(size=(50, 3)), rng.normal(size=(4, 3))
    counts = rng.integers(1, 20, size=4)
    nearest = rng.integers(0, 3, size=50)  # cluster 3 gets nothing
    expected, grown = sequential(z, nearest, centers, counts)
    arguments = [np.float32(a) for a in (z, centers, counts)]
    found, count = moved(arguments[0], np.int32(nearest), *arguments[1:])
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(count), grown)
    np.testing.assert_allclose(keras.ops.convert_to_numpy(found), expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(keras.ops.convert_to_numpy(found)[3], centers[3], rtol=1e-6)


def test_statistics_after_some_batches(initialized, blobs):
    """Against the loop: assignments, counts and centres of a trainer whose network is frozen."""
    x, _ = blobs
    trainer = initialized.build_trainer(x)
    initialized.refresh(trainer, None, as_source(x))
    centers, counts = initialized.cluster_centers_.copy(), np.full(4, 100.0)
    z = initialized.transform(x)
    labels = initialized.labels_.copy()
    for start in (0, 64, 0):
        index = np.arange(start, start + 64)
        trainer.loss_terms(x[index], {"index": index.astype("int32")}, True)
        distances = ((z[index][:, None] - centers) ** 2).sum(axis=2)
        labels[index] = distances.argmin(axis=1)
        centers, counts = sequential(z[index], labels[index], centers, counts)
    as_numpy = keras.ops.convert_to_numpy
    np.testing.assert_allclose(as_numpy(trainer.head.centers), centers, atol=1e-5)
    np.testing.assert_array_equal(as_numpy(trainer.counts), counts)
    np.testing.assert_array_equal(as_numpy(trainer.assignments), labels)


def test_nothing_moves_outside_training(initialized, blobs):
    trainer = initialized.build_trainer(blobs[0])
    trainer.loss_terms(blobs[0][:8], {"index": np.arange(8, dtype="int32")}, False)
    np.testing.assert_array_equal(trainer.counts, np.full(4, 100.0))


def test_centres_are_not_trained_by_the_gradient(initialized, blobs):
    paths = [w.path for w in initialized.build_trainer(blobs[0]).trainable_variables]
    assert paths
    assert not any("centers" in path for path in paths)


def test_clustering_weight_0_is_the_autoencoder(initialized, blobs, gradients):
    """And with any weight, the decoder's gradient is that of L_R alone."""
    x, _ = blobs
    found = {}
    for weight in (0.0, 0.5):
        trainer = initialized.set_params(clustering_weight=weight).build_trainer(x)
        initialized.refresh(trainer, None, as_source(x))
        alone = gradients(trainer, x[:32], np.arange(32), ["reconstruction_loss"])
        found[weight] = gradients(trainer, x[:32], np.arange(32)), alone
    for path, gradient in found[0.0][0].items():
        np.testing.assert_allclose(gradient, found[0.0][1][path], atol=1e-8)
    for path, gradient in found[0.5][0].items():
        same = np.allclose(gradient, found[0.5][1][path], atol=1e-8)
        assert same == path.startswith("decoder"), path


def test_the_clustering_term_falls(dcn, blobs):
    model = clone(dcn).set_params(clustering_weight=1.0, max_iter=300).fit(blobs[0])
    losses = [record["clustering_loss"] for record in model.history_[1:]]
    assert losses[-1] < 0.7 * losses[0]
    assert np.linalg.norm(model.transform(blobs[0]), axis=1).mean() > 0.1  # it did not collapse


def test_tied_decoder_stays_the_transpose(dcn, blobs):
    network = DenseAutoencoder(units=(24, 5), tied=True)
    model = clone(dcn).set_params(network=network).fit(blobs[0])
    z = np.float32(model.transform(blobs[0]))
    h = z @ model.encoder_.get_layer("encoder_1").get_weights()[0].T
    h = np.maximum(h + model._parts.decoder.get_layer("decoder_1").get_weights()[0], 0)
    x = h @ model.encoder_.get_layer("encoder_0").get_weights()[0].T
    x = x + model._parts.decoder.get_layer("decoder_0").get_weights()[0]
    np.testing.assert_allclose(model.autoencoder_.predict(blobs[0], verbose=0), x, atol=1e-5)


@pytest.mark.parametrize(("name", "value"), [("clustering_weight", -1), ("initial_count", 0)])
def test_bad_values_are_refused(dcn, blobs, name, value):
    with pytest.raises(ValueError, match=f"{name} must be"):
        clone(dcn).set_params(**{name: value}).fit(blobs[0])


@pytest.mark.parametrize("cls", [DCN, LESC])
def test_a_tie_that_kmeans_breaks_otherwise(cls, quick, blobs, monkeypatch):
    """labels_ are what predict says, whatever k-means says of a row between two clusters."""

    class Other(KMeans):
        def fit(self, z):
            super().fit(z)
            self.labels_[:3] = (self.labels_[:3] + 1) % self.n_clusters
            return self

    monkeypatch.setattr(sys.modules[cls.__module__], "KMeans", Other)
    model = cls(4, **quick).fit(blobs[0])
    np.testing.assert_array_equal(model.labels_, model.predict(blobs[0]))

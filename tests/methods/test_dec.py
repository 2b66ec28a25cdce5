"""DEC itself: the paper's semantics, old weight files, bad values."""

import os
from pathlib import Path

import h5py
import keras
import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, ShuffleSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from dec import (
    DEC,
    ClusteringLayer,
    CollapseWarning,
    DegradedWarning,
    DenseAutoencoder,
    ModelFileError,
    Pretraining,
    Stage,
    datasets,
    metrics,
    targets,
)
from dec.classical import GraphDegreeLinkage
from dec.methods import base
from dec.training import rows
from dec.training.sources import as_source
from dec.training.sphere import sphered_kmeans


@pytest.fixture(scope="module")
def dec(quick):
    return DEC(4, **quick)


@pytest.fixture(scope="module")
def initialized(dec, blobs):
    return clone(dec).pretrain(blobs[0]).initialize(blobs[0])


def test_q_at_iteration_0_gives_the_kmeans_labels(initialized, blobs):
    z = initialized.transform(blobs[0]).astype("float64")
    distances = ((z[:, None] - initialized.cluster_centers_[None]) ** 2).sum(axis=2)
    np.testing.assert_array_equal(distances.argmin(axis=1), initialized.labels_)


def test_sphere_false_is_kmeans_on_the_embedding_as_pretrained(dec, blobs):
    model = clone(dec).set_params(sphere=False).pretrain(blobs[0])
    z = model.transform(blobs[0])
    model.initialize(blobs[0])
    np.testing.assert_array_equal(model.transform(blobs[0]), z)
    best = KMeans(4, n_init=5, random_state=0).fit(z)
    inertia = np.square(z - model.cluster_centers_[model.labels_]).sum()
    assert inertia == pytest.approx(best.inertia_, rel=1e-3)


def test_sphere_makes_clusters_spherical_and_keeps_the_reconstruction(dec, blobs):
    x, _ = blobs
    model = clone(dec).pretrain(x)
    before = model.autoencoder_.predict(x, verbose=0)
    model.initialize(x)
    np.testing.assert_allclose(model.autoencoder_.predict(x, verbose=0), before, atol=1e-4)
    residuals = model.transform(x) - model.cluster_centers_[model.labels_]
    n, d = residuals.shape
    scatter = residuals.T @ residuals
    shrunken = scatter + np.trace(scatter) / n * np.eye(d)  # the prior of ``sphered_kmeans``
    variances = np.linalg.eigvalsh(shrunken)
    assert variances[-1] < 1.2 * variances[0]


def test_sphere_takes_the_clusters_where_the_embedding_cannot_be_mapped(dec, blobs):
    x, _ = blobs
    tied = DenseAutoencoder(units=(24, 5), tied=True)
    model = clone(dec).set_params(network=tied).pretrain(x)
    z = model.transform(x)
    model.initialize(x)
    np.testing.assert_array_equal(model.transform(x), z)
    _, _, labels = sphered_kmeans(z, 4, n_init=2, random_state=model._seed("initialize"))
    means = [z[labels == j].mean(axis=0) for j in range(4)]
    np.testing.assert_allclose(model.cluster_centers_, means, atol=1e-4)


@pytest.mark.parametrize("sphere", [False, True])
def test_linkage_starts_at_the_means_of_its_clusters(dec, blobs, sphere, monkeypatch):
    x, _ = blobs
    monkeypatch.setitem(base.START_SAMPLES, "linkage", 100)
    model = clone(dec).set_params(init="linkage", sphere=sphere).pretrain(x)
    sample = as_source(x).sample(100, model._seed("initialize"))
    ((_, rows),) = sample.blocks()
    labels = GraphDegreeLinkage(4).fit_predict(model.transform(rows))
    model.initialize(x)
    z = model.transform(rows)  # mapped, if sphered
    means = [z[labels == j].mean(axis=0) for j in range(4)]
    np.testing.assert_allclose(model.cluster_centers_, means, rtol=1e-3, atol=1e-3)
    np.testing.assert_array_equal(model.labels_, model.predict(x))


def test_q_is_the_student_kernel(initialized, blobs):
    z = initialized.transform(blobs[0]).astype("float64")
    kernel = 1 / (1 + ((z[:, None] - initialized.cluster_centers_[None]) ** 2).sum(axis=2))
    expected = kernel / kernel.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(initialized.predict_proba(blobs[0]), expected, rtol=2e-5)


# ---- input: what the base class does before any method sees the data ----


@pytest.fixture(scope="module")
def fitted(dec, blobs):
    return clone(dec).fit(blobs[0])


def test_kinds_of_input(dec, fitted, blobs):
    x, _ = blobs
    frame = pd.DataFrame(x, columns=[f"f{i}" for i in range(12)])
    np.testing.assert_array_equal(clone(dec).fit(frame).labels_, fitted.labels_)
    np.testing.assert_array_equal(fitted.predict(x.astype("float64")), fitted.labels_)
    np.testing.assert_array_equal(fitted.predict(scipy.sparse.csr_matrix(x)), fitted.labels_)


def test_uint8_is_scaled_per_batch(dec, blobs):
    x = ((blobs[0] - blobs[0].min()) / np.ptp(blobs[0]) * 255).astype("uint8")
    model = clone(dec).fit(x)
    np.testing.assert_array_equal(model.predict(x), model.labels_)
    np.testing.assert_array_equal(clone(dec).fit(x.astype("float32")).labels_, model.labels_)


def test_pipeline(dec, blobs):
    pipeline = make_pipeline(StandardScaler(), clone(dec)).fit(blobs[0])
    assert pipeline.predict(blobs[0]).shape == (160,)


def test_grid_search(dec, blobs):
    """Four clusters are there; three put two of them together, and ARI sees it."""
    x, y = blobs

    def score(model, x, y):
        return metrics.ari(y, model.predict(x))

    search = GridSearchCV(
        clone(dec).set_params(max_iter=0, init="linkage"), {"n_clusters": [3, 4]}, scoring=score,
        cv=ShuffleSplit(1, test_size=0.25, random_state=0),
    ).fit(x, y)  # fmt: skip
    assert search.best_params_ == {"n_clusters": 4}
    assert search.best_estimator_.predict(x).shape == (160,)


def test_data_frames_in_and_out(dec, blobs):
    frame = pd.DataFrame(blobs[0], columns=[f"pixel {i}" for i in range(12)])
    model = clone(dec).set_params(max_iter=0).set_output(transform="pandas").fit(frame)
    z = model.transform(frame)
    assert list(z.columns) == [f"dec{i}" for i in range(5)]
    assert list(model.feature_names_in_) == list(frame.columns)
    np.testing.assert_array_equal(model.predict(frame), model.labels_)
    with pytest.raises(ValueError, match="feature names"):
        model.predict(frame[frame.columns[::-1]])


def test_no_seed_reads_no_global_state(dec, blobs):
    np.random.seed(5)
    before = np.random.get_state()[1].copy()
    clone(dec).set_params(random_state=None, max_iter=0).fit(blobs[0])
    np.testing.assert_array_equal(np.random.get_state()[1], before)


@pytest.mark.parametrize("n", [63, 65])
def test_rows_that_no_batch_divides(dec, blobs, n):
    x = blobs[0][np.random.default_rng(0).permutation(160)[:n]]
    assert clone(dec).fit(x).labels_.shape == (n,)


# ---- training ----


class Spy(keras.callbacks.Callback):
    """What the trainer's targets were during each epoch, and the q they should come from."""

    def __init__(self, model, x):
        super().__init__()
        self.clustering, self.x = model, x
        self.targets, self.q = [], []

    def on_epoch_begin(self, epoch, logs=None):
        self.targets.append(self.model.targets.copy())
        self.q.append(rows.forward(self.clustering.model_, self.x))

    def on_train_batch_end(self, batch, logs=None):
        np.testing.assert_array_equal(self.model.targets, self.targets[-1])


def test_targets_are_of_the_whole_data_set_and_fixed_in_between(dec, blobs):
    x, _ = blobs
    x = x[:155]  # a last, short batch would make a per-batch P visibly different
    model = clone(dec).pretrain(x).initialize(x)
    spy = Spy(model, x)
    model.refine(x, callbacks=[spy])
    assert len(spy.targets) == model.n_iter_ / 10
    for target, q in zip(spy.targets, spy.q, strict=True):
        np.testing.assert_allclose(target, targets.squared(q), rtol=1e-6)
        per_batch = np.concatenate([targets.squared(q[i : i + 32]) for i in range(0, 155, 32)])
        assert np.abs(target - per_batch).max() > 1e-4


def test_stops_at_the_first_refresh_without_change(dec, blobs):
    """Separated clusters: no label changes, so training ends after one update interval."""
    model = clone(dec).fit(blobs[0])
    assert model.converged_
    assert model.n_iter_ == 10
    assert [r.get("changed") for r in model.history_] == [None, 0.0]


def test_tol_0_goes_on_to_max_iter(dec, blobs):
    model = clone(dec).set_params(tol=0.0).fit(blobs[0])
    assert (model.n_iter_, model.stop_reason_) == (40, "max_iter")


def test_max_iter_is_rounded_up_to_whole_intervals(dec, blobs):
    assert clone(dec).set_params(tol=0.0, max_iter=11).fit(blobs[0]).n_iter_ == 20


def test_max_iter_none_is_50_passes(dec, blobs):
    x = blobs[0].reshape(4, 40, 12)[:, :24].reshape(96, 12)
    settings = {"tol": 0.0, "max_iter": None, "update_interval": None, "batch_size": 64}
    assert clone(dec).set_params(**settings).fit(x).n_iter_ == 100


def test_max_iter_0_is_autoencoder_and_kmeans(dec, initialized, blobs):
    model = clone(dec).set_params(max_iter=0).fit(blobs[0])
    np.testing.assert_array_equal(model.labels_, initialized.labels_)
    assert (model.n_iter_, model.stop_reason_) == (0, "max_iter")


def test_collapse_is_said(dec, blobs):
    """An encoder that gives the same z for every sample: one cluster, the share of one class."""
    encoder = keras.Sequential(
        [keras.Input((12,)), keras.layers.Dense(3, kernel_initializer="zeros")]
    )
    decoder = keras.Sequential([keras.Input((3,)), keras.layers.Dense(12)])
    model = clone(dec).set_params(network=(encoder, decoder), pretraining=None)
    with (
        pytest.warns(ConvergenceWarning, match="distinct clusters"),  # scikit-learn's, of k-means
        pytest.warns(CollapseWarning, match="one cluster"),
    ):
        model.initialize(blobs[0])
    assert (model.stop_reason_, model.converged_) == ("collapsed", False)
    model.refine(*blobs)  # which has been said
    assert model.stop_reason_ == "collapsed"
    assert model.history_[-1]["live_clusters"] == 1
    assert model.history_[-1]["acc"] == 0.25


@pytest.mark.filterwarnings("ignore:Number of distinct clusters")  # of k-means on equal points
def test_deep_sigmoid_layers_collapse(dec, blobs):
    """The published case: what five of them pass on hardly depends on x."""
    network = DenseAutoencoder(units=(24, 24, 24, 24, 5), activation="sigmoid")
    whole = Stage(iterations=60, learning_rate=0.2, relative=True)
    recipe = Pretraining(whole=whole, mean_square=0.1)
    model = clone(dec).set_params(network=network, pretraining=recipe)
    with pytest.warns(CollapseWarning, match="does not tell the samples apart") as said:
        model.fit(blobs[0])
    assert len([w for w in said if w.category is CollapseWarning]) == 1
    assert (model.stop_reason_, model.n_iter_) == ("collapsed", 0)


def test_an_autoencoder_that_learned_the_mean(dec):
    """The same with more samples: k-means parts the little that is left into ten clusters."""
    x = datasets.load("digits").x
    network = DenseAutoencoder((512, 256, 128, 64, 10), "sigmoid", decoder_activation="relu")
    whole = Stage(iterations=300, learning_rate=0.34, relative=True)
    recipe = Pretraining(whole=whole, mean_square=0.1, initializer="fan_in_uniform")
    model = clone(dec).set_params(network=network, pretraining=recipe, n_clusters=10)
    with pytest.warns(CollapseWarning, match=r"explains 0\.\d % of their variance"):
        model.fit(x)
    assert model.pretraining_history_[-1]["explained_variance"] < 0.01
    assert len(np.unique(model.labels_)) > 1
    assert (model.stop_reason_, model.n_iter_, len(model.history_)) == ("collapsed", 0, 1)
    with pytest.warns(CollapseWarning, match="clusters are empty"):
        model.refine(x)  # who asks again gets it
    assert model.n_iter_ > 0


def test_a_learning_rate_that_overflows(dec, blobs):
    """Back to the start, where the last sound numbers were."""
    x, _ = blobs
    expected = clone(dec).set_params(max_iter=0).fit(x)
    model = clone(dec).set_params(optimizer=keras.optimizers.SGD(1e30))
    with pytest.warns(ConvergenceWarning, match="smaller learning rate"):
        model.fit(x)
    assert (model.stop_reason_, model.n_iter_) == ("non_finite_loss", 0)
    np.testing.assert_array_equal(model.labels_, expected.labels_)
    np.testing.assert_array_equal(model.predict_proba(x), expected.predict_proba(x))


def test_a_learning_rate_of_a_thousand(dec, blobs):
    optimizer = keras.optimizers.SGD(1e3, momentum=0.9)
    model = clone(dec).set_params(tol=0.0, optimizer=optimizer)
    with pytest.warns((CollapseWarning, DegradedWarning), match="smaller learning rate"):
        model.fit(blobs[0])
    best = clone(model).set_params(keep="best").fit(blobs[0])
    assert best.n_iter_ < 40
    scores = [record["silhouette"] for record in best.history_]
    assert metrics.silhouette(best.transform(blobs[0]), best.labels_) >= scores[0]


class Steps(keras.callbacks.Callback):
    """Does something to the model at the end of an epoch, before its refresh looks at it."""

    def __init__(self, at, change):
        super().__init__()
        self.at, self.change = at, change

    def on_train_batch_end(self, batch, logs=None):
        if self.model.optimizer.iterations == self.at:
            self.change(self.model)


def test_collapse_on_the_way_goes_back(dec, blobs):
    def collapse(trainer):
        kernel = trainer.encoder.layers[-1].kernel
        kernel.assign(keras.ops.zeros_like(kernel))

    x, _ = blobs
    model = clone(dec).set_params(tol=0.0).fit(x)
    expected = clone(dec).set_params(tol=0.0, max_iter=20).fit(x)
    model = clone(dec).set_params(tol=0.0)
    with pytest.warns(CollapseWarning, match="1 of 4 clusters were left at iteration 30: .* 20"):
        model.fit(x, callbacks=[Steps(30, collapse)])
    assert (model.stop_reason_, model.converged_, model.n_iter_) == ("collapsed", False, 20)
    assert [r["live_clusters"] for r in model.history_] == [4, 4, 4, 1]
    assert model.history_[-1]["entropy"] == 0
    assert model.history_[-1]["silhouette"] == -1
    np.testing.assert_array_equal(model.predict(x), model.labels_)
    for found, known in zip(model.model_.get_weights(), expected.model_.get_weights(), strict=True):
        np.testing.assert_array_equal(found, known)


def cut_a_cluster(trainer):
    """Three centroids in the first cluster, none in the second and third."""
    centers = keras.ops.convert_to_numpy(trainer.head[-1].centers).copy()
    centers[1], centers[2] = centers[0] + 1e-3, centers[0] - 1e-3
    trainer.head[-1].centers.assign(centers)


def test_worse_clusters_are_said(dec, blobs):
    model = clone(dec).set_params(tol=0.0)
    with pytest.warns(DegradedWarning, match="keep='best'"):
        model.fit(blobs[0], callbacks=[Steps(40, cut_a_cluster)])
    scores = [record["silhouette"] for record in model.history_]
    assert scores[-1] < scores[0] - 0.05
    assert model.n_iter_ == 40


def test_the_best_is_kept_without_classes(dec, blobs):
    x, _ = blobs
    model = clone(dec).set_params(tol=0.0, keep="best").fit(x, callbacks=[Steps(40, cut_a_cluster)])
    scores = [record["silhouette"] for record in model.history_]
    best = max(range(5), key=lambda i: (scores[i], i))
    assert model.n_iter_ == 10 * best < 40
    assert model.stop_reason_ == "max_iter"
    assert metrics.silhouette(model.transform(x), model.labels_) == pytest.approx(scores[best])
    np.testing.assert_array_equal(model.predict(x), model.labels_)


@pytest.fixture
def half_empty(dec, blobs):
    """Initialized, but two of the four centroids are far away from every sample."""
    model = clone(dec).pretrain(blobs[0]).initialize(blobs[0])
    model.place_centers(np.array([2, 3]), model.cluster_centers_[2:] + 1e3)
    return model


def test_empty_clusters_are_said(half_empty, blobs):
    with pytest.warns(CollapseWarning, match="2 of 4 clusters are empty"):
        half_empty.refine(blobs[0])
    assert {record["live_clusters"] for record in half_empty.history_} == {2}


def test_empty_clusters_go_to_the_samples_that_are_least_sure(half_empty, blobs):
    x, _ = blobs
    q, z = half_empty.predict_proba(x), half_empty.transform(x)
    expected = z[np.sort(q.max(axis=1).argsort(kind="stable")[:2])]
    half_empty.set_params(empty="farthest", max_iter=0).refine(x)
    np.testing.assert_allclose(half_empty.cluster_centers_[2:], expected, rtol=1e-5)
    assert half_empty.history_[0]["live_clusters"] == 4
    np.testing.assert_array_equal(half_empty.predict(x), half_empty.labels_)


def test_loss_falls_within_an_interval(dec, blobs):
    """With P fixed, KL decreases: one long interval, seen batch by batch."""

    class Losses(keras.callbacks.Callback):
        def __init__(self):
            super().__init__()
            self.values = []

        def on_epoch_end(self, epoch, logs=None):
            self.values.append(logs["clustering_loss"])

    model = clone(dec).pretrain(blobs[0]).initialize(blobs[0])
    model.set_params(update_interval=5, tol=0.0, max_iter=60)
    model.compute_target = lambda q, f, p=[]: p[0] if p else p.append(targets.squared(q)) or p[0]
    losses = Losses()
    model.refine(blobs[0], callbacks=[losses])
    assert losses.values[-1] < 0.9 * losses.values[0]


def test_self_training_sharpens(dec, blobs):
    model = clone(dec).pretrain(blobs[0]).initialize(blobs[0])
    before = model.predict_proba(blobs[0]).max(axis=1).mean()
    model.set_params(tol=0.0, max_iter=200, optimizer=keras.optimizers.SGD(0.1, momentum=0.9))
    model.refine(blobs[0])
    assert model.predict_proba(blobs[0]).max(axis=1).mean() > before + 0.05


def test_frozen_encoder_moves_only_the_centroids(dec, blobs):
    """ "DEC without backprop" of the paper."""
    model = clone(dec).pretrain(blobs[0]).initialize(blobs[0])
    z, centers = model.transform(blobs[0]), model.cluster_centers_.copy()
    model.encoder_.trainable = False
    model.set_params(tol=0.0).refine(blobs[0])
    np.testing.assert_array_equal(model.transform(blobs[0]), z)
    assert np.abs(model.cluster_centers_ - centers).max() > 1e-4


def test_alpha_and_target_are_used(dec, blobs):
    base = clone(dec).set_params(tol=0.0).fit(blobs[0])
    for change in ({"alpha": 5.0}, {"target": "one_hot"}):
        other = clone(dec).set_params(tol=0.0, **change).fit(blobs[0])
        assert np.abs(other.cluster_centers_ - base.cluster_centers_).max() > 1e-5
    assert isinstance(base.model_.layers[-1], ClusteringLayer)


@pytest.mark.parametrize(("name", "value"), [("alpha", 0), ("alpha", "1"), ("target", "cubed")])
def test_bad_values_are_refused(dec, blobs, name, value):
    with pytest.raises((ValueError, TypeError), match=name):
        clone(dec).set_params(**{name: value}).fit(blobs[0])


def test_refine_before_initialize_is_refused(dec, blobs):
    with pytest.raises(Exception, match="not fitted"):
        clone(dec).refine(blobs[0])


def legacy(name):
    folder = os.environ.get("DEC_DATA_DIR")
    if not folder or not (path := Path(folder) / "legacy" / name).exists():
        pytest.skip(f"legacy/{name} is not in DEC_DATA_DIR")
    return path


def by_hand(path, x, last):
    """Embedding of an old file by NumPy alone."""
    with h5py.File(path) as file:
        for i in range(last + 1):
            group = file[f"encoder_{i}/encoder_{i}"]
            x = x @ group["kernel:0"][()].astype("float64") + group["bias:0"][()]
            x = np.maximum(x, 0) if i < last else x
        clusters = file.get("clustering/clustering/clusters:0")
        return x, None if clusters is None else clusters[()].astype("float64")


def test_autoencoder_of_dec_keras(tmp_path):
    path = legacy("dec_keras231_29-16-16-64-6_ae_weights.h5")
    x = np.random.default_rng(0).normal(size=(50, 29)).astype("float32")
    z, _ = by_hand(path, x, last=3)
    model = DEC(2).load_weights(path)
    np.testing.assert_allclose(model.transform(x), z, rtol=1e-5, atol=1e-5)
    model.save_weights(tmp_path / "new.h5")
    again = DEC(2).load_weights(tmp_path / "new.h5")
    np.testing.assert_array_equal(again.transform(x), model.transform(x))
    again.set_params(n_init=2, max_iter=20, update_interval=10, random_state=0)
    assert again.initialize(x).refine(x).labels_.shape == (50,)


def test_clustered_model_of_dec_keras(tmp_path):
    path = legacy("dec_keras231_29-16-16-64-6_k2_DEC_model_final.h5")
    x = np.random.default_rng(0).normal(size=(50, 29)).astype("float32")
    z, mu = by_hand(path, x, last=3)
    kernel = 1 / (1 + ((z[:, None] - mu[None]) ** 2).sum(axis=2))
    q = kernel / kernel.sum(axis=1, keepdims=True)
    model = DEC().load_weights(path)
    np.testing.assert_allclose(model.transform(x), z, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(model.predict_proba(x), q, atol=1e-5)
    assert not hasattr(model, "autoencoder_")  # the file has no decoder
    model.save(tmp_path / "new.h5")
    again = DEC.load(tmp_path / "new.h5")
    assert not hasattr(again, "autoencoder_")  # nor has the new one, not even a random one
    np.testing.assert_array_equal(again.predict_proba(x), model.predict_proba(x))


def test_truncated_weight_file_is_refused(dec, initialized, tmp_path):
    initialized.save_weights(tmp_path / "weights.h5")
    whole = (tmp_path / "weights.h5").read_bytes()
    (tmp_path / "weights.h5").write_bytes(whole[: len(whole) // 2])
    model = clone(dec)
    with pytest.raises(ModelFileError, match=r"weights\.h5"):
        model.load_weights(tmp_path / "weights.h5")
    assert not hasattr(model, "encoder_")


def test_file_of_another_kind_is_refused(initialized, tmp_path):
    initialized.save_weights(tmp_path / "weights.h5")
    with pytest.raises(ModelFileError, match="class must be one of"):
        DEC.load(tmp_path / "weights.h5")

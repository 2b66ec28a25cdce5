"""What every method promises, asked of every method."""

import copy
import pickle

import keras
import numpy as np
import pytest
from family import everything
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from dec import DCN, LESC, DeepClusterer, DenseAutoencoder, ModelFileError


def test_labels_and_z_agree(fitted, blobs):
    x, _ = blobs
    z = fitted.transform(x)
    assert z.shape == (160, 5)
    assert z.dtype == np.float32
    assert fitted.labels_.dtype == np.int64
    np.testing.assert_array_equal(fitted.predict(x), fitted.labels_)


def test_q_agrees_with_labels_or_is_absent(fitted, blobs):
    if isinstance(fitted, DCN | LESC):
        with pytest.raises(AttributeError, match="no predict_proba"):
            fitted.predict_proba(blobs[0])
        return
    q = fitted.predict_proba(blobs[0])
    assert q.shape == (160, 4)
    assert q.dtype == np.float32
    np.testing.assert_allclose(q.sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_array_equal(q.argmax(axis=1), fitted.labels_)


def test_rows_that_are_not_sure_are_left_undecided(fitted, blobs):
    x, _ = blobs
    np.testing.assert_array_equal(fitted.predict(x, min_confidence=0), fitted.labels_)
    if not hasattr(fitted, "predict_proba"):
        with pytest.raises(ValueError, match="min_confidence must be <= 0"):
            fitted.predict(x, min_confidence=0.5)
        return
    sure = fitted.predict_proba(x).max(axis=1)
    threshold = float(np.median(sure))
    found = fitted.predict(x, min_confidence=threshold)
    np.testing.assert_array_equal(found, np.where(sure < threshold, -1, fitted.labels_))
    assert found.dtype == np.int64
    for bad in (-0.1, 1.1, np.nan):
        with pytest.raises(ValueError, match="min_confidence must be"):
            fitted.predict(x, min_confidence=bad)


def test_scores_of_samples(fitted, blobs):
    x, _ = blobs
    scores = fitted.sample_scores(x)
    error = np.square(fitted.autoencoder_.predict(x, verbose=0) - fitted.scale_ * x).mean(axis=1)
    np.testing.assert_allclose(scores["reconstruction_loss"], error, rtol=1e-3, atol=1e-6)
    assert ("confidence" in scores) == hasattr(fitted, "predict_proba")
    if "confidence" in scores:
        ordered = np.sort(fitted.predict_proba(x), axis=1)
        np.testing.assert_array_equal(scores["confidence"], ordered[:, -1])
        np.testing.assert_array_equal(scores["margin"], ordered[:, -1] - ordered[:, -2])
    outlier = fitted.sample_scores(100 + x[:1])
    assert outlier["reconstruction_loss"][0] >= scores["reconstruction_loss"].max()


def test_prediction_knows_neither_batch_nor_order(fitted, blobs):
    x, _ = blobs
    order = np.random.default_rng(0).permutation(len(x))
    np.testing.assert_array_equal(fitted.predict(x[order]), fitted.labels_[order])
    one_by_one = np.concatenate([fitted.predict(row[None]) for row in x[:20]])
    np.testing.assert_array_equal(one_by_one, fitted.labels_[:20])


def test_separated_clusters_are_found(fitted, blobs):
    _, y = blobs
    assert fitted.history_[-1]["acc"] == pytest.approx(1.0)
    assert len(np.unique(fitted.labels_)) == len(np.unique(y))


def test_fitted_attributes(fitted):
    assert fitted.cluster_centers_.shape == (4, 5)
    assert fitted.n_features_in_ == 12
    assert fitted.embedding_dim_ == 5
    assert fitted.stop_reason_ in ("converged", "max_iter")
    assert fitted.converged_ == (fitted.stop_reason_ == "converged")
    iterations = [record["iteration"] for record in fitted.history_]
    assert iterations == list(range(0, fitted.n_iter_ + 1, 10))
    assert all(record["live_clusters"] == 4 for record in fitted.history_)
    assert "changed" not in fitted.history_[0]  # nothing to compare the first labels with
    assert isinstance(fitted.model_, keras.Model)
    assert fitted.get_feature_names_out()[0] == type(fitted).__name__.lower() + "0"


def test_same_seed_same_bits_whatever_y_and_global_state(method, fitted, blobs):
    x, y = blobs
    np.random.seed(1)
    keras.utils.set_random_seed(2)
    state = np.random.get_state()[1].copy()
    shuffled = np.random.default_rng(0).permutation(y)
    again = clone(method).fit(x, shuffled)
    np.testing.assert_array_equal(again.labels_, fitted.labels_)
    for a, b in zip(again.model_.get_weights(), fitted.model_.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert again.history_[-1]["acc"] < 0.6  # y is reported, and only that
    np.testing.assert_array_equal(np.random.get_state()[1], state)


def test_other_seed_other_weights_and_fit_starts_anew(method, fitted, blobs):
    model = clone(method).set_params(random_state=1).fit(blobs[0])
    assert np.abs(model.cluster_centers_ - fitted.cluster_centers_).max() > 1e-3
    model.set_params(random_state=0).fit(blobs[0])
    for a, b in zip(everything(model, blobs[0]), everything(fitted, blobs[0]), strict=True):
        np.testing.assert_array_equal(a, b)


def test_phases_alone_equal_fit(method, fitted, blobs):
    x, y = blobs
    alone = clone(method)
    alone.pretrain(x)
    assert not hasattr(alone, "labels_")
    alone.initialize(x)
    assert alone.n_iter_ == 0
    np.testing.assert_array_equal(alone.predict(x), alone.labels_)
    alone.refine(x, y)
    for a, b in zip(everything(alone, x), everything(fitted, x), strict=True):
        np.testing.assert_array_equal(a, b)


def test_save_and_load(fitted, blobs, tmp_path):
    x, _ = blobs
    fitted.save(tmp_path / "model.h5")
    loaded = DeepClusterer.load(tmp_path / "model.h5")
    assert type(loaded) is type(fitted)
    assert loaded.get_params() == fitted.get_params()
    for a, b in zip(everything(loaded, x), everything(fitted, x), strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(loaded.labels_, fitted.labels_)
    np.testing.assert_array_equal(loaded.cluster_centers_, fitted.cluster_centers_)
    for name in ("n_iter_", "converged_", "stop_reason_", "history_", "n_features_in_"):
        assert getattr(loaded, name) == getattr(fitted, name), name
    loaded.save(tmp_path / "again.h5")
    assert (tmp_path / "again.h5").read_bytes() == (tmp_path / "model.h5").read_bytes()


def test_weights_alone(fitted, blobs, tmp_path):
    x, _ = blobs
    fitted.save_weights(tmp_path / "weights.h5")
    loaded = type(fitted)(precision="float32").load_weights(tmp_path / "weights.h5")
    np.testing.assert_array_equal(loaded.transform(x), fitted.transform(x))
    np.testing.assert_array_equal(loaded.predict(x), fitted.labels_)
    np.testing.assert_array_equal(
        loaded.autoencoder_.predict_on_batch(x), fitted.autoencoder_.predict_on_batch(x)
    )
    other = type(fitted)(network=DenseAutoencoder(units=(7, 5)))
    with pytest.raises(ModelFileError, match="network must be"):
        other.load_weights(tmp_path / "weights.h5")
    assert not hasattr(other, "encoder_")


def test_training_goes_on_from_weights(method, fitted, blobs, tmp_path):
    x, _ = blobs
    pretrained = clone(method).pretrain(x)
    pretrained.save_weights(tmp_path / "weights.h5")
    model = clone(method).set_params(pretraining=None).load_weights(tmp_path / "weights.h5").fit(x)
    np.testing.assert_array_equal(model.labels_, fitted.labels_)


def test_pickle(fitted, blobs):
    x, _ = blobs
    found = pickle.loads(pickle.dumps(fitted))
    for a, b in zip(everything(found, x), everything(fitted, x), strict=True):
        np.testing.assert_array_equal(a, b)
    assert found.history_ == fitted.history_
    assert pickle.loads(pickle.dumps(clone(fitted))).get_params() == fitted.get_params()


def test_data_frames_out(fitted, blobs):
    x, _ = blobs
    z = copy.deepcopy(fitted).set_output(transform="pandas").transform(x)
    assert list(z.columns) == list(fitted.get_feature_names_out())
    np.testing.assert_array_equal(z, fitted.transform(x))


def test_clone_keeps_every_parameter(method):
    assert clone(method).get_params() == method.get_params()
    assert repr(method).startswith(type(method).__name__)
    assert {"n_clusters", "tol", "random_state"} <= set(method.get_params())


def test_interrupt_leaves_a_usable_estimator(fitted, blobs):
    x, _ = blobs
    refreshes = []

    class Interrupt(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            refreshes.append(logs["changed"])

        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 1:
                raise KeyboardInterrupt

    model = copy.deepcopy(fitted).set_params(tol=0.0)
    with pytest.raises(KeyboardInterrupt):
        model.refine(x, callbacks=[Interrupt()])
    assert model.stop_reason_ == "interrupted"
    assert model.n_iter_ == 10
    np.testing.assert_array_equal(model.predict(x), model.labels_)
    assert refreshes == [record["changed"] for record in model.history_[1:]]


def test_divergence_is_said(fitted, blobs):
    class Poison(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            weight = self.model.encoder.weights[-1]  # a ReLU would turn NaN into 0
            weight.assign(keras.ops.full_like(weight, np.nan))

    model = copy.deepcopy(fitted).set_params(tol=0.0)
    x, _ = blobs
    with pytest.warns(ConvergenceWarning, match="not finite any more at iteration 10"):
        model.refine(x, callbacks=[Poison()])
    assert model.stop_reason_ == "non_finite_loss"
    assert not model.converged_
    assert [record["iteration"] for record in model.history_] == [0]  # no record of a NaN's labels
    assert model.n_iter_ == 0
    for found, known in zip(everything(model, x), everything(fitted, x), strict=True):
        np.testing.assert_array_equal(found, known)  # back to where it began

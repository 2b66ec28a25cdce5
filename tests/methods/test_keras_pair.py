"""An encoder and a decoder of the user's own, in any method."""

import dataclasses
import pickle

import keras
import numpy as np
import pytest
from sklearn.base import clone

from dec import IDEC, ModelFileError


def pair(width=5, seed=0):
    init = keras.initializers.GlorotUniform(seed)

    def dense(units, activation=None):
        return keras.layers.Dense(units, activation, kernel_initializer=init)

    encoder = keras.Sequential([keras.Input((12,)), dense(24, "relu"), dense(width)])
    decoder = keras.Sequential([keras.Input((width,)), dense(24, "relu"), dense(12)])
    return encoder, decoder


@pytest.fixture(scope="module")
def fitted(quick, blobs):
    recipe = dataclasses.replace(quick["pretraining"], layerwise=None)
    settings = {**quick, "network": pair(), "pretraining": recipe}
    return IDEC(4, **settings).fit(*blobs)


def test_it_clusters_and_leaves_the_users_models_alone(fitted, blobs):
    assert fitted.history_[-1]["acc"] == pytest.approx(1.0)
    for ours, fresh in zip(fitted.network, pair(), strict=True):
        for a, b in zip(ours.get_weights(), fresh.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)


def test_fit_again_starts_from_the_same_weights(fitted, blobs):
    np.testing.assert_array_equal(clone(fitted).fit(blobs[0]).labels_, fitted.labels_)


def test_a_file_needs_the_pair_again(fitted, blobs, tmp_path):
    path = tmp_path / "model.h5"
    fitted.save(path)
    with pytest.raises(ModelFileError, match="network must be given"):
        IDEC.load(path)
    loaded = IDEC.load(path, network=pair())  # other layer names: Keras numbers them on
    np.testing.assert_array_equal(loaded.predict_proba(blobs[0]), fitted.predict_proba(blobs[0]))
    with pytest.raises(ModelFileError, match="shape"):
        IDEC.load(path, network=pair(width=6))


def test_pickle(fitted, blobs):
    copy = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(copy.transform(blobs[0]), fitted.transform(blobs[0]))


@pytest.mark.parametrize(
    ("network", "match"),
    [
        ((pair()[0], pair(width=6)[1]), "decoder must take what the encoder gives"),
        ((pair()[0], pair()[0]), "decoder must"),
        ((pair()[0], "decoder"), "two built Keras models"),
        ((pair()[0],), "network must be None, a network"),
    ],
)
def test_models_that_do_not_fit_are_refused(quick, blobs, network, match):
    with pytest.raises((TypeError, ValueError), match=match):
        IDEC(4, **{**quick, "network": network}).fit(blobs[0])


def test_rows_that_do_not_fit_are_refused(quick, blobs):
    with pytest.raises(ValueError, match=r"X must have rows of shape \(12,\)"):
        IDEC(4, **{**quick, "network": pair(), "pretraining": None}).fit(blobs[0][:, :11])

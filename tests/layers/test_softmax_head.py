"""The softmax head."""

import keras
import numpy as np
import scipy.special

from dec.layers import SoftmaxHead

Z = np.random.default_rng(0).normal(size=(5, 3)).astype("float32")
THETA = np.random.default_rng(1).normal(size=(4, 3)).astype("float32")


def test_second_opinion_of_scipy():
    head = SoftmaxHead(4, THETA)
    p = keras.ops.convert_to_numpy(head(Z))
    np.testing.assert_allclose(p, scipy.special.softmax(Z @ THETA.T, axis=1), rtol=1e-5)
    head.bias.assign([100.0, 0, 0, 0])
    np.testing.assert_allclose(keras.ops.convert_to_numpy(head(Z))[:, 0], 1, rtol=1e-5)


def test_float32_under_mixed_precision():
    head = SoftmaxHead(4, THETA)
    assert head(keras.ops.cast(Z, "bfloat16")).dtype == "float32"


def test_round_trip(tmp_path):
    z = keras.Input((3,))
    model = keras.Model(z, SoftmaxHead(4, THETA)(z))
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again.predict(Z, verbose=0), model.predict(Z, verbose=0))

import keras
import numpy as np
import pytest

from dec.layers.batch_normalization import BatchNormalization

X = np.random.default_rng(0).normal(3.0, 2.0, size=(6, 4, 5, 7)).astype("float32")


def gradients(layer, x):
    tf = pytest.importorskip("tensorflow")
    x = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = layer(x, training=True)
        loss = tf.reduce_sum(tf.cast(y, tf.float32) ** 3 * tf.range(7, dtype="float32"))
    weights = [weight.value for weight in layer.trainable_weights]
    return [y, *tape.gradient(loss, [x, *weights])]


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="the fused kernel is its")
@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-4), ("mixed_bfloat16", 0.05)])
def test_the_numbers_are_those_of_keras(dtype, tolerance):
    ours = BatchNormalization(dtype=dtype)
    plain = keras.layers.BatchNormalization(dtype=dtype)
    for layer in (ours, plain):
        layer.build(X.shape)
        layer.set_weights([np.linspace(0.5, 2, 7), np.linspace(-1, 1, 7), *layer.get_weights()[2:]])
    for a, b in zip(gradients(ours, X), gradients(plain, X), strict=True):
        assert a.dtype == b.dtype
        a, b = np.asarray(a, "float32"), np.asarray(b, "float32")
        np.testing.assert_allclose(a, b, atol=tolerance * np.abs(b).max())
    for a, b in zip(ours.get_weights(), plain.get_weights(), strict=True):  # moving averages
        np.testing.assert_allclose(a, b, rtol=max(tolerance / 10, 1e-5))
    for a, b in zip((ours, plain), (plain, ours), strict=True):
        np.testing.assert_allclose(
            np.asarray(a(X), "float32"), np.asarray(b(X), "float32"), atol=0.05
        )


def test_vectors_and_frozen_layers_are_as_ever():
    layer = BatchNormalization()
    x = X[:, 0, 0]
    y = np.asarray(layer(x, training=True))
    np.testing.assert_allclose(y.mean(axis=0), 0, atol=1e-5)
    layer = BatchNormalization()
    layer.build(X.shape)
    layer.trainable = False
    np.testing.assert_allclose(np.asarray(layer(X, training=True)), X, rtol=1e-3)
    np.testing.assert_array_equal(layer.get_weights()[2], np.zeros(7))

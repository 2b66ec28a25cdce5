"""Outputs and gradients against Keras's in float32."""

import keras
import numpy as np
import pytest

from dec.layers import Conv2D, Conv2DTranspose

pytestmark = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="on other backends the layers are Keras's"
)

#: Of DCEC for 28 and 16, of DEPICT, an even kernel, stride 1, a rectangle, few channels.
CASES = [
    ((14, 14, 32), 12, 5, 2, "same"),
    ((7, 7, 16), 9, 3, 2, "valid"),
    ((4, 4, 16), 8, 3, 2, "same"),
    ((13, 13, 10), 10, 5, 2, "valid"),
    ((28, 28, 8), 10, 4, 2, "valid"),
    ((9, 6, 8), 8, (3, 2), 1, "same"),
    ((9, 7, 8), 8, (2, 4), (3, 1), "same"),
    ((8, 8, 1), 8, 5, 2, "same"),
]


def numbers(layer, x):
    import tensorflow as tf

    x = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = layer(x)
        loss = tf.reduce_sum(tf.cast(y, tf.float32) ** 2)
    found = [y, *tape.gradient(loss, [x, *[w.value for w in layer.trainable_weights]])]
    return [np.asarray(tf.cast(tensor, tf.float32)) for tensor in found]


@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
@pytest.mark.parametrize(("shape", "filters", "size", "strides", "padding"), CASES)
@pytest.mark.parametrize("kind", ["Conv2D", "Conv2DTranspose"])
def test_the_numbers_are_those_of_keras(kind, shape, filters, size, strides, padding, dtype):
    ours = {"Conv2D": Conv2D, "Conv2DTranspose": Conv2DTranspose}[kind]
    x = np.random.default_rng(0).normal(size=(3, *shape)).astype("float32")
    settings = {"padding": padding, "bias_initializer": "ones"}
    # In bfloat16 Keras's own gradient of the bias is wrong, see the layers.
    exact = getattr(keras.layers, kind)(filters, size, strides, dtype="float32", **settings)
    layer = ours(filters, size, strides, dtype=dtype, **settings)
    for one in (exact, layer):
        one.build(x.shape)
    layer.set_weights(exact.get_weights())
    for found, expected in zip(numbers(layer, x), numbers(exact, x), strict=True):
        assert found.shape == expected.shape
        tolerance = 1e-5 if dtype == "float32" else 0.02
        np.testing.assert_allclose(found, expected, atol=tolerance * np.abs(expected).max())


@pytest.mark.parametrize("channels", [3, 8])
def test_transposed_to_an_odd_length(channels):
    """Keras's "same" with no output padding: 7 becomes 13."""
    x = np.random.default_rng(0).normal(size=(3, 7, 7, 8)).astype("float32")
    settings = {"padding": "same", "output_padding": 0}
    exact = keras.layers.Conv2DTranspose(channels, 5, 2, **settings)
    layer = Conv2DTranspose(channels, 5, 2, **settings)
    for one in (exact, layer):
        one.build(x.shape)
    layer.set_weights(exact.get_weights())
    for found, expected in zip(numbers(layer, x), numbers(exact, x), strict=True):
        assert found.shape == expected.shape
        np.testing.assert_allclose(found, expected, atol=1e-5 * np.abs(expected).max())
    assert layer(x).shape == (3, 13, 13, channels)


def test_any_batch_and_a_whole_model():
    inputs = keras.Input((14, 14, 8))
    outputs = Conv2DTranspose(8, 5, 2, "same")(Conv2D(8, 5, 2, "same")(inputs))
    model = keras.Model(inputs, outputs)
    assert model.output_shape == (None, 14, 14, 8)
    model.compile("sgd", "mse")
    x = np.random.default_rng(0).normal(size=(5, 14, 14, 8)).astype("float32")
    before = model.evaluate(x, x, verbose=0)
    model.fit(x, x, batch_size=2, epochs=5, verbose=0)  # 2, 2 and 1
    assert model.evaluate(x, x, verbose=0) < before

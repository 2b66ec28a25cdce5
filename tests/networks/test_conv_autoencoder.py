"""The two convolutional autoencoders: shapes, noise, and the reconstruction of every layer."""

import keras
import numpy as np
import pytest

from dec import ConvAutoencoder, NoisyConvAutoencoder


def forward(model, x, **kwargs):
    return keras.ops.convert_to_numpy(model(x, **kwargs))


def images(side, channels=1, n=3):
    rng = np.random.default_rng(0)
    return rng.uniform(size=(n, side, side, channels)).astype("float32")


@pytest.mark.parametrize("batch_norm", [False, True])
@pytest.mark.parametrize(("side", "channels"), [(28, 1), (16, 1), (32, 3), (8, 1)])
def test_images_come_back_in_their_shape(side, channels, batch_norm):
    network = ConvAutoencoder(filters=(4, 6, 8), batch_norm=batch_norm)
    parts = network.build((side, side, channels))
    x = images(side, channels)
    assert forward(parts.encoder, x).shape == (3, 10)
    assert forward(parts.model, x).shape == x.shape
    assert parts.has_linear_embedding


def test_feature_maps_of_the_paper():
    parts = ConvAutoencoder().build((28, 28, 1))
    shapes = [parts.encoder.get_layer(f"conv{i}").output.shape[1:] for i in (1, 2, 3)]
    assert shapes == [(14, 14, 32), (7, 7, 64), (3, 3, 128)]
    assert parts.decoder.get_layer("dense").output.shape == (None, 1152)


@pytest.mark.parametrize("shape", [(30, 30, 1), (28, 32, 1), (4, 4, 1)])
def test_sides_that_do_not_come_back_are_refused(shape):
    with pytest.raises(ValueError, match=f"got {shape[0]} x {shape[1]}"):
        ConvAutoencoder().build(shape)


@pytest.mark.parametrize("network", [ConvAutoencoder(), NoisyConvAutoencoder()])
def test_a_seed_is_all_weights(network):
    a, b, c = (network.build((28, 28, 1), seed=s).model.get_weights() for s in (1, 1, 2))
    for ours, again, other in zip(a, b, c, strict=True):
        np.testing.assert_array_equal(ours, again)
        if ours.ndim > 1:
            assert np.abs(ours - other).max() > 0


def test_mapped_embedding_leaves_the_reconstruction():
    parts = ConvAutoencoder(filters=(4, 4, 4)).build((8, 8, 1))
    x = images(8)
    z, restored = forward(parts.encoder, x), forward(parts.model, x)
    matrix = np.random.default_rng(0).normal(size=(10, 10))
    parts.map_embedding(matrix)
    np.testing.assert_allclose(forward(parts.encoder, x), z @ matrix, atol=1e-4)
    np.testing.assert_allclose(forward(parts.model, x), restored, atol=1e-4)


@pytest.mark.parametrize(
    ("side", "pads", "maps"), [(28, (0, 2), (13, 7)), (16, (0, 2), (7, 4)), (32, (2, 2), (17, 9))]
)
def test_noisy_maps_of_the_paper(side, pads, maps):
    parts = NoisyConvAutoencoder(pads=pads).build((side, side, 1))
    x = images(side)
    clean, restored, _ = parts.levels
    found = [level.shape for level in clean(x)]
    assert found == [(3, side, side, 1), *((3, m, m, 50) for m in maps)]
    assert [level.shape for level in restored(forward(parts.encoder, x))] == found
    assert not parts.has_linear_embedding
    assert np.abs(forward(parts.model, x)).max() <= 1


def test_padding_by_two_pixels():
    """The default network against plain convolutions of padded maps, cropped on the way back."""
    parts = NoisyConvAutoencoder(filters=(4, 3)).build((28, 28, 1))
    x = images(28)
    (_, h1, h2), z = parts.levels[0](x), forward(parts.encoder, x)
    _, h1_restored, h2_restored = parts.levels[1](z)
    plain = {
        "conv2": keras.layers.Conv2D(3, 5, 2),
        "deconv2": keras.layers.Conv2DTranspose(4, 5, 2),
    }
    for name, layer in plain.items():
        of = parts.encoder if name == "conv2" else parts.decoder
        layer.build((None, 17, 17, 4) if name == "conv2" else (None, 7, 7, 3))
        layer.set_weights(of.get_layer(name).get_weights())
    leaky = keras.layers.LeakyReLU(0.01)
    padded = np.pad(np.array(h1), [(0, 0), (2, 2), (2, 2), (0, 0)])
    np.testing.assert_allclose(h2, leaky(plain["conv2"](padded)), atol=1e-5)
    back = forward(plain["deconv2"], h2_restored)[:, 2:-2, 2:-2]
    np.testing.assert_allclose(h1_restored, leaky(back), atol=1e-5)


@pytest.mark.filterwarnings("ignore:Gradients do not exist")  # of the noisy path
def test_targets_that_learn_nothing():
    """The gradient of the second layer's error by conv1 of the clean path is gone."""
    x = images(16)
    moved = {}
    for stop in (False, True):
        network = NoisyConvAutoencoder(filters=(4, 4), stop_gradient_targets=stop, dropout=(0,) * 3)
        parts = network.build((16, 16, 1))
        z = np.zeros((3, 10), "float32")  # the noisy path is cut off
        model = ErrorOfLevels(parts, z)
        model.compile(keras.optimizers.SGD(0.1))
        before = parts.encoder.get_layer("conv1").get_weights()[0]
        model.fit(x, epochs=1, verbose=0)
        moved[stop] = np.abs(parts.encoder.get_layer("conv1").get_weights()[0] - before).max()
    assert moved[False] > 0
    assert moved[True] == 0


class ErrorOfLevels(keras.Model):
    def __init__(self, parts, z):
        super().__init__()
        self.encoder, self.decoder, self.parts, self.z = parts.encoder, parts.decoder, parts, z

    def call(self, x):
        return self.parts.reconstruction_loss(x, self.z)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        return keras.ops.mean(y_pred)


def test_noise_is_there_in_training_only():
    x = images(16)
    noisy = NoisyConvAutoencoder(filters=(4, 4)).build((16, 16, 1))
    assert np.abs(forward(noisy.encoder, x, training=True) - forward(noisy.encoder, x)).max() > 0
    quiet = NoisyConvAutoencoder(filters=(4, 4), dropout=(0, 0, 0)).build((16, 16, 1))
    np.testing.assert_array_equal(
        forward(quiet.encoder, x, training=True), forward(quiet.encoder, x)
    )


def test_error_is_the_weighted_sum_over_levels():
    parts = NoisyConvAutoencoder(filters=(4, 4)).build((16, 16, 1))
    x = images(16)
    z = forward(parts.encoder, x)
    clean, restored, weights = parts.levels
    assert weights == (1.0, 0.1, 0.1)
    expected = sum(
        w * np.square(np.array(a) - np.array(b)).mean(axis=(1, 2, 3))
        for w, a, b in zip(weights, clean(x), restored(z), strict=True)
    )
    found = keras.ops.convert_to_numpy(parts.reconstruction_loss(x, z))
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    np.testing.assert_allclose(np.array(clean(x)[0]), 2 * x - 1, rtol=1e-6)


def test_strides_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="images that the strides fit"):
        NoisyConvAutoencoder().build((29, 29, 1))


@pytest.mark.parametrize(
    ("cls", "bad", "match"),
    [
        (ConvAutoencoder, {"filters": (1, 2)}, "filters"),
        (ConvAutoencoder, {"embedding_dim": 0}, "embedding_dim"),
        (NoisyConvAutoencoder, {"pads": (0, -1)}, "pads"),
        (NoisyConvAutoencoder, {"dropout": (0.1,)}, "dropout"),
        (NoisyConvAutoencoder, {"embedding_dim": 0}, "embedding_dim"),
    ],
)
def test_bad_settings_are_refused(cls, bad, match):
    with pytest.raises(ValueError, match=match):
        cls(**bad)

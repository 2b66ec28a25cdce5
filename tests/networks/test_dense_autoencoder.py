import copy
import pickle

import keras
import numpy as np
import pytest
from sklearn.base import clone

from dec import DenseAutoencoder
from dec.networks import Autoencoder, Network
from dec.networks.initializers import kernel_initializer

SMALL = DenseAutoencoder(units=(8, 6, 3))


def forward(model, x):
    return keras.ops.convert_to_numpy(model(x))


def weights(parts):
    return [*parts.encoder.get_weights(), *parts.decoder.get_weights()]


def dense_layers(model):
    return [layer for layer in model.layers if isinstance(layer, keras.layers.Dense)]


@pytest.fixture
def x():
    return np.random.default_rng(0).normal(size=(16, 5)).astype("float32")


@pytest.fixture(scope="module")
def paper():
    return DenseAutoencoder().build((784,))


# ---- architecture -----------------------------------------------------------------------------


def test_number_of_parameters(paper):
    # Weights and biases of 784-500-500-2000-10, worked out layer by layer.
    encoder = (784 + 1) * 500 + (500 + 1) * 500 + (500 + 1) * 2000 + (2000 + 1) * 10
    decoder = (10 + 1) * 2000 + (2000 + 1) * 500 + (500 + 1) * 500 + (500 + 1) * 784
    assert encoder == 1_665_010
    assert paper.encoder.count_params() == encoder
    assert paper.decoder.count_params() == decoder
    assert paper.model.count_params() == encoder + decoder


def test_widths_are_mirrored(paper):
    widths = [layer.kernel.shape for layer in dense_layers(paper.encoder)]
    assert widths == [(784, 500), (500, 500), (500, 2000), (2000, 10)]
    mirrored = [layer.kernel.shape for layer in dense_layers(paper.decoder)]
    assert mirrored == [(b, a) for a, b in reversed(widths)]


def test_names_are_those_of_dec_keras(paper):
    assert [d.name for d in dense_layers(paper.encoder)] == [f"encoder_{i}" for i in range(4)]
    assert [d.name for d in dense_layers(paper.decoder)] == [f"decoder_{i}" for i in (3, 2, 1, 0)]
    assert paper.encoder.name == "encoder"
    assert paper.decoder.name == "decoder"


def test_only_embedding_and_reconstruction_are_linear(paper):
    def activations(model):
        return [keras.activations.serialize(d.activation) for d in dense_layers(model)]

    assert activations(paper.encoder) == ["relu", "relu", "relu", "linear"]
    assert activations(paper.decoder) == ["relu", "relu", "relu", "linear"]
    tanh = DenseAutoencoder(units=(4, 2), activation="tanh").build((5,))
    assert activations(tanh.encoder) == ["tanh", "linear"]
    assert activations(tanh.decoder) == ["tanh", "linear"]


def test_linear_outputs_take_both_signs(x):
    parts = SMALL.build((5,))
    for outputs in (forward(parts.encoder, x), forward(parts.model, x)):
        assert outputs.min() < 0 < outputs.max()


def test_shapes(x):
    parts = SMALL.build((5,))
    assert isinstance(parts, Autoencoder)
    assert parts.encoder.output_shape == (None, 3)
    assert parts.decoder.input_shape == (None, 3)
    assert parts.model.input_shape == parts.model.output_shape == (None, 5)
    assert forward(parts.model, x).shape == (16, 5)


def test_one_layer_is_linear_both_ways(x):
    parts = DenseAutoencoder(units=(2,)).build((5,))
    (encode, decode) = parts.stages[0]
    expected = (x @ encode.kernel.numpy() + encode.bias.numpy()) @ decode.kernel.numpy()
    np.testing.assert_allclose(forward(parts.model, x), expected, atol=1e-5)


def test_forward_pass_is_that_of_numpy(x):
    parts = SMALL.build((5,), scale=0.5)
    h = x * 0.5
    for model, depth in ((parts.encoder, 3), (parts.decoder, 3)):
        kernels = iter(model.get_weights())
        for i in range(depth):
            h = h @ next(kernels) + next(kernels)
            h = h if i == depth - 1 else np.maximum(h, 0)
        if model is parts.encoder:
            np.testing.assert_allclose(forward(parts.encoder, x), h, atol=1e-5)
    np.testing.assert_allclose(forward(parts.model, x), h, atol=1e-5)


def test_stages_pair_the_layers_from_the_outside_in():
    parts = SMALL.build((5,))
    assert [(e.name, d.name) for e, d in parts.stages] == [
        ("encoder_0", "decoder_0"),
        ("encoder_1", "decoder_1"),
        ("encoder_2", "decoder_2"),
    ]
    for encode, decode in parts.stages:
        assert encode in parts.encoder.layers
        assert decode in parts.decoder.layers
        assert encode.kernel.shape == decode.kernel.shape[::-1]


def test_model_shares_its_weights(x):
    parts = SMALL.build((5,))
    before = forward(parts.model, x)
    parts.stages[0][0].kernel.assign(np.zeros((5, 8)))
    assert abs(forward(parts.model, x) - before).max() > 1e-3


# ---- scale ------------------------------------------------------------------------------------


def test_scale_is_applied_to_raw_values(x):
    plain, scaled = SMALL.build((5,), seed=1), SMALL.build((5,), seed=1, scale=0.02)
    np.testing.assert_allclose(
        forward(scaled.encoder, 50 * x), forward(plain.encoder, x), rtol=1e-4, atol=1e-5
    )
    np.testing.assert_allclose(forward(scaled.scaling, x), 0.02 * x, rtol=1e-6)


def test_bytes_are_scaled_as_numbers():
    parts = SMALL.build((5,), scale=1 / 255)
    rows = np.uint8([[0, 51, 102, 204, 255]])
    np.testing.assert_allclose(forward(parts.scaling, rows), [[0, 0.2, 0.4, 0.8, 1]], rtol=1e-6)
    floats = forward(parts.encoder, rows.astype("float32"))
    np.testing.assert_array_equal(forward(parts.encoder, rows), floats)


# ---- seeds ------------------------------------------------------------------------------------


def test_same_seed_same_weights():
    for a, b in zip(
        weights(SMALL.build((5,), seed=3)), weights(SMALL.build((5,), seed=3)), strict=True
    ):
        np.testing.assert_array_equal(a, b)


def test_other_seed_other_weights():
    kernels = [weights(SMALL.build((5,), seed=s))[::2] for s in (3, 4)]
    assert all((a != b).all() for a, b in zip(*kernels, strict=True))


def test_layers_of_one_shape_differ():
    parts = DenseAutoencoder(units=(6, 6, 6)).build((6,))
    kernels = weights(parts)[::2]
    assert len({kernel.tobytes() for kernel in kernels}) == 6


def test_global_seed_neither_matters_nor_moves():
    state = np.random.get_state()
    try:
        built = []
        for seed in (1, 2):
            np.random.seed(seed)
            expected = np.random.RandomState(seed).random(3)
            built.append(weights(SMALL.build((5,), seed=3)))
            np.testing.assert_array_equal(np.random.random(3), expected)
    finally:
        np.random.set_state(state)
    for a, b in zip(*built, strict=True):
        np.testing.assert_array_equal(a, b)


# ---- initial weights --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def wide():
    return DenseAutoencoder(units=(400, 300))


def test_fan_in_uniform(wide):
    parts = wide.build((100,))
    for layer in dense_layers(parts.encoder) + dense_layers(parts.decoder):
        kernel = layer.get_weights()[0]
        bound = np.sqrt(1 / kernel.shape[0])
        assert 0.99 * bound < abs(kernel).max() <= bound
        # Standard deviation and fourth moment of U(-a, a): a / sqrt(3) and a^4 / 5.
        assert kernel.std() == pytest.approx(bound / np.sqrt(3), rel=0.02)
        assert (kernel**4).mean() == pytest.approx(bound**4 / 5, rel=0.05)
        np.testing.assert_array_equal(layer.get_weights()[1], 0)


def test_normal(wide):
    parts = wide.build((100,), initializer="normal_0.01")
    for layer in dense_layers(parts.encoder) + dense_layers(parts.decoder):
        kernel = layer.get_weights()[0]
        assert kernel.std() == pytest.approx(0.01, rel=0.02)
        assert abs(kernel.mean()) < 3e-4
        # Fourth moment 3 sigma^4: not the truncated normal, nor a uniform distribution.
        assert (kernel**4).mean() == pytest.approx(3e-8, rel=0.1)
        np.testing.assert_array_equal(layer.get_weights()[1], 0)


def test_initializer_by_keras_name(wide):
    parts = wide.build((100,), initializer="glorot_uniform")
    kernel = parts.stages[0][0].get_weights()[0]
    bound = np.sqrt(6 / (100 + 400))
    assert 0.99 * bound < abs(kernel).max() <= bound
    orthogonal = wide.build((100,), initializer="orthogonal").stages[1][0].get_weights()[0]
    np.testing.assert_allclose(orthogonal.T @ orthogonal, np.eye(300), atol=1e-4)


def test_argument_of_build_goes_before_the_field():
    field = DenseAutoencoder(units=(8, 3), initializer="normal_0.5")
    asked = field.build((5,), initializer="fan_in_uniform", seed=2)
    plain = DenseAutoencoder(units=(8, 3)).build((5,), seed=2)
    for a, b in zip(weights(asked), weights(plain), strict=True):
        np.testing.assert_array_equal(a, b)
    assert abs(weights(field.build((5,), seed=2))[0]).max() > np.sqrt(1 / 5)


def test_initializer_without_a_seed():
    np.testing.assert_array_equal(kernel_initializer("zeros", 0)((2, 3)), np.zeros((2, 3)))


@pytest.mark.parametrize("seed", [0, 2**31, 2**32 - 1])
def test_every_32_bit_seed_is_a_seed(seed):
    kernel = kernel_initializer("fan_in_uniform", seed)((4, 3))
    again = kernel_initializer("fan_in_uniform", seed)((4, 3))
    np.testing.assert_array_equal(kernel, again)
    assert len(np.unique(kernel)) == 12


# ---- precision --------------------------------------------------------------------------------


def test_embedding_is_float32_under_bfloat16(x):
    exact = SMALL.build((5,), seed=1)
    mixed = SMALL.build((5,), seed=1, precision="mixed_bfloat16")
    dtypes = [layer.compute_dtype for layer in dense_layers(mixed.encoder)]
    assert dtypes == ["bfloat16", "bfloat16", "float32"]
    z = forward(mixed.encoder, x)
    assert z.dtype == np.float32
    # Not merely rounded numbers in a wide type: bfloat16 has 8 bits.
    bits = np.frombuffer(z.tobytes(), np.uint32)
    assert (bits & 0xFFFF).any()
    difference = abs(z - forward(exact.encoder, x)).max()
    assert 0 < difference < 0.05
    assert all(w.dtype == np.float32 for w in weights(mixed))
    for a, b in zip(weights(mixed), weights(exact), strict=True):
        np.testing.assert_array_equal(a, b)


def test_global_policy_does_not_matter(x):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        parts = SMALL.build((5,), seed=1)
    finally:
        keras.config.set_dtype_policy(before)
    assert {layer.compute_dtype for layer in dense_layers(parts.decoder)} == {"float32"}
    expected = forward(SMALL.build((5,), seed=1).model, x)
    np.testing.assert_array_equal(forward(parts.model, x), expected)


# ---- settings ---------------------------------------------------------------------------------


def test_defaults_are_the_papers():
    assert DenseAutoencoder().units == (500, 500, 2000, 10)
    assert DenseAutoencoder().activation == "relu"
    assert isinstance(DenseAutoencoder(), Network)
    assert DenseAutoencoder.sample_ndim == 1


def test_equality_hash_and_repr():
    a, b = DenseAutoencoder(units=[64, 10]), DenseAutoencoder(units=np.array([64, 10]))
    assert a == b
    assert hash(a) == hash(b)
    assert a != DenseAutoencoder(units=(64, 11))
    assert a != DenseAutoencoder(units=(64, 10), activation="tanh")
    assert repr(a) == repr(b)
    assert eval(repr(a)) == a
    assert all(type(u) is int for u in b.units)


@pytest.mark.parametrize(
    "twin",
    [
        copy.copy,
        copy.deepcopy,
        lambda a: clone(a, safe=False),
        lambda a: pickle.loads(pickle.dumps(a)),
    ],
)
def test_copies_are_equal(twin):
    network = DenseAutoencoder(units=(64, 10), activation="selu", initializer="normal_0.01")
    assert twin(network) == network


def test_is_frozen():
    with pytest.raises(AttributeError):
        SMALL.units = (1,)


@pytest.mark.parametrize("bad", [(), (0,), (5, -1), (2.5,), ("a",), (None,), 10, None, (5, np.nan)])
def test_refuses_bad_units(bad):
    with pytest.raises(ValueError, match="units must be whole numbers >= 1") as error:
        DenseAutoencoder(units=bad)
    assert repr(bad) in str(error.value)


def test_refuses_an_unknown_activation():
    with pytest.raises(ValueError, match="reluu"):
        DenseAutoencoder(activation="reluu")


def test_refuses_an_unknown_initializer():
    with pytest.raises(ValueError, match=r"initializer.*nope"):
        DenseAutoencoder(initializer="nope")


def test_network_is_abstract():
    with pytest.raises(TypeError, match="abstract"):
        Network()


# ---- a linear map of the embedding ------------------------------------------------------------


def test_mapped_embedding_leaves_the_reconstruction(x):
    parts = SMALL.build((5,), seed=1)
    for layer in dense_layers(parts.encoder):
        layer.bias.assign(np.linspace(-1, 1, layer.units))
    z, restored = forward(parts.encoder, x), forward(parts.model, x)
    matrix = np.random.default_rng(2).normal(size=(3, 3))
    parts.map_embedding(matrix)
    np.testing.assert_allclose(forward(parts.encoder, x), z @ matrix, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(forward(parts.model, x), restored, rtol=1e-4, atol=1e-6)


def test_only_a_linear_embedding_is_mapped():
    parts = SMALL.build((5,))
    assert parts.has_linear_embedding
    z = keras.layers.Activation("tanh")(parts.encoder.outputs[0])
    bent = parts._replace(encoder=keras.Model(parts.encoder.input, z))
    assert not bent.has_linear_embedding
    with pytest.raises(ValueError, match="linear embedding"):
        bent.map_embedding(np.eye(3))


# ---- tied weights -----------------------------------------------------------------------------


def test_tied_decoder_is_the_transpose(x):
    parts = DenseAutoencoder(units=(8, 3), tied=True).build((5,), seed=1)
    z = forward(parts.encoder, x)
    (first, _), (last, _) = (layer.get_weights() for layer in dense_layers(parts.encoder))
    expected = np.maximum(z @ last.T, 0) @ first.T
    np.testing.assert_allclose(forward(parts.model, x), expected, atol=1e-5)
    untied = DenseAutoencoder(units=(8, 3)).build((5,), seed=1)
    assert untied.model.count_params() - parts.model.count_params() == first.size + last.size
    assert not parts.has_linear_embedding

import json
import math
import os
import subprocess
import sys

import keras
import numpy as np
import pytest

import dec
from dec import ClusteringLayer

CENTERS = np.float32([[0, 0], [1, 0], [0, 2]])


def numpy_q(z, centers, alpha=1.0):
    squared = ((np.float64(z)[:, None] - np.float64(centers)) ** 2).sum(axis=2)
    kernel = (1 + squared / alpha) ** (-(alpha + 1) / 2)
    return kernel / kernel.sum(axis=1, keepdims=True)


def as_numpy(tensor):
    return keras.ops.convert_to_numpy(tensor)


@pytest.fixture
def z():
    return np.random.default_rng(0).normal(size=(20, 2)).astype("float32")


@pytest.fixture
def policy():
    """Sets Keras's global dtype policy for one test."""
    before = keras.config.dtype_policy()
    yield keras.config.set_dtype_policy
    keras.config.set_dtype_policy(before)


def test_numbers_by_hand():
    q = as_numpy(ClusteringLayer(3, centers=CENTERS)(np.zeros((1, 2), "float32")))
    np.testing.assert_allclose(q, [[0.588235, 0.294118, 0.117647]], atol=1e-6)


@pytest.mark.parametrize("alpha", [0.5, 1.0, 4.0])
def test_equals_numpy(z, alpha):
    q = as_numpy(ClusteringLayer(3, alpha, centers=CENTERS)(z))
    assert q.shape == (20, 3)
    np.testing.assert_allclose(q, numpy_q(z, CENTERS, alpha), rtol=1e-4)
    np.testing.assert_allclose(q.sum(axis=1), 1, rtol=1e-5)


def test_temperature_is_a_unit_of_distance(z):
    """Distances twice as long at T = 4 are the same distances."""
    layer = ClusteringLayer(3, 2.0, centers=2 * CENTERS, temperature=4.0)
    np.testing.assert_allclose(as_numpy(layer(2 * z)), numpy_q(z, CENTERS, 2.0), rtol=1e-4)
    again = ClusteringLayer.from_config(layer.get_config())
    assert (again.alpha, again.temperature) == (2.0, 4.0)


def test_infinite_alpha_is_a_gaussian_kernel(z):
    layer = ClusteringLayer(3, math.inf, centers=CENTERS, temperature=0.5)
    kernel = np.exp(-((np.float64(z)[:, None] - CENTERS) ** 2).sum(axis=2))
    expected = kernel / kernel.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(as_numpy(layer(z)), expected, rtol=1e-4)
    assert ClusteringLayer.from_config(json.loads(json.dumps(layer.get_config()))).alpha == math.inf


def test_centers_are_one_trainable_weight(z):
    layer = ClusteringLayer(3, centers=CENTERS.tolist())
    layer(z)
    assert [w.name for w in layer.trainable_weights] == ["centers"]
    assert not layer.non_trainable_weights
    np.testing.assert_array_equal(as_numpy(layer.centers), CENTERS)


def test_random_centers_differ(z):
    layer = ClusteringLayer(7)
    layer(z)
    centers = as_numpy(layer.centers)
    assert centers.shape == (7, 2)
    assert len(np.unique(centers, axis=0)) == 7
    assert abs(centers).max() <= np.sqrt(6 / (7 + 2))  # Glorot


def test_initial_centers_are_a_copy(z):
    centers = CENTERS.copy()
    layer = ClusteringLayer(3, centers=centers)
    centers[:] = 99
    layer(z)
    np.testing.assert_array_equal(as_numpy(layer.centers), CENTERS)


@pytest.mark.parametrize("shape", [(3, 3), (2, 2), (2, 3), (6,)])
def test_refuses_centers_of_another_shape(z, shape):
    with pytest.raises(ValueError, match=r"centers must have shape .* \(3, 2\)") as error:
        ClusteringLayer(3, centers=np.zeros(shape))(z)
    assert str(shape) in str(error.value)


@pytest.mark.parametrize("bad", [0, -1, 2.5, "ten", "3", None, np.nan, np.inf, [3]])
def test_refuses_bad_n_clusters(bad):
    with pytest.raises(ValueError, match=r"n_clusters must be a whole number >= 1") as error:
        ClusteringLayer(bad)
    assert repr(bad) in str(error.value)


@pytest.mark.parametrize("bad", [0, -1.0, np.nan, "one", None, [1.0]])
def test_refuses_bad_alpha(bad):
    with pytest.raises(ValueError, match=r"alpha must be a number > 0") as error:
        ClusteringLayer(3, alpha=bad)
    assert repr(bad) in str(error.value)


@pytest.mark.parametrize("good", [3, 3.0, np.int64(3), np.float32(3)])
def test_whole_numbers_of_any_type_are_taken(good):
    layer = ClusteringLayer(good, alpha=np.float32(2))
    assert (layer.n_clusters, layer.alpha) == (3, 2.0)
    json.dumps(layer.get_config())


@pytest.mark.parametrize("shape", [(4,), (4, 5, 2)])
def test_refuses_inputs_that_are_not_rows(shape):
    with pytest.raises(ValueError, match="ndim"):
        ClusteringLayer(3)(np.zeros(shape, "float32"))


def test_output_shape():
    assert ClusteringLayer(3).compute_output_shape((None, 2)) == (None, 3)
    assert ClusteringLayer(3).compute_output_shape((8, 2)) == (8, 3)
    symbolic = ClusteringLayer(3)(keras.Input((2,)))
    assert symbolic.shape == (None, 3)
    assert symbolic.dtype == "float32"


def test_config_round_trip(z):
    layer = ClusteringLayer(3, alpha=2.5, centers=CENTERS, name="head")
    config = json.loads(json.dumps(layer.get_config()))
    assert config["alpha"] == 2.5
    assert config["n_clusters"] == 3
    assert "centers" not in config  # a weight by now
    twin = ClusteringLayer.from_config(config)
    twin.build((None, 2))
    twin.centers.assign(CENTERS)
    layer(z)
    assert twin.name == "head"
    assert twin.get_config() == layer.get_config()
    np.testing.assert_array_equal(as_numpy(twin(z)), as_numpy(layer(z)))


def test_is_registered():
    assert keras.saving.get_registered_name(ClusteringLayer) == "dec>ClusteringLayer"
    assert keras.saving.get_registered_object("dec>ClusteringLayer") is dec.ClusteringLayer


def head_on_dense(z, **kwargs):
    inputs = keras.Input((2,))
    h = keras.layers.Dense(2, kernel_initializer=keras.initializers.GlorotUniform(seed=1))(inputs)
    return keras.Model(inputs, ClusteringLayer(3, name="head", **kwargs)(h))


LOAD = """
import sys
import keras, numpy as np
import dec
model = keras.models.load_model(sys.argv[1])
head = model.get_layer("head")
np.savez(sys.argv[3], q=model.predict(np.load(sys.argv[2]), verbose=0), alpha=head.alpha,
         centers=keras.ops.convert_to_numpy(head.centers), dtype=head.compute_dtype)
"""


def test_keras_file_in_a_new_process(tmp_path, z):
    model = head_on_dense(z, alpha=2.5, centers=CENTERS)
    model.get_layer("head").centers.assign(CENTERS + 0.25)
    model.save(tmp_path / "model.keras")
    np.save(tmp_path / "z.npy", z)
    paths = [str(tmp_path / name) for name in ("model.keras", "z.npy", "loaded.npz")]
    env = {**os.environ, "KERAS_BACKEND": keras.backend.backend(), "CUDA_VISIBLE_DEVICES": "-1"}
    subprocess.run([sys.executable, "-c", LOAD, *paths], check=True, env=env)
    loaded = np.load(paths[-1])
    assert loaded["alpha"] == 2.5
    assert loaded["dtype"] == "float32"
    np.testing.assert_array_equal(loaded["centers"], CENTERS + 0.25)
    np.testing.assert_allclose(loaded["q"], model.predict(z, verbose=0), atol=1e-6)


def test_trains_under_plain_keras_fit(z):
    model = head_on_dense(z, centers=CENTERS)
    p = dec.targets.squared(model.predict(z, verbose=0))
    before = [w.copy() for w in model.get_weights()]
    model.compile(optimizer=keras.optimizers.SGD(0.5), loss="kl_divergence")
    loss = model.fit(z, p, batch_size=20, epochs=10, verbose=0).history["loss"]
    assert (np.diff(loss) < 0).all()
    assert all(abs(a - b).max() > 1e-4 for a, b in zip(before, model.get_weights(), strict=True))


def test_frozen_centers_stay(z):
    model = head_on_dense(z, centers=CENTERS)
    model.get_layer("head").trainable = False
    model.compile(optimizer=keras.optimizers.SGD(0.5), loss="kl_divergence")
    model.fit(z, np.eye(3, dtype="float32")[np.arange(20) % 3], epochs=1, verbose=0)
    np.testing.assert_array_equal(as_numpy(model.get_layer("head").centers), CENTERS)


def test_in_a_sequential_model(z):
    model = keras.Sequential([keras.Input((2,)), ClusteringLayer(3, centers=CENTERS)])
    np.testing.assert_allclose(model.predict(z, verbose=0), numpy_q(z, CENTERS), rtol=1e-4)
    late = keras.Sequential([keras.layers.Dense(4), ClusteringLayer(5)])  # built at first use
    assert as_numpy(late(z)).shape == (20, 5)


@pytest.mark.parametrize("name", ["mixed_bfloat16", "mixed_float16"])
def test_is_float32_inside_a_mixed_model(policy, name, z):
    policy(name)
    half = keras.layers.Dense(2)
    layer = ClusteringLayer(3, centers=CENTERS + np.float32(1 / 3))
    inputs = keras.Input((2,))
    model = keras.Model(inputs, [half(inputs), layer(half.output)])
    assert half.compute_dtype == name.removeprefix("mixed_")
    h, q = (as_numpy(t) for t in model(z))
    assert h.dtype != np.float32
    assert q.dtype == np.float32
    assert layer.centers.dtype == "float32"
    # 1 / 3 + CENTERS would be rounded in 8 or 11 bits, and so would the distances.
    expected = numpy_q(h.astype("float32"), CENTERS + np.float32(1 / 3))
    np.testing.assert_allclose(q, expected, rtol=1e-5)


def test_another_dtype_may_be_asked_for(z):
    layer = ClusteringLayer(3, centers=CENTERS, dtype="float64")
    q = as_numpy(layer(z.astype("float64")))
    assert q.dtype == np.float64
    np.testing.assert_allclose(q, numpy_q(z, CENTERS), rtol=1e-12)

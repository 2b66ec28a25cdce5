"""Small files to save and load: sound ones of this library and of old Keras."""

import h5py
import numpy as np
import pytest

from dec.saving import write_arrays


@pytest.fixture
def arrays():
    """Three arrays as an estimator might save them."""
    rng = np.random.default_rng(0)
    return {
        "model/dense/kernel": rng.normal(size=(5, 3)).astype("float32"),
        "model/dense/bias": np.zeros(3, "float32"),
        "labels": np.arange(7),
    }


@pytest.fixture
def header():
    """A header as an estimator might save it."""
    return {"class": "DEC", "params": {"n_clusters": 3}, "history": [{"loss": 0.1}, {"loss": 0.2}]}


@pytest.fixture
def model_file(tmp_path, arrays, header):
    """Path of a sound file of the library."""
    path = tmp_path / "model.dec.h5"
    write_arrays(path, arrays, header)
    return path


@pytest.fixture
def dense_layers():
    """Layers of an autoencoder 5-4-2-4-5 with 3 clusters: {layer: {weight: array}}."""
    rng = np.random.default_rng(1)

    def dense(n_in, n_out):
        return {
            "kernel": rng.normal(size=(n_in, n_out)).astype("float32"),
            "bias": rng.normal(size=n_out).astype("float32"),
        }

    return {
        "input": {},
        "encoder_0": dense(5, 4),
        "encoder_1": dense(4, 2),
        "decoder_1": dense(2, 4),
        "decoder_0": dense(4, 5),
        "clustering": {"clusters": rng.normal(size=(3, 2)).astype("float32")},
    }


@pytest.fixture
def write_keras(tmp_path):
    """Return a function that writes layers in the HDF5 layout of Keras 2."""

    def write(layers, *, inside=None, suffix="", version=b"2.3.1"):
        """`inside`: the group of a whole saved model; `suffix`: "_1" if Keras saw the name before.

        Like Keras it passes byte strings to h5py: one becomes a text of variable length, a list
        of them fixed-length texts in h5py 2 and variable-length ones in h5py 3.
        """
        path = tmp_path / "old_keras.h5"
        with h5py.File(path, "w") as file:
            root = file.create_group(inside) if inside else file
            root.attrs["layer_names"] = [layer.encode() for layer in layers]
            root.attrs["backend"] = b"tensorflow"
            root.attrs["keras_version"] = version
            for layer, weights in layers.items():
                group = root.create_group(layer)
                paths = {kind: f"{layer}{suffix}/{kind}:0" for kind in weights}
                group.attrs["weight_names"] = [name.encode() for name in paths.values()]
                for kind, array in weights.items():
                    group[paths[kind]] = array
        return path

    return write

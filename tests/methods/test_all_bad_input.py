"""What every method refuses."""

import keras
import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from dec import ConvAutoencoder


def last_is_nan(x):
    x = x.copy()
    x[-1, -1] = np.nan
    return x


class Batches:
    """A stream of two batches."""

    def __init__(self, x, numbers):
        self.halves = [slice(len(x) // 2), slice(len(x) // 2, None)]
        self.x, self.numbers = x, numbers

    def __iter__(self):
        for half in self.halves:
            yield self.x[half] if self.numbers is None else (self.x[half], self.numbers[half])


#: X of each kind from good ones, and what the message says.
BAD_X = {
    "nan": (lambda x: np.where(np.arange(12) == 3, np.nan, x), "X contains NaN"),
    "infinity": (lambda x: np.where(np.arange(12) == 3, np.inf, x), "X contains infinity"),
    "too large for float32": (lambda x: x.astype(float) * 1e300, "infinity|too large"),
    "no samples": (lambda x: x[:0], r"0 sample\(s\)"),
    "one sample": (lambda x: x[:1], r"1 sample"),
    "no features": (lambda x: x[:, :0], r"0 feature\(s\)"),
    "0-D": (lambda x: np.float32(1), "array"),
    "1-D": (lambda x: x[:, 0], "array"),
    "3-D": (lambda x: x[:, :, None], "array with dim 3|X must have 2 dimensions"),
    "None": (lambda x: None, "array|None"),
    "a string": (lambda x: "data.csv", "array|string"),
    "ragged": (lambda x: [[1.0, 2.0], [3.0]] * 20, "inhomogeneous|X must be"),
    "object": (lambda x: np.array([["a"] * 12] * 40, dtype=object), "could not convert"),
    "complex": (lambda x: x.astype(complex), "Complex data"),
    "data frame with a gap": (lambda x: pd.DataFrame(last_is_nan(x)), "X contains NaN"),
    "sparse nan": (lambda x: scipy.sparse.csr_array(last_is_nan(x)), "X contains NaN"),
    "sparse complex": (lambda x: scipy.sparse.csr_array(x.astype(complex)), "Complex data"),
    "fewer rows than clusters": (lambda x: x[:3], "n_clusters must be at most"),
    "fewer distinct rows than clusters": (
        lambda x: np.tile(x[:3], (20, 1)), "n_clusters must be at most"
    ),
    "stream without numbers": (lambda x: Batches(x, None), "X must"),
    "stream with a row twice": (
        lambda x: Batches(x, np.r_[np.arange(159), 3]), "X must|twice|once"
    ),
    "stream with a gap": (lambda x: Batches(x, np.r_[np.arange(159), 160]), "X must|missing"),
    "stream numbered from -1": (lambda x: Batches(x, np.arange(-1, 159)), "X must number"),
    "stream with a late nan": (lambda x: Batches(last_is_nan(x), np.arange(160)), "NaN"),
}  # fmt: skip


def refused(model, X, errors, match, tmp_path, monkeypatch):
    """Before anything is trained or written."""
    monkeypatch.chdir(tmp_path)
    model.set_params(checkpoint_dir=tmp_path / "run")
    with pytest.raises(errors, match=match), np.errstate(over="ignore", invalid="ignore"):
        model.fit(X)
    assert not hasattr(model, "encoder_")
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("kind", BAD_X)
def test_bad_x_is_refused(method, blobs, kind, tmp_path, monkeypatch):
    make, match = BAD_X[kind]
    errors = (ValueError, TypeError)
    refused(clone(method), make(blobs[0]), errors, match, tmp_path, monkeypatch)


def test_nan_in_the_last_block_of_a_file_is_refused(method, blobs, tmp_path):
    x = np.lib.format.open_memmap(tmp_path / "x.npy", "w+", np.float32, (160, 12))
    x[:] = last_is_nan(blobs[0])
    model = clone(method)
    with pytest.raises(ValueError, match="X contains NaN"):
        model.fit(x)
    assert not hasattr(model, "encoder_")


BAD_PARAMETERS = [
    ("n_clusters", 1, ValueError),
    ("n_clusters", 0, ValueError),
    ("n_clusters", -3, ValueError),
    ("n_clusters", 161, ValueError),
    ("n_clusters", 2.5, TypeError),
    ("n_clusters", "ten", TypeError),
    ("n_clusters", True, TypeError),
    ("network", "dense", TypeError),
    ("network", ConvAutoencoder(), ValueError),
    ("pretraining", "layer-wise", ValueError),
    ("pretraining", 7, TypeError),
    ("n_init", 0, ValueError),
    ("n_init", 1.5, TypeError),
    ("sphere", "yes", TypeError),
    ("batch_size", 0, ValueError),
    ("batch_size", 25.6, TypeError),
    ("update_interval", 0, ValueError),
    ("update_interval", 1.5, TypeError),
    ("tol", -0.1, ValueError),
    ("tol", 1.5, ValueError),
    ("tol", np.nan, ValueError),
    ("tol", "small", ValueError),
    ("max_iter", -1, ValueError),
    ("max_iter", "many", TypeError),
    ("keep", "first", ValueError),
    ("empty", "drop", ValueError),
    ("precision", "float8", ValueError),
    ("precision", 32, ValueError),
    ("optimizer", "no such optimizer", ValueError),
    ("optimizer", 0.01, ValueError),
    ("optimizer", keras.optimizers.SGD(use_ema=True), ValueError),
    ("init", "spectral", ValueError),
    ("augmentation", "shift", TypeError),
    ("random_state", "seed", ValueError),
    ("random_state", -1, ValueError),
    ("verbose", "loud", TypeError),
    ("checkpoint_dir", 7, TypeError),
    ("scratch_dir", 7, TypeError),
]


@pytest.mark.parametrize(("name", "value", "error"), BAD_PARAMETERS)
def test_bad_parameter_is_refused(method, blobs, name, value, error, tmp_path, monkeypatch):
    match = "X must" if isinstance(value, ConvAutoencoder) else name
    model = clone(method)
    if name == "checkpoint_dir":
        with pytest.raises(error, match=name):
            model.set_params(checkpoint_dir=value).fit(blobs[0])
    else:
        model.set_params(**{name: value})
        refused(model, blobs[0], error, match, tmp_path, monkeypatch)


def test_y_of_another_length_is_refused(method, blobs):
    x, y = blobs
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        clone(method).fit(x, y[:-1])


def test_other_features_at_predict_are_refused(fitted, blobs):
    with pytest.raises(ValueError, match=r"X has 11 features, but .* is expecting 12"):
        fitted.predict(blobs[0][:, :11])


@pytest.mark.parametrize("call", ["predict", "predict_proba", "transform"])
def test_not_fitted(method, blobs, call):
    if hasattr(method, call):
        with pytest.raises(NotFittedError):
            getattr(clone(method), call)(blobs[0])


def test_not_fitted_is_not_saved(method, tmp_path):
    with pytest.raises(NotFittedError):
        clone(method).save(tmp_path / "model.h5")
    assert not any(tmp_path.iterdir())

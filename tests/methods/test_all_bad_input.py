"""What every method refuses."""

import keras
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

BAD_X = {
    "nan": lambda x: np.where(np.arange(12) == 3, np.nan, x),
    "infinity": lambda x: np.where(np.arange(12) == 3, np.inf, x),
    "empty": lambda x: x[:0],
    "one sample": lambda x: x[:1],
    "1-D": lambda x: x[:, 0],
    "3-D": lambda x: x[:, :, None],
    "object": lambda x: np.array([["a"] * 12] * 40, dtype=object),
    "complex": lambda x: x.astype(complex),
    "fewer rows than clusters": lambda x: x[:3],
    "fewer distinct rows than clusters": lambda x: np.tile(x[:3], (20, 1)),
}


@pytest.mark.parametrize("kind", BAD_X)
def test_bad_x_is_refused(method, blobs, kind):
    model = clone(method)
    with pytest.raises((ValueError, TypeError)) as error:
        model.fit(BAD_X[kind](blobs[0]))
    assert any(
        word in str(error.value)
        for word in ("X", "array", "n_clusters", "Complex", "could not convert")
    )
    assert not hasattr(model, "encoder_")  # nothing was trained


BAD_PARAMETERS = [
    ("n_clusters", 1, ValueError),
    ("n_clusters", 2.5, TypeError),
    ("n_clusters", 161, ValueError),
    ("network", "dense", TypeError),
    ("pretraining", "layer-wise", ValueError),
    ("pretraining", 7, TypeError),
    ("n_init", 0, ValueError),
    ("sphere", "yes", TypeError),
    ("batch_size", 0, ValueError),
    ("update_interval", 0, ValueError),
    ("tol", -0.1, ValueError),
    ("tol", 1.5, ValueError),
    ("tol", "small", ValueError),
    ("max_iter", -1, ValueError),
    ("precision", "float8", ValueError),
    ("optimizer", "no such optimizer", ValueError),
    ("optimizer", keras.optimizers.SGD(use_ema=True), ValueError),
    ("init", "spectral", ValueError),
    ("augmentation", "shift", TypeError),
]


@pytest.mark.parametrize(("name", "value", "error"), BAD_PARAMETERS)
def test_bad_parameter_is_refused(method, blobs, name, value, error):
    model = clone(method).set_params(**{name: value})
    with pytest.raises(error, match=name):
        model.fit(blobs[0])
    assert not hasattr(model, "encoder_")


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

"""What a backend does faster gives the numbers of the plain way."""

import gc
import weakref

import keras
import numpy as np
import pytest

from dec import DEC, _tensorflow, datasets
from dec.training import evaluation
from dec.training.sources import Rows


@pytest.fixture
def model():
    inputs = keras.Input((3,))
    hidden = keras.layers.Dense(4, "relu")(inputs)
    return keras.Model(inputs, [hidden, keras.layers.Dense(2)(hidden)])


@pytest.mark.parametrize("n", [1, 6, 7, 8, 50])
@pytest.mark.parametrize("dtype", [np.float32, np.uint8])
def test_the_numbers_of_the_plain_way(model, monkeypatch, n, dtype):
    monkeypatch.setattr(evaluation, "BLOCK", 7)
    rows = np.random.default_rng(0).integers(0, 9, size=(n, 3)).astype(dtype)
    found = evaluation.outputs(model, rows)
    monkeypatch.setattr(_tensorflow, "AVAILABLE", False)
    plain = evaluation.outputs(model, rows)
    for output, expected in zip(found, plain, strict=True):
        assert output.dtype == np.float32
        np.testing.assert_allclose(output, expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(plain[1], model.predict(rows, verbose=0)[1], rtol=1e-5, atol=1e-6)


def test_new_weights_count_at_once(model):
    rows = np.ones((5, 3), np.float32)
    evaluation.outputs(model, rows)
    model.set_weights([2 * weight for weight in model.get_weights()])
    np.testing.assert_allclose(
        evaluation.outputs(model, rows)[1], model.predict(rows, verbose=0)[1], rtol=1e-5
    )


def test_a_model_that_is_not_used_any_more_is_let_go():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2)])
    evaluation.outputs(model, np.ones((3, 2), np.float32))
    gone = weakref.ref(model)
    del model
    gc.collect()
    assert gone() is None


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="has no fast path")
def test_a_run_on_the_fast_path_and_one_on_the_plain_way_agree(quick, monkeypatch):
    x = datasets.load("digits").x
    settings = {**quick, "batch_size": 256, "max_iter": 100, "tol": 0.0}
    fast = DEC(10, **settings).fit(x)
    monkeypatch.setattr(_tensorflow, "AVAILABLE", False)
    monkeypatch.setattr(Rows, "resident", None)
    plain = DEC(10, **settings).fit(x)
    assert np.mean(plain.labels_ == fast.labels_) >= 0.999
    np.testing.assert_allclose(plain.transform(x), fast.transform(x), atol=1e-3)

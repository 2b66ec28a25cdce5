import keras
import numpy as np
import pytest

from dec.training import evaluation, sources
from dec.training import rows as rows_of
from dec.training.optimizers import MomentumSGD
from dec.training.rows import RowModel, _per_call, finite, fit, forward
from dec.training.sources import as_source


class Targets(RowModel):
    """Its loss is the first entry of the targets that arrived."""

    def __init__(self, X):
        super().__init__(X, {"target": 1.0})
        self.weight = self.add_weight(shape=(), name="w")
        self.targets = np.zeros((X.shape[0], 2), "float32")

    def loss_terms(self, x, batch, training):
        return {"target": batch["target"][:, 0] + 0.0 * self.weight}


class Renew(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.begun = self.ended = 0

    def on_train_begin(self, logs=None):
        self.begun += 1

    def on_epoch_end(self, epoch, logs=None):
        self.model.targets = np.full_like(self.model.targets, epoch + 1)

    def on_train_end(self, logs=None):
        self.ended += 1


@pytest.mark.parametrize("steps", [1, 3, 151])
def test_no_step_sees_targets_of_another_epoch(steps):
    """Keras reads batches ahead, across the ends of epochs too."""
    x = np.zeros((20, 3), "float32")
    watch = Renew()
    history = fit(Targets(x), x, MomentumSGD(0.0), 8, steps, epochs=5, seed=0, callbacks=[watch])
    np.testing.assert_array_equal(history["target"], np.arange(5))
    assert (watch.begun, watch.ended) == (1, 1)


def test_rows_in_memory_and_on_disk_train_alike(tmp_path):
    x = np.random.default_rng(0).normal(size=(40, 3)).astype("float32")
    np.save(tmp_path / "x.npy", x)

    class Mean(RowModel):
        def __init__(self, X):
            super().__init__(X, {"error": 1.0})
            self.mean = self.add_weight(shape=(3,), initializer="zeros", name="mean")

        def loss_terms(self, x, batch, training):
            return {"error": keras.ops.sum((x - self.mean) ** 2, axis=1)}

    means = []
    for rows in (x, np.load(tmp_path / "x.npy", mmap_mode="r")):
        model = Mean(rows)
        fit(model, rows, MomentumSGD(0.05), 8, steps=5, epochs=8, seed=0)
        means.append(np.asarray(model.mean))
    np.testing.assert_allclose(means[0], x.mean(axis=0), atol=0.3)
    np.testing.assert_array_equal(*means)


def test_forward_puts_rows_in_their_places(monkeypatch):
    monkeypatch.setattr(rows_of, "WINDOW_BYTES", 7 * 12)
    monkeypatch.setattr(evaluation, "BLOCK", 1)
    x = np.random.default_rng(0).normal(size=(20, 3)).astype("float32")
    inputs = keras.Input((3,))
    model = keras.Model(inputs, keras.layers.Rescaling(2.0)(inputs))
    np.testing.assert_array_equal(forward(model, x), 2 * x)
    shuffled = [(x[i::3], np.arange(20)[i::3]) for i in (2, 0, 1)]

    class Shuffled:
        def __iter__(self):
            return iter(shuffled)

    np.testing.assert_array_equal(forward(model, sources.Stream(Shuffled())), 2 * x)
    assert forward(model, as_source(x)).dtype == np.float32


@pytest.mark.parametrize("units", [2, 50])
def test_forward_looks_at_few_rows_and_at_few_outputs_together(units, monkeypatch):
    monkeypatch.setattr(rows_of, "WINDOW_BYTES", 1000)
    monkeypatch.setattr(evaluation, "BLOCK", 1)
    lengths, outputs = [], evaluation.outputs

    def watched(model, rows):
        lengths.append(len(rows))
        return outputs(model, rows)

    monkeypatch.setattr(evaluation, "outputs", watched)
    x = np.zeros((60, 10), "float32")  # 40 bytes a row
    model = keras.Sequential([keras.Input((10,)), keras.layers.Dense(units)])
    assert forward(model, x).shape == (60, units)
    assert lengths == ([25, 25, 10] if units == 2 else [5] * 12)


def test_finite():
    x = np.float32([[1e38, 3e38], [3e38, 3e38]])  # the sum is finite in float64
    assert finite(x, as_source(x)) is x
    for bad in (np.nan, np.inf):
        with pytest.raises(FloatingPointError):
            finite(np.float32([[1.0, bad]]), as_source(x))


@pytest.mark.parametrize(
    ("steps", "calls"), [(1, 1), (140, 140), (274, 137), (157, 1), (1000, 125)]
)
def test_steps_a_call_divide_the_steps(steps, calls):
    assert _per_call(steps) == calls

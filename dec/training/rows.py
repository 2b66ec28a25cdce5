"""Rows of a data set on their way to the device: the whole of what training knows about storage."""

from __future__ import annotations

import keras
import numpy as np
import scipy.sparse


def dense_rows(X, rows) -> np.ndarray:
    """``X[rows]`` as a dense array; a sparse matrix is densified here, and only here."""
    block = X[rows]
    return block.toarray() if scipy.sparse.issparse(block) else block


def forward(model: keras.Model, X, batch_size: int = 4096) -> np.ndarray:
    """``model`` over all rows of ``X`` in large batches: (n, ...) -> (n, ...), float32.

    Large batches, because a forward pass has no optimizer to wait for; the largest keep the
    matrix units busy and the Python loop short.
    """
    n = X.shape[0]
    blocks = (dense_rows(X, slice(i, i + batch_size)) for i in range(0, n, batch_size))
    return np.concatenate([np.asarray(model.predict_on_batch(block)) for block in blocks])


def finite(outputs: np.ndarray) -> np.ndarray:
    """``outputs`` itself, or FloatingPointError if there is a NaN or infinity in it."""
    if not np.isfinite(outputs).all():
        raise FloatingPointError("the model's outputs are not finite any more.")
    return outputs


class ShuffledRows(keras.utils.PyDataset):
    """Batches of row numbers: one permutation of the data set after the other, without end.

    A batch that reaches the end of a permutation goes on in the next, so every batch has the same
    size, none is empty and none is dropped, whatever n, and an epoch may have any number of steps.
    A batch is a pure function of the seed and its number, so it does not matter who asks for it
    when: Keras reads ahead, across the ends of epochs too.

    Parameters
    ----------
    X
        The data set, (n, ...); only its length is used when ``resident``.
    batch_size
        Rows a batch; a data set smaller than that is one batch.
    seed
        Seed of all permutations.
    resident
        True when the model holds the data and needs the numbers only; False to send the
        rows along, as for sparse matrices.
    """

    def __init__(self, X, batch_size: int, seed: int, resident: bool):
        super().__init__()
        self.X, self.n = X, X.shape[0]
        self.batch_size = min(batch_size, self.n)
        self.seed, self.resident = seed, resident
        self._permutations: dict[int, np.ndarray] = {}

    @property
    def num_batches(self):
        return None  # without end: ``fit`` is told how many steps make an epoch

    def __getitem__(self, number):
        first, offset = divmod(number * self.batch_size, self.n)
        index = self._permutation(first)[offset : offset + self.batch_size]
        if len(index) < self.batch_size:
            rest = self._permutation(first + 1)[: self.batch_size - len(index)]
            index = np.concatenate([index, rest])
        batch = {"index": index}
        if not self.resident:
            batch["x"] = dense_rows(self.X, index)
        return (batch,)

    def _permutation(self, number: int) -> np.ndarray:
        if number not in self._permutations:
            for old in [k for k in self._permutations if k < number - 1]:
                del self._permutations[old]
            generator = np.random.default_rng([self.seed, number])
            self._permutations[number] = generator.permutation(self.n).astype("int32")
        return self._permutations[number]


class RowModel(keras.Model):
    """A model trained on rows of one data set, picked by number; a loss is a dict of named terms.

    The data lie once on the device in their own dtype (uint8 stays uint8) and batches are gathered
    there: the host sends ``batch_size`` integers a step. Data that should not or cannot lie there
    (sparse matrices) arrive with the batch instead.

    A subclass writes ``loss_terms``. Only ``compute_loss`` is overridden, not ``train_step``, so
    Keras's own ``fit`` trains it on every backend.

    Parameters
    ----------
    X
        The data set, (n, ...), dense; or sparse, and then it is not stored.
    weights
        Factor of each loss term in the total, ``{name: weight}``.
    augment : keras.layers.Layer, optional
        Random changes of the rows that are trained on.
    """

    def __init__(self, X, weights: dict[str, float], augment=None, **kwargs):
        super().__init__(dtype="float32", **kwargs)
        self.augment = augment
        self.resident = not scipy.sparse.issparse(X)
        self.rows = (
            keras.Variable(X, dtype=str(X.dtype), trainable=False, name="rows")
            if self.resident
            else None
        )
        self.loss_weights = dict(weights)
        self.means = {name: keras.metrics.Mean(name=name) for name in weights}

    def loss_terms(self, x, index, training):
        """Loss of each sample by term: rows (batch, ...), numbers (batch,) -> {name: (batch,)}."""
        raise NotImplementedError

    def call(self, inputs, training=None):
        index = inputs["index"]
        x = keras.ops.take(self.rows, index, axis=0) if self.resident else inputs["x"]
        if self.augment is not None:
            x = self.augment(x, training=training)
        return self.loss_terms(x, index, training)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        total = 0.0
        for name, weight in self.loss_weights.items():
            mean = keras.ops.mean(y_pred[name])
            self.means[name].update_state(mean)
            total = total + weight * mean
        return total


def fit(trainer, X, optimizer, batch_size, steps, epochs, seed, callbacks=(), verbose=0):
    """Keras's ``fit`` of a ``RowModel`` over shuffled batches of ``X``."""
    backend = keras.backend.backend()
    # Now, or TensorFlow traces the step twice: once to find that slots are missing, once with them.
    optimizer.build(trainer.trainable_variables)
    trainer.compile(
        optimizer=optimizer,
        # TensorFlow loops inside one graph; JAX would unroll the steps and PyTorch takes only 1.
        steps_per_execution=_per_call(steps) if backend == "tensorflow" else 1,
        jit_compile=backend == "jax",  # op by op, JAX is ten times slower
    )
    return trainer.fit(
        ShuffledRows(X, batch_size, seed, resident=trainer.resident),
        shuffle=False,  # the rows are shuffled already
        epochs=epochs,
        steps_per_epoch=steps,
        callbacks=list(callbacks),
        verbose=verbose,
    )


def _per_call(steps: int, most: int = 150) -> int:
    """Steps a compiled call: the largest divisor of ``steps`` up to ``most``."""
    return max(d for d in range(1, most + 1) if steps % d == 0)

"""Models that are trained on the rows of a source, and the loop that trains them."""

from __future__ import annotations

import itertools
import math
import os
import tempfile
import weakref

import keras
import numpy as np

from dec import _tensorflow
from dec.training import evaluation, workers
from dec.training.progress import Progress
from dec.training.sources import Source, as_source

#: Bytes of the rows, or of their outputs, that a forward pass looks at together.
WINDOW_BYTES = 32 << 20


def forward(model: keras.Model, X, kept=None, folder=None) -> np.ndarray:
    """``model`` over this process's rows of ``X``: (n, ...) -> (n, ...), float32.

    ``kept`` makes of the outputs of some rows what is kept of them, such as their argmax. With a
    ``folder`` the result is a file there, which is gone when the array is, and not in memory.
    """
    source, outputs = as_source(X), None
    row_bytes = source.dtype.itemsize * math.prod(source.shape[1:])
    output_bytes = 4 * math.prod(model.output_shape[1:])
    size = max(WINDOW_BYTES // max(row_bytes, output_bytes), evaluation.BLOCK)
    for numbers, rows in source.blocks(size):
        (block,) = evaluation.outputs(model, rows)
        block = block if kept is None else kept(block)
        if outputs is None:
            outputs = _empty((source.shape[0], *block.shape[1:]), block.dtype, folder)
        outputs[numbers] = block
    return outputs


def _empty(shape, dtype, folder) -> np.ndarray:
    if folder is None:
        return np.empty(shape, dtype)
    with tempfile.TemporaryFile(dir=folder) as file:
        if hasattr(os, "posix_fallocate"):  # or a full disk would kill whoever writes to the map
            os.posix_fallocate(file.fileno(), 0, math.prod(shape) * dtype.itemsize)
        return np.memmap(file, dtype, "w+", shape=shape)


def finite(outputs: np.ndarray, X: Source) -> np.ndarray:
    """``outputs`` of the rows of ``X``; FloatingPointError if any worker's has NaN or infinity."""
    # A sum, so that no second array is made: it is finite only if every entry is, and only a sum
    # that is not can be the fault of its own size.
    sound = np.isfinite(outputs.sum(dtype=np.float64)) or np.isfinite(outputs).all()
    if not X.gather(np.array([sound])).all():
        raise FloatingPointError("the model's outputs are not finite any more.")
    return outputs


class RowModel(keras.Model):
    """A model trained on rows of one data set, picked by number; a loss is a dict of named terms.

    The data lie once on the device in their own dtype (uint8 stays uint8) and batches are gathered
    there: the host sends ``batch_size`` integers a step. Data that should not or cannot lie there
    (sparse matrices, files, streams) arrive with the batch instead.

    A subclass writes ``loss_terms``. Only ``compute_loss`` is overridden, not ``train_step``, so
    Keras's own ``fit`` trains it on every backend.

    Parameters
    ----------
    X
        The data set, (n, ...), or its source, which must be held as long as this is trained.
    weights
        Factor of each loss term in the total, ``{name: weight}``.
    augment : keras.layers.Layer, optional
        Random changes of the rows that are trained on.

    Attributes
    ----------
    targets : array (n, k), float32, or None
        If not None, its rows are sent along as ``target``; it may be replaced between epochs. On
        TensorFlow they go where batches are made, unless they are a memory map.
    """

    def __init__(self, X, weights: dict[str, float], augment=None, **kwargs):
        super().__init__(dtype="float32", **kwargs)
        self.augment = augment
        source = as_source(X)
        self.rows = source.resident
        if source is not X:
            self._source = source  # or its rows would be gone
        self._targets = self._pipeline_targets = None
        self.loss_weights = dict(weights)
        self.means = {name: keras.metrics.Mean(name=name) for name in weights}

    @property
    def targets(self) -> np.ndarray | None:
        if self._targets is None or isinstance(self._targets, np.ndarray):
            return self._targets
        return self._targets.numpy()

    @targets.setter
    def targets(self, targets):
        if self._pipeline_targets is None:
            self._targets = targets
        else:
            self._targets = None if targets is None else self._pipeline_targets
            self._pipeline_targets.assign(targets)

    def to_pipeline(self):
        """TensorFlow: numbers (batch,) -> their targets (batch, k), as they are by then.

        None without targets.
        """
        if self._targets is None:
            return None
        if isinstance(self._targets, np.memmap):
            of = weakref.ref(self)
            return _tensorflow.from_python(lambda numbers: of()._targets[numbers], self._targets)
        if self._pipeline_targets is None:
            self._pipeline_targets = _tensorflow.PipelineTargets(self._targets)
            self._targets = self._pipeline_targets
        return self._pipeline_targets

    def inputs(self, numbers, rows) -> dict:
        """What ``call`` takes: the numbers (batch,) and, unless they are resident, the rows."""
        batch = {"index": numbers}
        if rows is not None:
            batch["x"] = rows
        if self._targets is not None:
            batch["target"] = self._targets[numbers]
        return batch

    def loss_terms(self, x, batch, training):
        """Loss of each sample by term: {name: (batch,)}.

        ``x`` are the rows (batch, ...); ``batch`` has their numbers as ``index`` (batch,) and, if
        there are targets, their rows as ``target`` (batch, k).
        """
        raise NotImplementedError

    def call(self, inputs, training=None):
        x = inputs["x"] if self.rows is None else keras.ops.take(self.rows, inputs["index"], axis=0)
        if self.augment is not None:
            x = self.augment(x, training=training)
        return self.loss_terms(x, inputs, training)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        total = 0.0
        for name, weight in self.loss_weights.items():
            mean = keras.ops.mean(y_pred[name])
            self.means[name].update_state(mean)
            total = total + weight * mean
        return total


@workers.together()
def fit(
    trainer, X, optimizer, batch_size, steps, epochs, seed, callbacks=(), verbose=0, progress=None
):
    """Train a ``RowModel`` on shuffled minibatches of ``X`` with Keras's ``fit``.

    ``progress`` says how many epochs it has behind it; then the first thing is what the callbacks
    do at the end of the last of them.

    Returns
    -------
    The history: logs of every epoch of ``steps`` minibatches, by name.
    """
    if not trainer.compiled or trainer.optimizer is not optimizer:  # else it goes on
        # Slots now, or TensorFlow traces the step twice: to find that they are missing, and again.
        optimizer.build(trainer.trainable_variables)
        if _tensorflow.AVAILABLE:
            _tensorflow.skip_all_reduce(optimizer)
        trainer.compile(
            optimizer=optimizer,
            # TensorFlow loops in one graph; JAX would unroll the steps and PyTorch takes only 1.
            steps_per_execution=_per_call(steps) if _tensorflow.AVAILABLE else 1,
            jit_compile=keras.backend.backend() == "jax",  # op by op, it is ten times slower
        )
    progress = progress or Progress()
    done, logs = progress.resume(trainer, optimizer)
    watching = _OneTraining(
        [progress, *callbacks], add_history=True, add_progbar=verbose != 0, verbose=verbose,
        epochs=epochs, steps=steps, model=trainer,
    )  # fmt: skip
    batches = as_source(X).batches(batch_size, seed, first=done * steps)
    settings = {"steps_per_epoch": steps, "callbacks": watching, "verbose": 0, "shuffle": False}
    trainer.stop_training = False
    watching.begin()  # makes the first targets
    if done:
        watching.on_epoch_begin(done - 1)
        watching.on_epoch_end(done - 1, logs)
    # The targets of an epoch are made at the end of the one before, and Keras reads ahead.
    if trainer.stop_training or done >= epochs:
        pass
    elif _tensorflow.AVAILABLE:
        with _tensorflow.dataset(batches, trainer.to_pipeline()) as dataset:
            trainer.fit(dataset, initial_epoch=done, epochs=epochs, **settings)
    else:
        for epoch in range(done, epochs):
            data = ((trainer.inputs(*batch),) for batch in itertools.islice(batches, steps))
            trainer.fit(data, initial_epoch=epoch, epochs=epoch + 1, **settings)
            if trainer.stop_training:
                break
    return watching.end()


class _OneTraining(keras.callbacks.CallbackList):
    """Callbacks of a training that may take several calls of Keras's ``fit``."""

    def on_train_begin(self, logs=None):
        pass

    def on_train_end(self, logs=None):
        pass

    def begin(self):
        super().on_train_begin({})

    def end(self) -> dict[str, list[float]]:
        super().on_train_end({})
        return self._history.history


def _per_call(steps: int, most: int = 150) -> int:
    """Steps a compiled call: the largest divisor of ``steps`` up to ``most``."""
    return max(d for d in range(1, most + 1) if steps % d == 0)

"""The refresh: assignments of the whole data set, and new targets from them."""

from __future__ import annotations

import keras
import numpy as np

from dec import metrics
from dec.training.rows import forward


class RefreshTargets(keras.callbacks.Callback):
    """Before the first and after every Keras epoch: q of all rows, hard labels, next targets.

    Writes ``changed``, ``live_clusters`` and ``largest_cluster`` into the epoch's logs, where the
    callbacks after this one, the progress bar and ``CSVLogger`` find them, and keeps one record a
    refresh in ``history``.

    Parameters
    ----------
    X : array or sparse matrix, (n, ...)
        The data set, in the order of ``trainer.targets``.
    compute_target : callable
        Q of the whole data set -> P, both (n, k) NumPy arrays.
    period : int
        Iterations between two refreshes; only reported.
    y : array (n,), optional
        Classes, for ACC, NMI and ARI in the logs. Nothing else depends on them.

    Attributes
    ----------
    labels : int64 array, (n,)
        argmax q at the last refresh.
    history : list of dict
    """

    def __init__(self, X, compute_target, period: int, y=None):
        super().__init__()
        self.X, self.compute_target, self.period, self.y = X, compute_target, period, y
        self.labels = None
        self.history: list[dict] = []

    def on_train_begin(self, logs=None):
        self._refresh(0, {})

    def on_epoch_end(self, epoch, logs=None):
        self._refresh((epoch + 1) * self.period, {} if logs is None else logs)

    def _refresh(self, iteration: int, logs: dict):
        q = forward(self.model.model, self.X)
        before, self.labels = self.labels, q.argmax(axis=1)
        sizes = np.bincount(self.labels, minlength=q.shape[1])
        if before is not None:
            logs["changed"] = metrics.changed_labels(before, self.labels)
        logs["live_clusters"] = int(np.count_nonzero(sizes))
        logs["largest_cluster"] = float(sizes.max() / len(q))
        if self.y is not None:
            logs.update(metrics.scores(self.y, self.labels))
        self.history.append({"iteration": iteration, **logs})
        self.model.targets.assign(self.compute_target(q))

"""The refresh: assignments of the whole data set, and what a method recomputes from them."""

from __future__ import annotations

import math

import keras
import numpy as np
from scipy.stats import entropy

from dec import metrics
from dec.training.sources import Source


class RefreshTargets(keras.callbacks.Callback):
    """Before the first and after every Keras epoch: labels of the rows, and the next targets.

    Writes ``changed``, ``live_clusters``, ``largest_cluster``, ``entropy`` and ``silhouette`` into
    the epoch's logs, where the callbacks after this one, the progress bar and ``CSVLogger`` find
    them, and keeps one record a refresh in ``history``. After a loss that is not finite there is no
    refresh: the training ends, with the labels of the refresh before.

    Parameters
    ----------
    refresh : callable
        Trainer, labels of the refresh before or None -> labels of the data set, (n,); it leaves
        the next targets in the trainer. A FloatingPointError ends the training too.
    silhouette : callable
        Labels of the data set -> how well they part its embedding, in [-1, 1].
    X : Source
        The data set; of several workers, each has its own rows, labels and ``y``. The rest of what
        is reported is of all of them.
    n_clusters : int
    period : int
        Iterations between two refreshes; only reported.
    y : array (n,), optional
        Classes, for ACC, NMI and ARI in the logs. Nothing else depends on them.

    Attributes
    ----------
    labels : int64 array, (n,)
        Of the last refresh.
    history : list of dict
    diverged : bool
    """

    def __init__(self, refresh, silhouette, X: Source, n_clusters: int, period: int, y=None):
        super().__init__()
        self.refresh, self.silhouette, self.X = refresh, silhouette, X
        self.n_clusters, self.period, self.y = n_clusters, period, y
        self.labels, self.diverged = None, False
        self.history: list[dict] = []

    def on_train_begin(self, logs=None):
        if self.labels is None:  # else it goes on
            self._refresh(0, {})

    def on_epoch_end(self, epoch, logs=None):
        self._refresh((epoch + 1) * self.period, {} if logs is None else logs)

    def _refresh(self, iteration: int, logs: dict):
        before = self.labels
        try:
            if not all(math.isfinite(value) for value in logs.values()):
                raise FloatingPointError("a loss is not finite.")
            self.labels = self.refresh(self.model, before)
        except FloatingPointError:
            if before is None:
                raise
            self.diverged = self.model.stop_training = True
            logs["changed"] = math.nan  # nothing is known of these weights
            return
        shares = self.X.total(np.bincount(self.labels, minlength=self.n_clusters)) / self.X.n
        if before is not None:
            changed = self.X.total(np.count_nonzero(self.labels != before))
            logs["changed"] = float(changed / self.X.n)
        logs["live_clusters"] = int(np.count_nonzero(shares))
        logs["largest_cluster"] = float(shares.max())
        logs["entropy"] = float(entropy(shares))
        logs["silhouette"] = self.silhouette(self.labels)
        if self.y is not None:
            logs.update(metrics.scores(self.y, self.labels))
        self.history.append({"iteration": iteration, **logs})

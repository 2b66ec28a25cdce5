"""Which state of the weights a self-training ends with."""

from __future__ import annotations

import keras
import numpy as np


class KeepState(keras.callbacks.Callback):
    """Ends a training with the weights of its last sound refresh, or of its best.

    Stands after ``RefreshTargets`` in the list of callbacks and reads its history. A refresh is not
    sound if something was not finite, if all samples are in one cluster, or if at most half of the
    clusters are left that the training began with; that ends the training, and what it ends with is
    the refresh kept before. If the very first is not sound, there is nothing else to end with, and
    nothing is trained.

    Parameters
    ----------
    refresh : RefreshTargets
    variables : dict of keras.Variable
        What is put back.
    keep : {"last", "best"}
        The last sound refresh, or that of the largest ``silhouette``.
    collapsed : bool
        Whether the first refresh is known not to be sound.

    Attributes
    ----------
    failure : {"non_finite_loss", "collapsed"} or None
    record, labels, weights : dict, array (n,), dict of arrays
        The kept refresh: what the history says of it, the labels and the variables' values.
    """

    def __init__(
        self,
        refresh,
        variables: dict[str, keras.Variable],
        keep: str = "last",
        collapsed: bool = False,
    ):
        super().__init__()
        self.refresh, self.variables, self.keep = refresh, variables, keep
        self.collapsed = collapsed
        self.failure = self.record = self.labels = None
        self.weights: dict[str, np.ndarray] = {}

    def on_train_begin(self, logs=None):
        if self.record is None:  # else it goes on
            self._look()

    def on_epoch_end(self, epoch, logs=None):
        self._look()

    def _look(self):
        if self.refresh.diverged:
            self.failure = "non_finite_loss"
            return
        first, record = self.refresh.history[0], self.refresh.history[-1]
        live = record["live_clusters"]
        if self.collapsed or live == 1 or live <= first["live_clusters"] / 2:
            self.failure = "collapsed"
            self.model.stop_training = True
        if self.record is not None:
            worse = record["silhouette"] < self.record["silhouette"]
            if self.failure or (self.keep == "best" and worse):
                return
        self.record, self.labels = record, self.refresh.labels
        self.weights = {  # copies: of some backends NumPy sees the very memory
            name: np.array(keras.ops.convert_to_numpy(variable))
            for name, variable in self.variables.items()
        }

    def put_back(self):
        """The kept values into the variables."""
        for name, value in self.weights.items():
            self.variables[name].assign(value)

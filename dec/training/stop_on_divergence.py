"""The end of a training that has failed."""

from __future__ import annotations

import math

import keras


class StopOnDivergence(keras.callbacks.Callback):
    """Stop when a loss is not finite or above a limit.

    Parameters
    ----------
    name : str
        Name of the loss in the logs.
    limit : float, default=inf
        Largest value that is still training.

    Attributes
    ----------
    diverged : bool
    """

    def __init__(self, name: str, limit: float = math.inf):
        super().__init__()
        self.name, self.limit = name, limit
        self.diverged = False

    def on_epoch_end(self, epoch, logs=None):
        value = float(logs[self.name])
        if not math.isfinite(value) or value > self.limit:
            self.diverged = self.model.stop_training = True

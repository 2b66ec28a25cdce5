"""The stop rule of DEC."""

from __future__ import annotations

import keras


class StopOnLabelChange(keras.callbacks.Callback):
    """Stop when fewer than ``tol`` of the labels changed since the previous refresh.

    Stands after ``RefreshTargets`` in the list of callbacks and reads its ``changed``.

    Parameters
    ----------
    tol : float
        Share of the samples, in [0, 1]; the paper takes 0.001.

    Attributes
    ----------
    converged : bool
        Whether the rule, and not the end of the epochs, ended the training.
    """

    def __init__(self, tol: float):
        super().__init__()
        self.tol = tol
        self.converged = False

    def on_epoch_end(self, epoch, logs=None):
        if logs["changed"] < self.tol:
            self.converged = True
            self.model.stop_training = True

"""Where a training stands, for those that go on with one that was interrupted."""

from __future__ import annotations

from collections.abc import Callable

import keras


class Progress(keras.callbacks.Callback):
    """Says where a training begins and hears of every epoch first; this one keeps nothing.

    Attributes
    ----------
    place : dict
        Which training of a phase is the next, such as the stage of pretraining; plain JSON.
    report : callable
        -> (arrays by name, JSON) of what the phase has found so far.
    """

    def __init__(self):
        super().__init__()
        self.place: dict = {}
        self.report: Callable = lambda: ({}, {})

    @property
    def begins_at(self) -> tuple[dict, dict, dict]:
        """``place`` where the phase begins, and what was reported there; empty: at its start."""
        return {}, {}, {}

    def resume(self, trainer, optimizer) -> tuple[int, dict]:
        """Epochs that this training has behind it, and the logs of the last of them."""
        return 0, {}

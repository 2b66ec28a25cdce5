"""Outputs of a model for many rows: as Keras has them, and faster where a backend can.

Every way gives the same numbers, up to the rounding of matrix products of other shapes.
"""

from __future__ import annotations

import keras
import numpy as np

from dec import _tensorflow
from dec.training import workers

#: Rows that go through a model together: enough to keep the matrix units busy, few enough for the
#: hidden layers to stay in the caches.
BLOCK = 2048


def outputs(model: keras.Model, rows: np.ndarray) -> list[np.ndarray]:
    """Every output of ``model`` without training, (n, ...), for ``rows`` (n, ...)."""
    if _tensorflow.AVAILABLE:
        return _tensorflow.outputs(model, rows, BLOCK)
    predict = workers.on_one_device if workers.is_distributed() else _by_keras
    blocks = [predict(model, rows[i : i + BLOCK]) for i in range(0, len(rows), BLOCK)]
    return [np.concatenate(parts) for parts in zip(*blocks, strict=True)]


def _by_keras(model, rows):
    return [np.asarray(output) for output in keras.tree.flatten(model.predict_on_batch(rows))]

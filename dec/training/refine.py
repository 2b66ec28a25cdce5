"""Self-training: the model learns from targets made of its own assignments now and then.

One Keras epoch is one refresh period, so the refresh, the stop rule and the report are callbacks
and Keras's own ``fit`` is the loop.
"""

from __future__ import annotations

import keras
from keras import ops

from dec.training.rows import RowModel


class SelfTraining(RowModel):
    """A clustering loss against targets that lie beside the data, one row a sample.

    Parameters
    ----------
    X : array or sparse matrix, (n, ...)
        The data set.
    model : keras.Model
        Rows -> q, (batch, k).
    loss : callable
        L_C of each sample, (p, q) -> (batch,).

    Attributes
    ----------
    targets : keras.Variable, (n, k)
        P of the whole data set: constant for the gradient, replaced at each refresh.
    """

    def __init__(self, X, model: keras.Model, loss):
        super().__init__(X, weights={"clustering_loss": 1.0}, name="self_training")
        self.model = model
        self.clustering_loss = loss
        shape = (X.shape[0], model.output_shape[-1])
        self.targets = keras.Variable(
            ops.zeros(shape), dtype="float32", trainable=False, name="targets"
        )

    def loss_terms(self, x, index, training):
        p = ops.take(self.targets, index, axis=0)
        return {"clustering_loss": self.clustering_loss(p, self.model(x, training=training))}

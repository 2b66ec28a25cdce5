"""Self-training: the model learns from targets made of its own assignments now and then.

One Keras epoch is one refresh period, so the refresh, the stop rule and the report are callbacks
and Keras's own ``fit`` is the loop.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import keras

from dec.networks import Autoencoder
from dec.training.rows import RowModel


class SelfTraining(RowModel):
    """L = w_R L_R + w_C L_C, with targets beside the data, one row a sample.

    Parameters
    ----------
    X : array or sparse matrix, (n, ...)
        The data set.
    parts : Autoencoder
        Its decoder learns only where L_R counts.
    head : sequence of keras.layers.Layer
        z (batch, d_z) -> q (batch, k).
    loss : callable
        L_C of each sample, (p, q) -> (batch,).
    weights : dict
        w_C as ``clustering_loss`` and, if it is not 0, w_R as ``reconstruction_loss``.
    augment : keras.layers.Layer, optional
        Random changes of the rows that are trained on. The targets are of the clean rows.

    Attributes
    ----------
    targets : array (n, k)
        P of the whole data set: constant for the gradient, replaced at each refresh.
    """

    def __init__(
        self,
        X,
        parts: Autoencoder,
        head: Sequence[keras.layers.Layer],
        loss: Callable,
        weights: dict[str, float],
        augment: keras.layers.Layer | None = None,
    ):
        super().__init__(X, weights, augment, name="self_training")
        self.encoder, self.head = parts.encoder, list(head)
        if "reconstruction_loss" in weights:
            self.decoder = parts.decoder
            self.error = parts.reconstruction_loss
        self.loss_of = loss

    def loss_terms(self, x, batch, training):
        z = q = self.encoder(x, training=training)
        for layer in self.head:
            q = layer(q, training=training)
        terms = {"clustering_loss": self.loss_of(batch["target"], q)}
        if "reconstruction_loss" in self.loss_weights:
            terms["reconstruction_loss"] = self.error(x, z, training)
        return terms

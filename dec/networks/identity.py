"""No network at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import keras

from dec.networks.network import Autoencoder, Network


@dataclass(frozen=True)
class Identity(Network):
    """The scaled rows are their own embedding: nothing to train but the clusters.

    >>> Identity().build((20,)).encoder.output_shape
    (None, 20)
    """

    pretraining: ClassVar[None] = None

    def build(
        self, input_shape, *, scale=1.0, initializer=None, precision="float32", seed=0
    ) -> Autoencoder:
        x, z = keras.Input(input_shape, name="x"), keras.Input(input_shape, name="z")
        scaling = keras.layers.Rescaling(scale, dtype="float32", name="scaling")
        same = keras.layers.Identity(dtype="float32")
        return Autoencoder(
            encoder=keras.Model(x, scaling(x), name="encoder"),
            decoder=keras.Model(z, same(z), name="decoder"),
            scaling=scaling,
            stages=[],
        )

"""What every network of this library is: settings that build a Keras autoencoder.

To write a network: a frozen dataclass whose fields are its architecture, and one method, ``build``.
The network owns L_R, everything that is learned with no clusters in mind; methods own L_C. Being
settings and not weights, a network can be compared, printed, cloned and written to JSON, and every
fit builds fresh weights from it.
"""

from __future__ import annotations

import abc
from typing import ClassVar, NamedTuple

import keras
import numpy as np
from keras import ops

from dec.ops import mean_squared_error


class Autoencoder(NamedTuple):
    """The Keras parts that one ``Network.build`` returns; they share their weights.

    ``encoder`` maps raw input rows to the embedding (batch, d_z); it begins with the scaling of the
    data, so that it can be used alone. ``decoder`` maps the embedding to SCALED rows, the space in
    which the reconstruction error is measured. ``scaling`` is the layer that both agree on.
    ``stages`` lists, from the outside in, the (encoding, decoding) layers of each depth, for greedy
    pretraining; empty where a network is trained end to end only. ``levels`` is None where only the
    input is reconstructed; else the models x -> [x, h_1, ...] and z -> [their reconstructions],
    with the weight of each level in the error.
    """

    encoder: keras.Model
    decoder: keras.Model
    scaling: keras.layers.Layer
    stages: list[tuple[keras.layers.Layer, keras.layers.Layer]]
    levels: tuple[keras.Model, keras.Model, tuple[float, ...]] | None = None

    @property
    def model(self) -> keras.Model:
        """Input rows -> reconstruction of the scaled rows."""
        x = self.encoder.input
        return keras.Model(x, self.decoder(self.encoder(x)), name="autoencoder")

    def reconstruction_loss(self, x, z, training=None):
        """L_R of each sample: mean squared error over features, summed over levels: (batch,).

        ``z`` is the embedding of ``x``, noisy or not; what it is compared with is the clean ``x``.
        """
        if self.levels is None:
            return mean_squared_error(self.scaling(x), self.decoder(z, training=training))
        encode, decode, weights = self.levels
        pairs = zip(encode(x, training=False), decode(z, training=training), strict=True)
        return sum(w * mean_squared_error(*pair) for w, pair in zip(weights, pairs, strict=True))

    @property
    def has_linear_embedding(self) -> bool:
        """Whether a linear dense layer gives z and a dense layer takes it."""
        last, first = self._bottleneck
        return (
            isinstance(last, keras.layers.Dense)
            and last.activation is keras.activations.linear
            and isinstance(first, keras.layers.Dense)
        )

    @property
    def _bottleneck(self) -> tuple[keras.layers.Layer, keras.layers.Layer]:
        """The layers on both sides of z."""
        last, (first, *_) = self.encoder.layers[-1], _without_input(self.decoder)
        while isinstance(last, keras.Sequential):
            last = last.layers[-1]
        return last, first

    def map_embedding(self, matrix: np.ndarray) -> None:
        """Replace z by ``z @ matrix``, (d_z, d_z), in both halves: the reconstruction stays."""
        if not self.has_linear_embedding:
            raise ValueError("only a linear embedding between two dense layers can be mapped.")
        last, first = self._bottleneck
        for weight in last.weights:  # kernel (., d_z) and, if there is one, bias (d_z,)
            weight.assign(ops.convert_to_numpy(weight) @ matrix)
        first.kernel.assign(np.linalg.solve(matrix, ops.convert_to_numpy(first.kernel)))


def _without_input(model: keras.Model) -> list[keras.layers.Layer]:
    return [layer for layer in model.layers if not isinstance(layer, keras.layers.InputLayer)]


class Network(abc.ABC):
    """Settings of an autoencoder."""

    #: Number of axes of one sample: 1 for vectors, 3 for images (height, width, channels).
    sample_ndim: ClassVar[int] = 1
    #: Recipe that ``pretraining="auto"`` stands for; None where there is nothing to train.
    pretraining: ClassVar[str | None] = "layerwise"

    @abc.abstractmethod
    def build(
        self,
        input_shape: tuple[int, ...],
        *,
        scale: float = 1.0,
        initializer: str | None = None,
        precision: str = "float32",
        seed: int = 0,
    ) -> Autoencoder:
        """Fresh weights for samples of ``input_shape`` (without the batch axis).

        Parameters
        ----------
        input_shape
            Shape of one sample.
        scale
            Factor applied to raw values before the first layer.
        initializer
            Overrides the network's own kernel initializer (a pretraining recipe may).
        precision
            Keras dtype policy of the hidden layers, such as ``"mixed_bfloat16"``; the
            embedding and the reconstruction error stay float32.
        seed
            Every random weight follows from it.

        Raises
        ------
        ValueError
            Samples of a shape that the network cannot take.
        """

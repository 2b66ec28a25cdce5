"""The convolutional autoencoder of DEPICT, in which every layer is reconstructed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import keras
import numpy as np

from dec.layers import Conv2D, Conv2DTranspose
from dec.networks.initializers import kernel_initializer
from dec.networks.network import Autoencoder, Network
from dec.seeds import spawn_seeds


@dataclass(frozen=True)
class NoisyConvAutoencoder(Network):
    """Two strided convolutions and a tanh embedding, with dropout as the noise of the encoder.

    Ghasedi Dizaji et al. (ICCV 2017): in training the encoder is noisy, and
    its embedding is decoded towards the CLEAN activations of every encoder layer:

    .. code-block:: text

        L_R = sum_l w_l |z^l - zhat^l|^2 / |z^l|,   z^0 = x

    Leaky ReLU (0.01), tanh on embedding and image; the data, scaled to [0, 1], are moved to
    [-1, 1]. Samples are images (height, width, channels) with even sides.

    Attributes
    ----------
    embedding_dim
        Width of the embedding; the paper takes the number of clusters.
    filters, kernels, pads
        Of the two convolutions, each with stride 2. The defaults are for 28 x 28 (maps of 13 and 7)
        and 16 x 16 (7 and 4); the paper has ``pads=(2, 2)`` for 32 x 32.
    dropout
        Rates on the input and after the two convolutions.
    level_weights
        w_l of the image and of the two convolutions; from the authors' code, 1 in the paper.
    stop_gradient_targets
        Whether the clean activations learn nothing from being compared with; in the authors' code
        they do.
    """

    embedding_dim: int = 10
    filters: tuple[int, int] = (50, 50)
    kernels: tuple[int, int] = (4, 5)
    pads: tuple[int, int] = (0, 2)
    dropout: tuple[float, float, float] = (0.1, 0.1, 0.0)
    level_weights: tuple[float, float, float] = (1.0, 0.1, 0.1)
    stop_gradient_targets: bool = False
    initializer: str = "glorot_uniform"

    sample_ndim: ClassVar[int] = 3
    pretraining: ClassVar[str] = "adam"

    def __post_init__(self):
        lengths = {"filters": 2, "kernels": 2, "pads": 2, "dropout": 3, "level_weights": 3}
        for name, length in lengths.items():
            value = tuple(getattr(self, name))
            if len(value) != length or min(value) < 0:
                raise ValueError(f"{name} must be {length} numbers >= 0, got {value!r}.")
            object.__setattr__(self, name, value)
        if self.embedding_dim < 1:
            raise ValueError(f"embedding_dim must be >= 1, got {self.embedding_dim!r}.")
        kernel_initializer(self.initializer, 0)

    def build(
        self, input_shape, *, scale=1.0, initializer=None, precision="float32", seed=0
    ) -> Autoencoder:
        seeds = spawn_seeds(seed, 9)

        def common(name, dtype=precision):
            kernel = kernel_initializer(initializer or self.initializer, seeds.pop())
            return {"kernel_initializer": kernel, "dtype": dtype, "name": name}

        def noise(h, number):
            rate = self.dropout[number]
            return keras.layers.Dropout(rate, seed=seeds.pop(), name=f"noise{number}")(h)

        def leaky(h, name):
            return keras.layers.LeakyReLU(0.01, dtype=precision, name=f"{name}_leaky")(h)

        def conv(h, number):
            filters, size, pad = (x[number - 1] for x in (self.filters, self.kernels, self.pads))
            settings = common(f"conv{number}")
            if pad == size // 2 and size % 2 and h.shape[1] % 2 and h.shape[2] % 2:
                return Conv2D(filters, size, 2, "same", **settings)(h)  # which is this pad, faster
            h = keras.layers.ZeroPadding2D(pad, dtype=precision, name=f"pad{number}")(h)
            return Conv2D(filters, size, 2, **settings)(h)

        def transposed(h, filters, number):
            size, pad = self.kernels[number - 1], self.pads[number - 1]
            settings = common(f"deconv{number}")
            if pad == size // 2 and size % 2:
                return Conv2DTranspose(filters, size, 2, "same", output_padding=0, **settings)(h)
            h = Conv2DTranspose(filters, size, 2, **settings)(h)
            return keras.layers.Cropping2D(pad, dtype=precision, name=f"crop{number}")(h)

        scaling = keras.layers.Rescaling(2 * scale, -1.0, dtype="float32", name="scaling")
        x = keras.Input(input_shape, name="x")
        scaled = scaling(x)
        h1 = leaky(conv(noise(scaled, 0), 1), "conv1")
        h2 = leaky(conv(noise(h1, 1), 2), "conv2")
        flat = keras.layers.Flatten(dtype=precision, name="flatten")(noise(h2, 2))
        z = keras.layers.Dense(
            self.embedding_dim, activation="tanh", **common("embedding", "float32")
        )(flat)

        code = keras.Input((self.embedding_dim,), name="z")
        h = keras.layers.Dense(int(np.prod(h2.shape[1:])), **common("dense"))(code)
        h = keras.layers.Reshape(h2.shape[1:], dtype=precision, name="reshape")(h)
        h2_restored = leaky(h, "dense")
        h1_restored = leaky(transposed(h2_restored, self.filters[0], 2), "deconv2")
        restored = transposed(h1_restored, input_shape[-1], 1)
        restored = keras.layers.Activation("tanh", dtype=precision, name="tanh")(restored)
        if restored.shape[1:] != tuple(input_shape) or h1_restored.shape != h1.shape:
            raise ValueError(
                f"X must be images that the strides fit; kernels={self.kernels} and pads="
                f"{self.pads} turn {tuple(input_shape)} into {tuple(restored.shape[1:])}."
            )
        clean = [scaled, h1, h2]
        if self.stop_gradient_targets:
            clean = [keras.ops.stop_gradient(level) for level in clean]
        return Autoencoder(
            encoder=keras.Model(x, z, name="encoder"),
            decoder=keras.Model(code, restored, name="decoder"),
            scaling=scaling,
            stages=[],
            levels=(
                keras.Model(x, clean),
                keras.Model(code, [restored, h1_restored, h2_restored]),
                self.level_weights,
            ),
        )

"""The convolutional autoencoder of DCEC, and with batch normalization that of DBC."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import keras
import numpy as np

from dec.layers import BatchNormalization, Conv2D, Conv2DTranspose
from dec.networks.initializers import kernel_initializer
from dec.networks.network import Autoencoder, Network
from dec.seeds import spawn_seeds


@dataclass(frozen=True)
class ConvAutoencoder(Network):
    """Three strided convolutions, a linear dense embedding, and the mirror image of both.

    Guo et al. (Deep clustering with convolutional autoencoders, ICONIP 2017): 5 x 5, 5 x 5 and
    3 x 3 kernels with stride 2, so that (28, 28, 1) becomes (14, 14, 32), (7, 7, 64), (3, 3, 128),
    10 and (28, 28, 1) again. Samples are images (height, width, channels). Both sides must be
    multiples of 4, and both or neither of 8: the last convolution is unpadded where 4 is all.

    Attributes
    ----------
    filters
        Channels of the three convolutions.
    embedding_dim
        Width of the embedding.
    batch_norm
        Batch normalization before every ReLU, as in DBC (Li et al., 2018).
    initializer
        Default initializer of the kernels, see ``kernel_initializer``.

    >>> ConvAutoencoder().build((28, 28, 1)).model.output_shape
    (None, 28, 28, 1)
    """

    filters: tuple[int, int, int] = (32, 64, 128)
    embedding_dim: int = 10
    batch_norm: bool = False
    initializer: str = "glorot_uniform"

    sample_ndim: ClassVar[int] = 3
    pretraining: ClassVar[str] = "adam"

    def __post_init__(self):
        object.__setattr__(self, "filters", tuple(int(n) for n in self.filters))
        if len(self.filters) != 3 or min(self.filters) < 1:
            raise ValueError(f"filters must be three whole numbers >= 1, got {self.filters!r}.")
        if self.embedding_dim < 1:
            raise ValueError(f"embedding_dim must be >= 1, got {self.embedding_dim!r}.")
        kernel_initializer(self.initializer, 0)

    def build(
        self, input_shape, *, scale=1.0, initializer=None, precision="float32", seed=0
    ) -> Autoencoder:
        height, width, channels = input_shape
        if height % 4 or width % 4 or bool(height % 8) != bool(width % 8) or min(height, width) < 8:
            raise ValueError(
                "X must be images whose sides are at least 8 and multiples of 4, both or neither "
                f"of 8, got {height} x {width}."
            )
        padding = "valid" if height % 8 else "same"  # else 28 would come back as 32
        seeds = spawn_seeds(seed, 8)

        def common(name, dtype=precision):
            kernel = kernel_initializer(initializer or self.initializer, seeds.pop())
            return {"kernel_initializer": kernel, "dtype": dtype, "name": name}

        def conv(name, filters, size, padding):
            return Conv2D(filters, size, 2, padding, **common(name))

        def transposed(name, filters, size, padding):
            return Conv2DTranspose(filters, size, 2, padding, **common(name))

        def activate(h, name):
            if self.batch_norm:
                h = BatchNormalization(dtype=precision, name=f"{name}_norm")(h)
            return keras.layers.ReLU(dtype=precision, name=f"{name}_relu")(h)

        one, two, three = self.filters
        scaling = keras.layers.Rescaling(scale, dtype="float32", name="scaling")
        x = keras.Input(input_shape, name="x")
        h = activate(conv("conv1", one, 5, "same")(scaling(x)), "conv1")
        h = activate(conv("conv2", two, 5, "same")(h), "conv2")
        h = activate(conv("conv3", three, 3, padding)(h), "conv3")
        shape = h.shape[1:]
        h = keras.layers.Flatten(dtype=precision, name="flatten")(h)
        # float32, as bfloat16 has 8 bits: rounding z to it would move points between clusters.
        z = keras.layers.Dense(self.embedding_dim, **common("embedding", "float32"))(h)

        code = keras.Input((self.embedding_dim,), name="z")
        h = keras.layers.Dense(int(np.prod(shape)), **common("dense"))(code)
        h = activate(h, "dense")
        h = keras.layers.Reshape(shape, dtype=precision, name="reshape")(h)
        h = activate(transposed("deconv3", two, 3, padding)(h), "deconv3")
        h = activate(transposed("deconv2", one, 5, "same")(h), "deconv2")
        restored = transposed("deconv1", channels, 5, "same")(h)
        return Autoencoder(
            encoder=keras.Model(x, z, name="encoder"),
            decoder=keras.Model(code, restored, name="decoder"),
            scaling=scaling,
            stages=[],
        )

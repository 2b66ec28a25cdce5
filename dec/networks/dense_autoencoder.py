"""The stacked autoencoder of the DEC paper."""

from __future__ import annotations

import numbers
from collections.abc import Iterable
from dataclasses import dataclass

import keras

from dec.layers.tied_dense import TiedDense
from dec.networks.initializers import kernel_initializer
from dec.networks.network import Autoencoder, Network
from dec.seeds import spawn_seeds


@dataclass(frozen=True)
class DenseAutoencoder(Network):
    """Fully connected autoencoder d-500-500-2000-10 with a mirrored decoder.

    Section 4.2 of Xie et al. (2016): every layer has the activation except the embedding (which
    must keep negative values) and the reconstruction (the data are not confined to [0, inf)).

    Attributes
    ----------
    units
        Widths of the encoder; the last is the dimension of the embedding. The paper takes
        10 for every data set, whatever the number of clusters.
    activation
        Name of a Keras activation, for all but the two linear layers.
    decoder_activation
        Another one for the decoder; None for the same.
    initializer
        Default initializer of the kernels, see ``kernel_initializer``.
    tied
        Whether each decoding kernel is the encoding one of the same depth, transposed, as in the
        code of DCN. Then the embedding itself cannot be mapped (``sphere``).

    >>> DenseAutoencoder(units=(64, 10)).build((20,)).model.output_shape
    (None, 20)
    """

    units: tuple[int, ...] = (500, 500, 2000, 10)
    activation: str = "relu"
    initializer: str = "fan_in_uniform"
    tied: bool = False
    decoder_activation: str | None = None

    def __post_init__(self):
        units = tuple(self.units) if isinstance(self.units, Iterable) else ()
        if not units or any(not isinstance(u, numbers.Real) or u < 1 or u % 1 for u in units):
            raise ValueError(f"units must be whole numbers >= 1, got {self.units!r}.")
        object.__setattr__(self, "units", tuple(int(u) for u in units))
        for name in (self.activation, self.decoder_activation):
            keras.activations.get(name)  # an unknown one fails here, not in fit
        kernel_initializer(self.initializer, 0)

    def build(
        self, input_shape, *, scale=1.0, initializer=None, precision="float32", seed=0
    ) -> Autoencoder:
        (n_features,) = input_shape
        depth = len(self.units)
        seeds = spawn_seeds(seed, 2 * depth)
        widths = (n_features, *self.units)

        def dense(name, units, activation, dtype):
            return keras.layers.Dense(
                units,
                activation=activation,
                kernel_initializer=kernel_initializer(initializer or self.initializer, seeds.pop()),
                dtype=dtype,
                name=name,
            )

        # The names are those of DEC-keras, so that old weight files read like new ones.
        encoding = [
            dense(f"encoder_{i}", widths[i + 1], self.activation, precision)
            for i in range(depth - 1)
        ]
        # bfloat16 has 8 bits: rounding z to it would move points between clusters.
        encoding.append(dense(f"encoder_{depth - 1}", widths[-1], None, "float32"))

        def mirror(i):
            activation = None if i == 0 else self.decoder_activation or self.activation
            if not self.tied:
                return dense(f"decoder_{i}", widths[i], activation, precision)
            return TiedDense(encoding[i], activation, dtype=precision, name=f"decoder_{i}")

        decoding = [mirror(i) for i in reversed(range(depth))]
        scaling = keras.layers.Rescaling(scale, dtype="float32", name="scaling")
        x = keras.Input((n_features,), name="x")
        z = scaling(x)
        for layer in encoding:
            z = layer(z)
        code = keras.Input((self.units[-1],), name="z")
        h = code
        for layer in decoding:
            h = layer(h)
        return Autoencoder(
            encoder=keras.Model(x, z, name="encoder"),
            decoder=keras.Model(code, h, name="decoder"),
            scaling=scaling,
            stages=list(zip(encoding, reversed(decoding), strict=True)),
        )

"""An encoder and a decoder of the user's own."""

from __future__ import annotations

import keras

from dec.networks.network import Autoencoder, Network
from dec.seeds import spawn_seeds


class KerasPair(Network):
    """Two Keras models as a network: what ``network=(encoder, decoder)`` becomes.

    Every fit starts from copies with the weights that the two models have; the models themselves
    are never trained.

    Parameters
    ----------
    encoder : keras.Model
        Rows -> embedding (batch, d_z).
    decoder : keras.Model
        Embedding -> scaled rows.
    """

    pretraining = "adam"

    def __init__(self, encoder: keras.Model, decoder: keras.Model):
        for name, model in (("encoder", encoder), ("decoder", decoder)):
            if not isinstance(model, keras.Model) or not model.built:
                raise TypeError(f"network must be two built Keras models, got {name} {model!r}.")
        if len(encoder.output_shape) != 2:
            raise ValueError(
                f"network: the encoder must give (batch, d_z), got {encoder.output_shape}."
            )
        if decoder.input_shape[1:] != encoder.output_shape[1:]:
            raise ValueError(
                f"network: the decoder must take what the encoder gives, {encoder.output_shape}, "
                f"got {decoder.input_shape}."
            )
        if decoder.output_shape[1:] != encoder.input_shape[1:]:
            raise ValueError(
                f"network: the decoder must give what the encoder takes, {encoder.input_shape}, "
                f"got {decoder.output_shape}."
            )
        self.encoder, self.decoder = encoder, decoder
        self.sample_ndim = len(encoder.input_shape) - 1

    def build(
        self, input_shape, *, scale=1.0, initializer=None, precision="float32", seed=0
    ) -> Autoencoder:
        if tuple(input_shape) != self.encoder.input_shape[1:]:
            raise ValueError(
                f"X must have rows of shape {self.encoder.input_shape[1:]} for this network, got "
                f"{tuple(input_shape)}."
            )
        seeds = spawn_seeds(seed, 2)
        encoder, decoder = _copy(self.encoder, seeds[0]), _copy(self.decoder, seeds[1])
        scaling = keras.layers.Rescaling(scale, dtype="float32", name="scaling")
        x = keras.Input(input_shape, name="x")
        return Autoencoder(
            encoder=keras.Model(x, encoder(scaling(x)), name="encoder"),
            decoder=decoder,
            scaling=scaling,
            stages=[],
        )


def _copy(model: keras.Model, seed: int) -> keras.Model:
    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    # What is random in it, such as dropout, follows from the seed of the fit too.
    weights = {id(weight) for weight in copy.weights}
    states = [v for v in copy.variables if id(v) not in weights and "seed_generator" in v.path]
    for state, value in zip(states, spawn_seeds(seed, len(states)), strict=True):
        state.assign([value, 0])
    return copy


def as_network(network) -> Network | None:
    """``network`` as methods take it: None, a ``Network``, or two Keras models.

    Raises
    ------
    TypeError, ValueError
        Anything else, or models that do not fit each other.
    """
    if network is None or isinstance(network, Network):
        return network
    if isinstance(network, tuple | list) and len(network) == 2:
        return KerasPair(*network)
    raise TypeError(
        "network must be None, a network of dec.networks such as DenseAutoencoder(units=(500, 500, "
        f"2000, 10)), or two Keras models (encoder, decoder), got {network!r}."
    )

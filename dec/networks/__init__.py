"""Networks: settings that build Keras autoencoders."""

from dec.networks.conv_autoencoder import ConvAutoencoder
from dec.networks.dense_autoencoder import DenseAutoencoder
from dec.networks.identity import Identity
from dec.networks.keras_pair import KerasPair, as_network
from dec.networks.network import Autoencoder, Network
from dec.networks.noisy_conv_autoencoder import NoisyConvAutoencoder

__all__ = [
    "Autoencoder",
    "ConvAutoencoder",
    "DenseAutoencoder",
    "Identity",
    "KerasPair",
    "Network",
    "NoisyConvAutoencoder",
    "as_network",
]

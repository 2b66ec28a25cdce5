"""Networks: settings that build Keras autoencoders."""

from dec.networks.dense_autoencoder import DenseAutoencoder
from dec.networks.network import Autoencoder, Network

__all__ = ["Autoencoder", "DenseAutoencoder", "Network"]

"""Softmax assignment of points to trainable directions."""

import keras
import numpy as np
from keras import ops


@keras.saving.register_keras_serializable(package="dec")
class SoftmaxHead(keras.layers.Layer):
    """``p_ij = exp(theta_j . z_i + b_j)``, rows normalised: (batch, d) -> (batch, k), float32.

    Parameters
    ----------
    n_clusters
        Number of clusters k.
    centers
        Initial directions theta, array (k, d); None for Glorot-uniform ones. They are the weight
        ``centers`` afterwards, not part of the configuration.
    **kwargs
        Further keyword arguments are those of ``keras.layers.Layer``.
    """

    def __init__(self, n_clusters, centers=None, **kwargs):
        kwargs.setdefault("dtype", "float32")
        super().__init__(**kwargs)
        self.n_clusters = int(n_clusters)
        self._initial_centers = None if centers is None else np.array(centers, dtype="float32")

    def build(self, input_shape):
        initializer = "glorot_uniform"
        if self._initial_centers is not None:
            initializer = keras.initializers.Constant(self._initial_centers)
        shape = (self.n_clusters, input_shape[-1])
        self.centers = self.add_weight(name="centers", shape=shape, initializer=initializer)
        self.bias = self.add_weight(name="bias", shape=(self.n_clusters,), initializer="zeros")
        self.built = True

    def call(self, z):
        return ops.softmax(ops.matmul(z, ops.transpose(self.centers)) + self.bias, axis=-1)

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.n_clusters)

    def get_config(self):
        return {**super().get_config(), "n_clusters": self.n_clusters}

"""Soft assignment of points to trainable centroids."""

import math
import numbers

import keras
import numpy as np

from dec import ops


@keras.saving.register_keras_serializable(package="dec")
class ClusteringLayer(keras.layers.Layer):
    """Student-t soft assignment to centroids, Eq. 1 of Xie, Girshick & Farhadi (ICML 2016).

    ``q_ij = (1 + ||z_i - mu_j||^2 / (alpha T))^(-(alpha + 1) / 2)``, rows normalised; the paper has
    ``T = 1``. With ``alpha`` infinite it is ``softmax_j(-||z_i - mu_j||^2 / (2 T))``. The centroids
    ``mu`` are a trainable weight, so the layer can end any Keras model:

    >>> import keras, dec
    >>> z = keras.Input((2,))
    >>> model = keras.Model(z, dec.ClusteringLayer(3)(z))
    >>> model.output.shape
    (None, 3)

    Distances and the softmax are computed in float32 whatever the precision of the layers before:
    under ``mixed_bfloat16`` half of the neighbouring assignments would tie.

    Parameters
    ----------
    n_clusters
        Number of centroids k, >= 1.
    alpha
        Degrees of freedom of the Student-t kernel, > 0; the paper always takes 1. ``math.inf`` for
        a Gaussian kernel.
    temperature
        T, > 0, in squared units of z: the distances at which an assignment is soft.
    centers
        Initial centroids, array (k, d), such as k-means centres of the embedding; None
        for Glorot-uniform ones. They are a weight afterwards, not part of the configuration.
    **kwargs
        Further keyword arguments are those of ``keras.layers.Layer``.

    Input shape
    -----------
    (batch, d).

    Output shape
    ------------
    (batch, k), rows sum to 1.
    """

    def __init__(self, n_clusters, alpha=1.0, centers=None, *, temperature=1.0, **kwargs):
        kwargs.setdefault("dtype", "float32")
        super().__init__(**kwargs)
        if not isinstance(n_clusters, numbers.Real) or n_clusters < 1 or n_clusters % 1:
            raise ValueError(f"n_clusters must be a whole number >= 1, got {n_clusters!r}.")
        if not isinstance(alpha, numbers.Real) or not alpha > 0:
            raise ValueError(f"alpha must be a number > 0, got {alpha!r}.")
        if not isinstance(temperature, numbers.Real) or not 0 < temperature < math.inf:
            raise ValueError(f"temperature must be a finite number > 0, got {temperature!r}.")
        self.n_clusters = int(n_clusters)
        self.alpha = float(alpha)
        self.temperature = float(temperature)
        self._initial_centers = None if centers is None else np.array(centers, dtype="float32")
        self.input_spec = keras.layers.InputSpec(ndim=2)

    def build(self, input_shape):
        shape = (self.n_clusters, input_shape[-1])
        if self._initial_centers is None:
            initializer = "glorot_uniform"
        elif self._initial_centers.shape != shape:
            raise ValueError(
                f"centers must have shape (n_clusters, d) = {shape}, "
                f"got {self._initial_centers.shape}."
            )
        else:
            initializer = keras.initializers.Constant(self._initial_centers)
        self.centers = self.add_weight(name="centers", shape=shape, initializer=initializer)
        self.built = True

    def call(self, z):
        squared = ops.squared_distances(z, self.centers)
        if self.temperature != 1.0:
            squared = squared / self.temperature
        return ops.student_t(squared, self.alpha)

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.n_clusters)

    def get_config(self):
        own = {
            "n_clusters": self.n_clusters, "alpha": self.alpha, "temperature": self.temperature
        }  # fmt: skip
        return {**super().get_config(), **own}

"""A dense layer whose kernel is another's, transposed."""

import keras
from keras import ops


class TiedDense(keras.layers.Layer):
    """``y = activation(x W^T + b)`` with the kernel W (units, d) of another dense layer.

    Its own weight is the bias only. It belongs to the autoencoder that has the other layer, and is
    built by ``DenseAutoencoder(tied=True)``; it does not stand in a ``.keras`` file of its own.

    Parameters
    ----------
    tied_to : keras.layers.Dense
        Built before this layer is called.
    activation : str, optional
    **kwargs
        Further keyword arguments are those of ``keras.layers.Layer``.
    """

    def __init__(self, tied_to: keras.layers.Dense, activation=None, **kwargs):
        super().__init__(**kwargs)
        self.tied_to = tied_to
        self.activation = keras.activations.get(activation)

    def build(self, input_shape):
        units = self.tied_to.kernel.shape[0]
        self.bias = self.add_weight(name="bias", shape=(units,), initializer="zeros")
        self.built = True

    def call(self, x):
        kernel = ops.transpose(ops.cast(self.tied_to.kernel, self.compute_dtype))
        return self.activation(ops.matmul(x, kernel) + self.bias)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.tied_to.kernel.shape[0])

"""Random shifts, rotations and zooms of images, in one resampling."""

from __future__ import annotations

import math

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="dec")
class RandomAffine(keras.layers.Layer):
    """A random shift, rotation and zoom of each image of a batch, when training.

    The three are one affine map about the centre of the image and one bilinear resampling, so an
    image is blurred once. What comes from outside the image is 0.

    Parameters
    ----------
    shift : float, default=0.1
        Largest shift along each axis, as a share of the side.
    rotation : float, default=10
        Largest turn to either side, in degrees.
    zoom : float, default=0.1
        The image is scaled by a factor from [1 - zoom, 1 + zoom].
    image_shape : (int, int, int), optional
        (height, width, channels) of images that come as flat rows, and leave as such.
    seed : int, optional
    **kwargs
        Further keyword arguments are those of ``keras.layers.Layer``.

    Input shape
    -----------
    (batch, height, width, channels), or (batch, height * width * channels) with ``image_shape``;
    any number type.

    Output shape
    ------------
    That of the input, float32.
    """

    def __init__(self, shift=0.1, rotation=10.0, zoom=0.1, image_shape=None, seed=None, **kwargs):
        kwargs.setdefault("dtype", "float32")
        super().__init__(**kwargs)
        limits = {"shift": (shift, 1), "rotation": (rotation, 180), "zoom": (zoom, 0.99)}
        for name, (value, most) in limits.items():
            if not 0 <= value <= most:
                raise ValueError(f"{name} must be in [0, {most}], got {value!r}.")
        self.shift, self.rotation, self.zoom = float(shift), float(rotation), float(zoom)
        self.image_shape = None if image_shape is None else tuple(int(n) for n in image_shape)
        self.seed = seed
        self.generator = keras.random.SeedGenerator(seed)

    def call(self, x, training=None):
        x = ops.cast(x, "float32")
        if not training:
            return x
        images = x if self.image_shape is None else ops.reshape(x, (-1, *self.image_shape))
        height, width = images.shape[1:3]
        moved = ops.image.affine_transform(
            images, self.maps(ops.shape(images)[0], height, width), "bilinear", "constant"
        )
        return ops.reshape(moved, ops.shape(x))

    def maps(self, n, height, width):
        """Random maps from output to input pixels, (n, 8), as Keras's ``affine_transform``."""

        def draw(most):
            return keras.random.uniform((n,), -1.0, 1.0, seed=self.generator) * most

        angle, scale = draw(math.radians(self.rotation)), 1.0 + draw(self.zoom)
        right, down = draw(self.shift * width), draw(self.shift * height)
        a, b = ops.cos(angle) / scale, ops.sin(angle) / scale
        x0, y0 = (width - 1) / 2, (height - 1) / 2
        zero = ops.zeros_like(a)
        # [x', y'] = A ([x, y] - centre - shift) + centre
        x1, y1 = x0 + right, y0 + down
        return ops.stack(
            [a, -b, x0 - a * x1 + b * y1, b, a, y0 - b * x1 - a * y1, zero, zero], axis=1
        )

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), **self.settings}

    @property
    def settings(self) -> dict:
        """The layer's own parameters: plain numbers and tuples."""
        own = ("shift", "rotation", "zoom", "image_shape", "seed")
        return {name: getattr(self, name) for name in own}

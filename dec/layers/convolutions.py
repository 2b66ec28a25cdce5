"""Convolutions whose gradients are fast, and right in bfloat16."""

import keras

from dec import _tensorflow


class _Convolution:
    """Two things that TensorFlow's kernels for processors do badly; other backends have Keras's.

    The gradient of the kernel is here one matrix product; for few channels it is TensorFlow's own.
    And that of a bias is summed in float32: ``BiasAddGrad``, which Keras's layers end up with, sums
    bfloat16 numbers one by one, and 50 000 ones are 512.
    """

    def _is_ours(self) -> bool:
        return _tensorflow.AVAILABLE and self.data_format == "channels_last"

    def _is_fast(self, channels: int) -> bool:
        # A patch is gathered in runs of the channels; very short ones do not pay.
        return self._is_ours() and set(self.dilation_rate) == {1} and channels >= 8

    def _finish(self, outputs):
        if self.use_bias:
            outputs = outputs + keras.ops.convert_to_tensor(self.bias)  # not ops.add: see above
        return self.activation(outputs)


@keras.saving.register_keras_serializable(package="dec")
class Conv2D(_Convolution, keras.layers.Conv2D):
    """``keras.layers.Conv2D``, with other gradients on TensorFlow."""

    def call(self, inputs):
        if not self._is_ours():
            return super().call(inputs)
        return self._finish(self.convolution_op(inputs, self.kernel))

    def convolution_op(self, inputs, kernel):
        if not self._is_fast(inputs.shape[-1]) or self.groups != 1:
            return super().convolution_op(inputs, kernel)
        return _tensorflow.convolution(inputs, kernel, self.strides, self.padding)


@keras.saving.register_keras_serializable(package="dec")
class Conv2DTranspose(_Convolution, keras.layers.Conv2DTranspose):
    """``keras.layers.Conv2DTranspose``, with other gradients on TensorFlow."""

    def call(self, inputs):
        if not self._is_ours() or set(self.dilation_rate) != {1}:
            return super().call(inputs)
        shape, fast = self.compute_output_shape(inputs.shape)[1:], self._is_fast(self.filters)
        return self._finish(
            _tensorflow.transposed_convolution(
                inputs, self.kernel, shape, self.strides, self.padding, fast
            )
        )

"""Momentum SGD, with two habits of the DEC paper's code, and Adam.

The weights are read and written once a step whatever the batch, so at batch 256 the optimizer is a
good part of the step: on TensorFlow both are one pass over the memory instead of four and more.
"""

from __future__ import annotations

import keras
from keras import ops

from dec import _tensorflow


@keras.saving.register_keras_serializable(package="dec")
class MomentumSGD(keras.optimizers.SGD):
    """SGD with momentum, ``v <- m v - lr g;  w <- w + v``, as ``keras.optimizers.SGD`` has it.

    Parameters
    ----------
    learning_rate
        A number or a schedule.
    momentum
        M, in [0, 1).
    burn_in
        During the first ``burn_in`` iterations the momentum grows linearly from 0 to m
        (piiswrong/dec: 1000).
    bias_rate
        Factor of the learning rate for vectors, that is biases (piiswrong/dec: 2).
    """

    def __init__(self, learning_rate=0.01, momentum=0.9, burn_in=0, bias_rate=1.0, **kwargs):
        kwargs.setdefault("name", "momentum_sgd")
        super().__init__(learning_rate=learning_rate, momentum=momentum, **kwargs)
        self.burn_in = int(burn_in)
        self.bias_rate = float(bias_rate)

    def update_step(self, gradient, variable, learning_rate):
        momentum = ops.cast(self.momentum, variable.dtype)
        if self.burn_in:
            grown = ops.cast(self.iterations, variable.dtype) / self.burn_in
            momentum = momentum * ops.minimum(grown, 1.0)
        rate = ops.cast(learning_rate, variable.dtype)
        if len(variable.shape) == 1:
            rate = rate * self.bias_rate
        if not self.momentum:  # then Keras keeps no velocities
            self.assign_sub(variable, rate * ops.cast(gradient, variable.dtype))
            return
        velocity = self.momentums[self._get_variable_index(variable)]
        if _tensorflow.AVAILABLE:
            _tensorflow.apply_momentum(variable, velocity, gradient, rate, momentum)
        else:
            step = momentum * velocity - rate * ops.cast(gradient, variable.dtype)
            self.assign(velocity, step)
            self.assign_add(variable, step)

    def get_config(self):
        config = super().get_config()
        del config["nesterov"]
        return {**config, "burn_in": self.burn_in, "bias_rate": self.bias_rate}


@keras.saving.register_keras_serializable(package="dec")
class Adam(keras.optimizers.Adam):
    """``keras.optimizers.Adam``; the same numbers up to rounding."""

    def update_step(self, gradient, variable, learning_rate):
        if not _tensorflow.AVAILABLE or self.amsgrad:
            return super().update_step(gradient, variable, learning_rate)
        index = self._get_variable_index(variable)
        _tensorflow.apply_adam(
            variable, self._momentums[index], self._velocities[index], gradient,
            ops.cast(learning_rate, variable.dtype), ops.cast(self.iterations + 1, variable.dtype),
            self.beta_1, self.beta_2, self.epsilon,
        )  # fmt: skip

"""Initial weights of every network."""

from __future__ import annotations

import contextlib
import contextvars
import math

import keras

_later: contextvars.ContextVar[_Later | None] = contextvars.ContextVar("later", default=None)


def kernel_initializer(name: str, seed: int) -> keras.initializers.Initializer:
    """An initializer by name, seeded.

    ``"fan_in_uniform"``: U(-sqrt(1 / fan_in), sqrt(1 / fan_in)), as DEC-keras. ``"normal_0.01"``:
    N(0, 0.01^2), as the paper. Any name that Keras knows, such as ``"glorot_uniform"``.
    """
    if (later := _later.get()) is not None:
        return later
    if name == "fan_in_uniform":
        # Variance of U(-a, a) is a^2 / 3.
        return keras.initializers.VarianceScaling(1 / 3, "fan_in", "uniform", seed=seed)
    if name.startswith("normal_"):
        return keras.initializers.RandomNormal(0.0, float(name.removeprefix("normal_")), seed=seed)
    initializer = keras.initializers.get(name)
    config = initializer.get_config()
    # "zeros" and a few others draw nothing.
    return type(initializer).from_config({**config, "seed": seed} if "seed" in config else config)


@contextlib.contextmanager
def filled_later(room: int):
    """Within it kernels are zeros, and together at most ``room`` numbers.

    For networks that a file describes and fills: it may describe one that fits no memory.

    Raises
    ------
    ValueError
        A kernel for which there is no room, before anything is allocated.
    """
    token = _later.set(_Later(room))
    try:
        yield
    finally:
        _later.reset(token)


class _Later(keras.initializers.Zeros):
    def __init__(self, room: int):
        self.room = room

    def __call__(self, shape, dtype=None):
        self.room -= math.prod(shape)
        if self.room < 0:
            raise ValueError(f"a kernel must have its weights in the file, got one of {shape}.")
        return super().__call__(shape, dtype)

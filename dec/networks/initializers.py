"""Initial weights of every network."""

from __future__ import annotations

import keras


def kernel_initializer(name: str, seed: int) -> keras.initializers.Initializer:
    """An initializer by name, seeded.

    ``"fan_in_uniform"``: U(-sqrt(1 / fan_in), sqrt(1 / fan_in)), as DEC-keras. ``"normal_0.01"``:
    N(0, 0.01^2), as the paper. Any name that Keras knows, such as ``"glorot_uniform"``.
    """
    if name == "fan_in_uniform":
        # Variance of U(-a, a) is a^2 / 3.
        return keras.initializers.VarianceScaling(1 / 3, "fan_in", "uniform", seed=seed)
    if name.startswith("normal_"):
        return keras.initializers.RandomNormal(0.0, float(name.removeprefix("normal_")), seed=seed)
    initializer = keras.initializers.get(name)
    config = initializer.get_config()
    # "zeros" and a few others draw nothing.
    return type(initializer).from_config({**config, "seed": seed} if "seed" in config else config)

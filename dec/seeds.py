"""Seeds made from a seed."""

import numpy as np


def spawn_seeds(seed: int | list[int], n: int) -> list[int]:
    """``n`` independent seeds that follow from ``seed``, of 31 bits: PyTorch takes no more."""
    return (np.random.SeedSequence(seed).generate_state(n) >> 1).tolist()

"""Which number format the matrix products of a network use."""

from __future__ import annotations

from pathlib import Path

CHOICES = ("auto", "float32", "mixed_bfloat16")


def resolve(precision: str) -> str:
    """The Keras dtype policy for ``precision``: ``"auto"`` is bfloat16 where units for it exist.

    Only products of hidden layers are affected; the embedding, q, P, the loss, centroids, weights
    and optimizer state are float32 always.

    Raises
    ------
    ValueError: an unknown choice.
    """
    if precision not in CHOICES:
        raise ValueError(f"precision must be one of {CHOICES}, got {precision!r}.")
    if precision != "auto":
        return precision
    return "mixed_bfloat16" if has_bfloat16_units() else "float32"


def has_bfloat16_units() -> bool:
    """Whether this machine multiplies bfloat16 matrices faster than float32 ones."""
    # AVX-512 alone emulates or barely gains; AMX is the unit that pays. Elsewhere than on Linux
    # the file is missing and the safe answer is no.
    try:
        return "amx_bf16" in Path("/proc/cpuinfo").read_text()
    except OSError:
        return False

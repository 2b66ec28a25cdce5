"""Which number format the matrix products of a network use."""

from __future__ import annotations

from pathlib import Path

import keras

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
    """Whether the backend multiplies bfloat16 matrices faster than float32 ones on its device."""
    backend = keras.backend.backend()
    if backend == "jax":
        import jax

        # On processors XLA widens to float32 first, which takes longer than float32 itself.
        device = jax.local_devices()[0]
        return device.platform != "cpu" and _ampere(getattr(device, "compute_capability", None))
    if backend == "torch":
        import torch

        if torch.cuda.is_available():
            return _ampere(torch.cuda.get_device_capability())
    if backend == "tensorflow":
        import tensorflow as tf

        if gpus := tf.config.list_physical_devices("GPU"):
            details = tf.config.experimental.get_device_details(gpus[0])
            return _ampere(details.get("compute_capability"))
    return bool(processor_units())


def _ampere(capability) -> bool:
    """Whether an NVIDIA GPU of this compute capability has the units; other accelerators do."""
    if capability is None:
        return True
    return float(capability if isinstance(capability, str) else capability[0]) >= 8


def processor_units() -> str:
    """The processor's units for products of bfloat16 matrices, by the name Linux gives; "" if none.

    ``"amx_bf16"`` are Intel's matrix units, ``"avx512_bf16"`` vector products, twice as fast as
    those of float32. Elsewhere than on Linux the answer is none, which is the safe one.
    """
    try:
        flags = Path("/proc/cpuinfo").read_text()
    except OSError:
        return ""
    return next((units for units in ("amx_bf16", "avx512_bf16") if units in flags), "")

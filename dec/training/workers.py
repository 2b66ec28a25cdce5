"""Several processes that train one model: who they are, and what they tell each other.

The engine is Keras's ``DataParallel`` over ``jax.distributed``: the weights are the same on all
workers, a step's batch lies in parts on them, and gradients are averaged by the compiled step. What
is left are the few numbers that a refresh needs of all rows. On other backends, and on one process,
there is one worker and nothing is sent.
"""

from __future__ import annotations

import contextlib

import numpy as np

from dec.training.evaluation import is_distributed


def count() -> int:
    """Number of workers: 1 unless a Keras distribution is set on several JAX processes."""
    if not is_distributed():
        return 1
    import jax

    return jax.process_count()


def index() -> int:
    """Number of this worker, from 0."""
    if count() == 1:
        return 0
    import jax

    return jax.process_index()


@contextlib.contextmanager
def together():
    """Where all workers must take part: of one that is gone JAX says only that something failed."""
    if count() == 1:
        yield
        return
    import jax

    try:
        yield
    except jax.errors.JaxRuntimeError as error:
        raise RuntimeError(
            "The workers could not go on together: another one ended, or cannot be reached; its "
            "own output says why. Stop them all and start them again: with checkpoint_dir they go "
            "on from the last checkpoint that all have."
        ) from error


@together()
def gather(rows: np.ndarray) -> np.ndarray:
    """``rows`` (m, ...) of every worker, one below the other in their order, to the bit.

    Every worker must call it, at the same place; m may differ.
    """
    if count() == 1:
        return rows
    from jax.experimental.multihost_utils import process_allgather

    # As bytes: JAX would round float64 and int64 to 32 bits.
    own = np.frombuffer(np.ascontiguousarray(rows).tobytes(), np.uint8)
    lengths = process_allgather(np.array([len(own)], np.int32)).ravel()
    padded = np.zeros(lengths.max(), np.uint8)
    padded[: len(own)] = own
    parts = process_allgather(padded).reshape(len(lengths), -1)
    whole = np.concatenate([part[:length] for part, length in zip(parts, lengths, strict=True)])
    return whole.view(rows.dtype).reshape(-1, *rows.shape[1:])

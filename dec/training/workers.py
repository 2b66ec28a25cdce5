"""Several processes that train one model: who they are, and what they tell each other.

The engine is Keras's ``DataParallel`` over ``jax.distributed``: the weights are the same on all
workers, a step's batch lies in parts on them, and gradients are averaged by the compiled step. What
is left are the few numbers that a refresh needs of all rows. On other backends, and on one process,
there is one worker and nothing is sent.
"""

from __future__ import annotations

import contextlib
import weakref

import keras
import numpy as np

_compiled = weakref.WeakKeyDictionary()


def is_distributed() -> bool:
    """Whether Keras takes every batch for a part of one that lies on several devices."""
    return keras.backend.backend() == "jax" and keras.distribution.distribution() is not None


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


def on_one_device(model: keras.Model, rows: np.ndarray) -> list[np.ndarray]:
    """Every output of ``model`` for ``rows`` of this worker alone, where the weights are whole."""
    import jax

    if model not in _compiled:
        of = weakref.ref(model)
        _compiled[model] = jax.jit(lambda *arguments: of().stateless_call(*arguments)[0])
    weights = [
        [variable.value.addressable_data(0) for variable in variables]
        for variables in (model.trainable_variables, model.non_trainable_variables)
    ]
    found = _compiled[model](*weights, rows)
    return [np.asarray(output) for output in keras.tree.flatten(found)]

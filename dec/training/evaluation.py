"""Outputs of a model for many rows: as Keras has them, and faster where a backend can.

Every way gives the same numbers, up to the rounding of matrix products of other shapes.
"""

from __future__ import annotations

import weakref

import keras
import numpy as np

#: Rows that go through a model together: enough to keep the matrix units busy, few enough for the
#: hidden layers to stay in the caches.
BLOCK = 2048
#: Blocks that TensorFlow works on at the same time. Much of what is not a matrix product runs on
#: one thread, so a block alone leaves the other threads idle.
PARALLEL = 4

_compiled = weakref.WeakKeyDictionary()


def outputs(model: keras.Model, rows: np.ndarray) -> list[np.ndarray]:
    """Every output of ``model`` without training, (n, ...), for ``rows`` (n, ...)."""
    if keras.backend.backend() == "tensorflow":
        return _in_parallel(model, rows)
    return in_blocks(_on_one_device if is_distributed() else _by_keras, model, rows)


def in_blocks(predict, model: keras.Model, rows: np.ndarray) -> list[np.ndarray]:
    """``predict(model, block)`` for one block after the other."""
    blocks = [predict(model, rows[i : i + BLOCK]) for i in range(0, len(rows), BLOCK)]
    return [np.concatenate(parts) for parts in zip(*blocks, strict=True)]


def is_distributed() -> bool:
    """Whether Keras takes every batch for a part of one that lies on several devices."""
    return keras.backend.backend() == "jax" and keras.distribution.distribution() is not None


def _by_keras(model, rows):
    return [np.asarray(output) for output in keras.tree.flatten(model.predict_on_batch(rows))]


def _in_parallel(model, rows):
    """TensorFlow: all blocks in one compiled call, some at the same time."""
    import tensorflow as tf

    key = rows.dtype.name, rows.shape[1:]
    loops = _compiled.setdefault(model, {})
    if key not in loops:
        of = weakref.ref(model)  # or the key would live as long as its value
        spec = model.compute_output_spec(keras.KerasTensor((None, *key[1]), key[0]))
        dtypes = [tf.as_dtype(output.dtype) for output in keras.tree.flatten(spec)]

        @tf.function(input_signature=[tf.TensorSpec((None, *key[1]), key[0])])
        def loop(rows):
            n = tf.shape(rows)[0]
            number = -(-n // BLOCK)
            size = -(-n // number)
            rest = [(0, number * size - n)] + [(0, 0)] * len(key[1])
            found = tf.map_fn(
                lambda block: keras.tree.flatten(of()(block, training=False)),
                tf.reshape(tf.pad(rows, rest), (number, size, *key[1])),
                fn_output_signature=dtypes,
                parallel_iterations=PARALLEL,
            )
            shapes = [tf.concat([[number * size], tf.shape(part)[2:]], 0) for part in found]
            return [tf.reshape(*pair)[:n] for pair in zip(found, shapes, strict=True)]

        loops[key] = loop.get_concrete_function()  # else one for each model looks like retracing
    return [output.numpy() for output in loops[key](tf.convert_to_tensor(rows))]


def _on_one_device(model, rows):
    """JAX: on the first device of this process, where the weights are whole."""
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

"""What only TensorFlow can do: the same numbers as in plain Keras, in less time.

Whoever calls a function of this file stands beside its plain twin, which the other backends take,
and this one too where ``AVAILABLE`` is set to False, as the tests do to compare the two.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import weakref

import keras
import numpy as np

AVAILABLE = keras.backend.backend() == "tensorflow"
if AVAILABLE:
    import tensorflow as tf


# Optimizers: one pass over the weights and their slots instead of four and more.


def skip_all_reduce(optimizer):
    """Keras's sum of gradients over replicas is left out where there is one: it leaks.

    It has a ``tf.custom_gradient``, which TensorFlow registers, and with it every compiled step and
    all variables that it uses until the process ends.
    """
    if tf.distribute.get_strategy().num_replicas_in_sync == 1:
        optimizer._all_reduce_sum_gradients = list  # of pairs: gradient and variable


def apply_momentum(variable, velocity, gradient, rate, momentum):
    """``v <- m v - lr g;  w <- w + v``."""
    tf.raw_ops.ResourceApplyKerasMomentum(
        var=variable.handle,
        accum=velocity.value.handle,
        lr=rate,
        grad=tf.cast(gradient, variable.dtype),
        momentum=momentum,
    )


def apply_adam(variable, m, v, gradient, rate, step, beta_1, beta_2, epsilon):
    """Adam's update number ``step``, from 1."""
    tf.raw_ops.ResourceApplyAdam(
        var=variable.handle,
        m=m.value.handle,
        v=v.value.handle,
        beta1_power=tf.pow(tf.cast(beta_1, variable.dtype), step),
        beta2_power=tf.pow(tf.cast(beta_2, variable.dtype), step),
        lr=rate,
        beta1=beta_1,
        beta2=beta_2,
        epsilon=epsilon,
        grad=tf.cast(gradient, variable.dtype),
    )


# Layers.


def batch_normalization(x, scale, offset, epsilon):
    """One kernel each way instead of a dozen: normalised x (..., c), mean and variance (c,)."""
    normal, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
        x=x, scale=scale, offset=offset, mean=[], variance=[], epsilon=epsilon, is_training=True
    )
    # The kernel gives the unbiased variance, for moving averages; Keras takes the other.
    n = tf.cast(tf.size(x) // x.shape[-1], "float32")
    return normal, mean, variance * (n - 1) / n


def convolution(x, kernel, strides, padding):
    """``y = conv(x)``: (batch, h, w, c) -> (batch, h', w', f), with the fast gradient."""
    padding = padding.upper()

    @tf.custom_gradient
    def convolve(x, kernel):
        def gradient(y):
            down = tf.nn.conv2d_transpose(y, kernel, tf.shape(x), strides, padding)
            return down, _kernel_gradient(x, y, kernel.shape[:2], strides, padding)

        return tf.nn.conv2d(x, kernel, strides, padding), gradient

    return convolve(x, tf.identity(keras.ops.convert_to_tensor(kernel)))


def transposed_convolution(x, kernel, shape, strides, padding, fast):
    """(batch, h', w', f) -> (batch, *shape); with the fast gradient, or TensorFlow's own."""
    padding, kernel = padding.upper(), keras.ops.convert_to_tensor(kernel)

    def convolve(x, kernel):
        whole = tf.concat([tf.shape(x)[:1], shape], axis=0)
        return tf.nn.conv2d_transpose(x, kernel, whole, strides, padding)

    @tf.custom_gradient
    def with_gradient(x, kernel):
        def gradient(y):
            down = tf.nn.conv2d(y, kernel, strides, padding)
            return down, _kernel_gradient(y, x, kernel.shape[:2], strides, padding)

        return convolve(x, kernel), gradient

    return with_gradient(x, tf.identity(kernel)) if fast else convolve(x, kernel)


def _kernel_gradient(x, y, sizes, strides, padding):
    """Of ``y = conv(x)``: one product of the patches of x with the gradient of y.

    x (batch, h, w, c), gradient of y (batch, h', w', f) -> (*sizes, c, f). For DCEC's third layer
    it takes 1 ms where TensorFlow's own takes 11, at batch 256 in bfloat16 on two cores.
    """
    channels = x.shape[-1]
    starts, pads, width = [], [(0, 0)], None
    for axis in (0, 1):
        size, stride, length = sizes[axis], strides[axis], y.shape[axis + 1]
        missing = max((length - 1) * stride + size - x.shape[axis + 1], 0)
        missing = missing if padding == "SAME" else 0
        pads.append((missing // 2, missing - missing // 2))
        width = x.shape[axis + 1] + missing
        starts.append([range(i * stride, i * stride + size) for i in range(length)])
    places = [
        row * width + column
        for rows in starts[0] for columns in starts[1] for row in rows for column in columns
    ]  # fmt: skip
    x = tf.pad(x, [*pads, (0, 0)])
    x = tf.reshape(x, (-1, x.shape[1] * x.shape[2], channels))
    patches = tf.gather(x, places, axis=1)
    patches = tf.reshape(patches, (-1, sizes[0] * sizes[1] * channels))
    product = tf.matmul(patches, tf.reshape(y, (-1, y.shape[-1])), transpose_a=True)
    return tf.reshape(product, (*sizes, channels, y.shape[-1]))


# Forward passes.

#: Blocks that are worked on at the same time. Much of what is not a matrix product runs on one
#: thread, so a block alone leaves the other threads idle.
PARALLEL = 4

_compiled = weakref.WeakKeyDictionary()


def outputs(model: keras.Model, rows: np.ndarray, block: int) -> list[np.ndarray]:
    """Every output of ``model`` for ``rows``: all blocks in one compiled call."""
    key = rows.dtype.name, rows.shape[1:], block
    loops = _compiled.setdefault(model, {})
    if key not in loops:
        of = weakref.ref(model)  # or the key would live as long as its value
        spec = model.compute_output_spec(keras.KerasTensor((None, *key[1]), key[0]))
        dtypes = [tf.as_dtype(output.dtype) for output in keras.tree.flatten(spec)]

        @tf.function(input_signature=[tf.TensorSpec((None, *key[1]), key[0])])
        def loop(rows):
            n = tf.shape(rows)[0]
            number = -(-n // block)
            size = -(-n // number)
            rest = [(0, number * size - n)] + [(0, 0)] * len(key[1])
            found = tf.map_fn(
                lambda part: keras.tree.flatten(of()(part, training=False)),
                tf.reshape(tf.pad(rows, rest), (number, size, *key[1])),
                fn_output_signature=dtypes,
                parallel_iterations=PARALLEL,
            )
            shapes = [tf.concat([[number * size], tf.shape(part)[2:]], 0) for part in found]
            return [tf.reshape(*pair)[:n] for pair in zip(found, shapes, strict=True)]

        loops[key] = loop.get_concrete_function()  # else one for each model looks like retracing
    return [output.numpy() for output in loops[key](tf.convert_to_tensor(rows))]


# Data and batches.

#: Bytes whose multiples are the addresses of the arrays that TensorFlow takes as they are.
ALIGNMENT = 64


def resident(rows: np.ndarray, dtype: np.dtype, owner) -> keras.Variable:
    """``rows`` (n, ...) on the device, in ``dtype``; the memory is free when ``owner`` is gone.

    A graph that has read the variable may stay until the process ends, for TensorFlow registers
    every ``tf.custom_gradient``, such as that of a convolution above, with all that it refers to;
    and a model that has it stays until garbage is collected.
    """
    tensor = _copied(rows, dtype)
    variable = keras.Variable(tensor, dtype=dtype.name, trainable=False, name="rows")
    weakref.finalize(owner, _empty, variable.value.handle, dtype).atexit = False
    return variable


def _copied(rows: np.ndarray, dtype: np.dtype):
    """``rows`` (n, ...) as a tensor in memory that is free with it.

    By one copy: of an array TensorFlow would make two, and keep the memory for itself.
    """
    size = rows.size * dtype.itemsize
    memory = np.empty(size + ALIGNMENT, np.uint8)
    start = -memory.ctypes.data % ALIGNMENT
    copy = memory[start : start + size].view(dtype).reshape(rows.shape)
    copy[...] = rows
    return tf.experimental.dlpack.from_dlpack(copy.__dlpack__())


def _empty(handle, dtype):
    with tf.init_scope():  # garbage may be collected while a graph is made
        nothing = tf.zeros(0, dtype)
        tf.raw_ops.AssignVariableOp(resource=handle, value=nothing, validate_shape=False)


class PipelineTargets:
    """The targets (n, k) where batches are made, as they are by then; n may change."""

    def __init__(self, targets: np.ndarray):
        with tf.device("CPU"):
            self.variable = tf.Variable(
                _copied(targets, targets.dtype), shape=(None, targets.shape[1]), trainable=False
            )

    def assign(self, targets: np.ndarray | None):
        """None: no rows."""
        if targets is None:
            targets = np.empty((0, self.variable.shape[1]), self.variable.dtype.as_numpy_dtype)
        self.variable.assign(_copied(targets, targets.dtype))

    def __call__(self, numbers):
        """Numbers (batch,) -> their targets (batch, k)."""
        # Read, and not sparse_read, after which TensorFlow copies all rows at every assignment.
        return tf.gather(self.variable.read_value(), numbers)

    def numpy(self) -> np.ndarray:
        """All of them, (n, k)."""
        return self.variable.numpy()


def from_python(rows_of, like: np.ndarray):
    """``rows_of``, a function of numbers (batch,) in Python, for batches: rows as of ``like``.

    TensorFlow keeps such a function until the process ends, so it must hold nothing large.
    """

    def look_up(numbers):
        rows = tf.numpy_function(rows_of, [numbers], like.dtype)
        return tf.ensure_shape(rows, (None, *like.shape[1:]))

    return look_up


@contextlib.contextmanager
def dataset(batches, targets_of):
    """Batches (numbers, rows), read ahead, and their targets, no sooner than a step asks for them.

    A call of Python takes longer than it takes to draw a batch of numbers, so many batches are
    drawn together where no rows come with them. When the context is left, ``batches`` and the data
    behind them are let go: TensorFlow keeps a generator until the process ends.
    """
    first = next(batches)
    names = [name for name, part in zip(("index", "x"), first, strict=True) if part is not None]
    together = 1 if "x" in names else 64
    signature = {
        name: tf.TensorSpec((together, *part.shape), part.dtype)
        for name, part in zip(names, first, strict=False)
    }

    def stacked(batches):
        while some := list(itertools.islice(batches, together)):
            parts = zip(names, zip(*some, strict=True), strict=False)
            yield {name: np.stack(part) for name, part in parts}

    def with_targets(batch):
        if targets_of is None:
            return (batch,)
        return ({**batch, "target": targets_of(batch["index"])},)

    # Held by this frame alone, so it is gone when the context is left.
    drawn = stacked(itertools.chain([first], batches))
    again = functools.partial(iter, functools.partial(_next, weakref.ref(drawn)), None)
    made = tf.data.Dataset.from_generator(again, output_signature=signature).unbatch()
    options = tf.data.Options()
    options.autotune.enabled = False
    options.experimental_optimization.inject_prefetch = False
    yield made.prefetch(4).map(with_targets).with_options(options)


def _next(reference):
    """What the generator has next; None when it has no more, or is no more."""
    generator = reference()
    return None if generator is None else next(generator, None)

"""The formulas on tensors, in ``keras.ops``: the same numbers on every backend."""

import math

from keras import ops


def squared_distances(z, centers):
    """Squared Euclidean distances between points and centres.

    ``||z||^2 - 2 z.mu + ||mu||^2``: one matrix product, so that k = 1000 needs no (n, k, d) tensor.
    Both sides are first moved by the mean centre, which changes no distance and keeps the
    cancellation small when the data lie far from the origin.

    Parameters
    ----------
    z
        Points, (n, d).
    centers
        Centres, (k, d).

    Returns
    -------
    (n, k), each entry >= 0, in the squared units of ``z``.
    """
    origin = ops.stop_gradient(ops.mean(centers, axis=0, keepdims=True))
    z, centers = ops.subtract(z, origin), ops.subtract(centers, origin)
    # Every operation on (n, k) counts when k = 1000: the factor goes to the smaller side.
    cross = ops.matmul(z, ops.transpose(-2.0 * centers))
    squared = cross + ops.sum(z * z, axis=1, keepdims=True) + ops.sum(centers * centers, axis=1)
    return ops.relu(squared)  # the gradient of a maximum with 0 takes longer


def log_student_t(squared, alpha=1.0):
    """Logarithm of the Student-t soft assignment, Eq. 1 of Xie et al. (2016).

    ``q_ij = (1 + d2_ij / alpha)^(-(alpha + 1) / 2)``, rows normalised. In log space no power
    overflows; ``alpha = inf`` is the Gaussian kernel, the softmax of ``-d2 / 2``.

    Parameters
    ----------
    squared
        Squared distances, (n, k), >= 0.
    alpha
        Degrees of freedom of the kernel, > 0; infinity too.

    Returns
    -------
    log q, (n, k); the exponentials of a row sum to 1.
    """
    if alpha == math.inf:
        return ops.log_softmax(-0.5 * squared, axis=-1)
    return ops.log_softmax(-0.5 * (alpha + 1.0) * ops.log1p(squared / alpha), axis=-1)


def student_t(squared, alpha=1.0):
    """Student-t soft assignment q, Eq. 1: (n, k) squared distances -> (n, k), rows sum to 1."""
    if alpha != 1.0:
        return ops.exp(log_student_t(squared, alpha))
    # The same without logarithms, which of many clusters are a good part of a step. Divisions, as
    # TensorFlow's reciprocal, with a cheaper gradient, rounds by the place in the batch.
    weight = 1.0 / (1.0 + squared)
    return weight / ops.sum(weight, axis=-1, keepdims=True)


def kl_divergence(p, q):
    """KL(p || q) of each row, Eq. 2, in nats: (n, k), (n, k) -> (n,), >= 0.

    ``0 log 0 = 0``. The Student-t q is a power law and stays far above the smallest float32, which
    is too small to change it and only keeps an exact zero finite.
    """
    tiny = 1e-37
    # One logarithm of the ratio: of many clusters two of them are a good part of a step.
    log_ratio = ops.log(ops.add(q, tiny) / ops.add(p, tiny))
    return -ops.sum(ops.multiply(p, log_ratio), axis=-1)


def mean_squared_error(x, restored):
    """Mean over features of the squared error, in float32: (batch, ...) twice -> (batch,)."""
    error = ops.square(ops.cast(restored, "float32") - ops.cast(x, "float32"))
    return ops.mean(error, axis=tuple(range(1, len(error.shape))))


def cross_entropy(p, q):
    """``-sum_j p_j log q_j`` of each row, in nats: (n, k), (n, k) -> (n,), >= 0."""
    return -ops.sum(ops.multiply(p, ops.log(ops.maximum(q, 1e-37))), axis=-1)

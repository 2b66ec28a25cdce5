"""Target distributions: the soft assignments Q of the WHOLE data set in, the targets P out.

NumPy, because a target is data, constant while the network trains: no gradient passes here.
"""

import numpy as np


def squared(q: np.ndarray) -> np.ndarray:
    """Self-training target of DEC, Eq. 3 of Xie et al. (2016).

    ``p_ij = (q_ij^2 / f_j) / sum_j' (q_ij'^2 / f_j')`` with the soft frequency
    ``f_j = sum_i q_ij`` over all n samples: it sharpens q, and the division by f_j keeps a large
    cluster from distorting the space. Balancing can flip the argmax of an undecided row.

    Parameters
    ----------
    q
        Soft assignments of the whole data set, (n, k), rows sum to 1.

    Returns
    -------
    (n, k) in the dtype of ``q``, rows sum to 1. The frequencies are summed in float64.
    """
    frequency = q.sum(axis=0, dtype=np.float64)
    # An empty cluster may have f = 0, and then q = 0 in its whole column: 0 / 0 := 0.
    weight = np.square(q) / np.where(frequency > 0, frequency, 1.0).astype(q.dtype)
    return weight / weight.sum(axis=1, keepdims=True)


def one_hot(q: np.ndarray) -> np.ndarray:
    """Naive target: all mass on the nearest centre, (n, k) -> (n, k).

    Section 3.1.3 of Xie et al. (2016) names it as the naive choice: it trusts undecided points as
    much as certain ones. Kept so that the harm can be measured.
    """
    target = np.zeros_like(q)
    target[np.arange(len(q)), q.argmax(axis=1)] = 1
    return target


BY_NAME = {"squared": squared, "one_hot": one_hot}

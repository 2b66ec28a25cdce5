"""Target distributions: the soft assignments Q of the WHOLE data set in, the targets P out.

NumPy, because a target is data, constant while the network trains: no gradient passes here.
"""

import numpy as np
import scipy.special


def boosted(
    q: np.ndarray,
    boost: float = 2.0,
    balance: float = 1.0,
    frequency: np.ndarray | None = None,
) -> np.ndarray:
    """Self-training target ``p_ij = q_ij^boost / f_j^balance``, rows normalised.

    ``f_j = sum_i q_ij`` is the soft frequency of cluster j over all n samples. A power above 1
    sharpens q; the division keeps a large cluster from distorting the space, and can flip the
    argmax of an undecided row. One formula, several papers:

    ============================ ===== =======
    target                       boost balance
    ============================ ===== =======
    DEC and IDEC, DEPICT's code  2     1
    DEPICT, the paper            1     1/2
    DBC                          > 1   any
    ============================ ===== =======

    Parameters
    ----------
    q
        Soft assignments of the whole data set, (n, k), rows sum to 1.
    boost
        Power of q, > 0. With ``boost=1, balance=0`` the target is q itself; the larger, the nearer
        to one-hot.
    balance
        Power of f, >= 0.
    frequency
        f, (k,), where ``q`` are some rows only of the whole data set.

    Returns
    -------
    (n, k) in the dtype of ``q``, rows sum to 1. The frequencies are summed in float64.
    """
    if frequency is None:
        frequency = q.sum(axis=0, dtype=np.float64)
    # An empty cluster may have f = 0, and then q = 0 in its whole column: 0 / 0 := 0.
    scale = np.log(np.where(frequency > 0, frequency, 1.0)) * balance
    with np.errstate(divide="ignore"):  # log 0 = -inf is right: 0 ** boost = 0
        log_weight = boost * np.log(q) - scale.astype(q.dtype)
    return scipy.special.softmax(log_weight, axis=1)


def squared(q: np.ndarray, frequency: np.ndarray | None = None) -> np.ndarray:
    """Target of DEC, Eq. 3 of Xie et al. (2016): ``boosted`` with ``q^2 / f``."""
    return boosted(q, frequency=frequency)


def one_hot(q: np.ndarray, frequency: np.ndarray | None = None) -> np.ndarray:
    """Naive target: all mass on the nearest centre, (n, k) -> (n, k).

    Section 3.1.3 of Xie et al. (2016) names it as the naive choice: it trusts undecided points as
    much as certain ones. Kept so that the harm can be measured. ``frequency`` plays no part.
    """
    target = np.zeros_like(q)
    target[np.arange(len(q)), q.argmax(axis=1)] = 1
    return target


BY_NAME = {"squared": squared, "one_hot": one_hot}

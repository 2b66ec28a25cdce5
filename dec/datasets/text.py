"""From word counts to what DEC reads: tf-idf rows of length sqrt(d), and how they are stored.

A sparse matrix and its labels are stored as the arrays of `scipy.sparse.save_npz` with a `y`
beside them, so that `scipy.sparse.load_npz` reads the same files.
"""

import math

import numpy as np
from scipy import sparse
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.preprocessing import normalize

from dec.datasets.files import Arrays


def tfidf(counts: sparse.csr_matrix) -> sparse.csr_matrix:
    """Weight word counts as DEC does (Xie et al. 2016, section 4).

    ``tf = 1 + ln(count)``, ``idf = ln((1 + n) / (1 + df)) + 1`` with `df` the number of documents
    that hold the word, rows to unit l2 norm, times ``sqrt(d)``: the mean square of a row is then 1.
    A document without a word stays a row of zeros.

    Parameters
    ----------
    counts : csr_matrix of shape (n, d)
        Word counts. Left untouched.

    Returns
    -------
    csr_matrix of shape (n, d), float32, values >= 0
    """
    weights = TfidfTransformer(norm=None, smooth_idf=True, sublinear_tf=True).fit_transform(counts)
    return scaled_rows(weights)


def scaled_rows(weights: sparse.csr_matrix) -> sparse.csr_matrix:
    """Scale every row to l2 norm sqrt(d): (n, d) -> (n, d) float32. Empty rows stay empty."""
    unit = normalize(weights, norm="l2")
    return sparse.csr_matrix(unit * math.sqrt(weights.shape[1]), dtype=np.float32)


def pack(matrix: sparse.csr_matrix, y: np.ndarray) -> Arrays:
    """Matrix (n, d) and labels (n,) -> the arrays that `scipy.sparse.save_npz` writes, and `y`."""
    return {
        "data": matrix.data,
        "format": np.array(b"csr"),
        "indices": matrix.indices,
        "indptr": matrix.indptr,
        "shape": np.array(matrix.shape),
        "y": y,
    }


def unpack(arrays: Arrays) -> tuple[sparse.csr_matrix, np.ndarray]:
    """Turn the arrays of `pack` back into matrix (n, d) and labels (n,).

    Raises
    ------
    ValueError
        If the arrays are not a well-formed CSR matrix.
    """
    if arrays["format"].tolist() != b"csr":
        raise ValueError(f"expected a matrix in csr format, got {arrays['format'].tolist()!r}")
    matrix = sparse.csr_matrix(
        (arrays["data"], arrays["indices"], arrays["indptr"]), shape=tuple(arrays["shape"])
    )
    matrix.check_format()  # an index out of range would crash compiled code later on
    return matrix, arrays["y"]

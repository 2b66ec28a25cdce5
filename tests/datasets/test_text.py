import math

import numpy as np
import pytest
from scipy import sparse

from dec.datasets import text


def by_hand(counts):
    """DEC's tf-idf, element by element, in float64."""
    n, d = counts.shape
    out = np.zeros((n, d))
    for j in range(d):
        idf = math.log((1 + n) / (1 + np.count_nonzero(counts[:, j]))) + 1
        for i in range(n):
            if counts[i, j]:
                out[i, j] = (1 + math.log(counts[i, j])) * idf
    for i in range(n):
        norm = math.sqrt((out[i] ** 2).sum())
        out[i] *= math.sqrt(d) / norm if norm else 0
    return out


@pytest.fixture
def counts():
    rng = np.random.default_rng(0)
    counts = rng.poisson(0.5, size=(30, 12)).astype(np.float32)
    counts[4] = 0  # a document without a word
    counts[:, 7] = 0  # a word in no document
    counts[:, 8] = 3  # a word in every document, nearly
    counts[4, 8] = 0
    return counts


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64])
def test_tfidf_is_the_formula(counts, dtype):
    matrix = sparse.csr_matrix(counts.astype(dtype))
    weights = text.tfidf(matrix)
    assert sparse.issparse(weights)
    assert (weights.format, weights.dtype) == ("csr", np.float32)
    np.testing.assert_allclose(weights.toarray(), by_hand(counts), rtol=2e-6, atol=1e-7)
    np.testing.assert_array_equal(matrix.toarray(), counts)  # the input is left alone


def test_tfidf_of_two_documents_on_paper():
    # df = (2, 1), n = 2, so idf = (ln(3/3) + 1, ln(3/2) + 1) = (1, 1.405465).
    # Document 0: tf = (1, 1 + ln 2 = 1.693147) -> (1, 2.379659), norm 2.581236, times sqrt(2).
    weights = text.tfidf(sparse.csr_matrix([[1.0, 2.0], [5.0, 0.0]])).toarray()
    expected = [[0.547882, 1.303773], [math.sqrt(2), 0]]
    np.testing.assert_allclose(weights, expected, rtol=2e-6)


def test_rows_have_mean_square_one(counts):
    for scaled in (text.tfidf, text.scaled_rows):
        weights = scaled(sparse.csr_matrix(counts)).toarray().astype(np.float64)
        mean_square = (weights**2).mean(axis=1)
        assert mean_square[4] == 0
        np.testing.assert_allclose(np.delete(mean_square, 4), 1, rtol=1e-6)


def test_scaled_rows_keep_their_direction(counts):
    scaled = text.scaled_rows(sparse.csr_matrix(counts)).toarray()
    ratio = scaled[0, counts[0] > 0] / counts[0, counts[0] > 0]
    np.testing.assert_allclose(ratio, math.sqrt(12) / np.linalg.norm(counts[0]), rtol=1e-6)


def test_pack_is_scipys_layout(counts, tmp_path):
    matrix, y = sparse.csr_matrix(counts), np.arange(30)
    arrays = text.pack(matrix, y)
    np.savez(tmp_path / "file.npz", **arrays)
    assert (sparse.load_npz(tmp_path / "file.npz") != matrix).nnz == 0
    again, labels = text.unpack(arrays)
    assert (again != matrix).nnz == 0
    np.testing.assert_array_equal(labels, y)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("format", np.array(b"csc")),
        ("indices", np.full(4, 99, dtype=np.int32)),  # there is no column 99
        ("indices", np.full(4, -1, dtype=np.int32)),
        ("indptr", np.array([0, 4], dtype=np.int32)),  # too short for two rows
        ("shape", np.array([2])),
    ],
)
def test_unpack_refuses_what_is_no_csr_matrix(key, value):
    arrays = text.pack(sparse.csr_matrix(np.ones((2, 2), np.float32)), np.zeros(2))
    with pytest.raises(ValueError, match=r".+"):
        text.unpack(arrays | {key: value})

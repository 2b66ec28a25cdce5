import numpy as np
import pytest
import scipy.sparse

from dec.training.rows import ShuffledRows, _per_call, dense_rows


def stream(n, batch_size, batches, seed=0):
    rows = ShuffledRows(np.zeros((n, 1)), batch_size, seed, resident=True)
    return [rows[i][0]["index"] for i in range(batches)]


@pytest.mark.parametrize(("n", "batch_size"), [(64, 32), (65, 32), (63, 32), (10, 3), (7, 7)])
def test_every_row_once_a_pass_and_no_batch_short(n, batch_size):
    batches = stream(n, batch_size, batches=3 * n)
    assert {len(batch) for batch in batches} == {batch_size}
    rows = np.concatenate(batches)[: 3 * n].reshape(3, n)
    np.testing.assert_array_equal(np.sort(rows, axis=1), np.tile(np.arange(n), (3, 1)))
    assert not np.array_equal(rows[0], rows[1])


def test_a_data_set_smaller_than_a_batch_is_one_batch():
    np.testing.assert_array_equal(np.sort(stream(5, 256, 1)[0]), np.arange(5))


def test_a_batch_depends_on_seed_and_number_only():
    rows = ShuffledRows(np.zeros((50, 1)), 16, 7, resident=True)
    forward = [rows[i][0]["index"] for i in range(40)]
    for i in reversed(range(40)):
        np.testing.assert_array_equal(rows[i][0]["index"], forward[i])
    assert not np.array_equal(stream(50, 16, 1, seed=8)[0], forward[0])


def test_rows_travel_with_the_numbers_unless_resident():
    X = scipy.sparse.random(20, 6, density=0.4, format="csr", rng=0)
    (batch,) = ShuffledRows(X, 4, 0, resident=False)[2]
    np.testing.assert_array_equal(batch["x"], X.toarray()[batch["index"]])
    assert set(ShuffledRows(X, 4, 0, resident=True)[2][0]) == {"index"}


def test_dense_rows():
    X = np.arange(12).reshape(4, 3)
    np.testing.assert_array_equal(dense_rows(X, slice(1, 3)), X[1:3])
    np.testing.assert_array_equal(dense_rows(scipy.sparse.csr_matrix(X), [2, 0]), X[[2, 0]])


@pytest.mark.parametrize(
    ("steps", "calls"), [(1, 1), (140, 140), (274, 137), (157, 1), (1000, 125)]
)
def test_steps_a_call_divide_the_steps(steps, calls):
    assert _per_call(steps) == calls

import numpy as np
import pytest

from dec import targets

Q = np.array([[0.5, 0.5], [0.9, 0.1], [0.8, 0.2]])


def loop_squared(q, factor=1.0):
    n, k = q.shape
    f = [factor * sum(q[i, j] for i in range(n)) for j in range(k)]
    rows = [[q[i, j] ** 2 / f[j] for j in range(k)] for i in range(n)]
    return np.array([[w / sum(row) for w in row] for row in rows])


def random_rows(seed=0, n=40, k=5):
    return np.random.default_rng(seed).dirichlet(np.full(k, 0.7), size=n)


def test_worked_example():
    # f = (2.2, 0.8). First row: 0.25 / 2.2 to 0.25 / 0.8 is 0.8 to 2.2, hence 0.2667, 0.7333.
    expected = [[0.2667, 0.7333], [0.9672, 0.0328], [0.8533, 0.1467]]
    np.testing.assert_allclose(targets.squared(Q), expected, atol=5e-5)


@pytest.mark.parametrize("seed", range(4))
def test_squared_is_that_of_a_loop(seed):
    q = random_rows(seed)
    np.testing.assert_allclose(targets.squared(q), loop_squared(q), rtol=1e-12)


def test_scaling_the_frequencies_changes_nothing():
    # The paper's own code rescales 1 / f to sum to k.
    q = random_rows(1)
    np.testing.assert_allclose(targets.squared(q), loop_squared(q, factor=17.3), rtol=1e-12)


def test_one_hot_rows_are_a_fixed_point():
    q = np.eye(3)[[0, 1, 2, 2, 2, 1]]
    np.testing.assert_array_equal(targets.squared(q), q)


def test_uniform_rows_are_a_fixed_point_when_frequencies_are_equal():
    q = np.full((6, 4), 0.25)
    np.testing.assert_allclose(targets.squared(q), q, rtol=1e-15)
    # With unequal frequencies the same row moves towards the small cluster.
    moved = targets.squared(np.array([[0.5, 0.5], [0.9, 0.1]]))
    assert moved[0, 1] > 0.6


def test_sharpens_when_frequencies_are_equal():
    q = np.array([[0.7, 0.3], [0.3, 0.7]])
    # 0.49 to 0.09.
    np.testing.assert_allclose(targets.squared(q)[0], [49 / 58, 9 / 58], rtol=1e-12)


@pytest.mark.parametrize("target", targets.BY_NAME.values(), ids=targets.BY_NAME)
def test_tied_rows_stay_tied(target):
    q = random_rows(2)
    q[[3, 11, 30]] = q[7]
    p = target(q)
    for i in (3, 11, 30):
        np.testing.assert_array_equal(p[i], p[7])


@pytest.mark.parametrize("target", targets.BY_NAME.values(), ids=targets.BY_NAME)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_rows_sum_to_one_and_keep_their_dtype(target, dtype):
    q = random_rows(3, n=1000).astype(dtype)
    before = q.copy()
    p = target(q)
    assert p.dtype == dtype
    assert p.shape == q.shape
    assert p.min() >= 0
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_array_equal(q, before)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("share", [0.0, 1e-44, 1e-30])
def test_an_empty_cluster_gives_no_nan(dtype, share):
    q = np.array([[0.25, share, 0.75], [0.5, share, 0.5]], dtype)
    p = targets.squared(q)
    assert np.isfinite(p).all()
    np.testing.assert_allclose(p[:, 1], 0, atol=1e-6)
    np.testing.assert_allclose(p[:, [0, 2]], targets.squared(q[:, [0, 2]]), rtol=1e-5)


def test_frequencies_are_those_of_the_whole_data_set():
    q = random_rows(4, n=60)
    whole = targets.squared(q)
    batches = np.concatenate([targets.squared(q[i : i + 20]) for i in range(0, 60, 20)])
    assert abs(whole - batches).max() > 0.02
    # The order of the rows is no part of it.
    order = np.random.default_rng(0).permutation(60)
    np.testing.assert_allclose(targets.squared(q[order]), whole[order], rtol=1e-12)


def test_frequencies_of_many_rows_do_not_drift():
    # Running float32 sums of a million equal shares are wrong in the fourth digit.
    q = np.broadcast_to(np.float32([[0.3, 0.7]]), (1_000_000, 2))
    drifted = np.add.accumulate(q[:, 0])[-1]
    assert abs(drifted / 300_000 - 1) > 1e-4
    # p_j is q_j^2 / (n q_j) = q_j / n before it is normalised.
    np.testing.assert_allclose(targets.squared(q)[0], [0.3, 0.7], rtol=1e-6)


@pytest.mark.parametrize(("boost", "balance"), [(1, 0.5), (3, 1), (2, 0), (1.5, 2)])
def test_boosted_is_that_of_a_loop(boost, balance):
    q = random_rows(5)
    f = q.sum(axis=0)
    rows = [[q[i, j] ** boost / f[j] ** balance for j in range(5)] for i in range(40)]
    expected = np.array([[w / sum(row) for w in row] for row in rows])
    np.testing.assert_allclose(targets.boosted(q, boost, balance), expected, rtol=1e-12)


def test_boosted_limits():
    q = random_rows(6)
    np.testing.assert_allclose(targets.boosted(q, 1, 0), q, rtol=1e-12)
    best = np.sort(q, axis=1)
    decided = best[:, -1] > 1.05 * best[:, -2]  # 1.05 ** 500 is 4e10
    assert decided.sum() > 30
    sharp, hard = targets.boosted(q, 500, 0), targets.one_hot(q)
    np.testing.assert_allclose(sharp[decided], hard[decided], atol=1e-9)


def test_one_hot_puts_all_on_the_nearest():
    np.testing.assert_array_equal(targets.one_hot(Q), [[1, 0], [1, 0], [1, 0]])
    q = random_rows(5)
    p = targets.one_hot(q)
    np.testing.assert_array_equal(p.argmax(axis=1), q.argmax(axis=1))
    np.testing.assert_array_equal(np.sort(p, axis=1)[:, :-1], 0)
    assert set(targets.BY_NAME) == {"squared", "one_hot"}

"""Lloyd's algorithm: its laws, scikit-learn's figures, and what it does in a corner."""

import numpy as np
import pytest
import sklearn.cluster
from sklearn.base import clone
from sklearn.utils.estimator_checks import parametrize_with_checks

from dec import datasets
from dec.classical import KMeans


@pytest.fixture(scope="module")
def digits():
    return datasets.load("digits").x.astype("float64")


@parametrize_with_checks([KMeans(3, n_init=2)])
def test_scikit_learn_contract(estimator, check):
    check(estimator)


def test_numbers_by_hand():
    """0 and 1 against 4 and 6, from 1 and 2: assignment, means 0.5 and 5, nothing changes."""
    model = KMeans(2, init=[[1.0], [2.0]]).fit([[0.0], [1.0], [4.0], [6.0]])
    np.testing.assert_allclose(model.cluster_centers_, [[0.5], [5.0]])
    # 1 + 0 + 4 + 16, then 1/4 + 1/4 + 1 + 1, and the same twice more.
    np.testing.assert_allclose(model.losses_, [21, 2.5, 2.5, 2.5])
    np.testing.assert_allclose(model.paths_, [[[1], [2]], [[0.5], [5]], [[0.5], [5]]])
    assert model.labels_.tolist() == [0, 0, 1, 1]
    assert (model.n_iter_, model.inertia_) == (2, pytest.approx(2.5))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("init", ["random", "k-means++"])
def test_no_half_step_raises_the_loss(digits, init, seed):
    losses = KMeans(10, init=init, n_init=1, random_state=seed).fit(digits).losses_
    assert (np.diff(losses) <= 0).all()
    assert losses[0] > losses[-1]


@pytest.mark.parametrize("seed", range(3))
def test_same_start_same_end_as_scikit_learn(digits, seed):
    start = digits[np.random.default_rng(seed).choice(len(digits), 10, replace=False)]
    ours = KMeans(10, init=start).fit(digits)
    theirs = sklearn.cluster.KMeans(10, init=start, n_init=1, tol=0).fit(digits)
    assert ours.inertia_ == pytest.approx(theirs.inertia_, rel=1e-9)
    np.testing.assert_array_equal(ours.labels_, theirs.labels_)
    np.testing.assert_allclose(ours.cluster_centers_, theirs.cluster_centers_, atol=1e-9)


def test_the_end_is_a_fixed_point(digits):
    model = KMeans(10, n_init=1, random_state=0).fit(digits)
    again = KMeans(10, init=model.cluster_centers_).fit(digits)
    np.testing.assert_array_equal(again.labels_, model.labels_)
    np.testing.assert_allclose(again.cluster_centers_, model.cluster_centers_, atol=1e-12)


def test_scatter_is_within_plus_between(digits):
    model = KMeans(10, n_init=1, random_state=0).fit(digits)
    mean = digits.mean(axis=0)
    between = np.bincount(model.labels_) @ ((model.cluster_centers_ - mean) ** 2).sum(axis=1)
    assert model.inertia_ + between == pytest.approx(((digits - mean) ** 2).sum())


def test_inertia_is_that_of_labels_and_centers(digits):
    model = KMeans(7, n_init=1, random_state=0).fit(digits)
    own = model.cluster_centers_[model.labels_]
    assert model.inertia_ == pytest.approx(((digits - own) ** 2).sum())
    np.testing.assert_array_equal(model.transform(digits).argmin(axis=1), model.labels_)
    np.testing.assert_array_equal(model.predict(digits), model.labels_)


def test_the_best_start_wins(digits):
    model = KMeans(10, init="random", n_init=5, random_state=0).fit(digits)
    assert len(model.inertias_) == 5
    assert model.inertia_ == model.losses_[-1] == model.inertias_.min() < model.inertias_.max()
    assert model.paths_.shape == (model.n_iter_ + 1, 10, 64)
    assert len(model.losses_) == 2 * model.n_iter_


def test_more_rows_than_a_block_and_far_from_the_origin():
    """Blocks change nothing, nor does float32 a thousand deviations from zero."""
    x, y = datasets.make_gaussians(20_000, 4, 3)
    x = x + np.float32(1000)
    model = KMeans(4, random_state=0).fit(x)
    assert model.labels_.dtype == np.int64
    assert len(np.unique(np.stack([y, model.labels_], axis=1), axis=0)) == 4
    reference = sklearn.cluster.KMeans(4, random_state=0).fit(np.float64(x)).inertia_
    assert model.inertia_ == pytest.approx(reference, rel=1e-5)


LONELY = np.array([[0.0], [1.0], [2.0], [9.0]])
STARTS = [[0.0], [1.0], [100.0]]  # nobody goes to the third


def test_empty_cluster_takes_the_farthest_sample():
    model = KMeans(3, init=STARTS).fit(LONELY)
    assert (np.bincount(model.labels_, minlength=3) > 0).all()
    assert model.labels_[3] == 2
    assert (np.diff(model.losses_) <= 0).all()


def test_empty_cluster_may_be_kept_or_refused():
    kept = KMeans(3, init=STARTS, empty="keep").fit(LONELY)
    assert kept.cluster_centers_[2] == 100
    assert 2 not in kept.labels_
    with pytest.raises(ValueError, match="empty"):
        KMeans(3, init=STARTS, empty="error").fit(LONELY)


def test_fewer_distinct_rows_than_clusters():
    model = KMeans(3, random_state=0).fit(np.repeat([[0.0], [5.0]], 10, axis=0))
    assert model.inertia_ == pytest.approx(0)


def test_same_seed_same_bits_and_the_global_state_is_not_touched(digits):
    np.random.seed(0)
    state = np.random.get_state()[1].copy()
    a, b = (KMeans(10, n_init=1, random_state=3).fit(digits) for _ in range(2))
    np.testing.assert_array_equal(a.paths_, b.paths_)
    np.testing.assert_array_equal(np.random.get_state()[1], state)


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("n_clusters", 0, ValueError),
        ("n_clusters", 2.0, TypeError),
        ("n_clusters", 99, ValueError),
        ("n_init", 0, ValueError),
        ("max_iter", True, TypeError),
        ("empty", "drop", ValueError),
        ("init", "kmeans", ValueError),
        ("init", [[0.0]], ValueError),
        ("init", [[0.0], [np.nan], [1.0]], ValueError),
    ],
)
def test_bad_parameter_is_refused(name, value, error):
    model = clone(KMeans(3)).set_params(**{name: value})
    with pytest.raises(error, match=name):
        model.fit(LONELY)
    assert not hasattr(model, "labels_")

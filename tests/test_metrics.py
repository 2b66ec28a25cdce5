import itertools
import math

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

from dec import metrics

ALL = [metrics.accuracy, metrics.nmi, metrics.ari]


def brute_force_accuracy(y, labels):
    """Best share over every injective map from the smaller side into the larger."""
    rows, columns = np.unique(y), np.unique(labels)
    if len(rows) > len(columns):
        return brute_force_accuracy(labels, y)
    best = 0
    for chosen in itertools.permutations(columns, len(rows)):
        hits = sum(np.sum((y == a) & (labels == b)) for a, b in zip(rows, chosen, strict=True))
        best = max(best, hits)
    return best / len(y)


def test_accuracy_by_hand():
    assert metrics.accuracy([0, 0, 0, 1, 1, 1], [0, 0, 1, 1, 1, 1]) == 5 / 6
    assert metrics.accuracy([0, 0, 1, 1], [1, 1, 0, 0]) == 1


def test_accuracy_is_not_greedy():
    # Table [[4, 3], [3, 0]]: the largest entry first gives 4 + 0, the best matching 3 + 3.
    y = [0] * 7 + [1] * 3
    labels = [0] * 4 + [1] * 3 + [0] * 3
    assert metrics.accuracy(y, labels) == 0.6


@pytest.mark.parametrize(("classes", "clusters"), [(3, 3), (4, 4), (2, 5), (5, 2), (3, 4), (1, 4)])
@pytest.mark.parametrize("seed", range(5))
def test_accuracy_is_that_of_all_permutations(classes, clusters, seed):
    rng = np.random.default_rng(seed)
    y, labels = rng.integers(classes, size=23), rng.integers(clusters, size=23)
    assert metrics.accuracy(y, labels) == brute_force_accuracy(y, labels)


def test_an_unmatched_cluster_counts_as_wrong():
    assert metrics.accuracy([0, 0, 0, 0], [0, 0, 1, 2]) == 0.5
    assert metrics.accuracy([0, 0, 1, 2], [0, 0, 0, 0]) == 0.5


def test_one_cluster_scores_the_largest_class():
    y = np.repeat([0, 1, 2], [5, 11, 4])
    assert metrics.accuracy(y, np.zeros(20, int)) == 11 / 20
    assert metrics.nmi(y, np.zeros(20, int)) == 0
    assert metrics.ari(y, np.zeros(20, int)) == 0


@pytest.mark.parametrize("score", ALL)
def test_relabelling_changes_nothing(score):
    rng = np.random.default_rng(0)
    y = rng.integers(4, size=200)
    labels = np.where(rng.random(200) < 0.6, y, rng.integers(5, size=200))
    before = score(y, labels)
    assert 0.1 < before < 0.9
    clusters, classes = rng.permutation(5), rng.permutation(4)
    assert score(y, clusters[labels]) == pytest.approx(before, abs=1e-12)
    assert score(classes[y], labels) == pytest.approx(before, abs=1e-12)
    assert score(y, labels * 10 - 7) == pytest.approx(before, abs=1e-12)


@pytest.mark.parametrize("score", ALL)
def test_labels_may_be_strings_or_lists(score):
    y, labels = [2, 0, 0, 1, 1, 2, 2], [0, 0, 1, 1, 1, 2, 2]
    names = np.array(["ant", "bee", "cat"])
    expected = score(np.array(y), np.array(labels))
    assert score(y, labels) == expected
    assert score(names[y], labels) == expected
    assert score(list(names[y]), names[labels].astype(object)) == expected


@pytest.mark.parametrize("score", ALL)
def test_equal_partitions_score_one(score):
    y = np.repeat([0, 1, 2], 6)
    result = score(y, (y + 1) % 3)
    assert type(result) is float
    assert result == pytest.approx(1, abs=1e-12)


def test_nmi_by_hand():
    # H(y) = log 2; H(c) = 3/4 log 4/3 + 1/4 log 4; joint 1/2, 1/4, 1/4.
    y, labels = [0, 0, 1, 1], [0, 0, 0, 1]
    h_y, h_c = math.log(2), 0.75 * math.log(4 / 3) + 0.25 * math.log(4)
    mutual = h_y + h_c - (0.5 * math.log(2) + 0.5 * math.log(4))
    assert metrics.nmi(y, labels) == pytest.approx(mutual / ((h_y + h_c) / 2), abs=1e-12)
    assert metrics.nmi(y, labels) == pytest.approx(0.34372, abs=1e-5)
    geometric = metrics.nmi(y, labels, average_method="geometric")
    assert geometric == pytest.approx(mutual / math.sqrt(h_y * h_c), abs=1e-12)
    assert geometric == pytest.approx(0.34559, abs=1e-5)


def test_ari_by_hand():
    # Pairs together in both 4, in y 6, in c 7, in all 15: (4 - 2.8) / (6.5 - 2.8).
    result = metrics.ari([0, 0, 0, 1, 1, 1], [0, 0, 1, 1, 1, 1])
    assert result == pytest.approx(1.2 / 3.7, abs=1e-12)


def test_scores_are_the_three():
    rng = np.random.default_rng(1)
    y, labels = rng.integers(3, size=50), rng.integers(4, size=50)
    assert metrics.scores(y, labels) == {
        "acc": brute_force_accuracy(y, labels),
        "nmi": normalized_mutual_info_score(y, labels),
        "ari": adjusted_rand_score(y, labels),
    }


@pytest.mark.parametrize("score", [*ALL, metrics.scores])
@pytest.mark.parametrize(
    ("y", "labels"), [([0, 1, 1], [0, 1]), ([0], [0, 1]), ([[0, 1], [1, 0]], [0, 1])]
)
def test_refuses_other_lengths_and_shapes(score, y, labels):
    with pytest.raises(ValueError, match=r"inconsistent numbers of samples|1d array|1D"):
        score(y, labels)


def test_silhouette_by_hand():
    """Points 0, 1 and 10: a = (1, 1, -), b = (10, 9, 9.5); the single one counts 0."""
    z, labels = np.array([[0.0], [1.0], [10.0]]), np.array([0, 0, 5])
    assert metrics.silhouette(z, labels) == pytest.approx((9 / 10 + 8 / 9 + 0) / 3)


def test_silhouette_where_it_is_not_defined():
    z = np.arange(3.0)[:, None]
    assert metrics.silhouette(z, np.zeros(3, int)) == -1
    assert metrics.silhouette(z, np.arange(3)) == 0

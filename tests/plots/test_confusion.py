from itertools import permutations

import numpy as np
import pytest
from matplotlib.figure import Figure

from dec.plots import plot_confusion


def counts(figure):
    """The printed table, read back from its cells."""
    axes = figure.axes[0]
    table = np.full(axes.images[0].get_array().shape, -1)
    for text in axes.texts:
        column, row = text.get_position()
        table[row, column] = int(text.get_text())
    return table


def frames(figure):
    """(row, column) of the matched cells."""
    corners = [frame.get_xy() for frame in figure.axes[0].patches]
    return [(int(y + 0.5), int(x + 0.5)) for x, y in corners]


def ticks(axis):
    return [text.get_text() for text in axis.get_ticklabels()]


# By hand: class 0 in clusters 5, 5, 9; class 1 in 7, 7, 7, 5. Best matching: 0-5 (2), 1-7 (3).
Y = np.array([0, 0, 0, 1, 1, 1, 1])
LABELS = np.array([5, 5, 9, 7, 7, 7, 5])


def test_more_clusters_than_classes():
    figure = plot_confusion(Y, LABELS)
    assert isinstance(figure, Figure)
    axes = figure.axes[0]
    np.testing.assert_array_equal(counts(figure), [[2, 0, 1], [1, 3, 0]])
    assert ticks(axes.xaxis) == ["5", "7", "9"]
    assert ticks(axes.yaxis) == ["0", "1"]
    assert frames(figure) == [(0, 0), (1, 1)]
    assert figure.get_suptitle() == "ACC 71.4 % (5 of 7 samples matched)"
    np.testing.assert_allclose(axes.images[0].get_array(), [[2 / 3, 0, 1 / 3], [1 / 4, 3 / 4, 0]])


def test_more_classes_than_clusters():
    # Roles swapped: cluster 0 goes to class 5 (2), cluster 1 to class 7 (3); class 9 has none.
    figure = plot_confusion(LABELS, Y)
    np.testing.assert_array_equal(counts(figure), [[2, 1], [0, 3], [1, 0]])
    assert ticks(figure.axes[0].yaxis) == ["5", "7", "9"]
    assert frames(figure) == [(0, 0), (1, 1)]
    assert "(5 of 7 samples" in figure.get_suptitle()


def test_unmatched_class_in_the_middle():
    # Cluster 0 is class 0, cluster 1 is class 2; class 1 is spread thin.
    figure = plot_confusion([0, 0, 1, 2, 2], [0, 0, 0, 1, 1])
    np.testing.assert_array_equal(counts(figure), [[2, 0], [1, 0], [0, 2]])
    assert frames(figure) == [(0, 0), (2, 1)]


def test_matching_is_the_best_of_all_permutations_and_counts_every_sample():
    rng = np.random.default_rng(0)
    y, labels = rng.integers(5, size=(2, 200))
    best = max(int((np.array(p)[labels] == y).sum()) for p in permutations(range(5)))
    figure = plot_confusion(y, labels)
    assert f"({best} of 200 samples" in figure.get_suptitle()
    assert np.trace(counts(figure)) == best
    assert counts(figure).sum() == 200


def test_relabelled_clusters_give_the_same_table():
    rng = np.random.default_rng(1)
    y = rng.integers(4, size=100)
    labels = np.where(rng.random(100) < 0.8, y, rng.integers(4, size=100))
    expected = counts(plot_confusion(y, labels))
    np.testing.assert_array_equal(
        counts(plot_confusion(y, np.array([2, 0, 3, 1])[labels])), expected
    )


def test_names_title_and_class_without_samples():
    figure = plot_confusion(Y, LABELS, target_names=["cat", "dog", "fox"], title="toy")
    assert ticks(figure.axes[0].yaxis) == ["cat", "dog", "fox"]
    np.testing.assert_array_equal(counts(figure)[2], [0, 0, 0])
    np.testing.assert_array_equal(figure.axes[0].images[0].get_array()[2], [0, 0, 0])
    assert figure.get_suptitle().startswith("toy\nACC")


def test_large_table_prints_no_counts():
    y = np.arange(40)
    assert not plot_confusion(y, y).axes[0].texts


@pytest.mark.parametrize(
    ("y", "labels", "names", "error", "message"),
    [
        (Y, LABELS[:-1], None, ValueError, "labels: expected 7 labels, received 6"),
        ([], [], None, ValueError, r"y: expected shape \(n,\) with n >= 1, received \(0,\)"),
        (Y[:, None], LABELS, None, ValueError, r"y: expected shape .*received \(7, 1\)"),
        (Y, LABELS * np.nan, None, TypeError, "labels: .*dtype float64 with fractions, NaN"),
        (Y, LABELS.astype(complex), None, TypeError, "labels: .*dtype complex128"),
        (Y, LABELS, ["cat"], ValueError, "target_names: .*received 1 names for labels from 0 to 1"),
        (Y.astype(str), LABELS, ["a", "b"], ValueError, "target_names"),
    ],
)
def test_bad_input(y, labels, names, error, message):
    with pytest.raises(error, match=message):
        plot_confusion(y, labels, names)

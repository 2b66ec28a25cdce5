import numpy as np
import pytest

from dec.plots import plot_lines

LABELS = {"x_label": "passes", "y_label": "ACC"}


def test_lines_are_the_given_ones_and_their_mean():
    runs = np.array([[0.0, 1.0, 2.0], [2.0, 3.0, 4.0]])
    (axes,) = plot_lines([1, 2, 3], {"one": [5, 6, 7], "many": runs}, **LABELS).axes
    drawn = [line.get_ydata().tolist() for line in axes.lines]
    # One line; then the two runs, and their mean in front.
    assert drawn == [[5, 6, 7], [0, 1, 2], [2, 3, 4], [1, 2, 3]]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["one", "many"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("passes", "ACC")


def test_gaps_and_scales():
    axes = plot_lines([1, 10], {"a": [np.nan, 2.0]}, log_x=True, log_y=True, **LABELS).axes[0]
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    assert axes.get_legend() is None


def test_ten_lines_can_be_told_apart():
    axes = plot_lines([0, 1], {str(i): [i, i] for i in range(10)}, **LABELS).axes[0]
    looks = {(line.get_color(), line.get_markerfacecolor()) for line in axes.lines}
    assert len(looks) == 10


@pytest.mark.parametrize(
    ("x", "lines", "match"),
    [
        ([], {"a": []}, "x: expected"),
        ([1, 2], {}, "lines: expected 1 to 10"),
        ([1, 2], {"a": [1, 2, 3]}, "for 'a'"),
        ([1], {str(i): [i] for i in range(11)}, "received 11"),
    ],
)
def test_refused(x, lines, match):
    with pytest.raises(ValueError, match=match):
        plot_lines(x, lines, **LABELS)

import numpy as np
import pytest
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure

from dec.plots import plot_embedding
from dec.plots._style import COLORS

RNG = np.random.default_rng(0)
POINTS = RNG.normal(size=(30, 2))
LABELS = np.arange(30) % 3


def drawn(axes):
    """Points and colours of all collections of a panel: (m, 2), (m, 4)."""
    points = np.concatenate([c.get_offsets().data for c in axes.collections])
    colors = np.concatenate([c.get_facecolors() for c in axes.collections])
    return points, colors


def in_order(rows):
    return rows[np.lexsort(rows.T[::-1])]


def legend_texts(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


def test_points_and_colors_are_the_input():
    figure = plot_embedding(POINTS, LABELS)
    assert isinstance(figure, Figure)
    (axes,) = figure.axes
    points, colors = drawn(axes)
    expected = np.array([to_rgba(COLORS[label]) for label in LABELS])
    np.testing.assert_allclose(
        in_order(np.hstack([points, colors])), in_order(np.hstack([POINTS, expected]))
    )
    assert legend_texts(figure) == ["0", "1", "2"]


def test_panels_titles_and_shared_labels():
    figure = plot_embedding([POINTS, POINTS + 9], LABELS, titles=["before", "after"])
    assert [axes.get_title() for axes in figure.axes] == ["before", "after"]
    np.testing.assert_allclose(in_order(drawn(figure.axes[1])[0]), in_order(POINTS + 9))


def test_stacked_array_is_panels():
    assert len(plot_embedding(np.stack([POINTS] * 3), LABELS).axes) == 3


def test_panels_of_different_size_keep_the_color_of_a_class():
    figure = plot_embedding([POINTS, POINTS[:4]], [LABELS, np.full(4, 2)])
    colors = drawn(figure.axes[1])[1]
    np.testing.assert_allclose(colors, np.tile(to_rgba(COLORS[2]), (4, 1)))


def test_names_axes_and_text_at_the_median():
    figure = plot_embedding(
        POINTS, LABELS, target_names=["cat", "dog", "fox", "ape"], axis_name="t-SNE"
    )
    (axes,) = figure.axes
    assert legend_texts(figure) == ["cat", "dog", "fox", "ape"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("t-SNE 1", "t-SNE 2")
    assert [text.get_text() for text in axes.texts] == ["cat", "dog", "fox"]
    np.testing.assert_allclose(axes.texts[1].get_position(), np.median(POINTS[1::3], axis=0))


def test_beyond_ten_classes_the_marker_tells():
    labels = np.arange(30) % 20
    collections = plot_embedding(POINTS, labels).axes[0].collections
    assert len(collections) == 2
    first, second = (c.get_paths()[0].vertices for c in collections)
    assert first.shape != second.shape


def test_many_classes_draw_without_legend():
    figure = plot_embedding(RNG.normal(size=(120, 2)), np.arange(120))
    assert not figure.legends
    assert not figure.axes[0].texts


def test_string_float_and_list_labels():
    names = np.array(["a", "b", "c"])[LABELS]
    assert legend_texts(plot_embedding(POINTS, names)) == ["a", "b", "c"]
    assert legend_texts(plot_embedding(POINTS, LABELS.astype(float))) == ["0", "1", "2"]
    assert len(plot_embedding(POINTS.tolist(), LABELS.tolist()).axes) == 1


@pytest.mark.parametrize(
    ("points", "labels", "options", "error", "message"),
    [
        (POINTS[:, :1], LABELS, {}, ValueError, r"points: expected .*\(n, 2\).*\(30, 1\)"),
        (POINTS[:0], LABELS[:0], {}, ValueError, r"points: expected .*received shape \(0, 2\)"),
        (POINTS * np.nan, LABELS, {}, ValueError, "points: expected finite values, received 60"),
        (POINTS.astype(complex), LABELS, {}, TypeError, "points: .*received dtype complex"),
        (POINTS, LABELS[:-1], {}, ValueError, "labels: expected 30 labels, received 29"),
        (POINTS, LABELS + 0.5, {}, TypeError, "labels: expected whole numbers.*fractions"),
        ([POINTS] * 2, [LABELS] * 3, {}, ValueError, r"labels: .*per panel \(2\), received 3"),
        (POINTS, LABELS, {"titles": ["a", "b"]}, ValueError, "titles: expected one per panel"),
        (POINTS, LABELS, {"target_names": ["a"]}, ValueError, "target_names: .*1 names.*0 to 2"),
        (POINTS, LABELS - 1, {"target_names": list("abc")}, ValueError, "labels from -1 to 1"),
    ],
)
def test_bad_input(points, labels, options, error, message):
    with pytest.raises(error, match=message):
        plot_embedding(points, labels, **options)

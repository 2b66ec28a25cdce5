import pytest

from dec.plots import plot_n_clusters


def test_a_panel_a_criterion_and_the_choice_in_each():
    figure = plot_n_clusters([2, 3, 4], {"G": [1, 0.9, 0.5], "stability": [0.2, 1, 0.4]}, best=3)
    assert [axes.get_ylabel() for axes in figure.axes] == ["G", "stability"]
    for axes, values in zip(figure.axes, ([1, 0.9, 0.5], [0.2, 1, 0.4]), strict=True):
        line, choice = axes.lines
        assert line.get_ydata().tolist() == values
        assert list(choice.get_xdata()) == [3, 3]
    assert figure.axes[0].get_title() == "recommended: k = 3"


def test_without_a_choice():
    (axes,) = plot_n_clusters([2], {"G": [1]}).axes
    assert len(axes.lines) == 1


@pytest.mark.parametrize(("k", "criteria"), [([], {"G": []}), ([2], {}), ([2], {"G": [1, 2]})])
def test_refused(k, criteria):
    with pytest.raises(ValueError, match="criteria"):
        plot_n_clusters(k, criteria)

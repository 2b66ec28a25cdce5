import numpy as np
import pytest

from dec.plots import plot_paths

POINTS = np.array([[0.0, 0.0], [1.0, 0.0], [5.0, 5.0]])
PATHS = np.array([[[1.0, 1.0], [4.0, 4.0]], [[0.5, 0.0], [5.0, 5.0]]])  # two moments, two centres


def test_path_start_and_end_of_each_centre():
    (axes,) = plot_paths(POINTS, [0, 0, 1], PATHS, title="L = 0.5").axes
    drawn = [line.get_xydata().tolist() for line in axes.lines]
    assert drawn == [
        [[1, 1], [0.5, 0]], [[1, 1]], [[0.5, 0]],
        [[4, 4], [5, 5]], [[4, 4]], [[5, 5]],
    ]  # fmt: skip
    assert axes.get_title() == "L = 0.5"
    assert not axes.texts  # a number would hide the cross


@pytest.mark.parametrize("paths", [PATHS[0], PATHS[:, :, :1], np.full((1, 2, 2), np.nan)])
def test_refused(paths):
    with pytest.raises(ValueError, match="paths"):
        plot_paths(POINTS, [0, 0, 1], paths)

import numpy as np
import pytest

from dec.plots import plot_gradients

Q = np.linspace(1, 0, 21)


def test_points_and_medians():
    (axes,) = plot_gradients(Q, 2 * Q, title="cluster 3").axes
    points, medians = axes.lines
    np.testing.assert_array_equal(points.get_xydata(), np.stack([Q, 2 * Q], axis=1))
    x, y = medians.get_data()
    assert len(x) == 10
    np.testing.assert_allclose(y, 2 * np.asarray(x))
    assert (np.diff(x) > 0).all()


def test_images_go_from_the_smallest_q_to_the_largest():
    images = np.repeat(np.arange(21.0), 4).reshape(21, 4)  # image i is all i, and q falls with i
    _, below = plot_gradients(Q, Q, images, image_shape=(2, 2, 1)).axes
    strip = below.images[0].get_array()
    assert strip.shape == (2, 32)
    np.testing.assert_array_equal(strip[0, ::3], np.arange(20, -1, -2))
    assert strip.mask[:, 2].all()


@pytest.mark.parametrize(
    ("q", "sizes", "images", "match"),
    [
        (Q, Q[:3], None, "expected shape"),
        ([], [], None, "expected shape"),
        (Q + 1, Q, None, r"values in \[0, 1\]"),
        (Q, -Q, None, ">= 0"),
        (Q, Q, np.ones((3, 2, 2)), "images"),
        (Q, Q, np.ones((21, 5)), "images"),
    ],
)
def test_refused(q, sizes, images, match):
    with pytest.raises(ValueError, match=match):
        plot_gradients(q, sizes, images, image_shape=None if images is None else (2, 2))

import numpy as np
import pytest
from matplotlib.figure import Figure

from dec.plots import plot_exemplars

# Cluster 0: images 3, 0, 1 by falling q; cluster 1: image 2 alone; cluster 2: nobody.
Q = np.array([[0.8, 0.1, 0.1], [0.6, 0.4, 0.0], [0.3, 0.7, 0.0], [0.9, 0.05, 0.05]])
IMAGES = np.arange(4 * 3 * 2, dtype=np.float32).reshape(4, 3, 2)


def cell(figure, row, column, height=3, width=2):
    """One image of the mosaic; the gap is one pixel for images this small."""
    mosaic = figure.axes[0].images[0].get_array()
    y, x = row * (height + 1), column * (width + 1)
    return mosaic[y : y + height, x : x + width]


def test_highest_q_first_and_blank_cells():
    figure = plot_exemplars(IMAGES, Q, n_per_cluster=2)
    assert isinstance(figure, Figure)
    (axes,) = figure.axes
    np.testing.assert_array_equal(cell(figure, 0, 0), IMAGES[3])
    np.testing.assert_array_equal(cell(figure, 0, 1), IMAGES[0])
    np.testing.assert_array_equal(cell(figure, 1, 0), IMAGES[2])
    for row, column in ((1, 1), (2, 0), (2, 1)):
        assert cell(figure, row, column).mask.all()
    labels = [text.get_text() for text in axes.get_yticklabels()]
    assert labels == ["cluster 0\nn = 3", "cluster 1\nn = 1", "cluster 2\nn = 0"]
    assert axes.images[0].get_clim() == (IMAGES[[3, 0, 2]].min(), IMAGES.max())


def test_gaps_are_masked():
    mosaic = plot_exemplars(IMAGES, Q, n_per_cluster=2).axes[0].images[0].get_array()
    assert mosaic.shape == (3 * 3 + 2, 2 * 2 + 1)
    assert mosaic.mask[3].all()
    assert mosaic.mask[:, 2].all()


def test_flat_rows_and_one_channel_are_the_same_picture():
    expected = plot_exemplars(IMAGES, Q).axes[0].images[0].get_array()
    for images, shape in (
        (IMAGES.reshape(4, 6), (3, 2)),
        (IMAGES.reshape(4, 6), (3, 2, 1)),
        (IMAGES[..., None], None),
    ):
        drawn = plot_exemplars(images, Q, image_shape=shape).axes[0].images[0].get_array()
        np.testing.assert_array_equal(drawn.mask, expected.mask)
        np.testing.assert_array_equal(drawn.compressed(), expected.compressed())


def test_ties_keep_the_order_of_the_data():
    figure = plot_exemplars(IMAGES, np.tile([1.0, 0.0], (4, 1)), n_per_cluster=3)
    for column in range(3):
        np.testing.assert_array_equal(cell(figure, 0, column), IMAGES[column])


def test_one_channel_is_shown_over_its_own_range():
    """Bytes too: the digits of scikit-learn end at 16 and would be black on black."""
    images = IMAGES.astype(np.uint8)
    image = plot_exemplars(images, Q).axes[0].images[0]  # all of them
    assert image.get_clim() == (images.min(), images.max())


def test_color_images_and_transparent_blanks():
    images = np.random.default_rng(0).integers(256, size=(4, 3, 2, 3)).astype(np.uint8)
    figure = plot_exemplars(images, Q, n_per_cluster=2)
    np.testing.assert_allclose(cell(figure, 0, 0)[..., :3], images[3] / 255)
    assert (cell(figure, 0, 0)[..., 3] == 1).all()
    assert (cell(figure, 2, 0)[..., 3] == 0).all()


def test_constant_images_draw():
    figure = plot_exemplars(np.zeros((4, 3, 2, 3)), Q)
    assert (cell(figure, 0, 0)[..., :3] == 0).all()


@pytest.mark.parametrize(
    ("images", "q", "options", "error", "message"),
    [
        (IMAGES[:3], Q, {}, ValueError, r"images: expected one per row of q \(4\)"),
        (IMAGES.reshape(4, 6), Q, {}, ValueError, "image_shape: expected .*received None"),
        (IMAGES, Q, {"image_shape": (3, 3)}, ValueError, r"image_shape: .*received \(3, 3\)"),
        (np.ones((4, 3, 2, 2)), Q, {}, ValueError, r"image_shape: .*c = 1 or 3.*\(3, 2, 2\)"),
        (IMAGES.astype(str), Q, {}, TypeError, "images: expected real numbers"),
        (IMAGES * np.nan, Q, {}, ValueError, "images: expected finite values.*image 3"),
        (IMAGES, Q * 2, {}, ValueError, "q: expected rows of probabilities.*row sums from 2 to 2"),
        (IMAGES, Q - [1, -1, 0], {}, ValueError, "q: expected rows of probabilities"),
        (IMAGES, Q[:, 0], {}, ValueError, r"q: expected .*received shape \(4,\)"),
        (IMAGES, Q, {"n_per_cluster": 0}, ValueError, "n_per_cluster: .*received 0"),
        (IMAGES, Q, {"n_per_cluster": 2.0}, ValueError, "n_per_cluster: .*received 2.0"),
    ],
)
def test_bad_input(images, q, options, error, message):
    with pytest.raises(error, match=message):
        plot_exemplars(images, q, **options)

"""Random affine changes of images."""

import keras
import numpy as np
import pytest

from dec.layers import RandomAffine

IMAGES = np.random.default_rng(0).uniform(size=(6, 9, 9, 1)).astype("float32")


def moved(layer, x=IMAGES, training=True):
    return keras.ops.convert_to_numpy(layer(x, training=training))


def spot(side=21, at=(10, 10)):
    image = np.zeros((400, side, side, 1), "float32")
    image[:, at[0], at[1]] = 1
    return image


def centre(images):
    """Mean position of each image: (n, 2), rows and columns."""
    mass = images[..., 0] / images.sum(axis=(1, 2, 3))[:, None, None]
    side = np.arange(images.shape[1])
    return np.stack([(mass.sum(axis=2) * side).sum(1), (mass.sum(axis=1) * side).sum(1)], axis=1)


def test_no_change_asked_for_none_made():
    np.testing.assert_allclose(moved(RandomAffine(0, 0, 0)), IMAGES, atol=1e-5)


def test_only_in_training():
    np.testing.assert_array_equal(moved(RandomAffine(), training=False), IMAGES)


def test_shifts_are_uniform_up_to_the_limit():
    found = centre(moved(RandomAffine(shift=0.2, rotation=0, zoom=0, seed=1), spot())) - 10
    limit = 0.2 * 21
    assert np.abs(found).max() <= limit + 1e-3
    assert np.abs(found).max() > 0.9 * limit
    np.testing.assert_allclose(found.mean(axis=0), 0, atol=0.15 * limit)
    assert abs(np.corrcoef(found.T)[0, 1]) < 0.2  # the axes move apart


def test_a_turn_keeps_the_middle_and_the_distance_from_it():
    layer = RandomAffine(shift=0, rotation=40, zoom=0, seed=2)
    np.testing.assert_allclose(centre(moved(layer, spot())), 10, atol=1e-3)
    away = centre(moved(layer, spot(at=(4, 10)))) - 10
    np.testing.assert_allclose(np.linalg.norm(away, axis=1), 6, atol=0.5)
    angles = np.degrees(np.arctan2(away[:, 1], -away[:, 0]))
    assert 35 < angles.max() < 42
    assert -42 < angles.min() < -35


def test_zoom_scales_the_distance_from_the_middle():
    layer = RandomAffine(shift=0, rotation=0, zoom=0.3, seed=3)
    away = 10 - centre(moved(layer, spot(at=(4, 10))))[:, 0]
    assert 3.9 < away.min() < 4.5
    assert 7.5 < away.max() < 8.1


def test_images_as_rows():
    layer = RandomAffine(seed=1, image_shape=(9, 9, 1))
    rows = moved(layer, IMAGES.reshape(6, 81))
    np.testing.assert_allclose(rows, moved(RandomAffine(seed=1)).reshape(6, 81), atol=1e-6)


def test_bytes_become_floats_of_their_own_range():
    bytes_ = (IMAGES * 255).astype("uint8")
    out = moved(RandomAffine(seed=1), bytes_)
    assert out.dtype == np.float32
    assert 100 < out.max() <= 255


def test_a_seed_is_all_draws_and_images_differ():
    one, two, other = (moved(RandomAffine(seed=s)) for s in (1, 1, 2))
    np.testing.assert_array_equal(one, two)
    assert np.abs(one - other).max() > 0
    same = moved(RandomAffine(seed=1), np.repeat(IMAGES[:1], 6, axis=0))
    assert np.abs(same[0] - same[1]).max() > 0


def test_config_is_complete():
    layer = RandomAffine(0.2, 5, 0.3, image_shape=(9, 9, 1), seed=4)
    again = RandomAffine.from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    assert (again.shift, again.rotation, again.zoom) == (0.2, 5, 0.3)


@pytest.mark.parametrize("bad", [{"shift": -0.1}, {"rotation": 181}, {"zoom": 1}])
def test_bad_values_are_refused(bad):
    (name,) = bad
    with pytest.raises(ValueError, match=f"{name} must be in"):
        RandomAffine(**bad)

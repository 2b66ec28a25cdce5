import numpy as np
import pytest

from dec.plots import tsne

Z = np.repeat(np.eye(3, 5), 14, axis=0) * 20 + np.random.default_rng(0).normal(size=(42, 5))


def test_plane_is_reproducible_and_keeps_groups():
    first = tsne(Z, random_state=0, perplexity=5)
    assert first.shape == (42, 2)
    assert first.dtype == np.float32
    np.testing.assert_array_equal(first, tsne(Z, random_state=0, perplexity=5))
    groups = first.reshape(3, 14, 2)
    centers = groups.mean(axis=1)
    nearest = np.linalg.norm(first[:, None] - centers, axis=-1).argmin(axis=1)
    np.testing.assert_array_equal(nearest, np.repeat(np.arange(3), 14))


def test_global_random_state_is_untouched():
    np.random.seed(3)
    before = np.random.get_state()[1].copy()
    tsne(Z, random_state=0, perplexity=5)
    np.testing.assert_array_equal(np.random.get_state()[1], before)


@pytest.mark.parametrize(
    ("z", "perplexity", "error", "message"),
    [
        (Z[:, :1], 5, ValueError, "z: expected at least 2 columns"),
        (Z[0], 5, ValueError, r"z: expected .*received shape \(5,\)"),
        (np.where(Z > 19, np.inf, Z), 5, ValueError, "z: expected finite values"),
        (Z.astype(str), 5, TypeError, "z: expected a real array"),
        (Z[:30], 30, ValueError, "perplexity: expected .*below the 30 samples, received 30"),
        (Z, 0, ValueError, "perplexity: expected .*received 0"),
    ],
)
def test_bad_input(z, perplexity, error, message):
    with pytest.raises(error, match=message):
        tsne(z, random_state=0, perplexity=perplexity)

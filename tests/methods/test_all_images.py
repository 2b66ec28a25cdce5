"""Every method on images, with the convolutional networks in turn."""

import itertools
import pickle

import numpy as np
import pytest
from family import METHODS, everything
from sklearn.base import clone

from dec import ConvAutoencoder, DeepClusterer, NoisyConvAutoencoder, Pretraining, Stage, datasets
from dec.layers import RandomAffine

# Ten minibatches do not make good clusters, and say so.
pytestmark = pytest.mark.filterwarnings(
    "ignore::dec.DegradedWarning", "ignore::dec.CollapseWarning"
)

NETWORKS = {
    "plain": ConvAutoencoder(filters=(4, 4, 8), embedding_dim=5),
    "normalized": ConvAutoencoder(filters=(4, 4, 8), embedding_dim=5, batch_norm=True),
    "noisy": NoisyConvAutoencoder(5, filters=(4, 8), kernels=(4, 3), pads=(0, 1)),
}
PAIRS = list(zip(METHODS, itertools.cycle(NETWORKS)))  # each method on one of them, in turn


@pytest.fixture(scope="module")
def images():
    """Digits 0 to 3 as images (n, 8, 8, 1) from [0, 1], and what they show."""
    digits = datasets.load("digits")
    few = np.flatnonzero(digits.y < 4)[:200]
    return (digits.x[few] / 16).reshape(-1, 8, 8, 1).astype("float32"), digits.y[few]


@pytest.fixture(scope="module", params=PAIRS, ids=lambda pair: f"{pair[0].__name__}-{pair[1]}")
def method(request, quick):
    cls, network = request.param
    recipe = Pretraining(whole=Stage(iterations=60, learning_rate=5e-3, optimizer="adam"))
    changes = {"network": NETWORKS[network], "pretraining": recipe}
    return cls(4, **{**quick, **changes})


@pytest.fixture(scope="module")
def fitted(method, images):
    return clone(method).fit(*images)


def test_outputs_fit_the_images(fitted, images):
    x, _ = images
    assert fitted.labels_.shape == (200,)
    assert fitted.transform(x).shape == (200, 5)
    assert fitted.autoencoder_.output_shape[1:] == x.shape[1:]
    np.testing.assert_array_equal(fitted.predict(x), fitted.labels_)
    np.testing.assert_array_equal(fitted.predict(x[::-1].copy())[::-1], fitted.labels_)


def test_same_seed_same_bits(method, fitted, images):
    again = clone(method).fit(images[0])
    for a, b in zip(everything(again, images[0]), everything(fitted, images[0]), strict=True):
        np.testing.assert_array_equal(a, b)


def test_augmentation_is_used(method, fitted, images):
    x, _ = images
    model = clone(method).set_params(augmentation=RandomAffine()).fit(x)
    np.testing.assert_array_equal(model.predict(x), model.labels_)
    assert (model.transform(x) != fitted.transform(x)).mean() > 0.5


def test_files_and_pickles(fitted, images, tmp_path):
    x, _ = images
    fitted.save(tmp_path / "model.h5")
    fitted.save_weights(tmp_path / "weights.h5")
    for found in (
        DeepClusterer.load(tmp_path / "model.h5"),
        type(fitted)(precision="float32").load_weights(tmp_path / "weights.h5"),
        pickle.loads(pickle.dumps(fitted)),
    ):
        for a, b in zip(everything(found, x), everything(fitted, x), strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("shape", [(200, 64), (200, 8, 8), (200, 8, 4, 1), (200, 8, 8, 3)])
def test_other_shapes_are_refused(fitted, images, shape):
    with pytest.raises(ValueError, match="X"):
        fitted.predict(np.zeros(shape, "float32"))

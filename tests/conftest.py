import numpy as np
import pytest

from dec import DenseAutoencoder, Pretraining, Stage

#: A recipe of a second, for tests that ask whether things work and not how well.
QUICK = Pretraining(
    layerwise=Stage(iterations=20, learning_rate=0.1, relative=True, backoff=6),
    whole=Stage(iterations=60, learning_rate=0.2, relative=True, backoff=6),
    mean_square=0.1,
    corrupt_input=0.2,
    corrupt_hidden=0.2,
)


@pytest.fixture(scope="session")
def quick():
    """Parameters that make any method small and fast."""
    return {
        "network": DenseAutoencoder(units=(24, 5)),
        "pretraining": QUICK,
        "n_init": 2,
        "batch_size": 32,
        "update_interval": 10,
        "max_iter": 40,
        "precision": "float32",
        "random_state": 0,
    }


@pytest.fixture(scope="session")
def blobs():
    """Four well separated clusters in 12 dimensions: x (160, 12) float32, y (160,)."""
    generator = np.random.default_rng(0)
    centers = 4.0 * generator.normal(size=(4, 12))
    y = np.repeat(np.arange(4), 40)
    x = centers[y] + generator.normal(scale=0.5, size=(160, 12))
    return x.astype("float32"), y

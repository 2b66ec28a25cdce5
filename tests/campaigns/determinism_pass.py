"""Fits of one seed in a process of its own, as checksums (see test_determinism.py).

KERAS_BACKEND=jax python determinism_pass.py [after-other-work]
"""

import dataclasses
import json
import sys

import keras
import numpy as np
from fingerprint import checksum
from sklearn.datasets import make_blobs

import dec

#: Dropout in pretraining, and in self-training; compiling a second one would take JAX a minute.
METHODS = [dec.DEC] if keras.backend.backend() == "jax" else [dec.DEC, dec.DEPICT]


def other_work(x):
    """Whatever a process may have done before: seeds, draws, models, another fit."""
    np.random.seed(7)
    keras.utils.set_random_seed(8)
    keras.random.normal((3,))
    keras.Sequential([keras.Input((2,)), keras.layers.Dense(3)])
    return checksum(fit(dec.DEC, x, random_state=1))


def fit(cls, x, random_state):
    stage = dec.Stage(iterations=20, learning_rate=0.1, relative=True, backoff=6)
    recipe = dec.Pretraining(
        layerwise=stage, whole=stage, mean_square=0.1, corrupt_input=0.2, corrupt_hidden=0.2
    )
    network = dec.DenseAutoencoder(units=(24, 5))
    if cls is dec.DEPICT:
        network = dec.NoisyConvAutoencoder(5, filters=(4, 4), kernels=(4, 3), pads=(0, 1))
        x = np.pad(x, [(0, 0), (0, 64 - x.shape[1])]).reshape(-1, 8, 8, 1)
        recipe = dataclasses.replace(recipe, layerwise=None)
    model = cls(
        4, network=network, pretraining=recipe, n_init=2, batch_size=32, update_interval=10,
        max_iter=30, tol=0.0, random_state=random_state,
    )  # fmt: skip
    return model.fit(x)


if __name__ == "__main__":
    X = make_blobs(160, n_features=12, centers=4, random_state=0)[0].astype("float32")
    found = {}
    if "after-other-work" in sys.argv:
        found["another seed"] = other_work(X)
    found |= {cls.__name__: checksum(fit(cls, X, random_state=0)) for cls in METHODS}
    print(json.dumps(found))

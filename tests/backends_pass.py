"""The smaller pass on one backend, in a process of its own (see test_backends.py).

    KERAS_BACKEND=jax python backends_pass.py train FOLDER
    KERAS_BACKEND=jax python backends_pass.py load RESULTS FOLDER...

``train`` checks the formulas, trains a functional model and a DEC, and saves both to FOLDER;
``load`` reads the files of each FOLDER, whichever backend wrote them, without ``custom_objects``.
Both write the numbers that the test compares.
"""

import os
import sys
from importlib.machinery import PathFinder
from pathlib import Path

BACKEND = os.environ.get("KERAS_BACKEND", "tensorflow")


class WithoutTensorFlow(PathFinder):
    """Finds every module but TensorFlow, as where it is not installed."""

    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name.partition(".")[0] != "tensorflow":
            return super().find_spec(name, path, target)


if __name__ == "__main__" and BACKEND != "tensorflow":
    sys.meta_path[sys.meta_path.index(PathFinder)] = WithoutTensorFlow

import keras  # noqa: E402
import numpy as np  # noqa: E402

import dec  # noqa: E402

RNG = np.random.default_rng(0)
Z = RNG.normal(size=(30, 4)).astype("float32")
CENTERS = RNG.normal(size=(3, 4)).astype("float32")
KERNEL = RNG.normal(size=(4, 4)).astype("float32") / 2


def as_numpy(tensor):
    return keras.ops.convert_to_numpy(tensor)


def numpy_q(z, centers, alpha):
    squared = ((np.float64(z)[:, None] - np.float64(centers)) ** 2).sum(axis=2)
    kernel = (1 + squared / alpha) ** (-(alpha + 1) / 2)
    return squared, kernel / kernel.sum(axis=1, keepdims=True)


def check_formulas():
    """dec.ops against NumPy, from arrays and from tensors."""
    for z, centers in ((Z, CENTERS), map(keras.ops.convert_to_tensor, (Z, CENTERS))):
        for alpha in (1.0, 2.5):
            squared, expected = numpy_q(Z, CENTERS, alpha)
            ours = dec.ops.squared_distances(z, centers)
            np.testing.assert_allclose(as_numpy(ours), squared, rtol=1e-5, atol=1e-5)
            q = dec.ops.student_t(ours, alpha)
            np.testing.assert_allclose(as_numpy(q), expected, rtol=1e-4)
            p = dec.targets.squared(expected.astype("float32"))
            divergence = as_numpy(dec.ops.kl_divergence(p, q))
            np.testing.assert_allclose(divergence, (p * np.log(p / expected)).sum(1), atol=1e-5)
    one_hot = np.float32([[0, 1]])
    np.testing.assert_array_equal(as_numpy(dec.ops.kl_divergence(one_hot, one_hot)), [0])
    by_hand = dec.ops.student_t(np.float32([[0.5, 2.0]]))
    np.testing.assert_allclose(as_numpy(by_hand), [[2 / 3, 1 / 3]], rtol=1e-6)


def check_networks():
    """Any 32-bit seed builds a network, the same one again; the embedding is float32."""
    for seed in (0, 2**32 - 1):
        network = dec.DenseAutoencoder(units=(5, 2))
        built = [network.build((3,), seed=seed, precision="mixed_bfloat16") for _ in range(2)]
        for a, b in zip(*(parts.model.get_weights() for parts in built), strict=True):
            np.testing.assert_array_equal(a, b)
        assert as_numpy(built[0].encoder(Z[:, :3])).dtype == np.float32


def check_optimizer():
    """The unfused update is Keras's own."""
    weights = []
    for optimizer in (dec.training.MomentumSGD(0.1), keras.optimizers.SGD(0.1, momentum=0.9)):
        model = functional_model()
        fit(model, optimizer)
        weights.append(model.get_weights())
    for ours, theirs in zip(*weights, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-5)


def functional_model():
    x = keras.Input((4,))
    dense = keras.layers.Dense(4, activation="tanh")
    head = dec.ClusteringLayer(3, alpha=2.5, centers=CENTERS, name="head")
    model = keras.Model(x, head(dense(x)))
    dense.set_weights([KERNEL, np.zeros(4, "float32")])
    return model


def fit(model, optimizer):
    p = dec.targets.squared(model.predict(Z, verbose=0))
    model.compile(optimizer=optimizer, loss="kl_divergence")
    history = model.fit(Z, p, batch_size=10, epochs=10, shuffle=False, verbose=0)
    return history.history["loss"]


def functional_numbers(model):
    head = model.get_layer("head")
    return {
        "functional/q": model.predict(Z, verbose=0),
        "functional/alpha": head.alpha,
        "functional/centers": as_numpy(head.centers),
    }


def blobs():
    data = dec.datasets.load("gaussians")
    # Four more columns, so that there is something to encode.
    mixing = np.random.default_rng(1).normal(size=(2, 6))
    return (data.x[:150] @ mixing).astype("float32"), data.y[:150]


def estimator(cls=dec.DEC, **changes):
    settings = {
        "network": dec.DenseAutoencoder(units=(16, 4)),
        "pretraining": dec.Pretraining(
            layerwise=dec.Stage(iterations=20, learning_rate=0.1),
            whole=dec.Stage(iterations=40, learning_rate=0.1),
            initializer="glorot_uniform",
            mean_square=0.1,
        ),
        "batch_size": 64,
        "max_iter": 60,
        "update_interval": 20,
        "tol": 0.0,
        "precision": "float32",
        "random_state": 0,
    }
    return cls(3, **{**settings, **changes})


def estimator_numbers(model, x):
    return {
        "dec/labels": model.labels_,
        "dec/predict": model.predict(x),
        "dec/q": model.predict_proba(x),
        "dec/z": model.transform(x),
        "dec/centers": model.cluster_centers_,
        "dec/n_iter": model.n_iter_,
    }


def check_estimator(folder):
    x, y = blobs()
    model = estimator().fit(x, y)
    model.save(folder / "dec.h5")
    records = [*model.pretraining_history_, *model.history_]
    assert all(np.isfinite(v) for r in records for v in r.values() if not isinstance(v, str))
    mixed = {"pretraining": None, "precision": "mixed_bfloat16", "max_iter": 40}
    once, again = (estimator(**mixed).fit(x) for _ in range(2))
    np.testing.assert_array_equal(once.predict(x), once.labels_)
    np.testing.assert_array_equal(once.labels_, again.labels_)
    np.testing.assert_array_equal(once.cluster_centers_, again.cluster_centers_)
    return {**estimator_numbers(model, x), "dec/acc": dec.metrics.accuracy(y, model.labels_)}


def check_family(folder):
    """Every method trains, predicts what it labelled and comes back from its file."""
    x, y = blobs()
    images = np.float32(RNG.uniform(size=(24, 8, 8, 1)))
    convolutional = {
        "network": dec.ConvAutoencoder(filters=(4, 4, 4)),
        "pretraining": dec.Pretraining(
            whole=dec.Stage(iterations=10, optimizer="adam", learning_rate=1e-3)
        ),
        "augmentation": dec.layers.RandomAffine(),
        "max_iter": 20,
    }
    noisy = dec.NoisyConvAutoencoder(filters=(4, 4), kernels=(4, 3), pads=(0, 1))
    cases = {
        "IDEC": (estimator(dec.IDEC), x),
        "DBC": (estimator(dec.DBC), x),
        "DCN": (estimator(dec.DCN), x),
        "DCN, tied": (estimator(dec.DCN, network=dec.DenseAutoencoder((16, 4), tied=True)), x),
        "DEPICT": (estimator(dec.DEPICT, warmup=2), x),
        "LESC": (estimator(dec.LESC, units=(8,)), x),
        "DCEC": (estimator(dec.IDEC, **convolutional), images),
        "DBC of images": (
            estimator(
                dec.DBC,
                **{**convolutional, "network": dec.ConvAutoencoder((4, 4, 4), batch_norm=True)},
            ),
            images,
        ),
        "DEPICT of images": (
            estimator(dec.DEPICT, **{**convolutional, "network": noisy, "warmup": 2}),
            images,
        ),
    }
    numbers = {}
    for name, (model, rows) in cases.items():
        model.fit(rows)
        np.testing.assert_array_equal(model.predict(rows), model.labels_, err_msg=name)
        assert np.isfinite(model.transform(rows)).all(), name
        model.save(folder / "family.h5")
        again = type(model).load(folder / "family.h5")
        np.testing.assert_array_equal(again.predict(rows), model.labels_, err_msg=name)
        if rows is x:
            numbers[f"family/{name}"] = dec.metrics.accuracy(y, model.labels_)
    return numbers


def train(folder):
    """Everything on this backend, from scratch, to files in ``folder``."""
    check_formulas()
    check_networks()
    check_optimizer()
    model = functional_model()
    initial = model.predict(Z, verbose=0)
    loss = fit(model, keras.optimizers.SGD(0.5))
    model.save(folder / "model.keras")
    numbers = {"initial/q": initial, "functional/loss": loss, **functional_numbers(model)}
    np.savez(folder / "functional.npz", **numbers)
    np.savez(folder / "dec.npz", **check_estimator(folder))
    np.savez(folder / "family.npz", **check_family(folder))


def load(results, *folders):
    """The numbers of the files in each of ``folders``, to a file of its name in ``results``."""
    for folder in folders:
        model = keras.models.load_model(folder / "model.keras")
        numbers = estimator_numbers(dec.DEC.load(folder / "dec.h5"), blobs()[0])
        np.savez(results / f"{folder.name}.npz", **functional_numbers(model), **numbers)


if __name__ == "__main__":
    assert keras.backend.backend() == BACKEND
    {"train": train, "load": load}[sys.argv[1]](*map(Path, sys.argv[2:]))

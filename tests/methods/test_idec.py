"""IDEC: limiting cases, gradients, and what the decoder is kept for."""

import os
from pathlib import Path

import keras
import numpy as np
import pytest
from sklearn.base import clone

from dec import DEC, IDEC, datasets, metrics
from dec.training.sources import as_source

SGD = {"optimizer": keras.optimizers.SGD(0.05, momentum=0.9), "tol": 0.0}


@pytest.fixture(scope="module")
def idec(quick):
    return IDEC(4, **{**quick, **SGD})


@pytest.fixture(scope="module")
def start(idec, blobs, tmp_path_factory):
    """Weights of one pretrained autoencoder, for all."""
    path = tmp_path_factory.mktemp("idec") / "autoencoder.h5"
    clone(idec).pretrain(blobs[0]).save_weights(path)
    return path


def refined(model, start, x):
    return model.load_weights(start).initialize(x).refine(x)


def test_gamma_0_trains_the_autoencoder_and_moves_no_centroid(idec, start, blobs):
    x, _ = blobs
    model = clone(idec).set_params(gamma=0.0).load_weights(start).initialize(x)
    centers, z = model.cluster_centers_, model.transform(x)
    model.refine(x)
    np.testing.assert_array_equal(model.cluster_centers_, centers)
    assert np.abs(model.transform(x) - z).max() > 1e-5


class WithoutReconstruction(IDEC):
    @property
    def loss_weights(self):
        return {"reconstruction_loss": 0.0, "clustering_loss": 1.0}


def test_without_reconstruction_it_is_dec(idec, quick, start, blobs):
    x, _ = blobs
    ours = refined(WithoutReconstruction(4, **{**quick, **SGD}), start, x)
    dec = refined(DEC(4, **{**quick, **SGD}), start, x)
    np.testing.assert_allclose(ours.predict_proba(x), dec.predict_proba(x), atol=1e-6)
    np.testing.assert_allclose(ours.cluster_centers_, dec.cluster_centers_, atol=1e-6)


def test_gradients_of_decoder_and_centroids(idec, start, blobs, gradients):
    x, _ = blobs
    found = {}
    for gamma in (0.1, 0.4):
        model = clone(idec).set_params(gamma=gamma).load_weights(start).initialize(x)
        trainer = model.build_trainer(x)
        model.refresh(trainer, None, as_source(x))
        found[gamma] = gradients(trainer, x[:32], np.arange(32))
    for path, weak in found[0.1].items():
        if path.startswith("decoder"):
            np.testing.assert_allclose(found[0.4][path], weak, atol=1e-7)
        elif "centers" in path:
            np.testing.assert_allclose(found[0.4][path], 4 * weak, rtol=1e-4, atol=1e-8)
    assert sum("centers" in path for path in found[0.1]) == 1


def test_reconstruction_survives_where_dec_destroys_it(idec, quick, start, blobs):
    """The paper's thesis: under DEC the old decoder no longer fits the embedding."""
    x, _ = blobs
    settings = {**quick, **SGD, "max_iter": 300}
    before = IDEC(4, **settings).load_weights(start)
    error = {"before": np.square(before.autoencoder_.predict(x, verbose=0) - x * before.scale_)}
    for cls in (IDEC, DEC):
        model = refined(cls(4, **settings), start, x)
        restored = model.autoencoder_.predict(x, verbose=0)
        error[cls] = np.square(restored - x * model.scale_)
    assert error[IDEC].mean() < 1.5 * error["before"].mean()
    assert error[DEC].mean() > 2 * error[IDEC].mean()


@pytest.mark.parametrize(("value", "error"), [(-0.1, ValueError), ("0.1", TypeError)])
def test_bad_gamma_is_refused(idec, blobs, value, error):
    with pytest.raises(error, match="gamma must be"):
        clone(idec).set_params(gamma=value).fit(blobs[0])


def test_history_has_both_terms(idec, start, blobs):
    model = refined(clone(idec), start, blobs[0])
    record = model.history_[-1]
    total = record["reconstruction_loss"] + 0.1 * record["clustering_loss"]
    assert record["loss"] == pytest.approx(total, rel=1e-4)


def test_file_of_dcec_has_its_authors_figures():
    folder = Path(os.environ.get("DEC_DATA_DIR", "."))
    path = folder / "legacy" / "dcec_keras224_mnist_dcec_model_final.h5"
    if not path.exists() or not (folder / "mnist.npz").exists():
        pytest.skip("DEC_DATA_DIR has no DCEC file or no MNIST")
    mnist = datasets.load("mnist")
    model = IDEC().load_weights(path)
    labels = [
        model.predict(images.reshape(-1, 28, 28, 1).astype("float32") / 255)
        for images in np.array_split(mnist.x, 7)
    ]
    scores = metrics.scores(mnist.y, np.concatenate(labels))
    log = {"acc": 0.90247, "nmi": 0.89454, "ari": 0.86007}  # dcec_log.csv beside the file
    assert scores == pytest.approx(log, abs=5e-6)

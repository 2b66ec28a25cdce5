"""The files in ``weights/`` are what the manifest says, and score what it says on real data."""

import hashlib
import json
import os
from pathlib import Path

import pytest

from dec import DEC, datasets, metrics

WEIGHTS = Path(__file__).parents[1] / "weights"
MANIFEST = json.loads((WEIGHTS / "manifest.json").read_text())

pytestmark = pytest.mark.skipif(not MANIFEST, reason="no weights are shipped yet")


def test_every_file_is_listed():
    assert {path.name for path in WEIGHTS.glob("*.h5")} == set(MANIFEST)


@pytest.mark.parametrize("name", MANIFEST)
def test_checksum(name):
    assert hashlib.sha256((WEIGHTS / name).read_bytes()).hexdigest() == MANIFEST[name]["sha256"]


@pytest.fixture(scope="module")
def mnist():
    folder = os.environ.get("DEC_DATA_DIR")
    if not folder or not (Path(folder) / "mnist.npz").exists():
        pytest.skip("mnist.npz is not in DEC_DATA_DIR")
    return datasets.load("mnist")


def test_clustered_mnist_scores_what_the_manifest_says(mnist):
    labels = DEC.load(WEIGHTS / "mnist.dec.h5").predict(mnist.x)
    expected = MANIFEST["mnist.dec.h5"]["score"]
    # Another processor rounds bfloat16 products differently, which may move a few of 70 000 points.
    for name, value in metrics.scores(mnist.y, labels).items():
        assert value == pytest.approx(expected[name], abs=1e-3), name


def test_autoencoder_embeds_a_sample(mnist):
    model = DEC(10, n_init=3, random_state=0)
    model.load_weights(WEIGHTS / "mnist.autoencoder.h5").initialize(mnist.x[:5000])
    assert metrics.accuracy(mnist.y[:5000], model.labels_) > 0.6

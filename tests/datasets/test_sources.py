"""Downloads, with small fakes in the place of the libraries that fetch."""

import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
from scipy import sparse
from sklearn import datasets
from sklearn.utils import Bunch

from dec.datasets import sources, text


def test_keras_images(monkeypatch):
    split = (np.ones((3, 28, 28), "u1"), np.arange(3)), (np.zeros((2, 28, 28), "u1"), np.arange(2))
    keras = ModuleType("keras")
    keras.datasets = SimpleNamespace(mnist=SimpleNamespace(load_data=lambda: split))
    monkeypatch.setitem(sys.modules, "keras", keras)
    arrays = sources.keras_images("mnist")
    assert list(arrays) == ["x_train", "y_train", "x_test", "y_test"]
    assert arrays["x_train"] is split[0][0]
    assert arrays["y_test"] is split[1][1]


def test_usps(monkeypatch):
    rng = np.random.default_rng(0)
    values = np.round(rng.uniform(-1, 1, size=(9298, 256)), 3)
    values[0, :2] = -1, 1
    digits = rng.integers(1, 11, size=9298)
    asked = {}

    def fetch_openml(name, **options):
        asked.update(options, name=name)
        return Bunch(data=values, target=digits.astype(str).astype(object))

    monkeypatch.setattr(datasets, "fetch_openml", fetch_openml)
    arrays = sources.usps()
    assert (asked["name"], asked["version"]) == ("USPS", 2)
    assert (arrays["x_train"].shape, arrays["x_test"].shape) == ((7291, 16, 16), (2007, 16, 16))
    x = np.concatenate([arrays["x_train"], arrays["x_test"]]).reshape(-1, 256)
    assert x.dtype == np.float32
    assert x[0, :2].tolist() == [0, 1]
    np.testing.assert_allclose(x, (values + 1) / 2, atol=1e-7)
    y = np.concatenate([arrays["y_train"], arrays["y_test"]])
    assert y.dtype == np.uint8
    np.testing.assert_array_equal(y, digits - 1)


def test_usps_values_come_back_to_the_bit(monkeypatch, real_file):
    with np.load(real_file("usps"), allow_pickle=False) as file:
        raw = {key: file[key] for key in file.files}
    x = np.concatenate([raw["x_train"], raw["x_test"]]).reshape(-1, 256)
    y = np.concatenate([raw["y_train"], raw["y_test"]])
    three_decimals = np.round(x.astype(np.float64) * 2 - 1, 3)  # what the public file holds
    public = Bunch(data=three_decimals, target=(y + 1).astype(str).astype(object))
    monkeypatch.setattr(datasets, "fetch_openml", lambda *_, **__: public)
    for key, array in sources.usps().items():
        np.testing.assert_array_equal(array, raw[key])


def test_newsgroups20(monkeypatch):
    asked = {}

    def fetch_20newsgroups(**options):
        asked.update(options)
        return Bunch(data=["apple the apple pear", "pear", "of the"], target=np.array([2, 0, 1]))

    monkeypatch.setattr(datasets, "fetch_20newsgroups", fetch_20newsgroups)
    counts, y = text.unpack(sources.newsgroups20())
    assert asked == {"subset": "all", "remove": ("headers",), "shuffle": False}
    assert counts.dtype == np.float32
    assert counts.toarray().tolist() == [[2, 1], [0, 1], [0, 0]]  # apple, pear; stop words gone
    assert y.tolist() == [2, 0, 1]


@pytest.fixture
def rcv1(monkeypatch):
    """40 documents, 6 words, five categories; documents 0..3 have one root category each."""
    names = np.array(["C15", "CCAT", "ECAT", "GCAT", "MCAT"], dtype=object)
    target = np.zeros((40, 5), np.uint8)
    target[:, 0] = 1  # C15 is no root and does not count
    target[np.arange(40), 1 + np.arange(40) % 4] = 1
    target[30:35, 1:3] = 1, 1  # two roots
    target[35:, 1:] = 0  # none
    data = np.zeros((40, 6))
    data[:, 0] = 0.001  # the most frequent word by documents, though not by weight
    data[:3, 1] = 9.0
    data[:20, 2] = 0.5 + np.arange(20)  # tells the documents apart
    data[30:, 3] = 5.0  # frequent only in documents that are left out
    data[:25, 4] = 0.25
    bunch = Bunch(
        data=sparse.csr_matrix(data), target=sparse.csr_matrix(target), target_names=names
    )
    monkeypatch.setattr(datasets, "fetch_rcv1", lambda: bunch)
    return bunch


def test_reuters10k(rcv1):
    matrix, y = text.unpack(sources.reuters10k(n_samples=25, n_features=3))
    assert (matrix.shape, matrix.dtype, y.shape) == ((25, 3), np.float32, (25,))
    x = matrix.toarray()
    # Words 0 (30 documents), 4 (25) and 2 (20) are the frequent ones, in their own order.
    np.testing.assert_allclose(x[:, 0], 0.001)
    assert set(x[:, 2].tolist()) <= {0, 0.25}
    # Column 1 tells documents 0..19 apart; root of document i: CCAT ECAT GCAT MCAT in turn,
    # which are labels 0 3 1 2.
    known = x[:, 1] > 0
    document = (x[known, 1] - 0.5).astype(int)
    assert len(set(document)) == len(document) >= 15
    np.testing.assert_array_equal(y[known], np.array([0, 3, 1, 2])[document % 4])


def test_reuters10k_is_shuffled_by_its_seed(rcv1):
    def draw(seed):
        return sources.reuters10k(n_samples=30, n_features=6, seed=seed)

    first, again, other = draw(1234), draw(1234), draw(1)
    for key in first:
        np.testing.assert_array_equal(first[key], again[key])
    assert not np.array_equal(first["y"], other["y"])
    assert np.array_equal(np.sort(first["y"]), np.sort(other["y"]))  # all 30 documents
    assert np.array_equal(first["y"], sources.reuters10k(30, 6)["y"])  # 1234 is the default


def test_not_public():
    with pytest.raises(FileNotFoundError, match="no stable public address"):
        sources.not_public()

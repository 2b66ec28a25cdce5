"""The table is sound, and each real data set is what its row and its documentation say."""

import re

import numpy as np
import pytest
from scipy import sparse

from dec.datasets import Dataset, load, names
from dec.datasets.catalog import CATALOG

EMBEDDED = ("digits", "gaussians")
IMAGES = ("mnist", "fashion_mnist", "usps")
TEXT = ("newsgroups20", "reuters_r8")


@pytest.mark.parametrize("spec", CATALOG.values(), ids=CATALOG)
def test_rows_are_sound(spec):
    n, d = spec.shape
    assert len(set(spec.target_names)) == len(spec.target_names) >= 2
    if spec.class_counts is not None:
        assert sum(spec.class_counts) == n
        assert len(spec.class_counts) == len(spec.target_names)
    if spec.image_shape is not None:
        assert np.prod(spec.image_shape) == d
    assert spec.source
    assert spec.licence
    assert (spec.file is None) == (spec.arrays == ())
    assert spec.sha256 is None or re.fullmatch("[0-9a-f]{64}", spec.sha256)
    # Without a checksum nothing but shape and counts speaks for a file.
    assert spec.file is None or spec.sha256 or spec.download_varies


def test_names():
    assert names() == (*EMBEDDED, *IMAGES, *TEXT, "reuters10k")
    files = [spec.file for spec in CATALOG.values() if spec.file]
    assert len(files) == len(set(files))


def test_load_documents_every_row():
    for spec in CATALOG.values():
        n, d = spec.shape
        row = next(line for line in load.__doc__.splitlines() if line.strip().startswith(spec.name))
        assert f"({n}, {d})" in row
        assert f" {len(spec.target_names)} " in row
        assert (spec.file or "embedded") in row


@pytest.fixture
def real(real_file):
    """``real(name)``: the real data set, embedded or from a real file."""

    def get(name):
        data = load(name, data_dir=None if name in EMBEDDED else real_file(name).parent)
        spec = CATALOG[name]
        assert isinstance(data, Dataset)
        assert data.x.shape == spec.shape
        assert (data.y.dtype, data.y.shape) == (np.int64, spec.shape[:1])
        assert tuple(np.bincount(data.y)) == spec.class_counts
        for field in ("name", "target_names", "image_shape", "source", "licence"):
            assert getattr(data, field) == getattr(spec, field)
        return data

    return get


def test_digits(real):
    data = real("digits")
    assert (data.x.dtype, data.x.min(), data.x.max()) == (np.uint8, 0, 16)
    assert data.x.mean() == pytest.approx(4.884165, abs=1e-6)
    assert data.y[:12].tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]


def test_gaussians(real):
    data = real("gaussians")
    assert data.x.dtype == np.float32
    means = np.array([data.x[data.y == j].mean(axis=0) for j in range(3)])
    own = np.linalg.norm(data.x[:, None] - means, axis=2).argmin(axis=1)
    np.testing.assert_array_equal(own, data.y)


def test_mnist(real):
    data = real("mnist")
    assert (data.x.dtype, data.x.max()) == (np.uint8, 255)
    assert data.x[:60_000].mean() == pytest.approx(33.3184, abs=1e-4)
    assert data.x[60_000:].mean() == pytest.approx(33.7912, abs=1e-4)
    assert data.y[:5].tolist() == [5, 0, 4, 1, 9]
    assert data.y[60_000:60_005].tolist() == [7, 2, 1, 0, 4]


def test_fashion_mnist(real):
    data = real("fashion_mnist")
    assert (data.x.dtype, data.x.max()) == (np.uint8, 255)
    assert data.x[:60_000].mean() / 255 == pytest.approx(0.28604, abs=1e-5)
    assert np.bincount(data.y[:60_000]).tolist() == [6000] * 10
    assert data.target_names[data.y[0]] == "Ankle boot"


def test_usps(real):
    data = real("usps")
    assert (data.x.dtype, data.x.min(), data.x.max()) == (np.float32, 0, 1)
    assert np.abs(data.x * 2000 - np.rint(data.x * 2000)).max() < 1e-3
    assert np.bincount(data.y[:7291])[:3].tolist() == [1194, 1005, 731]
    assert np.bincount(data.y[7291:])[:3].tolist() == [359, 264, 198]


@pytest.mark.parametrize(
    ("name", "n_train", "empty"), [("newsgroups20", 11314, 52), ("reuters_r8", 5485, 0)]
)
def test_text(real, real_file, name, n_train, empty):
    data = real(name)
    assert sparse.issparse(data.x)
    assert (data.x.format, data.x.dtype) == ("csr", np.float32)
    squares = np.asarray(data.x.multiply(data.x).sum(axis=1)).ravel()
    assert (squares == 0).sum() == empty
    np.testing.assert_allclose(squares[squares > 0], 2000, rtol=1e-5)

    with np.load(real_file(name), allow_pickle=False) as file:
        assert tuple(file["target_names"]) == data.target_names
        assert not file["is_test"][:n_train].any()
        assert file["is_test"][n_train:].all()
    # The formula by hand on the first documents, from SciPy's own reading of the file.
    counts = sparse.load_npz(real_file(name))
    n, d = counts.shape
    idf = np.log((1 + n) / (1 + np.bincount(counts.indices, minlength=d))) + 1
    first = counts[:50].toarray().astype(np.float64)
    weights = np.where(first > 0, 1 + np.log(np.maximum(first, 1)), 0) * idf
    norms = np.linalg.norm(weights, axis=1, keepdims=True)
    expected = weights * np.sqrt(d) / np.where(norms > 0, norms, 1)
    np.testing.assert_allclose(data.x[:50].toarray(), expected, rtol=5e-6)

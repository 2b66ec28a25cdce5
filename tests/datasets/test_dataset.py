"""Where `load` looks, in which order, what it checks, and what it says when it fails."""

import dataclasses
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from dec.datasets import files, load, text
from dec.datasets.catalog import CATALOG


def altered(arrays):
    """Same shape and class counts, other content."""
    return {"x": arrays["x"] + 1, "y": arrays["y"]}


def test_import_loads_no_backend():
    # In a new process, and below an empty `dec`, since the package itself needs keras.
    package = Path(files.__file__).parents[1]
    code = (
        "import sys, types; dec = sys.modules['dec'] = types.ModuleType('dec');"
        f"dec.__path__ = [{str(package)!r}]; from dec.datasets import load; load('digits');"
        "print(sorted({'keras', 'tensorflow', 'jax', 'torch'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_dataset_is_frozen_and_prints_short():
    digits = load("digits")
    with pytest.raises(dataclasses.FrozenInstanceError):
        digits.name = "other"
    assert "array" not in repr(digits)
    assert "name='digits'" in repr(digits)
    assert digits != load("digits")  # compared as an object, not array by array


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("mnits", "Did you mean 'mnist'"),
        ("Fashion-MNIST", "Did you mean 'fashion_mnist'"),
        ("", "Known are: digits, gaussians, mnist"),
        (None, "Known are"),
        (["mnist"], "Unknown data set"),
    ],
)
def test_unknown_name(name, hint):
    with pytest.raises(ValueError, match=hint):
        load(name)


# Where it looks


def test_the_order_is_data_dir_environment_cache_download(tmp_path, monkeypatch, cache, toy):
    downloads = toy(sha256=None, download_varies=True)
    places = {"argument": tmp_path / "a", "environment": tmp_path / "b", "cache": cache}
    for value, folder in enumerate(places.values()):
        x = np.full((4, 2), value, np.float32)
        files.write(folder / "toy.npz", {"x": x, "y": np.array([0, 1, 1, 0])})
    monkeypatch.setenv("DEC_DATA_DIR", str(places["environment"]))

    assert load("toy", data_dir=places["argument"]).x[0, 0] == 0
    assert load("toy", data_dir=str(places["argument"])).x[0, 0] == 0
    assert load("toy").x[0, 0] == 1
    (places["environment"] / "toy.npz").unlink()
    assert load("toy").x[0, 0] == 2
    (cache / "toy.npz").unlink()
    assert downloads == []
    assert load("toy").x[1, 1] == 3
    assert downloads == ["toy"]


def test_a_download_is_stored_and_read_again(cache, toy, toy_arrays):
    downloads = toy()
    first, second = load("toy"), load("toy")
    assert downloads == ["toy"]
    assert list(cache.iterdir()) == [cache / "toy.npz"]
    for data in (first, second):
        np.testing.assert_array_equal(data.x, toy_arrays["x"])
        assert (data.y.dtype, data.y.tolist()) == (np.int64, [0, 1, 1, 0])


def test_a_cache_that_cannot_be_written_is_a_warning(cache, toy):
    downloads = toy()
    cache.parent.mkdir()
    cache.write_text("a file where the folder should be")
    for _ in range(2):
        with pytest.warns(UserWarning, match="toy was not stored in the cache"):
            assert load("toy").x.shape == (4, 2)
    assert downloads == ["toy", "toy"]


def test_a_home_can_be_written_as_tilde(tmp_path, monkeypatch, toy, toy_arrays):
    toy()
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    files.write(tmp_path / "data" / "toy.npz", toy_arrays)
    assert load("toy", data_dir="~/data").x.shape == (4, 2)
    monkeypatch.setenv("DEC_DATA_DIR", "~/data")
    assert load("toy").x.shape == (4, 2)


@pytest.mark.parametrize("name", ["mnist", "digits"])
def test_a_data_dir_that_does_not_exist(tmp_path, name):
    with pytest.raises(FileNotFoundError, match=r"data_dir='.*nowhere' is not an existing folder"):
        load(name, data_dir=tmp_path / "nowhere")


def test_a_data_dir_without_the_file_ends_the_search(tmp_path, monkeypatch, toy, toy_arrays):
    downloads = toy()
    files.write(tmp_path / "good" / "toy.npz", toy_arrays)
    monkeypatch.setenv("DEC_DATA_DIR", str(tmp_path / "good"))
    with pytest.raises(FileNotFoundError, match=r"data_dir='.*' lacks the file 'toy\.npz'"):
        load("toy", data_dir=tmp_path)
    assert downloads == []


def test_nothing_found_lists_what_was_tried_and_what_to_do(tmp_path, monkeypatch, cache, toy):
    def unreachable():
        raise ConnectionError("Network is unreachable")

    toy(fetch=unreachable)
    with pytest.raises(FileNotFoundError) as caught:
        load("toy")
    assert str(caught.value).splitlines() == [
        "The data set 'toy' was not found. Tried, in this order:",
        "  - DEC_DATA_DIR: not set",
        f"  - cache: no file {cache / 'toy.npz'}",
        "  - download: ConnectionError: Network is unreachable",
        "Put toy.npz (arrays: x, y) into a folder and name the folder in the environment variable "
        "DEC_DATA_DIR or in load('toy', data_dir=...).",
    ]
    assert isinstance(caught.value.__cause__, ConnectionError)
    assert not cache.exists()

    monkeypatch.setenv("DEC_DATA_DIR", str(tmp_path))
    with pytest.raises(FileNotFoundError, match="DEC_DATA_DIR: no file ") as caught:
        load("toy")
    assert str(tmp_path / "toy.npz") in str(caught.value)


def test_reuters_r8_has_no_download():
    with pytest.raises(FileNotFoundError, match="this file has no stable public address"):
        load("reuters_r8")


# What it checks


def test_a_file_with_another_checksum(tmp_path, toy, toy_arrays):
    toy()
    files.write(tmp_path / "toy.npz", altered(toy_arrays))
    with pytest.raises(ValueError, match=r"toy\.npz has the wrong content: SHA-256 of its arrays"):
        load("toy", data_dir=tmp_path)


def test_a_file_packed_in_another_way_is_good(tmp_path, toy, toy_arrays):
    toy()
    np.savez(tmp_path / "toy.npz", y=toy_arrays["y"], extra=np.ones(3), x=toy_arrays["x"])
    assert load("toy", data_dir=tmp_path).x.shape == (4, 2)


def test_a_truncated_cache_is_an_error_not_a_new_download(cache, toy, toy_arrays):
    downloads = toy()
    files.write(cache / "toy.npz", toy_arrays)
    content = (cache / "toy.npz").read_bytes()
    (cache / "toy.npz").write_bytes(content[: len(content) // 2])
    with pytest.raises(ValueError, match=r"toy\.npz cannot be read"):
        load("toy")
    assert downloads == []


def test_a_download_with_another_checksum(cache, toy, toy_arrays):
    toy(fetch=lambda: altered(toy_arrays))
    with pytest.raises(ValueError, match="the download has the wrong content"):
        load("toy")
    assert not cache.exists()


def test_a_download_that_varies_is_kept_under_its_own_checksum(tmp_path, cache, toy, toy_arrays):
    toy(fetch=lambda: altered(toy_arrays), download_varies=True)
    assert load("toy").x[0, 0] == 1
    assert load("toy").x[0, 0] == 1
    assert load("toy", data_dir=cache).x[0, 0] == 1  # the cached file may be carried elsewhere

    np.savez(tmp_path / "toy.npz", **altered(toy_arrays))  # the same, without a checksum
    with pytest.raises(ValueError, match="wrong content"):
        load("toy", data_dir=tmp_path)
    np.savez(tmp_path / "toy.npz", sha256=np.array("0" * 64), **altered(toy_arrays))
    with pytest.raises(ValueError, match="wrong content"):
        load("toy", data_dir=tmp_path)


@pytest.mark.parametrize(
    "arrays",
    [
        {"x": np.zeros((4, 3)), "y": np.array([0, 1, 1, 0])},  # a feature too many
        {"x": np.zeros((4, 2)), "y": np.array([0, 1, 1])},  # a label too few
        {"x": np.zeros((4, 2)), "y": np.array([0, 0, 1, 0])},  # other class counts
        {"x": np.zeros((4, 2)), "y": np.array([0, 1, 1, 2])},  # a class too many
        {"x": np.zeros((4, 2)), "y": np.array([0, 1, 1, -1])},
        {"x": np.zeros((4, 2)), "y": np.array([[0, 1, 1, 0]])},
        {"x": np.zeros((4, 2)), "y": np.array([0, 1, 1, 0.5])},
    ],
)
def test_shape_and_class_counts(cache, toy, arrays):
    toy(fetch=lambda: arrays, sha256=None, download_varies=True)
    with pytest.raises(ValueError, match="the download does not hold the data set 'toy'"):
        load("toy")
    assert not cache.exists()


def test_classes_are_counted_where_samples_per_class_are_unknown(toy):
    arrays = {"x": np.zeros((4, 2)), "y": np.array([0, 0, 1, 2])}
    toy(fetch=lambda: arrays, sha256=None, download_varies=True, class_counts=None)
    with pytest.raises(ValueError, match="number of classes"):
        load("toy")
    arrays["y"] = np.array([0, 0, 1, 0])
    assert load("toy").y.tolist() == [0, 0, 1, 0]


def test_a_broken_sparse_file_names_itself(tmp_path):
    arrays = text.pack(sparse.csr_matrix(np.eye(3, dtype=np.float32)), np.zeros(3, "u1"))
    arrays["indices"] = arrays["indices"] + 7
    np.savez(tmp_path / "reuters10k.npz", **arrays)
    with pytest.raises(
        ValueError, match=r"reuters10k\.npz does not hold the data set 'reuters10k'"
    ):
        load("reuters10k", data_dir=tmp_path)


def test_reuters10k_from_the_download_to_the_cache(monkeypatch, cache):
    rng = np.random.default_rng(0)
    where = rng.integers(10_000, size=20_000), rng.integers(2000, size=20_000)
    weights = sparse.csr_matrix((rng.random(20_000, np.float32), where), shape=(10_000, 2000))
    y = np.arange(10_000) % 4
    spec = dataclasses.replace(CATALOG["reuters10k"], fetch=lambda: text.pack(weights, y))
    monkeypatch.setitem(CATALOG, "reuters10k", spec)
    for _ in range(2):
        data = load("reuters10k")
        squares = np.asarray(data.x.multiply(data.x).sum(axis=1)).ravel()
        np.testing.assert_allclose(squares[np.diff(weights.indptr) > 0], 2000, rtol=1e-5)
        np.testing.assert_array_equal(data.y, y)
        monkeypatch.setitem(CATALOG, "reuters10k", dataclasses.replace(spec, fetch=None))
    assert (cache / "reuters10k.npz").is_file()

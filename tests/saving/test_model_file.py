import errno
import json
import time
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from dec.saving import read_arrays, write_arrays
from dec.saving.hdf5 import DTYPES, MAX_NAME


def assert_same(got, expected):
    """Equal names, dtypes, shapes and bits (NaN too), all arrays writable."""
    assert list(got) == sorted(expected)
    for name, array in expected.items():
        assert got[name].dtype == array.dtype
        assert got[name].shape == array.shape
        assert got[name].tobytes() == array.tobytes()
        assert got[name].flags.writeable


def test_round_trip(model_file, arrays, header):
    got, got_header = read_arrays(model_file)
    assert_same(got, arrays)
    assert got_header == header


@pytest.mark.parametrize("dtype", sorted(DTYPES))
@pytest.mark.parametrize("shape", [(), (0,), (3, 0, 2), (1,), (2, 3, 4)])
def test_every_dtype_and_shape(tmp_path, dtype, shape):
    size = int(np.prod(shape))
    raw = np.random.default_rng(0).integers(0, 256, size * np.dtype(dtype).itemsize, "uint8")
    array = (raw % 2 if dtype == "bool" else raw).view(dtype).reshape(shape)
    write_arrays(tmp_path / "a.h5", {"x": array}, {})
    assert_same(read_arrays(tmp_path / "a.h5")[0], {"x": array})


numbers = st.sampled_from(sorted(DTYPES)).flatmap(
    lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, max_dims=3, min_side=0))
)
plain_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=40, deadline=None)
@given(
    arrays=st.dictionaries(st.sampled_from(["a", "b/c", "b/d/e", "größe", "x:0"]), numbers),
    header=st.dictionaries(st.text(), plain_json, max_size=3),
)
def test_round_trip_of_anything(tmp_path_factory, arrays, header):
    path = tmp_path_factory.getbasetemp() / "anything.h5"
    write_arrays(path, arrays, header)
    got, got_header = read_arrays(path)
    assert_same(got, arrays)
    assert json.dumps(got_header) == json.dumps(header)


def test_layout_in_memory_does_not_matter(tmp_path):
    array = np.arange(12, dtype="float32").reshape(3, 4)
    given = {"f": np.asfortranarray(array), "big": array.astype(">f4"), "step": array[:, ::2]}
    write_arrays(tmp_path / "a.h5", given, {})
    expected = {"f": array, "big": array, "step": array[:, ::2].copy()}
    assert_same(read_arrays(tmp_path / "a.h5")[0], expected)


def test_same_input_gives_same_bytes(tmp_path, arrays, header):
    write_arrays(tmp_path / "a.h5", arrays, header)
    time.sleep(1.1)  # HDF5's time stamps count seconds
    write_arrays(tmp_path / "b.h5", dict(reversed(arrays.items())), header)
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()


def test_the_file_is_what_the_docstring_says(model_file, arrays, header):
    with h5py.File(model_file) as file:
        assert list(file.attrs) == ["dec"]
        document = json.loads(file.attrs["dec"])
        assert file["model/dense/kernel"].shape == (5, 3)
    assert document["format"] == "dec"
    assert document["format_version"] == 1
    assert document["header"] == header
    assert document["arrays"].keys() == arrays.keys()
    assert document["arrays"]["labels"].keys() == {"shape", "dtype", "sha256"}


def test_a_header_of_megabytes(tmp_path):
    header = {"history": [{"iteration": i, "loss": i / 7} for i in range(30_000)]}
    write_arrays(tmp_path / "a.h5", {}, header)
    assert (tmp_path / "a.h5").stat().st_size > 1_000_000
    assert read_arrays(tmp_path / "a.h5") == ({}, header)


def test_header_values_become_json(tmp_path):
    header = {"units": (500, 10), "loss": np.float32(0.5), "n": np.int64(3), "ok": np.True_}
    write_arrays(tmp_path / "a.h5", {}, header)
    expected = {"units": [500, 10], "loss": 0.5, "n": 3, "ok": True}
    assert read_arrays(tmp_path / "a.h5")[1] == expected


@pytest.mark.parametrize(
    ("header", "error", "match"),
    [
        ({"history": [{"loss": float("nan")}]}, ValueError, r"header\['history'\]\[0\]\['loss'\]"),
        ({"tol": float("inf")}, ValueError, r"header\['tol'\] is inf"),
        ({"network": object()}, TypeError, r"header\['network'\] is a object"),
        ({"a": b"bytes"}, TypeError, "bytes"),
        ({"a": {1: 2}}, TypeError, r"header\['a'\] has the key 1"),
    ],
)
def test_refuses_a_header_that_is_not_json(tmp_path, header, error, match):
    with pytest.raises(error, match=match):
        write_arrays(tmp_path / "a.h5", {}, header)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "array",
    [
        np.array([None]),
        np.array(["text"]),
        np.array([b"text"]),
        np.array([1j]),
        np.zeros(2, "datetime64[s]"),
        np.zeros(2, [("a", "f4")]),
        np.zeros(2, "V4"),
        pytest.param(
            np.zeros(2, np.longdouble),
            marks=pytest.mark.skipif(
                np.dtype(np.longdouble).itemsize == 8, reason="longdouble is float64 here"
            ),
        ),
    ],
)
def test_refuses_other_dtypes(tmp_path, array):
    with pytest.raises(TypeError, match="array 'model/x' has the dtype"):
        write_arrays(tmp_path / "a.h5", {"model/x": array}, {})
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["", "/a", "a/", "a//b", "./a", "a/../b", "a\0b", "a" * 2000])
def test_refuses_names_that_are_no_path(tmp_path, name):
    with pytest.raises(ValueError, match="cannot be the name of an array"):
        write_arrays(tmp_path / "a.h5", {name: np.zeros(1)}, {})


def test_refuses_an_array_inside_another(tmp_path):
    with pytest.raises(ValueError, match="'a/b/c' lies inside another array, 'a'"):
        write_arrays(tmp_path / "a.h5", {"a": np.zeros(1), "a/b/c": np.zeros(1)}, {})


def test_the_longest_and_deepest_name(tmp_path):
    arrays = {"a" * MAX_NAME: np.zeros(1), "/".join("b" * 100): np.zeros(1)}
    write_arrays(tmp_path / "a.h5", arrays, {})
    assert_same(read_arrays(tmp_path / "a.h5")[0], arrays)


def test_a_full_disk_leaves_the_old_file(model_file, arrays, header, monkeypatch):
    def fail(self, data):
        with open(self, "wb") as file:
            file.write(bytes(data)[:100])
        raise OSError(errno.ENOSPC, "No space left on device")

    before = model_file.read_bytes()
    monkeypatch.setattr(Path, "write_bytes", fail)
    with pytest.raises(OSError, match="No space left"):
        write_arrays(model_file, {}, {})
    assert list(model_file.parent.iterdir()) == [model_file]
    assert model_file.read_bytes() == before
    assert_same(read_arrays(model_file)[0], arrays)


def test_a_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match="absent"):
        read_arrays(tmp_path / "absent.h5")

import hashlib
from pathlib import Path

import numpy as np
import pytest

from dec.datasets import files


def test_content_sha256_is_what_the_docstring_says():
    a, b = np.array([[1, 2]], np.uint8), np.array(0.5, np.float32)
    expected = hashlib.sha256(b"a |u1 (1, 2)\n\x01\x02b <f4 ()\n" + b.tobytes()).hexdigest()
    assert files.content_sha256({"a": a, "b": b}) == expected
    assert files.content_sha256({"b": b, "a": a}) == expected  # the order of the names counts


@pytest.mark.parametrize(
    "other",
    [
        {"b": np.arange(6, dtype=np.int32)},  # name
        {"a": np.arange(6, dtype=np.uint32)},  # dtype
        {"a": np.arange(6, dtype=np.int32).reshape(2, 3)},  # shape
        {"a": np.arange(1, 7, dtype=np.int32)},  # values
    ],
)
def test_content_sha256_sees_every_difference(other):
    assert files.content_sha256(other) != files.content_sha256({"a": np.arange(6, dtype=np.int32)})


def test_content_sha256_ignores_memory_layout():
    a = np.arange(6).reshape(2, 3)
    assert files.content_sha256({"a": np.asfortranarray(a)}) == files.content_sha256({"a": a})


def test_write_and_read_again(tmp_path, toy_arrays):
    path = tmp_path / "new" / "folder" / "toy.npz"
    files.write(path, toy_arrays)
    arrays, carried = files.read(path, ("x", "y"))
    assert carried == files.content_sha256(toy_arrays) == files.content_sha256(arrays)
    assert list(arrays) == ["x", "y"]
    assert list(path.parent.iterdir()) == [path]  # nothing beside it is left


def test_a_crash_while_writing_leaves_the_old_file(tmp_path, toy_arrays, monkeypatch):
    path = tmp_path / "toy.npz"
    files.write(path, toy_arrays)
    before = path.read_bytes()

    def full_disk(file, **arrays):
        Path(file).write_bytes(b"half")
        raise OSError("No space left on device")

    monkeypatch.setattr(np, "savez_compressed", full_disk)
    with pytest.raises(OSError, match="No space left"):
        files.write(path, toy_arrays)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_of_somebody_else_carries_no_checksum(tmp_path, toy_arrays):
    np.savez(tmp_path / "toy.npz", **toy_arrays)
    assert files.read(tmp_path / "toy.npz", ("x",))[1] is None


def truncated(path, arrays):
    files.write(path, arrays)
    path.write_bytes(path.read_bytes()[:-100])


def flipped(path, arrays):
    np.savez(path, **arrays)
    content = bytearray(path.read_bytes())
    where = content.index(arrays["x"].tobytes())
    content[where] ^= 1
    path.write_bytes(content)


def empty(path, arrays):
    path.write_bytes(b"")


def no_zip(path, arrays):
    path.write_text("<html>404</html>")


def one_array(path, arrays):
    with path.open("wb") as file:
        np.save(file, arrays["x"])


def pickled(path, arrays):
    np.savez(path, x=np.array([{}], dtype=object), y=arrays["y"])


def missing_array(path, arrays):
    np.savez(path, x=arrays["x"])


@pytest.mark.parametrize(
    "damage", [truncated, flipped, empty, no_zip, one_array, pickled, missing_array]
)
def test_damage_is_one_error_that_names_the_file(tmp_path, toy_arrays, damage):
    path = tmp_path / "toy.npz"
    damage(path, toy_arrays)
    with pytest.raises(ValueError, match=r"toy\.npz cannot be read, it is damaged or another file"):
        files.read(path, ("x", "y"))


def test_cache_dir(monkeypatch, tmp_path):
    assert files.cache_dir() == tmp_path / "xdg" / "dec"
    for unset in (lambda: monkeypatch.delenv("XDG_CACHE_HOME"), lambda: None):
        unset()
        assert files.cache_dir() == Path.home() / ".cache" / "dec"
        monkeypatch.setenv("XDG_CACHE_HOME", "")

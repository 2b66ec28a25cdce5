"""Damaged and hostile files: each is refused by one error that names the file and the reason."""

import hashlib
import json
import os
import random

import h5py
import numpy as np
import pytest

from dec.saving import ModelFileError, read_arrays
from dec.saving.hdf5 import find_arrays, open_hdf5
from dec.saving.model_file import _to_json

KERNEL = "model/dense/kernel"  # float32 (5, 3) in the sound file


def replaced(**options):
    """Replace the kernel by a data set of the same name, shape and dtype, made otherwise."""

    def attack(file):
        del file[KERNEL]
        file.create_dataset(KERNEL, **{"shape": (5, 3), "dtype": "float32", **options})

    return attack


def compressed_bomb(file):
    del file["labels"]
    file.create_dataset("labels", shape=(1 << 40,), dtype="int64", chunks=(1 << 20,), fillvalue=0,
                        compression="gzip")  # fmt: skip


def virtual(file):
    layout = h5py.VirtualLayout(shape=(5, 3), dtype="float32")
    layout[:] = h5py.VirtualSource("other.h5", "x", shape=(5, 3))
    del file[KERNEL]
    file.create_virtual_dataset(KERNEL, layout)


def linked(link):
    def attack(file):
        del file[KERNEL]
        file[KERNEL] = link

    return attack


def hard_link(file):
    file["again"] = file["labels"]


def cycle(file):
    file["model/dense/up"] = file["/"]


def self_cycle(file):
    file["model/me"] = file["model"]


def deep_groups(file):
    group = file
    for _ in range(600):
        group = group.create_group("aa")


def named_type(file):
    file["type"] = np.dtype("float32")


def null(file):
    del file["labels"]
    file["labels"] = h5py.Empty("int64")


BAD_TREES = {
    "external link": (linked(h5py.ExternalLink("other.h5", "x")), "external link"),
    "external link to itself": (linked(h5py.ExternalLink("model.dec.h5", "labels")), "link"),
    "soft link": (linked(h5py.SoftLink("/labels")), "soft or external link"),
    "dangling soft link": (linked(h5py.SoftLink("/nothing")), "soft or external link"),
    "hard link": (hard_link, "second name"),
    "cycle": (cycle, "second name"),
    "self cycle": (self_cycle, "second name"),
    "deep groups": (deep_groups, "longer than"),
    "named type": (named_type, "neither an array nor a group"),
    "virtual data set": (virtual, "not one plain block"),
    "external storage": (replaced(external=[("other.h5", 0, 60)]), "not one plain block"),
    "chunks": (replaced(chunks=(5, 3)), "not one plain block"),
    "gzip": (replaced(data=np.zeros((5, 3), "f4"), compression="gzip"), "not one plain block"),
    "fletcher32": (replaced(data=np.zeros((5, 3), "f4"), fletcher32=True), "not one plain block"),
    "compressed bomb": (compressed_bomb, "not one plain block"),
    "shape bomb": (replaced(shape=(1 << 30, 1 << 20)), "bytes that are not in the file"),
    "largest shape": (replaced(shape=(1 << 60,)), "bytes that are not in the file"),
    "never written": (replaced(), "bytes that are not in the file"),
    "null": (null, "expected plain numbers"),
    "variable length": (replaced(dtype=h5py.vlen_dtype("float32")), "expected plain numbers"),
    "text": (replaced(dtype=h5py.string_dtype()), "expected plain numbers"),
    "references": (replaced(dtype=h5py.ref_dtype), "expected plain numbers"),
    "opaque": (replaced(dtype="V4"), "expected plain numbers"),
    "compound": (replaced(dtype=[("a", "f4")]), "expected plain numbers"),
    "complex": (replaced(dtype="complex64"), "expected plain numbers"),
}

BAD_ARRAYS = {
    "missing array": (lambda file: file.pop(KERNEL), "'model/dense/kernel' is missing"),
    "extra array": (lambda file: file.update(more=[1.0]), "'more' is not in the list"),
    "other shape": (replaced(data=np.zeros((3, 5), "f4"), shape=None), "the list says"),
    "other dtype": (replaced(data=np.zeros((5, 3), "f8"), dtype="f8"), "the list says"),
    "other values": (replaced(data=np.ones((5, 3), "f4")), "checksum does not match"),
    "group for array": (lambda file: (file.pop(KERNEL), file.create_group(KERNEL)), "is missing"),
}


def assert_refused(path, match):
    with pytest.raises(ModelFileError, match=match) as caught:
        read_arrays(path)
    assert str(path) in str(caught.value)


def attacked(path, attack):
    with h5py.File(path, "r+") as file:
        attack(file)


@pytest.mark.parametrize("case", BAD_TREES | BAD_ARRAYS)
def test_bad_content_is_refused(model_file, case):
    attack, match = (BAD_TREES | BAD_ARRAYS)[case]
    attacked(model_file, attack)
    assert_refused(model_file, match)


@pytest.mark.parametrize("case", BAD_TREES)
def test_links_and_bombs_are_refused_by_the_shared_guard(model_file, case):
    attack, match = BAD_TREES[case]
    attacked(model_file, attack)
    with pytest.raises(ModelFileError, match=match), open_hdf5(model_file) as file:
        find_arrays(file)


def test_foreign_files_are_not_read(model_file):
    """The targets of links hold the right values, and are refused all the same."""
    with h5py.File(model_file.with_name("other.h5"), "w") as file:
        file["x"] = read_arrays(model_file)[0][KERNEL]
    sound = model_file.read_bytes()
    for case in ("external link", "virtual data set", "external storage"):
        attack, match = BAD_TREES[case]
        model_file.write_bytes(sound)
        attacked(model_file, attack)
        assert_refused(model_file, match)


def test_overlapping_blocks_are_refused(tmp_path):
    """Two arrays may not lie at one place: a small file would become a large result."""
    path = tmp_path / "overlap.h5"
    with h5py.File(path, "w") as file:
        for name in "ab":
            file[name] = np.zeros(4000, "uint8")
        first, second = (file[name].id.get_offset() for name in "ab")
    data = path.read_bytes().replace(second.to_bytes(8, "little"), first.to_bytes(8, "little"))
    path.write_bytes(data[:second])
    # HDF5 keeps the end of the file in its first block.
    path.write_bytes(path.read_bytes().replace(
        len(data).to_bytes(8, "little"), second.to_bytes(8, "little")
    ))  # fmt: skip
    with pytest.raises(ModelFileError, match="more bytes than the file has"), open_hdf5(path) as f:
        find_arrays(f)


def edited(path, edit, *, renew=True):
    """Replace the JSON of a file by `edit` of it; `renew` its checksum like an attacker would."""
    with h5py.File(path, "r+") as file:
        document = json.loads(file.attrs["dec"])
        result = edit(document)
        document = document if result is None else result
        if renew and isinstance(document, dict):
            document.pop("sha256", None)
            document["sha256"] = hashlib.sha256(_to_json(document)).hexdigest()
        file.attrs["dec"] = np.bytes_(json.dumps(document))


def edit_entry(**changes):
    return lambda document: document["arrays"][KERNEL].update(changes)


@pytest.mark.parametrize(
    ("edit", "match"),
    [
        (lambda d: d.update(format_version=2), "newer version of dec"),
        (lambda d: d.update(format_version=0), "format_version is 0"),
        (lambda d: d.update(format_version="1"), "format_version is '1'"),
        (lambda d: d.__delitem__("format_version"), "format_version is None"),
        (lambda d: d.update(format="other"), "not a file of this library"),
        (lambda d: [d], "not a file of this library"),
        (lambda d: "text", "not a file of this library"),
        (lambda d: d.__delitem__("arrays"), "lacks 'arrays' or 'header'"),
        (lambda d: d.update(arrays=[]), "lacks 'arrays' or 'header'"),
        (lambda d: d.update(header=None), "lacks 'arrays' or 'header'"),
        (lambda d: d["arrays"].update({KERNEL: None}), "the list says None"),
        (lambda d: d["arrays"].update({KERNEL: {}}), "the list says"),
        (edit_entry(shape=[3, 5]), "the list says"),
        (edit_entry(shape=[5, 3, 1]), "the list says"),
        (edit_entry(dtype="float64"), "the list says"),
        (edit_entry(sha256="0" * 64), "checksum does not match"),
        (edit_entry(sha256=None), "checksum does not match"),
        (lambda d: d["arrays"].update(more=d["arrays"][KERNEL]), "'more' is missing"),
        (lambda d: d["arrays"].__delitem__(KERNEL), "is not in the list"),
    ],
)
def test_a_bad_document_is_refused(model_file, edit, match):
    edited(model_file, edit)
    assert_refused(model_file, match)


def test_a_changed_header_is_noticed(model_file):
    edited(model_file, lambda d: d["header"]["params"].update(n_clusters=4), renew=False)
    assert_refused(model_file, "JSON header is damaged")


@pytest.mark.parametrize(
    "text", ["", "{", "[" * 100_000, '{"format": NaN}', "1" * 5000, '{"a": 1e999}', "\\ud800"]
)
def test_text_that_is_not_our_json_is_refused(model_file, text):
    with h5py.File(model_file, "r+") as file:
        file.attrs["dec"] = np.bytes_(text)
    assert_refused(model_file, "JSON")


@pytest.mark.parametrize(
    "value",
    ["variable length", np.array([b"two", b"parts"]), 3, h5py.Empty("S3"), np.bytes_(b"\xff\xfe")],
)
def test_an_attribute_of_another_kind_is_refused(model_file, value):
    with h5py.File(model_file, "r+") as file:
        file.attrs["dec"] = value
    assert_refused(model_file, "not one text of fixed length|codec")


def test_a_text_longer_than_the_file_is_refused(model_file, monkeypatch):
    monkeypatch.setattr(os.path, "getsize", lambda path: 100)
    assert_refused(model_file, "longer than the file")


def test_not_a_file_of_the_library(tmp_path):
    path = tmp_path / "x.h5"
    path.write_bytes(b"")
    assert_refused(path, "not an HDF5 file")
    path.write_text("epoch,loss\n")
    assert_refused(path, "not an HDF5 file")
    with h5py.File(path, "w") as file:
        file["x"] = 1
    assert_refused(path, "no 'dec' attribute")
    assert_refused(tmp_path, "not a regular file")


def test_truncated_files_are_refused(model_file):
    data = model_file.read_bytes()
    for size in {*range(0, len(data), 97), *range(len(data) - 9, len(data))}:
        model_file.write_bytes(data[:size])
        assert_refused(model_file, "not an HDF5 file|truncated|read|open|addr")


def test_flipped_bits_never_change_what_is_read(model_file):
    """Either refused, or the flip lay between the parts and nothing changed."""
    expected, header = read_arrays(model_file)
    sound = model_file.read_bytes()
    rng = random.Random(0)
    n_refused = 0
    for _ in range(300):
        damaged = bytearray(sound)
        for _ in range(rng.choice([1, 1, 1, 2, 8])):
            damaged[rng.randrange(len(damaged))] ^= 1 << rng.randrange(8)
        model_file.write_bytes(damaged)
        try:
            got, got_header = read_arrays(model_file)
        except ModelFileError:
            n_refused += 1
            continue
        assert got_header == header
        assert list(got) == list(expected)
        assert all(np.array_equal(got[name], expected[name]) for name in expected)
    assert n_refused > 150

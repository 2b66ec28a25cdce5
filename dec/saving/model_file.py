r"""The library's own file: named arrays and one JSON header in one HDF5 file.

The arrays are plain HDF5 data sets ("model/dense/kernel": each slash makes a group). The root
attribute `dec` holds one JSON document, here spread over lines::

    {"format": "dec", "format_version": 1,
     "arrays": {"model/dense/kernel": {"shape": [784, 500], "dtype": "float32", "sha256": "..."}},
     "header": {... what the caller gave ...},
     "sha256": "... of the JSON text without this entry"}

The checksums find damage. They are no signature: whoever can write the file can renew them.
"""

import hashlib
import io
import json
import math
import os
from collections.abc import Mapping
from typing import Any

import h5py
import numpy as np
from h5py import h5f, h5fd, h5g, h5p, h5t

from dec.saving.atomic import atomic_write
from dec.saving.hdf5 import DTYPES, MAX_NAME, find_arrays, open_hdf5, read_text

FORMAT = "dec"
FORMAT_VERSION = 1
_ATTRIBUTE = "dec"


def write_arrays(
    path: str | os.PathLike[str], arrays: Mapping[str, Any], header: Mapping[str, Any]
) -> None:
    """Write arrays and a JSON header to one HDF5 file, all or nothing.

    The same input gives the same bytes, whenever it is written. The file is laid out in memory
    first, which takes up to twice its size beside the arrays themselves.

    Parameters
    ----------
    path
        File to create or replace; see `atomic_write`.
    arrays
        Arrays of any shape by name; bool, (u)int8 to 64 and float16 to 64. NaN and infinity are
        kept. Byte order is not: everything is stored little-endian, in C order.
    header
        Plain JSON: dicts with string keys, lists, strings, numbers, bools, None; any length.
        Tuples become lists and NumPy scalars become numbers. NaN and infinity do not exist
        in JSON and are refused; what may be NaN, a history of losses say, belongs in an array.

    Raises
    ------
    TypeError
        An array of another dtype, or a header that is not JSON; names the entry.
    ValueError
        A name that cannot be stored, or a header with NaN or infinity; names the entry.
    OSError
        The file cannot be written; the old one, if any, is untouched.
    """
    plain = {name: _plain_array(arrays[name], name) for name in _checked_names(arrays)}
    document = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "arrays": {name: _describe(array) for name, array in plain.items()},
        "header": _plain_json(dict(header), "header"),
    }
    text = _to_json({**document, "sha256": _sha256(_to_json(document))})
    image = _hdf5_image(plain, text)
    with atomic_write(path) as temporary:
        temporary.write_bytes(image)


def read_arrays(
    path: str | os.PathLike[str],
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Read a file of `write_arrays`; all of it is checked, nothing else is opened.

    Returns
    -------
    arrays : dict of str to ndarray
        Sorted by name, bit for bit as written.
    header : dict
        The header as written.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    ModelFileError
        The file is damaged, hostile, of a newer format or not of this library; says which.
    """
    with open_hdf5(path) as file:
        # The version first: a newer format may hold what this version would call hostile.
        document = _read_document(file)
        listed = document["arrays"]
        found = find_arrays(file)
        if missing := sorted(listed.keys() - found.keys()):
            raise ValueError(f"array {missing[0]!r} is missing ({len(missing)} in all)")
        if extra := sorted(found.keys() - listed.keys()):
            raise ValueError(f"array {extra[0]!r} is not in the list ({len(extra)} in all)")
        for name, dataset in found.items():
            stored = {"shape": list(dataset.shape), "dtype": dataset.dtype.name}
            if not isinstance(listed[name], dict) or not stored.items() <= listed[name].items():
                raise ValueError(f"array {name!r} is {stored}, the list says {listed[name]}")
        arrays = {name: _plain_array(found[name][()], name) for name in sorted(found)}
        for name, array in arrays.items():
            if _describe(array) != listed[name]:
                raise ValueError(f"array {name!r} is damaged: its checksum does not match")
    return arrays, document["header"]


def _checked_names(arrays: Mapping[str, Any]) -> list[str]:
    """Return the names in order; each can be a path in the file and none lies inside another."""
    for name in arrays:
        if not isinstance(name, str):
            raise TypeError(f"array names must be str, got {name!r}")
        parts = name.split("/")
        if not {"", ".", ".."}.isdisjoint(parts) or "\0" in name or len(name) > MAX_NAME:
            raise ValueError(f"{name[:60]!r} cannot be the name of an array")
        for depth in range(1, len(parts)):
            if (parent := "/".join(parts[:depth])) in arrays:
                raise ValueError(f"array {name!r} lies inside another array, {parent!r}")
    return sorted(arrays)


def _plain_array(value: Any, name: str) -> np.ndarray:
    """Return `value` as a little-endian array in C order, if its dtype can be stored."""
    array = np.asarray(value)
    if array.dtype.name not in DTYPES:
        raise TypeError(
            f"array {name!r} has the dtype {array.dtype}; expected bool, integer or float16 to 64"
        )
    return np.asarray(array, dtype=array.dtype.newbyteorder("<"), order="C")


def _describe(array: np.ndarray) -> dict[str, Any]:
    """Describe an array as the list in the JSON document does."""
    return {"shape": list(array.shape), "dtype": array.dtype.name, "sha256": _sha256(array)}


def _sha256(data: bytes | np.ndarray) -> str:
    return hashlib.sha256(data).hexdigest()


def _to_json(document: dict[str, Any]) -> bytes:
    return json.dumps(document, allow_nan=False, separators=(",", ":")).encode("ascii")


def _plain_json(value: Any, where: str) -> Any:
    """Return `value` as it will be read again; an error names the entry that JSON cannot hold."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str):
                raise TypeError(f"{where} has the key {key!r}; JSON keys are strings")
        return {key: _plain_json(item, f"{where}[{key!r}]") for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain_json(item, f"{where}[{i}]") for i, item in enumerate(value)]
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{where} is {value}, which JSON cannot hold; use an array or None")
    if value is not None and not isinstance(value, bool | int | float | str):
        raise TypeError(f"{where} is a {type(value).__name__}, which JSON cannot hold")
    return value


def _hdf5_image(arrays: dict[str, np.ndarray], text: bytes) -> memoryview:
    """Lay the file out in memory, without time stamps.

    In memory because HDF5 on a full disk raises a `RuntimeError` about identifiers, when it is
    closed; plain bytes then fail to be written with a plain `OSError`.
    """
    access = h5p.create(h5p.FILE_ACCESS)
    buffer = io.BytesIO()  # not the driver "core": its images of this format do not open again
    access.set_fileobj_driver(h5fd.fileobj_driver, buffer)
    # The oldest format whose own tables have checksums and whose attributes may exceed 64 KB.
    access.set_libver_bounds(h5f.LIBVER_V18, h5f.LIBVER_LATEST)
    root = h5p.create(h5p.FILE_CREATE)
    group = h5p.create(h5p.GROUP_CREATE)
    for plan in (root, group):
        plan.set_obj_track_times(False)
    link = h5p.create(h5p.LINK_CREATE)
    link.set_char_encoding(h5t.CSET_UTF8)

    with h5py.File(h5f.create(b"image", h5f.ACC_TRUNC, fcpl=root, fapl=access)) as file:
        for name, array in arrays.items():
            parts = name.split("/")
            for depth in range(1, len(parts)):
                if (parent := "/".join(parts[:depth])) not in file:
                    h5g.create(file.id, parent.encode(), lcpl=link, gcpl=group)
            file.create_dataset(name, data=array, track_times=False)
        file.attrs[_ATTRIBUTE] = np.bytes_(text)
    return buffer.getbuffer()


def _read_document(file: h5py.File) -> dict[str, Any]:
    """Return the JSON document of a file, checked as far as it goes without the arrays."""
    if _ATTRIBUTE not in file.attrs:
        raise ValueError("not a file of this library (it has no 'dec' attribute)")
    text = read_text(file, _ATTRIBUTE)
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"the JSON header cannot be read: {error}") from error
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise ValueError("not a file of this library (its JSON does not say so)")
    version = document.get("format_version")
    if not isinstance(version, int) or version < 1:
        raise ValueError(f"format_version is {version!r}, expected a positive integer")
    if version > FORMAT_VERSION:
        raise ValueError(
            f"written in format {version} by a newer version of dec; this one reads formats up "
            f"to {FORMAT_VERSION}: please update dec"
        )
    checksum = document.pop("sha256", None)
    if checksum != _sha256(_to_json(document)):
        raise ValueError("the JSON header is damaged: its checksum does not match")
    if not all(isinstance(document.get(part), dict) for part in ("arrays", "header")):
        raise ValueError("the JSON header lacks 'arrays' or 'header'")
    return document

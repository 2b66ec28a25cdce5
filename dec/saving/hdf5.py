"""Guard rails for HDF5 files that may be damaged or hostile; shared by every reader.

HDF5 is a file system in a file: links may point to other files or in circles, a data set of a
few bytes may claim terabytes, be spread over foreign files, or call a decompressor. A weight
file needs none of it. So only one kind of data set is accepted: a block of plain numbers that
lies uncompressed inside the file. Its size on disk is then its size in memory, and a file can
never ask for more memory than it has bytes.
"""

import math
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py
from h5py import h5d, h5g, h5l, h5o, h5t

#: Names of the only dtypes that are written or read.
DTYPES = frozenset(
    ["bool", "float16", "float32", "float64"]
    + [f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)]
)

#: Longest array name, in characters. It also ends the walk through endlessly nested groups.
MAX_NAME = 1024

#: What a damaged file makes h5py raise; ValueError is also how the readers here refuse.
_REFUSALS = (OSError, RuntimeError, KeyError, TypeError, ValueError, OverflowError)


class ModelFileError(ValueError):
    """A file that is not a sound model or weight file; nothing of it was loaded."""


@contextmanager
def open_hdf5(path: str | os.PathLike[str]) -> Iterator[h5py.File]:
    """Open `path` for reading; whatever goes wrong inside the block names the file.

    Readers raise a plain `ValueError` that says what is wrong; it leaves the block, like every
    error of HDF5 itself, as one `ModelFileError`.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    PermissionError
        The file may not be read.
    ModelFileError
        The file is not sound HDF5, or the block refused it.
    """
    path = Path(path)
    if not stat.S_ISREG(path.stat().st_mode):  # opening a named pipe would block
        raise ModelFileError(f"cannot load {path}: not a regular file")
    path.open("rb").close()  # a file that may not be read is not a damaged file
    try:
        if not h5py.is_hdf5(path):
            raise ValueError("not an HDF5 file")
        with h5py.File(path, "r") as file:
            yield file
    except _REFUSALS as error:
        raise ModelFileError(f"cannot load {path}: {error}") from error


def find_arrays(file: h5py.File) -> dict[str, h5py.Dataset]:
    """Every array of the file by its full name, such as "model/dense/kernel", none read yet.

    Once this returned, the whole file is known to be a plain tree: each group and array has one
    name, and the arrays together are no larger than the file.

    Raises
    ------
    ValueError
        The first thing found that a plain tree of plain arrays does not have.
    """
    file_size = os.path.getsize(file.filename)
    arrays: dict[str, h5py.Dataset] = {}
    seen: set[h5g.GroupID | h5d.DatasetID] = {file.id}  # equal if the same object in the file
    room = file_size
    pending: list[tuple[str, h5g.GroupID]] = [("", file.id)]
    while pending:
        prefix, group = pending.pop()
        for link in group:
            name = prefix + link.decode()
            if len(name) > MAX_NAME:
                raise ValueError(f"a name is longer than {MAX_NAME} characters: {name[:60]!r}...")
            item = _open_item(group, link, name)
            if item in seen:
                raise ValueError(f"{name!r} is a second name of something else in the file")
            seen.add(item)
            if isinstance(item, h5g.GroupID):
                pending.append((f"{name}/", item))
                continue
            room -= _checked_size(item, name, file_size)
            if room < 0:  # only if blocks overlap
                raise ValueError("the arrays claim more bytes than the file has")
            arrays[name] = h5py.Dataset(item)
    return arrays


def read_text(file: h5py.File, attribute: str) -> str:
    """Text of a root attribute, which must be one string of fixed length, ASCII or UTF-8.

    Text of variable length is refused. HDF5 1.14 reads its heap unchecked: one flipped bit in
    there makes it loop forever or claim 4 GB.

    Raises
    ------
    ValueError
        The attribute is no such text or claims more bytes than the file has.
    """
    stored = file.attrs.get_id(attribute)
    kind = stored.get_type()
    fixed = isinstance(kind, h5t.TypeStringID) and not kind.is_variable_str()
    if not fixed or stored.shape != ():
        raise ValueError(f"the attribute {attribute!r} is not one text of fixed length")
    if kind.get_size() > os.path.getsize(file.filename):
        raise ValueError(f"the attribute {attribute!r} is longer than the file")
    return bytes(file.attrs[attribute]).decode()


def _open_item(group: h5g.GroupID, link: bytes, name: str) -> h5g.GroupID | h5d.DatasetID:
    """Open a group or a data set, but follow no link out of the tree."""
    if group.links.get_info(link).type != h5l.TYPE_HARD:
        raise ValueError(f"{name!r} is a soft or external link; links are refused")
    item = h5o.open(group, link)
    if not isinstance(item, h5g.GroupID | h5d.DatasetID):
        raise ValueError(f"{name!r} is neither an array nor a group")
    return item


def _checked_size(dataset: h5d.DatasetID, name: str, file_size: int) -> int:
    """Bytes of a plain array; `ValueError` if it is not plain or not all there.

    The layout comes first: HDF5 may open other files to find the shape of a virtual data set.
    """
    plan = dataset.get_create_plist()
    contiguous = plan.get_layout() == h5d.CONTIGUOUS
    if not contiguous or plan.get_external_count() or plan.get_nfilters():
        raise ValueError(
            f"array {name!r} is not one plain block inside the file "
            "(compressed, chunked, virtual and external data are refused)"
        )
    dtype = dataset.dtype
    if dtype.name not in DTYPES or dataset.shape is None:  # None: an HDF5 null
        raise ValueError(f"array {name!r} has the dtype {dtype}, expected plain numbers")
    n_bytes = math.prod(dataset.shape) * dtype.itemsize
    start = dataset.get_offset() or 0  # None if no space is allocated
    if dataset.get_storage_size() != n_bytes or start + n_bytes > file_size:
        raise ValueError(f"array {name!r} claims {n_bytes} bytes that are not in the file")
    return n_bytes

"""Files of named arrays (.npz): reading, writing, the checksum of what they hold, and the cache."""

import hashlib
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np

Arrays = dict[str, np.ndarray]


def content_sha256(arrays: Arrays) -> str:
    """Hash what a file holds, however it was packed.

    SHA-256 over name, dtype, shape and bytes (C order) of each array, in order of the names.
    """
    digest = hashlib.sha256()
    for name in sorted(arrays):
        array = arrays[name]
        digest.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        digest.update(np.ascontiguousarray(array))
    return digest.hexdigest()


def read(path: Path, keys: Iterable[str]) -> tuple[Arrays, str | None]:
    """Read the arrays `keys` of a file, and the checksum it carries if `write` made it.

    Raises
    ------
    ValueError
        If the file is damaged, lacks an array or would need pickle. Names the file.
    """
    try:
        # Opened here, because numpy leaves a file open that turns out to be no zip.
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            carried = str(file["sha256"]) if "sha256" in file else None
            return {key: file[key] for key in keys}, carried
    except Exception as error:  # zip, zlib, numpy and the system each report damage in their way
        reason = f"{type(error).__name__}: {error}"
        raise ValueError(
            f"{path} cannot be read, it is damaged or another file ({reason})."
        ) from error


def write(path: Path, arrays: Arrays) -> None:
    """Write arrays and their checksum beside `path`, then rename: the old file or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".") as folder:
        beside = Path(folder) / path.name
        np.savez_compressed(beside, sha256=np.array(content_sha256(arrays)), **arrays)
        beside.replace(path)


def cache_dir() -> Path:
    """Return the user's cache: $XDG_CACHE_HOME/dec, else ~/.cache/dec. It need not exist."""
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "dec"

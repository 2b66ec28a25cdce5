"""Replace a file as a whole or not at all."""

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def atomic_write(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a temporary file that takes the place of `path` when the block succeeds.

    The temporary lies in the folder of `path` and keeps its extension. When the block ends, its
    content is forced to the disk and it is renamed onto `path`, so that a reader, or a machine
    that loses power, sees the old file or the new one, never a mixture. After any exception
    (Ctrl-C too) the temporary is gone and the old file is untouched::

        with atomic_write("labels.csv") as temporary:
            temporary.write_text(text)

    Parameters
    ----------
    path
        File to create or replace. A link is followed; the mode of an existing file is kept.

    Yields
    ------
    Path
        The temporary, an empty file to be written by name.

    Raises
    ------
    FileNotFoundError
        The folder of `path` does not exist.
    IsADirectoryError
        `path` is a folder.
    OSError
        Whatever else goes wrong on the way, such as a full disk; names `path`.
    """
    target = Path(path).resolve()
    if not target.parent.is_dir():
        raise FileNotFoundError(f"path={os.fspath(path)!r}: there is no folder {target.parent}")
    if target.is_dir():
        raise IsADirectoryError(f"path={os.fspath(path)!r} is a folder, expected a file name")

    # Not tempfile: its files are private (0600), a new file should obey the user's umask.
    temporary = target.with_name(f".{secrets.token_hex(8)}.tmp{target.suffix}")
    os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    try:
        yield temporary
        with open(temporary, "rb+") as written:
            os.fsync(written.fileno())
        if target.exists():
            shutil.copymode(target, temporary)
        os.replace(temporary, target)
    except BaseException as error:
        with suppress(OSError):
            temporary.unlink()
        if isinstance(error, OSError) and error.errno is not None and error.filename is None:
            # A full disk is found by a write, which knows no name.
            raise OSError(error.errno, error.strerror, os.fspath(path)) from error
        raise
    _sync_folder(target.parent)


def _sync_folder(folder: Path) -> None:
    """Make a rename survive a power cut, where the system can open a folder at all."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

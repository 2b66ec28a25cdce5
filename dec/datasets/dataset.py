"""The record that every data set comes as, and where data sets are looked for."""

import difflib
import os
import warnings
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from dec.datasets import files
from dec.datasets.catalog import CATALOG, Samples, Spec


@dataclass(frozen=True, eq=False)
class Dataset:
    """One data set, whole: "all data" is the training part followed by the test part.

    Attributes
    ----------
    x : ndarray or csr_matrix of shape (n, d)
        Samples, one a row; images are flattened. dtype and range: see `load`.
    y : ndarray of shape (n,), int64
        Class of each sample, 0..k-1, for scores only.
    name : str
    target_names : tuple of str
        Name of each class, so ``len(target_names)`` is k.
    image_shape : (int, int, int), or None
        (height, width, channels), for ``x.reshape(-1, *image_shape)``; None if these are no images.
    source, licence : str
        Who made the data, and on what terms they are published.
    """

    x: Samples = field(repr=False)
    y: np.ndarray = field(repr=False)
    name: str
    target_names: tuple[str, ...]
    image_shape: tuple[int, int, int] | None
    source: str
    licence: str


def names() -> tuple[str, ...]:
    """Return the names that `load` knows."""
    return tuple(CATALOG)


def load(name: str, data_dir: str | os.PathLike[str] | None = None) -> Dataset:
    """Load a data set by name.

    ============= ================ === ================================= =========================
    name          x: shape          k  x: dtype and values               file
    ============= ================ === ================================= =========================
    digits        (1797, 64)        10 uint8, 0..16                      embedded
    gaussians     (600, 2)          3  float32, unit variance a cluster  embedded
    mnist         (70000, 784)      10 uint8, 0..255                     mnist.npz
    fashion_mnist (70000, 784)      10 uint8, 0..255                     fashion_mnist.npz
    usps          (9298, 256)       10 float32, 0..1                     usps.npz
    newsgroups20  (18846, 2000)     20 CSR float32, rows of norm √2000   newsgroups20_counts.npz
    reuters_r8    (7674, 2000)      8  CSR float32, rows of norm √2000   reuters_r8_counts.npz
    reuters10k    (10000, 2000)     4  CSR float32, rows of norm √2000   reuters10k.npz
    ============= ================ === ================================= =========================

    The file is looked for in `data_dir` if that is given, and nowhere else. Otherwise in the folder
    that the environment variable DEC_DATA_DIR names, then in the user's cache (dec in
    XDG_CACHE_HOME, by default ~/.cache/dec); then it is downloaded and stored in the cache.

    What was read is checked: the arrays by SHA-256, then shape and class counts. Downloads of usps,
    newsgroups20 and reuters10k can differ from the files in the order of rows or the version of a
    tokenizer; they are checked by shape and class counts, and are stored with their own checksum.

    Parameters
    ----------
    name : str
        One of `names()`.
    data_dir : path, default=None
        Folder that holds the file. Embedded data sets need no file, but the folder has to exist.

    Returns
    -------
    Dataset

    Raises
    ------
    ValueError
        If the name is unknown, or a file or download is damaged or holds something else.
    FileNotFoundError
        If `data_dir` does not exist or lacks the file; or if the file is nowhere, in which case the
        message lists what was tried and what to do.

    Examples
    --------
    >>> digits = load("digits")
    >>> digits.x.reshape(-1, *digits.image_shape).shape
    (1797, 8, 8, 1)
    """
    spec = _spec(name)
    if data_dir is not None:
        data_dir = Path(data_dir).expanduser()
        if not data_dir.is_dir():
            raise FileNotFoundError(f"data_dir={str(data_dir)!r} is not an existing folder.")
    if spec.file is None:
        return _dataset(spec, spec.fetch(), "the embedded data")
    if data_dir is not None:
        path = data_dir / spec.file
        if not path.is_file():
            raise FileNotFoundError(
                f"data_dir={str(data_dir)!r} lacks the file {spec.file!r} of the data set {name!r}."
            )
        return _from_file(spec, path)

    tried = []
    if folder := os.environ.get("DEC_DATA_DIR"):
        path = Path(folder).expanduser() / spec.file
        if path.is_file():
            return _from_file(spec, path)
        tried.append(f"DEC_DATA_DIR: no file {path}")
    else:
        tried.append("DEC_DATA_DIR: not set")
    cached = files.cache_dir() / spec.file
    if cached.is_file():
        return _from_file(spec, cached)
    tried.append(f"cache: no file {cached}")
    return _downloaded(spec, cached, tried)


def _spec(name: str) -> Spec:
    if isinstance(name, str) and name in CATALOG:
        return CATALOG[name]
    close = difflib.get_close_matches(str(name).lower(), CATALOG, n=1)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    raise ValueError(f"Unknown data set {name!r}.{hint} Known are: {', '.join(CATALOG)}.")


def _from_file(spec: Spec, path: Path) -> Dataset:
    arrays, carried = files.read(path, spec.arrays)
    _check_sha256(arrays, path, spec.sha256, carried if spec.download_varies else None)
    return _dataset(spec, arrays, path)


def _downloaded(spec: Spec, cached: Path, tried: list[str]) -> Dataset:
    try:
        arrays = spec.fetch()
    except Exception as error:  # the libraries that download share no error of their own
        tried.append(f"download: {type(error).__name__}: {error}")
        lines = [
            f"The data set {spec.name!r} was not found. Tried, in this order:",
            *(f"  - {what}" for what in tried),
            f"Put {spec.file} (arrays: {', '.join(spec.arrays)}) into a folder and name the folder "
            f"in the environment variable DEC_DATA_DIR or in load({spec.name!r}, data_dir=...).",
        ]
        raise FileNotFoundError("\n".join(lines)) from error
    if not spec.download_varies:
        _check_sha256(arrays, "the download", spec.sha256)
    data = _dataset(spec, arrays, "the download")
    try:
        files.write(cached, arrays)
    except OSError as error:  # a full or read-only disk is no reason to withhold the data
        warnings.warn(f"{spec.name} was not stored in the cache: {error}", stacklevel=3)
    return data


def _check_sha256(arrays: files.Arrays, origin: str | Path, *accepted: str | None) -> None:
    """Compare with the known ones of the accepted checksums; with none known, accept anything."""
    known = [sha256 for sha256 in accepted if sha256 is not None]
    digest = files.content_sha256(arrays)
    if known and digest not in known:
        raise ValueError(
            f"{origin} has the wrong content: SHA-256 of its arrays is {digest}, "
            f"expected {' or '.join(known)}. It is damaged or another version."
        )


def _dataset(spec: Spec, arrays: files.Arrays, origin: str | Path) -> Dataset:
    """Build x and y, and check what every origin has to satisfy."""
    k = len(spec.target_names)
    try:
        x, y = spec.build(arrays)
        counts = tuple(np.bincount(y, minlength=k).tolist())
    except (TypeError, ValueError) as error:
        raise ValueError(f"{origin} does not hold the data set {spec.name!r}: {error}") from error
    found = (x.shape, y.shape, len(counts), counts)
    expected = (spec.shape, spec.shape[:1], k, spec.class_counts or counts)
    if found != expected:
        raise ValueError(
            f"{origin} does not hold the data set {spec.name!r}: x.shape, y.shape, number of "
            f"classes and samples per class are {found}, expected {expected}."
        )
    return Dataset(
        x=x,
        y=y.astype(np.int64),
        name=spec.name,
        target_names=spec.target_names,
        image_shape=spec.image_shape,
        source=spec.source,
        licence=spec.licence,
    )

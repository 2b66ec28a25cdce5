"""Where the samples lie: in memory, on disk, or in a stream of batches.

A method asks a source for two things: all rows once, in blocks, to embed or to assign them; and
shuffled minibatches without end, to learn from. Nothing of the length of a source is kept but the
numbers of its rows.
"""

from __future__ import annotations

import abc
import functools
import hashlib
import inspect
import math
from collections.abc import Iterator

import h5py
import keras
import numpy as np
import scipy.sparse
from sklearn.utils import check_array

from dec import _tensorflow

#: Rows that are looked at together, unless more or fewer are asked for.
BLOCK = 4096

#: Bytes of the rows on disk that are shuffled together, and the pieces they are read in.
WINDOW_BYTES = 128 << 20
CHUNKS_PER_WINDOW = 16


class Source(abc.ABC):
    """A data set of n samples, numbered from 0; of several workers, each has a source of its own.

    Attributes
    ----------
    shape : tuple of int, (n, ...)
        Of the rows of this process.
    dtype : numpy.dtype
        float32 or uint8.
    resident : keras.Variable or None
        The rows, where they lie on the device as a whole: as long as there is this source.
    """

    shape: tuple[int, ...]
    dtype: np.dtype
    resident = None

    @property
    def n(self) -> int:
        """Samples of all workers."""
        return self.shape[0]

    def gather(self, rows: np.ndarray) -> np.ndarray:
        """``rows`` (m, ...) of every worker, one below the other; all must call it at once."""
        return rows

    def own(self, rows: np.ndarray) -> np.ndarray:
        """Of a row a sample, (n, ...), those of this process."""
        return rows

    def total(self, numbers) -> np.ndarray:
        """Sum of ``numbers``, of any shape, over the workers."""
        return self.gather(np.asarray(numbers)[None]).sum(axis=0)

    def agreed(self, numbers) -> np.ndarray:
        """What the first worker has."""
        numbers = np.asarray(numbers)
        return self.gather(numbers[None])[0]

    @functools.cached_property
    def fingerprint(self) -> dict:
        """Shape, dtype and a checksum of the rows, whatever order they come in; plain JSON."""
        total = 0
        for numbers, rows in self.blocks():
            numbers = range(self.shape[0])[numbers] if isinstance(numbers, slice) else numbers
            for number, row in zip(numbers, rows, strict=True):
                salt = int(number).to_bytes(16, "big")
                digest = hashlib.blake2b(row.tobytes(), digest_size=8, salt=salt).digest()
                total = (total + int.from_bytes(digest, "big")) % 2**64
        return {"shape": list(self.shape), "dtype": self.dtype.name, "checksum": f"{total:016x}"}

    @abc.abstractmethod
    def blocks(self, size: int = BLOCK) -> Iterator[tuple[np.ndarray | slice, np.ndarray]]:
        """Every row once: the numbers of some rows (at most ``size``), and these rows."""

    def batches(self, size: int, seed: int, first: int = 0) -> Iterator:
        """Shuffled minibatches (numbers, rows) without end, from the one with number ``first`` on.

        One pass over the data follows the other; a batch that reaches the end of a pass goes on in
        the next, so every batch has the same size, none is empty and none is dropped, whatever n.
        Where the rows are ``resident`` they are not sent along: None.
        """
        size = min(size, self.shape[0])
        return _cut(self._pieces(size, seed, first * size), size)

    @abc.abstractmethod
    def _pieces(self, size: int, seed: int, position: int) -> Iterator:
        """The shuffled rows without end, in pieces of any length, from ``position`` on."""

    def sample(self, most: int, seed: int) -> Source:
        """At most ``most`` rows, drawn without replacement, in the order of the source."""
        return self if self.n <= most else Subset(self, self._drawn(most, seed))

    def draw(self, most: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """The rows of ``sample`` in memory: their numbers, ascending, and the rows themselves."""
        numbers = np.arange(self.shape[0])
        if self.n > most:
            numbers = np.sort(self._drawn(most, seed))
        rows = np.empty((len(numbers), *self.shape[1:]), self.dtype)
        for place, block in Subset(self, numbers).blocks():
            rows[place] = block
        return numbers, rows

    def _drawn(self, most: int, seed: int) -> np.ndarray:
        return np.random.default_rng(seed).choice(self.shape[0], most, replace=False)

    def head(self, size: int) -> np.ndarray:
        """The first rows that ``blocks`` gives: at most ``size``, but for small sources all."""
        found = []
        for _, rows in self.blocks(size):
            found.append(rows[: size - sum(map(len, found))])
            if sum(map(len, found)) >= size:
                break
        return np.concatenate(found)


class Rows(Source):
    """Rows that can be had in any order: an array, a memory map, HDF5, a sparse matrix.

    An array goes to the device once, in its own dtype (uint8 stays uint8). What lies on disk is
    read in ``WINDOW_BYTES`` at a time: shuffled are the chunks that make a window, and the rows
    within it, so that the disk is read in long runs. A set that fits one window gets the very
    batches of an array.
    """

    def __init__(self, X, on_disk: bool = False):
        self.X, self.on_disk = X, on_disk
        self.shape = tuple(X.shape)
        self.dtype = np.dtype(np.uint8 if X.dtype == np.uint8 else np.float32)

    @functools.cached_property
    def resident(self):
        if self.on_disk or scipy.sparse.issparse(self.X):
            return None
        if _tensorflow.AVAILABLE:
            return _tensorflow.resident(self.X, self.dtype, owner=self)
        return keras.Variable(self.X, dtype=self.dtype.name, trainable=False, name="rows")

    def blocks(self, size=BLOCK):
        for start in range(0, self.shape[0], size):
            rows = slice(start, min(start + size, self.shape[0]))
            yield rows, self._dense(self.X[rows])

    def _dense(self, rows) -> np.ndarray:
        if scipy.sparse.issparse(rows):
            return rows.toarray()
        if self.on_disk:
            return check_rows(rows)
        return rows

    def _pieces(self, size, seed, position):
        n = self.shape[0]
        dtype = np.int32 if n < 2**31 else np.int64
        number, skip = divmod(position, n)
        while True:
            for spans, random in self._windows(seed, number):
                length = sum(stop - start for start, stop in spans)
                if skip >= length:
                    skip -= length
                    continue
                order = random.permutation(length).astype(dtype)
                if self.on_disk:
                    window = self._read(spans, length)
                    numbers = np.concatenate([np.arange(*span, dtype=dtype) for span in spans])
                for start in range(skip, length, size):
                    place = order[start : start + size]
                    if self.on_disk:
                        yield numbers[place], self._dense(window[place])
                    elif self.resident is None:
                        yield place, self._dense(self.X[place])
                    else:
                        yield place, None
                skip = 0
            number += 1

    def _windows(self, seed, number):
        """The windows of a pass: the row spans of each, and a generator for the order in it."""
        n = self.shape[0]
        random = np.random.default_rng([seed, number])
        window = max(WINDOW_BYTES // (math.prod(self.shape[1:]) * self.X.dtype.itemsize), 1)
        if not self.on_disk or n <= window:
            yield [(0, n)], random
            return
        chunk = max(window // CHUNKS_PER_WINDOW, 1)
        starts = random.permutation(math.ceil(n / chunk)) * chunk
        for i in range(0, len(starts), CHUNKS_PER_WINDOW):
            spans = [(s, min(s + chunk, n)) for s in np.sort(starts[i : i + CHUNKS_PER_WINDOW])]
            yield spans, np.random.default_rng([seed, number, i])

    def _read(self, spans, length) -> np.ndarray:
        rows = np.empty((length, *self.shape[1:]), self.X.dtype)
        at = 0
        for start, stop in spans:
            rows[at : at + stop - start] = self.X[start:stop]
            at += stop - start
        return rows


class Stream(Source):
    """Batches (rows, numbers) of a ``tf.data`` data set, a ``PyDataset``, a PyTorch
    ``DataLoader`` or any other object that can be iterated over again and again.

    Each pass must bring the numbers 0 ... n - 1, each once, in any order; shuffling is up to the
    stream. One pass is made at once, which counts and checks them.

    Raises
    ------
    TypeError
        Batches that are no pairs, or an iterator that can be passed only once.
    ValueError
        Rows or numbers that are not as described.
    """

    def __init__(self, batches):
        self.stream = batches
        if inspect.isgenerator(batches) or iter_of(batches) is batches:
            raise TypeError(
                "X must be a stream that can be iterated over again, got an iterator: "
                f"{type(batches).__name__}."
            )
        seen = np.zeros(0, bool)
        shape = None
        for numbers, rows in self._read():
            if shape is None:
                shape, self.dtype = rows.shape[1:], rows.dtype
            if rows.shape[1:] != shape:
                raise ValueError(
                    f"X must bring rows of one shape, got {shape} and {rows.shape[1:]}."
                )
            if numbers.min() < 0:
                raise ValueError(f"X must number its rows from 0, got {numbers.min()}.")
            if numbers.max() >= len(seen):
                seen = np.concatenate([seen, np.zeros(numbers.max() + 1, bool)])
            counts = np.bincount(numbers - numbers.min())
            twice = np.flatnonzero(seen[numbers])
            if len(twice) or counts.max() > 1:
                twice = numbers[twice[0]] if len(twice) else numbers.min() + counts.argmax()
                raise ValueError(f"X must bring each row once a pass, got number {twice} twice.")
            seen[numbers] = True
        if shape is None:
            raise ValueError("X must bring at least one batch, got an empty stream.")
        n = int(seen.sum())
        if not seen[:n].all():
            raise ValueError(
                f"X must bring the rows 0 ... n - 1, got {n} rows without {(~seen).argmax()}."
            )
        self.shape = (n, *shape)

    def blocks(self, size=BLOCK):
        for numbers, rows in self._read():
            for start in range(0, len(rows), size):
                yield numbers[start : start + size], rows[start : start + size]

    def _pieces(self, size, seed, position):
        skip = position % self.shape[0]
        while True:
            for numbers, rows in self._read():
                if skip < len(rows):
                    yield numbers[skip:], rows[skip:]
                skip = max(skip - len(rows), 0)

    def _read(self):
        for batch in iter_of(self.stream):
            if not isinstance(batch, tuple | list) or len(batch) != 2:
                raise TypeError(
                    "X must be a stream of pairs (rows, numbers of the rows), got batches of type "
                    f"{type(batch).__name__}."
                )
            rows, numbers = check_rows(np.asarray(batch[0])), np.asarray(batch[1])
            if numbers.shape != rows.shape[:1] or numbers.dtype.kind not in "iu":
                raise ValueError(
                    f"X must number its rows with integers of shape {rows.shape[:1]}, got "
                    f"{numbers.dtype} of shape {numbers.shape}."
                )
            yield numbers, rows


class Subset(Source):
    """Some rows of another source; only to be passed over in blocks."""

    def __init__(self, source: Source, numbers: np.ndarray):
        self.source = source
        self.shape, self.dtype = (len(numbers), *source.shape[1:]), source.dtype
        self.place = np.full(source.shape[0], -1, np.int32)
        self.place[np.sort(numbers)] = np.arange(len(numbers))

    def blocks(self, size=BLOCK):
        for numbers, rows in self.source.blocks(size):
            place = self.place[numbers]
            if (place >= 0).any():
                yield place[place >= 0], rows[place >= 0]

    def _pieces(self, size, seed, position):
        raise NotImplementedError


def as_source(X) -> Source:
    """``X`` itself if it is a source already, else its rows, which must be sound."""
    return X if isinstance(X, Source) else Rows(X, lies_on_disk(X))


def lies_on_disk(X) -> bool:
    """Whether ``X`` is an array that is better not read as a whole."""
    return isinstance(X, np.memmap | h5py.Dataset)


def is_stream(X) -> bool:
    """Whether ``X`` is batches rather than an array."""
    return not isinstance(X, list | tuple | str | bytes | dict) and (
        isinstance(X, keras.utils.PyDataset)
        or (hasattr(X, "__iter__") and not hasattr(X, "shape") and not hasattr(X, "__array__"))
    )


def iter_of(stream):
    """An iterator over one pass."""
    if not isinstance(stream, keras.utils.PyDataset):
        return iter(stream)

    def one_pass():
        for i in range(stream.num_batches):
            yield stream[i]
        stream.on_epoch_end()

    return one_pass()


def check_rows(rows) -> np.ndarray:
    """float32 or uint8 rows without NaN and infinity, or scikit-learn's error."""
    return check_array(rows, dtype=[np.float32, np.uint8], allow_nd=True, input_name="X", order="C")


def _cut(pieces, size: int):
    """Batches of ``size`` from pieces of any length; nothing is dropped."""
    numbers, rows = next(pieces)
    while True:
        while len(numbers) < size:
            more, more_rows = next(pieces)
            numbers = np.concatenate([numbers, more])
            rows = None if rows is None else np.concatenate([rows, more_rows])
        yield numbers[:size], None if rows is None else rows[:size]
        numbers, rows = numbers[size:], None if rows is None else rows[size:]

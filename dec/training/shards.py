"""A data set in shards: the files of one process, or each the rows of another worker."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dec.seeds import spawn_seeds
from dec.training import workers
from dec.training.sources import BLOCK, Source


@dataclass(frozen=True)
class Shards:
    """Several arrays, such as memory maps of files, as one data set: ``fit(Shards([a, b]))``.

    A minibatch has the same number of rows of each shard, shuffled within the shard. So shards
    should be of about one length, and ``batch_size`` a multiple of their number. On N workers, each
    of which calls ``fit`` with a shard of its own, the same rows are trained on in the same order.

    Attributes
    ----------
    parts : sequence of array, (n_i, ...)
        Anything that ``fit`` takes. The rows are numbered through, in the order of the shards.
    """

    parts: tuple

    def __post_init__(self):
        object.__setattr__(self, "parts", tuple(self.parts))
        if not self.parts:
            raise ValueError("Shards must have at least one part, got none.")


class ShardedSource(Source):
    """The rows of one process of a data set in shards.

    Parameters
    ----------
    parts : list of Source
        All shards; or, of several workers, those of this one, as many as of any other.

    Attributes
    ----------
    lengths : list of int
        Rows of every shard, of this process or not.
    first : int
        Number of the first shard of this process.
    """

    def __init__(self, parts: list[Source]):
        self.parts, self.first = parts, workers.index() * len(parts)
        for part in parts:
            part.resident = None  # the rows of a batch come together on the host
        if len({(part.shape[1:], part.dtype) for part in parts}) > 1:
            kinds = [f"{part.dtype} {part.shape[1:]}" for part in parts]
            raise ValueError(f"X must have shards of one dtype and row shape, got {kinds}.")
        self.dtype = parts[0].dtype
        self.shape = (sum(part.shape[0] for part in parts), *parts[0].shape[1:])
        self.offsets = np.cumsum([0] + [part.shape[0] for part in parts])
        self.lengths = self.gather(np.array([part.shape[0] for part in parts])).tolist()
        if len(self.lengths) != workers.count() * len(parts):
            raise ValueError(
                f"X must have as many shards on each worker, got {len(parts)} on worker "
                f"{workers.index()} and {len(self.lengths)} on all {workers.count()}."
            )
        if max(self.lengths) > 1.1 * min(self.lengths):
            raise ValueError(
                "X must have shards of about one length, for a minibatch has as many rows of each; "
                f"got {self.lengths}."
            )

    @property
    def n(self):
        return sum(self.lengths)

    @property
    def fingerprint(self):
        return {**super().fingerprint, "shards": len(self.lengths), "first_shard": self.first}

    def gather(self, rows):
        return workers.gather(rows)

    def own(self, rows):
        start = sum(self.lengths[: self.first])
        return rows[start : start + self.shape[0]]

    def blocks(self, size=BLOCK):
        for part, offset in zip(self.parts, self.offsets, strict=False):
            for numbers, rows in part.blocks(size):
                if isinstance(numbers, slice):
                    yield slice(numbers.start + offset, numbers.stop + offset), rows
                else:
                    yield numbers + offset, rows

    def batches(self, size, seed, first=0):
        share = min(size // len(self.lengths), min(self.lengths))
        parts = [
            part.batches(share, part_seed, first)
            for part, part_seed in zip(self.parts, self._seeds(seed), strict=True)
        ]
        while True:
            numbers, rows = zip(*map(next, parts), strict=True)
            own = [n + n.dtype.type(o) for n, o in zip(numbers, self.offsets, strict=False)]
            yield np.concatenate(own), np.concatenate(rows)

    def head(self, size):
        share = size // len(self.lengths)
        return self.gather(np.concatenate([part.head(share) for part in self.parts]))

    def _drawn(self, most, seed):
        share = most // len(self.lengths)
        return np.concatenate(
            [
                start + part._drawn(min(share, part.shape[0]), part_seed)
                for part, start, part_seed in zip(
                    self.parts, self.offsets, self._seeds(seed), strict=False
                )
            ]
        )

    def _seeds(self, seed) -> list[int]:
        """A seed for each shard of this process."""
        return spawn_seeds(seed, len(self.lengths))[self.first : self.first + len(self.parts)]

    def _pieces(self, size, seed, position):
        raise NotImplementedError

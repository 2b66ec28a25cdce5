"""What a fit may be asked: each refusal names the argument, what was expected, what came."""

from __future__ import annotations

import math
import numbers
import os
from collections.abc import Sequence

import numpy as np

from dec.layers import RandomAffine
from dec.training import precision, presets, workers
from dec.training.shards import ShardedSource
from dec.training.sources import Source


def number(name: str, value, *, least: float = -math.inf, above: float = -math.inf) -> None:
    """Raise unless ``value`` is a finite number >= ``least`` and > ``above``."""
    wanted = f"> {above:g}" if above > -math.inf else f">= {least:g}"
    if not isinstance(value, numbers.Real) or isinstance(value, bool):
        raise TypeError(f"{name} must be a number {wanted}, got {value!r}.")
    if not (math.isfinite(value) and value >= least and value > above):
        raise ValueError(f"{name} must be a finite number {wanted}, got {value!r}.")


def choice(name: str, value, known: Sequence[str]) -> None:
    """Raise ValueError unless ``value`` is one of ``known``."""
    if value not in known:
        raise ValueError(f"{name} must be one of {tuple(known)}, got {value!r}.")


def parameters(estimator) -> None:
    """Raise ValueError or TypeError for a shared parameter that no fit can use."""
    whole = {"n_clusters": 2, "n_init": 1, "batch_size": 1, "update_interval": 1, "max_iter": 0}
    for name, least in whole.items():
        value = getattr(estimator, name)
        if name in ("update_interval", "max_iter") and value is None:
            continue
        if not isinstance(value, numbers.Integral) or isinstance(value, bool):
            raise TypeError(f"{name} must be an int, got {value!r}.")
        if value < least:
            raise ValueError(f"{name} must be >= {least}, got {value!r}.")
    choice("init", estimator.init, estimator.inits)
    choice("keep", estimator.keep, ("last", "best"))
    choice("empty", estimator.empty, ("keep", "farthest"))
    if not isinstance(estimator.tol, numbers.Real) or not 0 <= estimator.tol <= 1:
        raise ValueError(f"tol must be a number in [0, 1], got {estimator.tol!r}.")
    if not isinstance(estimator.sphere, bool | np.bool_):
        raise TypeError(f"sphere must be True or False, got {estimator.sphere!r}.")
    if not isinstance(estimator.augmentation, RandomAffine | None):
        raise TypeError(
            "augmentation must be None or a dec.layers.RandomAffine, "
            f"got {estimator.augmentation!r}."
        )
    random = estimator.random_state
    seed = isinstance(random, numbers.Integral) and not isinstance(random, bool) and random >= 0
    if not (seed or random is None or isinstance(random, np.random.RandomState)):
        raise ValueError(
            f"random_state must be None, an int >= 0 or a RandomState, got {random!r}."
        )
    if not isinstance(estimator.verbose, numbers.Integral):
        raise TypeError(f"verbose must be 0, 1 or 2, got {estimator.verbose!r}.")
    for name in ("checkpoint_dir", "scratch_dir"):
        folder = getattr(estimator, name)
        if not isinstance(folder, str | os.PathLike | None):
            raise TypeError(f"{name} must be None or a path, got {folder!r}.")
    precision.resolve(estimator.precision)
    presets.get(estimator.pretraining, estimator._network())


def enough_rows(X: Source, n_clusters: int) -> None:
    """Raise ValueError unless ``X`` has at least ``n_clusters`` rows that differ."""
    if X.n < n_clusters:
        raise ValueError(
            f"n_clusters must be at most the number of samples, {X.n}, got {n_clusters}."
        )
    distinct = X.gather(np.array([_distinct_rows(X, n_clusters)])).max()
    if distinct < n_clusters:
        raise ValueError(
            f"n_clusters must be at most the number of distinct rows of X, {distinct}, "
            f"got {n_clusters}."
        )


def shards(estimator, X: Source) -> None:
    """Raise ValueError for a data set in shards that ``estimator`` cannot learn from."""
    if not isinstance(X, ShardedSource):
        return
    if estimator.batch_size % len(X.lengths):
        raise ValueError(
            f"batch_size must be a multiple of the number of shards, {len(X.lengths)}, "
            f"got {estimator.batch_size}."
        )
    if workers.count() == 1:
        return
    if estimator.needs_all_rows:
        raise ValueError(
            f"X must be on one worker for {type(estimator).__name__}, which clusters all rows at "
            f"each refresh; got a shard of {workers.count()}."
        )
    if estimator.random_state is None:
        raise ValueError("random_state must be the same int on all workers, got None.")


def _distinct_rows(X: Source, most: int) -> int:
    """Number of distinct rows, counted up to ``most``."""
    seen = set()
    for _, rows in X.blocks():  # ends after a few rows, unless the data are almost all duplicates
        for row in rows:
            seen.add(np.asarray(row).tobytes())
            if len(seen) >= most:
                return most
    return len(seen)

"""What the estimators of this folder may be asked."""

from __future__ import annotations

import numbers


def whole_numbers(estimator, *names: str) -> None:
    """Raise TypeError or ValueError unless each of these parameters is an int >= 1."""
    for name in names:
        value = getattr(estimator, name)
        if not isinstance(value, numbers.Integral) or isinstance(value, bool):
            raise TypeError(f"{name} must be an int, got {value!r}.")
        if value < 1:
            raise ValueError(f"{name} must be >= 1, got {value}.")


def enough_rows(X, n_clusters: int) -> None:
    """Raise ValueError unless ``X``, (n, d), has at least ``n_clusters`` rows."""
    if n_clusters > len(X):
        raise ValueError(
            f"n_clusters must be at most the number of samples, {len(X)}, got {n_clusters}."
        )

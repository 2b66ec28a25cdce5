"""Checks that several plots share: each returns a clean array or names the argument at fault."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def finite_matrix(name: str, values: object, columns: int | None = None) -> np.ndarray:
    """Return `values` as a finite real matrix: (n, columns) with n >= 1, any width if None."""
    wanted = f"a real array of shape (n, {'d' if columns is None else columns}) with n >= 1"
    array = np.asarray(values)
    if array.dtype.kind not in "iufb":
        raise TypeError(f"{name}: expected {wanted}, received dtype {array.dtype}")
    if array.ndim != 2 or 0 in array.shape or columns not in (None, array.shape[1]):
        raise ValueError(f"{name}: expected {wanted}, received shape {array.shape}")
    if not np.isfinite(array).all():
        bad = int(array.size - np.isfinite(array).sum())
        raise ValueError(f"{name}: expected finite values, received {bad} NaN or infinite ones")
    return array


def label_vector(name: str, values: object, length: int | None = None) -> np.ndarray:
    """Return `values` as labels, one integer or string a sample: (n,) with n >= 1.

    Whole numbers stored as floats, as Keras hands them out, become integers.
    """
    array = np.asarray(values)
    if array.ndim != 1 or array.size == 0:
        raise ValueError(f"{name}: expected shape (n,) with n >= 1, received {array.shape}")
    if length is not None and len(array) != length:
        raise ValueError(f"{name}: expected {length} labels, received {len(array)}")
    if array.dtype.kind == "O" and all(isinstance(value, str) for value in array):
        array = array.astype(str)
    if array.dtype.kind == "f" and (np.isfinite(array) & (array == np.round(array))).all():
        array = array.astype(np.int64)
    if array.dtype.kind not in "iubU":
        raise TypeError(
            f"{name}: expected whole numbers or strings, received dtype {array.dtype}"
            + (" with fractions, NaN or infinity" if array.dtype.kind == "f" else "")
        )
    return array


def class_names(
    name: str, labels: np.ndarray, target_names: Sequence[str] | None
) -> tuple[np.ndarray, list[str]]:
    """Return the classes to show and the text for each: (c,), c strings.

    Without `target_names` the classes are the distinct labels; with it they are 0 .. c-1, whether
    or not every one of them occurs in `labels`.
    """
    if target_names is None:
        classes = np.unique(labels)
        return classes, [str(value) for value in classes]
    names = [str(value) for value in target_names]
    low, high = np.unique(labels)[[0, -1]]
    if labels.dtype.kind == "U" or low < 0 or high >= len(names):
        raise ValueError(
            f"target_names: expected a name for every label of {name} (0 .. max), received "
            f"{len(names)} names for labels from {low} to {high}"
        )
    return np.arange(len(names)), names


def positive_integer(name: str, value: object) -> int:
    """Return `value` as an int of at least 1."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
        raise ValueError(f"{name}: expected an integer of at least 1, received {value!r}")
    return int(value)

"""Centres on their way, over the points that they are the centres of."""

from __future__ import annotations

import numpy as np
from matplotlib import patheffects
from matplotlib.figure import Figure

from ._checks import finite_matrix
from .embedding import plot_embedding


def plot_paths(
    points: np.ndarray,
    labels: np.ndarray,
    paths: np.ndarray,
    *,
    title: str | None = None,
    axis_name: str = "x",
) -> Figure:
    """Draw points of the plane by cluster, and the path of every centre from its start to its end.

    Parameters
    ----------
    points : array (n, 2)
    labels : array (n,)
        Cluster of each point.
    paths : array (t, k, 2)
        The k centres at t >= 1 moments; a ring marks the first, a cross the last.
    title : str, optional
    axis_name : str
        Name of the coordinates, as in `plot_embedding`.

    Returns
    -------
    Figure
        One axes.

    Raises
    ------
    TypeError
        If points or paths are not real.
    ValueError
        If a shape does not fit or a value is not finite.
    """
    paths = np.asarray(paths)
    if paths.ndim != 3:
        raise ValueError(f"paths: expected shape (t, k, 2), received {paths.shape}")
    steps, k, _ = paths.shape
    paths = finite_matrix("paths", paths.reshape(steps * k, -1), columns=2).reshape(steps, k, 2)
    figure = plot_embedding(points, labels, titles=title, axis_name=axis_name)
    axes = figure.axes[0]
    for number in list(axes.texts):  # they stand where the centres are
        number.remove()
    outline = [patheffects.withStroke(linewidth=3, foreground="white")]
    for path in paths.transpose(1, 2, 0):
        axes.plot(*path, color="black", linewidth=1.2, path_effects=outline)
        axes.plot(*path[:, :1], "o", color="white", markeredgecolor="black", markersize=6)
        axes.plot(*path[:, -1:], "X", color="black", markeredgecolor="white", markersize=9)
    return figure

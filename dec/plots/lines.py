"""Quantities against another: one line each, or many runs with their mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from ._style import LINES, SMALL, TEXT, TITLE, new_figure, tidy


def plot_lines(
    x: Sequence[float],
    lines: Mapping[str, np.ndarray],
    *,
    x_label: str,
    y_label: str,
    title: str | None = None,
    log_x: bool = False,
    log_y: bool = False,
) -> Figure:
    """Draw named lines over `x`.

    Parameters
    ----------
    x : sequence of m numbers
    lines : mapping of names to arrays (m,) or (r, m)
        At most ten. Of r runs the mean is drawn, with every run as a thin line behind it. NaN
        leaves a gap.
    x_label, y_label : str
        Quantities, with their units.
    title : str, optional
    log_x, log_y : bool
        Whether an axis is logarithmic.

    Returns
    -------
    Figure
        One axes.

    Raises
    ------
    ValueError
        If there is nothing to draw, a line has another length than `x`, or there are too many.
    """
    x = np.asarray(x, dtype=float)
    if x.ndim != 1 or not len(x):
        raise ValueError(f"x: expected shape (m,) with m >= 1, received {x.shape}")
    if not 1 <= len(lines) <= 2 * len(LINES):
        raise ValueError(f"lines: expected 1 to {2 * len(LINES)} lines, received {len(lines)}")
    figure = new_figure(5.0, 3.0)
    axes = figure.subplots()
    tidy(axes, grid=True)
    for number, (name, values) in enumerate(lines.items()):
        runs = np.atleast_2d(np.asarray(values, dtype=float))
        if runs.ndim != 2 or runs.shape[1] != len(x):
            raise ValueError(
                f"lines: expected shape (m,) or (r, m) with m = {len(x)} for {name!r}, "
                f"received {np.shape(values)}"
            )
        style = dict(LINES[number % len(LINES)])
        if number >= len(LINES):
            style["markerfacecolor"] = "white"
        if len(runs) > 1:
            axes.plot(x, runs.T, color=style["color"], linewidth=0.5, alpha=0.4)
        # About a dozen markers a line, at other places on each: lines that coincide are all seen.
        # A line of one point is nothing but its marker.
        step = -(-len(x) // 12) if np.isfinite(runs).any(axis=0).sum() > 1 else 1
        axes.plot(
            x, runs.mean(axis=0), linewidth=1.6, markersize=3.5, label=name,
            markevery=(number * step // len(lines), step), **style,
        )  # fmt: skip
    if log_x:
        axes.set_xscale("log")
    if log_y:
        axes.set_yscale("log")
    axes.set_xlabel(x_label, fontsize=TEXT)
    axes.set_ylabel(y_label, fontsize=TEXT)
    if title is not None:
        axes.set_title(title, fontsize=TITLE)
    if len(lines) > 1:
        axes.legend(fontsize=SMALL, edgecolor="none", handlelength=3.2)
    return figure

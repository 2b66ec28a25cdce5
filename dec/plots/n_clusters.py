"""What speaks for each number of clusters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ._style import LINES, SMALL, TEXT, new_figure, tidy


def plot_n_clusters(
    n_clusters: Sequence[int],
    criteria: Mapping[str, Sequence[float]],
    best: int | None = None,
) -> Figure:
    """Draw every criterion against the number of clusters, in stacked panels.

    Parameters
    ----------
    n_clusters : sequence of m int
    criteria : mapping of names to m numbers
        The name says what is drawn, and which end of it is good.
    best : int, optional
        The recommended number: a dashed line in every panel.

    Returns
    -------
    Figure
        One axes a criterion.

    Raises
    ------
    ValueError
        If there is nothing to draw, or a criterion has another length than `n_clusters`.
    """
    k = np.asarray(n_clusters, dtype=int)
    if not len(k) or not criteria:
        raise ValueError("n_clusters, criteria: expected at least one of each")
    figure = new_figure(5.0, 0.5 + 1.3 * len(criteria))
    stack = figure.subplots(len(criteria), 1, sharex=True, squeeze=False)[:, 0]
    for number, (axes, (name, values)) in enumerate(zip(stack, criteria.items(), strict=True)):
        if len(values) != len(k):
            raise ValueError(f"criteria: expected {len(k)} values of {name!r}, got {len(values)}")
        tidy(axes, grid=True)
        style = LINES[number % len(LINES)]
        axes.plot(k, np.asarray(values, dtype=float), linewidth=1.2, markersize=4, **style)
        axes.set_ylabel(name, fontsize=SMALL)
        if best is not None:
            axes.axvline(best, color="0.3", linestyle="--", linewidth=0.9)
    stack[-1].xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    stack[-1].set_xlabel("number of clusters k", fontsize=TEXT)
    if best is not None:
        stack[0].set_title(f"recommended: k = {best}", fontsize=TEXT)
    figure.align_ylabels(stack)
    return figure

"""Scatter of points in the plane, coloured by label, in one panel or several."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from ._checks import class_names, finite_matrix, label_vector
from ._style import COLORS, SMALL, TEXT, TITLE, class_style, new_figure, tidy


def plot_embedding(
    points: np.ndarray | Sequence[np.ndarray],
    labels: np.ndarray | Sequence[np.ndarray],
    *,
    titles: str | Sequence[str] | None = None,
    target_names: Sequence[str] | None = None,
    axis_name: str = "component",
) -> Figure:
    """Draw points of the plane coloured by label, panels side by side.

    A class has one colour in all panels. Up to ten classes differ by colour, beyond that by colour
    and marker (50 pairs, then they repeat). Up to twenty short names (three letters at most) also
    stand at the median of their points, so that the picture does not depend on colour alone.
    Points are drawn in a fixed random order, so that no class hides the others for coming last.

    Parameters
    ----------
    points : array (m, 2) or sequence of p such arrays
        Finite coordinates; each panel may have its own m. See `dec.plots.tsne`.
    labels : array (m,) or sequence of p such arrays
        Class or cluster of each point, integers or strings; one array serves all panels.
    titles : str or sequence of p str, optional
        Title of each panel.
    target_names : sequence of str, optional
        Name of each label 0, 1, ...; without it the labels themselves are shown.
    axis_name : str
        Name of the coordinates: "t-SNE" gives the axes "t-SNE 1" and "t-SNE 2".

    Returns
    -------
    Figure
        One axes per panel, equal scale in both directions, and one legend for all (up to 50
        classes).

    Raises
    ------
    TypeError
        If `points` are not real or `labels` neither whole numbers nor strings.
    ValueError
        If shapes or counts do not fit each other, or a point is not finite.
    """
    panels = _per_panel(points, ndim=2)
    groups = _per_panel(labels, ndim=1)
    if len(groups) == 1:
        groups = groups * len(panels)
    if len(groups) != len(panels):
        raise ValueError(
            f"labels: expected one array, or one per panel ({len(panels)}), received {len(groups)}"
        )
    if titles is not None:
        titles = [titles] if isinstance(titles, str) else list(titles)
        if len(titles) != len(panels):
            raise ValueError(
                f"titles: expected one per panel ({len(panels)}), received {len(titles)}"
            )
    panels = [finite_matrix("points", panel, columns=2) for panel in panels]
    groups = [
        label_vector("labels", group, length=len(panel))
        for group, panel in zip(groups, panels, strict=True)
    ]
    classes, names = class_names("labels", np.concatenate(groups), target_names)

    columns = -(-len(names) // 17) if len(names) <= 50 else 0
    legend_width = columns * (0.35 + 0.06 * max(map(len, names)))  # inches
    figure = new_figure(3.1 * len(panels) + 0.2 + legend_width, 3.3)
    for number, axes in enumerate(figure.subplots(1, len(panels), squeeze=False)[0]):
        _draw_panel(axes, panels[number], np.searchsorted(classes, groups[number]), names)
        axes.set_xlabel(f"{axis_name} 1", fontsize=TEXT)
        axes.set_ylabel(f"{axis_name} 2", fontsize=TEXT)
        if titles is not None:
            axes.set_title(titles[number], fontsize=TITLE)
    if columns:
        handles = [
            Line2D([], [], linestyle="", markersize=5, label=name, **class_style(index))
            for index, name in enumerate(names)
        ]
        figure.legend(
            handles=handles,
            loc="outside right center",
            ncols=columns,
            columnspacing=0.8,
            fontsize=SMALL,
            frameon=False,
            handletextpad=0.2,
        )
    return figure


def _per_panel(values: object, ndim: int) -> list:
    """Split a sequence of arrays of `ndim` axes into a list; a single array becomes [array]."""
    if not isinstance(values, (list, tuple)):
        values = np.asarray(values)
        return list(values) if values.ndim == ndim + 1 else [values]
    return list(values) if values and np.ndim(values[0]) == ndim else [values]


def _draw_panel(axes: Axes, points: np.ndarray, index: np.ndarray, names: list[str]) -> None:
    """Scatter `points` (m, 2) of class number `index` (m,), one collection per marker."""
    tidy(axes)
    order = np.random.default_rng(0).permutation(len(points))
    points, index = points[order], index[order]
    size = float(np.clip(6000 / len(points), 1.0, 14.0))  # square points: less ink for more samples
    rounds = index // len(COLORS)
    for number in np.unique(rounds):
        rows = rounds == number
        axes.scatter(
            *points[rows].T,
            c=[class_style(i)["color"] for i in index[rows]],
            marker=class_style(number * len(COLORS))["marker"],
            s=size,
            linewidths=0,
            rasterized=True,  # a PDF of 70 000 points stays small
        )
    if len(names) <= 20 and max(map(len, names)) <= 3:
        outline = [patheffects.withStroke(linewidth=2, foreground="white")]
        for i in np.unique(index):
            x, y = np.median(points[index == i], axis=0)
            axes.text(
                x, y, names[i],
                ha="center", va="center", fontsize=TITLE if len(names) <= 10 else SMALL,
                weight="bold", path_effects=outline,
            )  # fmt: skip
    axes.set_aspect("equal", adjustable="datalim")
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.yaxis.set_major_locator(MaxNLocator(5))

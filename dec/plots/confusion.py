"""Contingency table of classes and clusters after the best one-to-one matching."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from scipy.optimize import linear_sum_assignment

from ._checks import class_names, label_vector
from ._style import COLORS, SMALL, TEXT, TITLE, new_figure


def plot_confusion(
    y: np.ndarray,
    labels: np.ndarray,
    target_names: Sequence[str] | None = None,
    title: str | None = None,
) -> Figure:
    """Draw how the classes spread over the clusters.

    Rows are classes, columns clusters, reordered so that the cluster matched to a class stands in
    the order of the classes; clusters without a class come last, behind a line. The matching is
    one-to-one and maximises the samples in matched cells (Hungarian method); their share is the
    clustering accuracy ACC of Xie et al. 2016. The table may be rectangular: then some clusters or
    some classes stay unmatched, and their samples count as errors.

    Parameters
    ----------
    y : array (n,)
        Class of each sample, integers or strings.
    labels : array (n,)
        Cluster of each sample, integers or strings.
    target_names : sequence of str, optional
        Name of each class 0, 1, ...; classes without a sample keep their row.
    title : str, optional
        Text before the accuracy in the title.

    Returns
    -------
    Figure
        One axes with the table (shade: share of the row's class in [0, 1]; frames: matched cells;
        counts: printed up to 31 rows and columns), its colour bar beside it.

    Raises
    ------
    TypeError
        If `y` or `labels` hold neither whole numbers nor strings.
    ValueError
        If they are empty, not 1-D or of different length, or `target_names` do not cover `y`.
    """
    y = label_vector("y", y)
    labels = label_vector("labels", labels, length=len(y))
    classes, class_texts = class_names("y", y, target_names)
    clusters, columns = np.unique(labels, return_inverse=True)

    table = np.zeros((len(classes), len(clusters)), dtype=np.int64)
    np.add.at(table, (np.searchsorted(classes, y), columns), 1)
    rows, matched = linear_sum_assignment(table, maximize=True)
    correct = int(table[rows, matched].sum())
    order = np.concatenate([matched, np.setdiff1d(np.arange(len(clusters)), matched)])
    table = table[:, order]
    shares = table / np.maximum(table.sum(axis=1, keepdims=True), 1)

    cell = min(0.42, 12 / max(table.shape))  # inches
    accuracy = f"ACC {100 * correct / len(y):.1f} % ({correct} of {len(y)} samples matched)"
    heading = accuracy if title is None else f"{title}\n{accuracy}"
    table_width = cell * len(clusters)
    around = 1.2 + 0.07 * max(map(len, class_texts))  # labels on the left, colour bar on the right
    figure = new_figure(
        max(table_width + around, 0.075 * max(map(len, heading.split("\n")))),
        max(cell * len(classes), 1.2) + 0.6 + 0.17 * len(heading.split("\n")),
    )
    figure.suptitle(heading, fontsize=TITLE)
    axes = figure.subplots()
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    if cell >= 0.38:
        for (row, column), count in np.ndenumerate(table):
            shade = shares[row, column]
            color = "white" if shade > 0.6 else "0.6" if count == 0 else "black"
            axes.text(column, row, count, ha="center", va="center", fontsize=SMALL, color=color)
    for column, row in enumerate(rows):
        frame = Rectangle((column - 0.5, row - 0.5), 1, 1)
        frame.set(fill=False, edgecolor=COLORS[6], linewidth=1.4, zorder=3, clip_on=False)
        axes.add_patch(frame)
    if len(clusters) > len(classes):
        axes.axvline(len(classes) - 0.5, color="black", linewidth=1.2)

    axes.set_xticks(range(len(clusters)), clusters[order], fontsize=SMALL)
    axes.set_yticks(range(len(classes)), class_texts, fontsize=SMALL)
    axes.tick_params(length=0)
    axes.set_xlabel("cluster (ordered by its class)", fontsize=TEXT)
    axes.set_ylabel("class", fontsize=TEXT)
    beside = axes.inset_axes([1 + 0.12 / table_width, 0, 0.15 / table_width, 1])
    bar = figure.colorbar(image, cax=beside, format=lambda share, _: f"{100 * share:.0f}")
    bar.set_label("share of the class (%)", fontsize=TEXT)
    bar.ax.tick_params(labelsize=SMALL)
    return figure

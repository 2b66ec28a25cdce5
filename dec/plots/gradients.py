"""How much each sample of a cluster moves the network, as in Fig. 4 of the DEC paper."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from ._style import COLORS, SMALL, TEXT, TITLE, new_figure, tidy

PERCENTILES = np.arange(0, 101, 10)


def plot_gradients(
    q: np.ndarray,
    sizes: np.ndarray,
    images: np.ndarray | None = None,
    *,
    image_shape: Sequence[int] | None = None,
    title: str | None = None,
) -> Figure:
    """Draw the size of the gradient of every sample of one cluster against its q.

    Parameters
    ----------
    q : array (m,)
        q_ij of the samples i of one cluster j, in [0, 1].
    sizes : array (m,)
        |dL_i / dz_i| of each, >= 0.
    images : array (m, ...), optional
        Their images: eleven are shown below, from the smallest q to the largest, at every tenth
        percentile.
    image_shape : (h, w) or (h, w, 1), optional
        Shape of one image, for flat rows.
    title : str, optional

    Returns
    -------
    Figure
        One axes, or two with the row of images. The line is the median of each tenth of the
        samples.

    Raises
    ------
    ValueError
        If lengths differ, or a value is out of its range.
    """
    q, sizes = np.asarray(q, dtype=float), np.asarray(sizes, dtype=float)
    if q.ndim != 1 or not len(q) or q.shape != sizes.shape:
        raise ValueError(
            f"q, sizes: expected shape (m,) with m >= 1 each, received {q.shape}, {sizes.shape}"
        )
    if not ((q >= 0) & (q <= 1)).all():
        raise ValueError(f"q: expected values in [0, 1], received {q.min():g} to {q.max():g}")
    if not (np.isfinite(sizes) & (sizes >= 0)).all():
        raise ValueError("sizes: expected finite values >= 0")
    order = np.argsort(q, kind="stable")
    figure = new_figure(5.0, 3.0 if images is None else 3.7)
    if images is None:
        axes = figure.subplots()
    else:
        axes, below = figure.subplots(2, 1, height_ratios=(5, 1))
        _draw_images(below, np.asarray(images), order, image_shape)
    tidy(axes, grid=True)
    axes.plot(
        q, sizes, ".", color=COLORS[0], markersize=2, alpha=0.4, rasterized=True, label="sample"
    )
    tenths = np.array_split(order, min(10, len(order)))
    axes.plot(
        [np.median(q[rows]) for rows in tenths], [np.median(sizes[rows]) for rows in tenths],
        "o-", color=COLORS[2], linewidth=1.6, markersize=4, label="median of a tenth",
    )  # fmt: skip
    axes.set_xlabel("q, soft assignment to the cluster", fontsize=TEXT)
    axes.set_ylabel("size of the gradient |dL / dz|", fontsize=TEXT)
    axes.legend(fontsize=SMALL, edgecolor="none")
    if title is not None:
        axes.set_title(title, fontsize=TITLE)
    return figure


def _draw_images(axes, images, order, image_shape):
    shape = tuple(images.shape[1:] if image_shape is None else image_shape)[:2]
    if len(images) != len(order) or int(np.prod(shape)) != int(np.prod(images.shape[1:])):
        raise ValueError(
            f"images: expected {len(order)} of shape (h, w) or image_shape, received "
            f"{images.shape} and {image_shape}"
        )
    rows = order[(PERCENTILES * (len(order) - 1)) // 100]
    height, width = shape
    strip = np.full((height, len(rows) * (width + 1) - 1), np.nan)
    for number, row in enumerate(rows):
        left = number * (width + 1)
        strip[:, left : left + width] = images[row].reshape(shape)
    axes.imshow(np.ma.masked_invalid(strip), cmap="gray")
    axes.spines[:].set_visible(False)
    axes.set_yticks([])
    axes.set_xticks((width - 1) / 2 + (width + 1) * np.arange(len(rows)), PERCENTILES)
    axes.tick_params(length=0, labelsize=SMALL)
    axes.set_xlabel("percentile of q", fontsize=TEXT)

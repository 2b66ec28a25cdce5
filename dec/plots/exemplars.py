"""The most typical images of each cluster, as in Fig. 3 of the DEC paper."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from ._checks import finite_matrix, positive_integer
from ._style import SMALL, TEXT, TITLE, new_figure


def plot_exemplars(
    images: np.ndarray,
    q: np.ndarray,
    n_per_cluster: int = 10,
    image_shape: Sequence[int] | None = None,
    *,
    cmap: str = "gray",
    title: str | None = None,
) -> Figure:
    """Draw the images of highest q_ij in each cluster, one row per cluster.

    A sample belongs to the cluster j with the largest q_ij and competes in that row alone; ties
    keep the order of the data. A cluster with fewer members leaves the rest of its row blank.

    Parameters
    ----------
    images : array (n, d), (n, h, w) or (n, h, w, c) with c = 1 or 3
        Numbers in any range, shown from the smallest to the largest value among the images shown;
        uint8 colour images from 0 to 255. Only those are read, so a memory map will do.
    q : array (n, k)
        Soft assignment in [0, 1], rows sum to 1; hard labels as one-hot rows work too.
    n_per_cluster : int
        Images per row, at least 1.
    image_shape : (h, w) or (h, w, c), optional
        Shape of one image; needed for flat rows (n, d), where h * w * c = d.
    cmap : str
        Colour map for images of one channel.
    title : str, optional
        Title above the images.

    Returns
    -------
    Figure
        One axes that holds all images as a mosaic with a gap between them; blank cells are masked
        (one channel) or transparent (three). Each row is named by its cluster and the number n of
        samples in it.

    Raises
    ------
    TypeError
        If `q` or `images` are not real.
    ValueError
        If shapes or counts do not fit each other, `q` is no soft assignment, or an image that is
        shown is not finite.

    References
    ----------
    J. Xie, R. Girshick, A. Farhadi, "Unsupervised Deep Embedding for Clustering Analysis", ICML
    2016, Fig. 3.
    """
    n_per_cluster = positive_integer("n_per_cluster", n_per_cluster)
    q = finite_matrix("q", q)
    sums = q.sum(axis=1, dtype=np.float64)
    if (q < 0).any() or np.abs(sums - 1).max() > 1e-2:  # wide enough for float16
        raise ValueError(
            "q: expected rows of probabilities that sum to 1, received values from "
            f"{q.min():g} to {q.max():g} and row sums from {sums.min():g} to {sums.max():g}"
        )
    images = np.asarray(images)
    if images.dtype.kind not in "iufb":
        raise TypeError(f"images: expected real numbers, received dtype {images.dtype}")
    if images.ndim < 2 or len(images) != len(q):
        raise ValueError(
            f"images: expected one per row of q ({len(q)}), received shape {images.shape}"
        )
    height, width, channels = _image_shape(images.shape[1:], image_shape)

    labels = q.argmax(axis=1)
    sizes = np.bincount(labels, minlength=q.shape[1])
    top = [_highest(q[:, j], np.flatnonzero(labels == j), n_per_cluster) for j in range(len(sizes))]

    gap = max(1, round(0.08 * max(height, width)))  # pixels
    down, across = height + gap, width + gap
    mosaic = np.full((len(top) * down - gap, n_per_cluster * across - gap, channels), np.nan)
    for row, members in enumerate(top):
        for column, member in enumerate(members):
            image = images[member]
            if not np.isfinite(image).all():
                raise ValueError(
                    f"images: expected finite values, received NaN or infinity in image {member}"
                )
            y, x = row * down, column * across
            mosaic[y : y + height, x : x + width] = image.reshape(height, width, channels)

    low, high = np.nanmin(mosaic), np.nanmax(mosaic)
    if images.dtype == np.uint8 and mosaic.shape[-1] == 3:  # the range is part of the colours
        low, high = 0.0, 255.0
    figure = new_figure(
        0.5 * n_per_cluster * across / max(across, down) + 0.7,
        0.5 * len(top) * down / max(across, down) + (0.6 if title is None else 0.8),
    )
    axes = figure.subplots()
    if channels == 1:
        axes.imshow(np.ma.masked_invalid(mosaic[..., 0]), cmap=cmap, vmin=low, vmax=high)
    else:
        known = np.isfinite(mosaic[..., :1])
        colors = (np.where(known, mosaic, low) - low) / max(high - low, 1e-12)
        axes.imshow(np.concatenate([colors, known], axis=-1))

    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    centre = (height - 1) / 2, (width - 1) / 2
    axes.set_yticks(
        centre[0] + down * np.arange(len(top)),
        [f"cluster {j}\nn = {size}" for j, size in enumerate(sizes)],
        fontsize=SMALL,
    )
    axes.set_xticks(
        centre[1] + across * np.arange(n_per_cluster),
        range(1, n_per_cluster + 1),
        fontsize=SMALL,
    )
    axes.set_xlabel("rank by q, highest first", fontsize=TEXT)
    if title is not None:
        axes.set_title(title, fontsize=TITLE)
    return figure


def _image_shape(given: tuple[int, ...], wanted: Sequence[int] | None) -> tuple[int, int, int]:
    """Height, width and channels of one image whose stored shape is `given`."""
    if wanted is None and len(given) not in (2, 3):
        raise ValueError(
            "image_shape: expected (h, w) or (h, w, c) for images stored as rows, received None "
            f"for rows of shape {given}"
        )
    shape = tuple(given if wanted is None else wanted)
    if len(shape) == 2:
        shape += (1,)
    if len(shape) != 3 or shape[2] not in (1, 3) or np.prod(shape) != np.prod(given):
        raise ValueError(
            "image_shape: expected (h, w) or (h, w, c) with c = 1 or 3 and as many values as an "
            f"image of shape {given}, received {wanted}"
        )
    return shape


def _highest(q: np.ndarray, members: np.ndarray, count: int) -> np.ndarray:
    """Those of `members` with the highest q, highest first: at most `count`."""
    return members[np.argsort(-q[members].astype(np.float64), kind="stable")[:count]]

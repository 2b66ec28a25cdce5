"""Curves of a self-training run, one point per refresh of the targets."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ._style import LINES, SMALL, TEXT, TITLE, new_figure, tidy


def plot_curves(
    history: Sequence[Mapping[str, float]],
    *,
    losses: Sequence[str] = ("loss",),
    scores: Sequence[str] = ("acc", "nmi", "ari"),
    tol: float | None = None,
    loss_label: str = "KL(P || Q)\n(nats per sample)",
    title: str | None = None,
) -> Figure:
    """Draw loss, changed labels and scores against the iteration, in stacked panels.

    A panel is drawn when at least one of its values is known; within it a value that is missing,
    None, NaN or infinite leaves a gap.

    Parameters
    ----------
    history : sequence of mappings, one per refresh
        Each holds ``iteration`` (minibatches so far) and any of: the keys in `losses`;
        ``changed``, the share of labels in [0, 1] that changed since the previous refresh; the
        keys in `scores`, each at most 1. Other keys are ignored.
    losses : sequence of str
        Keys drawn in the first panel, five at most.
    scores : sequence of str
        Keys drawn in the last panel, five at most.
    tol : float, optional
        Share of changed labels below which self-training stops, in [0, 1]; a dashed line.
    loss_label : str
        Quantity and unit of the losses.
    title : str, optional
        Title above the first panel.

    Returns
    -------
    Figure
        One to three axes, in the order loss, changed labels, scores. Changed labels are on a
        logarithmic scale, which turns linear below the smallest positive value when a refresh
        changed none, so that zero has a place.

    Raises
    ------
    TypeError
        If `history` is not a sequence of mappings or a value is not a number.
    ValueError
        If a record lacks ``iteration``, a changed share or `tol` is outside [0, 1], or there is
        nothing to draw.
    """
    records = [] if isinstance(history, Mapping) else list(history)
    if isinstance(history, Mapping) or not all(isinstance(record, Mapping) for record in records):
        raise TypeError(
            "history: expected a sequence with one mapping per refresh, received "
            f"{type(history).__name__}"
        )
    history = records
    for name, keys in (("losses", losses), ("scores", scores)):
        if isinstance(keys, str) or len(keys) > len(LINES):
            raise ValueError(f"{name}: expected up to {len(LINES)} keys, received {keys!r}")
    if tol is not None and not 0 <= tol <= 1:
        raise ValueError(f"tol: expected a share in [0, 1], received {tol!r}")

    iteration = _column(history, "iteration")
    if not np.isfinite(iteration).all():
        row = int(np.argmin(np.isfinite(iteration)))
        raise ValueError(
            "history: expected a finite 'iteration' in every record, received "
            f"{history[row].get('iteration')!r} in record {row}"
        )
    changed = _column(history, "changed")
    if (changed < 0).any() or (changed > 1).any():
        raise ValueError(
            "history: expected 'changed' as a share in [0, 1], received values from "
            f"{np.nanmin(changed):g} to {np.nanmax(changed):g}"
        )

    panels = []
    if columns := _known(history, losses):
        panels.append(partial(_draw_losses, columns=columns, label=loss_label))
    if columns := _known(history, ["changed"]):
        panels.append(partial(_draw_changed, columns=columns, tol=tol))
    if columns := _known(history, scores):
        panels.append(partial(_draw_scores, columns=columns))
    if not panels:
        raise ValueError(
            f"history: expected a finite value under one of {[*losses, 'changed', *scores]}, "
            f"received {len(history)} records without any"
        )

    figure = new_figure(5.0, 0.5 + 1.6 * len(panels))
    stack = figure.subplots(len(panels), 1, sharex=True, squeeze=False)[:, 0]
    for axes, draw in zip(stack, panels, strict=True):
        tidy(axes, grid=True)
        draw(axes, iteration)
    stack[-1].xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    stack[-1].set_xlabel("iteration (minibatches)", fontsize=TEXT)
    figure.align_ylabels(stack)
    if title is not None:
        stack[0].set_title(title, fontsize=TITLE)
    return figure


def _column(history: Sequence[Mapping[str, float]], key: str) -> np.ndarray:
    """Values under `key`, NaN where one is missing, None or not finite: (r,)."""
    column = np.full(len(history), np.nan)
    for row, record in enumerate(history):
        value = record.get(key)
        if value is None:
            continue
        try:
            column[row] = float(value)
        except (TypeError, ValueError):
            raise TypeError(
                f"history: expected a number under {key!r}, received {value!r} in record {row}"
            ) from None
    column[~np.isfinite(column)] = np.nan
    return column


def _known(history: Sequence[Mapping[str, float]], keys: Sequence[str]) -> dict[str, np.ndarray]:
    """Columns that hold at least one finite value, by key."""
    columns = {key: _column(history, key) for key in keys}
    return {key: column for key, column in columns.items() if np.isfinite(column).any()}


def _draw_lines(axes: Axes, iteration: np.ndarray, columns: dict[str, np.ndarray]) -> None:
    size = 3.0 if len(iteration) <= 60 else 1.2  # points; many refreshes merge into the line
    for (key, column), style in zip(columns.items(), LINES, strict=False):
        axes.plot(iteration, column, linewidth=1.2, markersize=size, label=key, **style)


def _draw_losses(
    axes: Axes, iteration: np.ndarray, columns: dict[str, np.ndarray], label: str
) -> None:
    _draw_lines(axes, iteration, columns)
    axes.set_ylabel(label, fontsize=TEXT)
    if len(columns) > 1:
        _legend(axes)


def _draw_changed(
    axes: Axes, iteration: np.ndarray, columns: dict[str, np.ndarray], tol: float | None
) -> None:
    _draw_lines(axes, iteration, columns)
    shares = columns["changed"]
    if tol is not None:
        line = axes.axhline(tol, color="0.3", linestyle="--", linewidth=0.9)
        _legend(axes, [line], [f"tol = {100 * tol:g} %"])
        shares = np.append(shares, tol)
    positive = shares[shares > 0] if (shares > 0).any() else np.array([1e-3])
    low = 10.0 ** math.floor(math.log10(positive.min()))  # whole decades: two labelled ticks
    high = 10.0 ** math.ceil(math.log10(positive.max()))
    if (shares == 0).any():
        axes.set_yscale("symlog", linthresh=low, linscale=0.7)
        axes.set_ylim(-0.15 * low, 1.25 * high)
    else:
        axes.set_yscale("log")
        axes.set_ylim(0.8 * low, 1.25 * high)
    axes.yaxis.set_major_formatter(lambda share, _: f"{100 * share:g}")
    axes.set_ylabel("labels changed since\nlast refresh (%)", fontsize=TEXT)


def _draw_scores(axes: Axes, iteration: np.ndarray, columns: dict[str, np.ndarray]) -> None:
    named = {}
    for key, column in columns.items():
        last = column[np.isfinite(column)][-1]
        named[f"{key.upper()} (last {last:.3f})"] = column
    _draw_lines(axes, iteration, named)
    axes.set_ylabel("agreement with\nthe classes (best 1)", fontsize=TEXT)
    _legend(axes)


def _legend(axes: Axes, *entries: list) -> None:
    axes.legend(*entries, fontsize=SMALL, edgecolor="none", handlelength=3.2)

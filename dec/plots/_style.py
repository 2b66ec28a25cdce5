"""The look that the plots share: colours, markers, sizes, and a figure that pyplot never sees."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure

# Ten colours that stay apart under the three dichromacies and differ in lightness, so that they
# also survive a grey printer: M. A. Petroff, "Accessible Color Sequences for Data Visualization",
# 2021, arXiv:2107.02270 (matplotlib's "petroff10").
COLORS = (
    "#3f90da", "#ffa90e", "#bd1f01", "#94a4a2", "#832db6",
    "#a96b59", "#e76300", "#b9ac70", "#717581", "#92dadd",
)  # fmt: skip

# One marker per round of the ten colours: 50 classes before a pair repeats.
MARKERS = ("o", "^", "s", "D", "v")

# Curves differ in colour, dash and marker, so none of the three has to be told apart alone.
LINES = (
    {"color": COLORS[0], "linestyle": "-", "marker": "o"},
    {"color": COLORS[2], "linestyle": "--", "marker": "s"},
    {"color": COLORS[4], "linestyle": "-.", "marker": "^"},
    {"color": COLORS[8], "linestyle": ":", "marker": "D"},
    {"color": COLORS[6], "linestyle": (0, (5, 1, 1, 1, 1, 1)), "marker": "v"},
)

TITLE, TEXT, SMALL = 9, 8, 7  # font sizes in points; figures are drawn at their printed size


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure of `width` x `height` inches that belongs to no window."""
    return Figure(figsize=(width, height), dpi=150, layout="constrained")


def tidy(axes: Axes, grid: bool = False) -> None:
    """Drop the two spines that carry no scale and set the size of the numbers."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(which="both", labelsize=SMALL)
    if grid:
        axes.grid(color="0.9", linewidth=0.6)
        axes.set_axisbelow(True)


def class_style(index: int) -> dict[str, str]:
    """Return colour and marker of class number `index`, the same in every plot."""
    marker = MARKERS[index // len(COLORS) % len(MARKERS)]
    return {"color": COLORS[index % len(COLORS)], "marker": marker}

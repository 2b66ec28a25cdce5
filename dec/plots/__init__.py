"""Pictures of a clustering: arrays in, a figure out.

Every ``plot_*`` function returns a `matplotlib.figure.Figure` of its own. It trains nothing,
writes no file and never touches pyplot, so importing this package selects no plotting backend and
no figure stays open; the caller keeps the picture with ``figure.savefig("curves.pdf")``, and a
notebook under ``%matplotlib inline`` shows it when it is the last value of a cell.

Examples
--------
>>> import numpy as np
>>> from dec.plots import plot_confusion
>>> figure = plot_confusion(np.array([0, 0, 1, 1]), np.array([1, 1, 0, 1]))
>>> figure.get_suptitle()
'ACC 75.0 % (3 of 4 samples matched)'
"""

from .confusion import plot_confusion
from .curves import plot_curves
from .embedding import plot_embedding
from .exemplars import plot_exemplars
from .gradients import plot_gradients
from .lines import plot_lines
from .n_clusters import plot_n_clusters
from .paths import plot_paths
from .projection import tsne

__all__ = [
    "plot_confusion",
    "plot_curves",
    "plot_embedding",
    "plot_exemplars",
    "plot_gradients",
    "plot_lines",
    "plot_n_clusters",
    "plot_paths",
    "tsne",
]

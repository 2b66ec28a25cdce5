"""Data sets, every one as the same record: ``load("mnist").x``."""

from dec.datasets.dataset import Dataset, load, names
from dec.datasets.synthetic import make_gaussians, make_three_gaussians

__all__ = ["Dataset", "load", "make_gaussians", "make_three_gaussians", "names"]

"""Methods: one estimator a paper."""

from dec.methods.base import DeepClusterer
from dec.methods.dec import DEC

__all__ = ["DEC", "DeepClusterer"]

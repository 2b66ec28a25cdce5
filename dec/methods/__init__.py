"""The methods: an estimator a file."""

from dec.methods._checkpoints import CheckpointError
from dec.methods._warnings import CollapseWarning, DegradedWarning
from dec.methods.base import DeepClusterer
from dec.methods.dbc import DBC
from dec.methods.dcn import DCN
from dec.methods.dec import DEC
from dec.methods.depict import DEPICT
from dec.methods.idec import IDEC
from dec.methods.lesc import LESC
from dec.methods.soft_kmeans import SoftKMeans

__all__ = [
    "DBC",
    "DCN",
    "DEC",
    "DEPICT",
    "IDEC",
    "LESC",
    "CheckpointError",
    "CollapseWarning",
    "DeepClusterer",
    "DegradedWarning",
    "SoftKMeans",
]

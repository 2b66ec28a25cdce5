"""Training: recipes, loops and callbacks."""

from dec.training.keep_state import KeepState
from dec.training.optimizers import Adam, MomentumSGD
from dec.training.pretrain import Pretraining, Stage
from dec.training.refine import SelfTraining
from dec.training.refresh_targets import RefreshTargets
from dec.training.shards import Shards
from dec.training.stop_on_divergence import StopOnDivergence
from dec.training.stop_on_label_change import StopOnLabelChange

__all__ = [
    "Adam",
    "KeepState",
    "MomentumSGD",
    "Pretraining",
    "RefreshTargets",
    "SelfTraining",
    "Shards",
    "Stage",
    "StopOnDivergence",
    "StopOnLabelChange",
]

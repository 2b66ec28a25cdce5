"""What a fit says when it went wrong: what happened, when, and what to change."""

from __future__ import annotations

import warnings

from sklearn.exceptions import ConvergenceWarning

#: The fall of the silhouette that is worth a warning; smaller ones are noise of the sample.
DEGRADED = 0.05
#: An autoencoder that explains less of the variance of the data, by codes that differ by less than
#: this share of their size, has learned their mean; bfloat16 alone makes them differ by 0.002.
LEARNED = 0.01


class CollapseWarning(UserWarning):
    """All samples are in one or a few clusters, or some clusters are empty."""


class DegradedWarning(UserWarning):
    """Self-training made the clusters worse, as far as that can be told without classes."""


def collapsed_start(stacklevel: int, why: str = "all are in one cluster") -> None:
    """The embedding that self-training would begin with is no good."""
    warnings.warn(
        f"The embedding does not tell the samples apart: {why}. Most often the autoencoder learned "
        "the mean of the data and nothing else: take another activation or initializer in network, "
        "layer-wise pretraining, or another learning rate.",
        CollapseWarning,
        stacklevel=stacklevel + 1,
    )


def after_refine(kept, n_clusters: int, n_iter: int, stacklevel: int) -> None:
    """``kept`` is the ``KeepState`` of a self-training that ended after ``n_iter`` minibatches."""
    if kept.collapsed:
        return  # ``initialize`` has said it
    iteration, live = kept.record["iteration"], kept.record["live_clusters"]
    start, end = kept.refresh.history[0]["silhouette"], kept.record["silhouette"]
    result = f"the result is that of iteration {iteration}"
    if kept.failure == "non_finite_loss":
        warnings.warn(
            f"The loss was not finite any more at iteration {n_iter}: {result}. Take a smaller "
            "learning rate in optimizer, or scale the data.",
            ConvergenceWarning,
            stacklevel=stacklevel + 1,
        )
    elif live == 1:
        collapsed_start(stacklevel + 1)
    elif kept.failure == "collapsed":
        warnings.warn(
            f"{kept.refresh.history[-1]['live_clusters']} of {n_clusters} clusters were left at "
            f"iteration {n_iter}: {result}. Take a smaller learning rate in optimizer, or a method "
            "that keeps the decoder, such as IDEC.",
            CollapseWarning,
            stacklevel=stacklevel + 1,
        )
    elif live < n_clusters:  # said alone: it explains a low silhouette too
        warnings.warn(
            f"{n_clusters - live} of {n_clusters} clusters are empty: take fewer n_clusters, "
            "empty='farthest', or a smaller learning rate in optimizer.",
            CollapseWarning,
            stacklevel=stacklevel + 1,
        )
    elif end < start - DEGRADED:
        warnings.warn(
            f"Self-training made the clusters worse: the silhouette of the embedding fell from "
            f"{start:.3f} to {end:.3f}. keep='best' ends with the best refresh instead; a smaller "
            "learning rate in optimizer may do better than both.",
            DegradedWarning,
            stacklevel=stacklevel + 1,
        )

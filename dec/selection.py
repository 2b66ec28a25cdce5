"""How many clusters: what the data say without labels."""

from __future__ import annotations

import copy
import itertools
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
from sklearn.base import clone
from sklearn.metrics import adjusted_rand_score, davies_bouldin_score, silhouette_score
from sklearn.model_selection import train_test_split

from dec import metrics, plots
from dec.methods import DEC, CollapseWarning, DeepClusterer, DegradedWarning
from dec.seeds import spawn_seeds

SILHOUETTE_SAMPLES = 5000  # it takes all pairs
#: Differences of stability that are noise of a few runs.
CLOSE = 0.01


@dataclass(frozen=True)
class NumberOfClusters:
    """What ``choose_n_clusters`` found.

    Attributes
    ----------
    best : int
        The recommended k.
    reasons : str
        Why, in a sentence or two.
    scores : list of dict
        One record a candidate, means over the runs: ``n_clusters``; ``stability``, the adjusted
        Rand index between the held-out labels of two runs; ``generalizability``, G; ``silhouette``
        and ``davies_bouldin`` of the held-out embedding; ``live_clusters``; and ``acc``, ``nmi``,
        ``ari`` when ``y`` was given.
    """

    best: int
    reasons: str
    scores: list[dict]

    def plot(self):
        """A ``matplotlib.figure.Figure`` with a panel a criterion."""
        names = {
            "stability": "stability\n(ARI between runs)",
            "generalizability": "generalizability\nL train / L held out",
            "silhouette": "silhouette\n(higher is better)",
            "davies_bouldin": "Davies-Bouldin\n(lower is better)",
            "nmi": "NMI\n(needs the classes)",
        }
        return plots.plot_n_clusters(
            [record["n_clusters"] for record in self.scores],
            {
                title: [record[key] for record in self.scores]
                for key, title in names.items()
                if key in self.scores[0]
            },
            self.best,
        )


def choose_n_clusters(
    X,
    candidates: Iterable[int],
    *,
    estimator: DeepClusterer | None = None,
    n_runs: int = 3,
    held_out: float = 0.2,
    random_state: int = 0,
    y=None,
    verbose: int = 0,
) -> NumberOfClusters:
    """Recommend a number of clusters for ``X``.

    An autoencoder a run is pretrained on a part of the data and every candidate clustered from
    there. The rest of the data is held out, and judges:

    * stability: do runs with other seeds cut the same data alike? With too few or too many
      clusters each run merges or splits others;
    * generalizability, G = L_train / L_held-out of the clustering loss with the same centroids
      (Xie et al., 2016): far below 1, there are clusters that only the training data have;
    * silhouette and Davies-Bouldin index of the clusters in the embedding.

    The recommended k is the largest of those that are about as stable as the most stable one: what
    is joined from clusters that are there is stable too, so stability alone would take too few
    (Tibshirani & Walther, JCGS 2005, choose so by their prediction strength). The other scores are
    for the reader.

    Parameters
    ----------
    X : array (n, ...)
    candidates : iterable of int
        Numbers of clusters, each >= 2.
    estimator : DeepClusterer, optional
        The method and its settings; None for ``DEC()``. Its ``n_clusters`` and ``random_state`` are
        not looked at. A smaller ``max_iter`` makes the answer faster. With a ``checkpoint_dir``, in
        which every run gets a folder, a call that was stopped goes on where it was.
    n_runs : int, default=3
        Runs with different seeds, >= 2.
    held_out : float, default=0.2
        Share of the samples that judge, in (0, 1).
    random_state : int, default=0
        Seed of everything.
    y : array (n,), optional
        Classes, for scores in the records. Never used for the choice.
    verbose : int, default=0
        1: a line a candidate and run.

    Returns
    -------
    NumberOfClusters

    Raises
    ------
    ValueError
        No candidate, a candidate below 2, or fewer than two runs.
    """
    candidates = sorted({int(k) for k in candidates})
    if not candidates or candidates[0] < 2:
        raise ValueError(f"candidates must be whole numbers >= 2, at least one, got {candidates}.")
    if n_runs < 2:
        raise ValueError(f"n_runs must be at least 2, to be compared, got {n_runs!r}.")
    split_seed, *seeds = spawn_seeds(random_state, n_runs + 1)
    rows = np.arange(X.shape[0])
    train, rest = train_test_split(rows, test_size=held_out, random_state=split_seed)
    labels, records = {k: [] for k in candidates}, {k: [] for k in candidates}
    estimator = DEC() if estimator is None else estimator
    for seed in seeds:
        # Pretraining knows no clusters, but its checkpoints know n_clusters: one k for all.
        base = clone(estimator).set_params(random_state=seed, n_clusters=2)
        base.set_params(checkpoint_dir=folder(estimator, f"pretraining-{seed}"))
        base.pretrain(X[train])
        for k in candidates:
            model = copy.deepcopy(base).set_params(n_clusters=k)
            model.set_params(checkpoint_dir=folder(estimator, f"{k}-clusters-{seed}"))
            with warnings.catch_warnings():  # a wrong k may do badly: the record says so
                warnings.simplefilter("ignore", CollapseWarning)
                warnings.simplefilter("ignore", DegradedWarning)
                model.initialize(X[train]).refine(X[train])
            found = model.predict(X[rest])
            record = judge(model, X[train], X[rest], found, seed)
            if y is not None:
                record |= metrics.scores(np.asarray(y)[rest], found)
            labels[k].append(found)
            records[k].append(record)
            if verbose:
                print(f"k = {k}, seed {seed}:", {a: round(b, 4) for a, b in record.items()})
    scores = []
    for k in candidates:
        pairs = itertools.combinations(labels[k], 2)
        stability = float(np.mean([adjusted_rand_score(a, b) for a, b in pairs]))
        means = {name: float(np.mean([r[name] for r in records[k]])) for name in records[k][0]}
        scores.append({"n_clusters": k, "stability": stability, **means})
    return NumberOfClusters(*recommend(scores), scores)


def folder(estimator, name) -> Path | None:
    """Of the checkpoints of one run."""
    return estimator.checkpoint_dir and Path(estimator.checkpoint_dir) / name


def judge(model, X_train, X_rest, labels, seed) -> dict[str, float]:
    """Label-free scores of one fitted model on rows that it has not seen."""
    z, live = model.transform(X_rest), len(np.unique(labels))
    record = {"generalizability": generalizability(model, X_train, X_rest), "live_clusters": live}
    if live < 2:
        return {**record, "silhouette": -1.0, "davies_bouldin": np.inf}
    sample = min(SILHOUETTE_SAMPLES, len(z))
    return {
        **record,
        "silhouette": float(silhouette_score(z, labels, sample_size=sample, random_state=seed)),
        "davies_bouldin": float(davies_bouldin_score(z, labels)),
    }


def generalizability(model, X_train, X_rest) -> float:
    """G = L_train / L_rest, L the mean clustering loss; NaN for methods without q."""
    if not hasattr(model, "predict_proba"):
        return np.nan

    def loss(X):
        q = model.predict_proba(X)
        p = model.compute_target(q).astype("float32")
        return float(np.mean(keras.ops.convert_to_numpy(model.clustering_loss(p, q))))

    return loss(X_train) / loss(X_rest)


def recommend(scores: list[dict]) -> tuple[int, str]:
    """The k to take, and why."""
    stable = max(record["stability"] for record in scores)
    close = [record for record in scores if record["stability"] >= stable - CLOSE]
    best = max(close, key=lambda record: record["n_clusters"])
    k = best["n_clusters"]
    reasons = (
        f"Runs with different seeds agree at k = {k} (ARI {best['stability']:.2f} on held-out "
        f"data; {stable:.2f} is the highest of all k)"
    )
    if len(close) > 1:
        also = ", ".join(str(r["n_clusters"]) for r in close if r is not best)
        reasons += f"; as stable, within {CLOSE}, and fewer: k = {also}"
    return k, reasons + "."

"""The tables of the DEC paper, on MNIST, each with its own ablations.

    python experiments/paper_tables.py                       # every run not done yet
    python experiments/paper_tables.py --table imbalance     # one of them

* comparison: k-means on the pixels; k-means and a spectral method on the embedding of the
  autoencoder; DEC without backpropagation to the encoder; DEC; DEC with the naive target, one-hot
  labels (Tables 2 and 3);
* imbalance: digit 0 kept with probability r_min, digit 9 with 1, the others in between (Table 4);
* interval: nine update intervals (Fig. 2).

Every method from the paper's start (k-means on the embedding) and from the sphered one. Stops at
any time and goes on where it was; the autoencoders are those of ``table.py``, kept in ``--models``.
"""

import argparse
import copy
import time
from pathlib import Path

import numpy as np
import results_file
from kept import pretrained
from running import arguments, short_pretraining
from sklearn.cluster import KMeans, SpectralClustering
from write_tables import EXPERIMENTS, grouped

from dec import DEC, SoftKMeans, datasets, metrics, plots

NAME = "paper_tables"
SEEDS = {"comparison": 3, "imbalance": 1, "interval": 1}  # of each table
R_MIN = (0.1, 0.3, 0.5, 0.7, 0.9)
INTERVALS = tuple(20 * 2**i for i in range(9))
SPECTRAL_SAMPLES = 10_000  # of the 70 000: its graph and eigenvectors do not scale
STARTS = {"": False, ", sphered": True}  # appended to the name of a row -> ``sphere``


def main():
    args = arguments(__doc__, NAME, options)
    data = datasets.load("mnist", args.data_dir)
    step = 20 if args.quick else 1
    x, y = data.x[::step], data.y[::step]
    for table in SEEDS:
        for setting in settings(table, args.quick):
            for seed in range(1 if args.quick else SEEDS[table]):
                key = {"table": table, "setting": setting, "seed": seed}
                if args.table in (None, table) and not results_file.has(NAME, args.rows, **key):
                    for method, found in run(table, setting, seed, x, y, args):
                        results_file.append(NAME, args.rows, **key, method=method, **found)
                        print(table, setting, seed, method, f"ACC {found['acc']:.4f}", flush=True)
    rows = results_file.rows(NAME, args.rows)
    print(grouped(rows, *EXPERIMENTS[NAME]))
    draw(rows, args.out)


def options(parser: argparse.ArgumentParser):
    parser.add_argument("--table", choices=SEEDS)
    parser.add_argument("--models", type=Path, default=Path("runs/table"), help="autoencoders")


def settings(table, quick):
    every = {"imbalance": R_MIN, "interval": INTERVALS}.get(table, ("",))
    return every[:5:4] if quick else every


def run(table, setting, seed, x, y, args):
    """Rows of one setting, together: a setting is in the file whole or not at all."""
    name = f"mnist-dense-{seed}"
    if table == "imbalance":
        keep = imbalanced(y, setting, seed)
        x, y, name = x[keep], y[keep], f"mnist-dense-rmin{setting}-{seed}"
    base = DEC(10, random_state=seed)
    if args.quick:
        base.set_params(max_iter=140, pretraining=short_pretraining(300))
        name = f"quick-{name}"
    before = pretrained(base, x, args.models / name)["seconds"]
    rows = []

    def add(method, model, begun, before=before, subset=slice(None)):
        found = {**metrics.scores(y[subset], model.labels_[subset]), "n": len(y[subset])}
        for attribute in ("n_iter_", "stop_reason_"):
            found[attribute[:-1]] = getattr(model, attribute, "")
        found["seconds"] = round(time.perf_counter() - begun + before, 1)
        rows.append((method, found))

    if table == "comparison":
        begun = time.perf_counter()
        raw = KMeans(10, n_init=5, random_state=seed).fit(x.astype("float32"))
        add("k-means", raw, begun, before=0)
    for suffix, sphere in STARTS.items():
        if table == "interval" and not sphere:
            continue  # one start will do
        start = time.perf_counter()
        model = copy.deepcopy(base).set_params(sphere=sphere).initialize(x)
        if table == "interval":
            model.set_params(update_interval=int(setting))
        else:
            add(f"autoencoder + k-means{suffix}", model, start)
        begun = time.perf_counter()
        placed = before + begun - start  # seconds until the centroids were
        add(f"DEC{suffix}", copy.deepcopy(model).refine(x), begun, placed)
        if table == "comparison":
            begun = time.perf_counter()
            fixed = without_backprop(model).fit(model.transform(x))
            add(f"DEC without backprop{suffix}", fixed, begun)
            begun = time.perf_counter()
            naive = copy.deepcopy(model).set_params(target="one_hot").refine(x)
            add(f"DEC, one_hot{suffix}", naive, begun, placed)
            some = np.random.default_rng(seed).permutation(len(y))[:SPECTRAL_SAMPLES]
            begun = time.perf_counter()
            spectral = Spectral(model.transform(x), some)
            add(f"autoencoder + spectral{suffix}", spectral, begun, subset=some)
    return rows


def without_backprop(model):
    """DEC in which only the centroids learn, from k-means on the same embedding."""
    return SoftKMeans(
        10, loss="kl", temperature=1.0, init="k-means", n_init=20, update_interval=140,
        max_iter=model.max_iter, optimizer=model.default_optimizer(),
        random_state=model.random_state,
    )  # fmt: skip


def imbalanced(y, r_min, seed):
    """Row numbers: a sample of class c stays with probability r_min + (1 - r_min) c / 9."""
    chance = r_min + (1 - r_min) * y / 9
    return np.flatnonzero(np.random.default_rng(seed).uniform(size=len(y)) < chance)


class Spectral:
    """Labels of a spectral clustering of the rows ``some`` of z; -1 elsewhere."""

    def __init__(self, z, some):
        self.labels_ = np.full(len(z), -1)
        method = SpectralClustering(10, affinity="nearest_neighbors", random_state=0)
        self.labels_[some] = method.fit_predict(z[some])


def draw(rows, out):
    """ACC against r_min, and against the update interval."""
    for table, x_label, log_x in (
        ("imbalance", "r_min, share of the digits 0 that were kept", False),
        ("interval", "update interval (minibatches)", True),
    ):
        curves = {}
        for row in rows:
            if row["table"] == table:
                curve = curves.setdefault(row["method"], {})
                curve.setdefault(float(row["setting"]), []).append(float(row["acc"]))
        if curves:
            xs = sorted(next(iter(curves.values())))
            lines = {
                name: np.array([np.mean(curve[x]) for x in xs]) for name, curve in curves.items()
            }
            figure = plots.plot_lines(xs, lines, x_label=x_label, y_label="ACC", log_x=log_x)
            figure.savefig(out / f"{table}.png", dpi=150)
    print(f"wrote figures to {out}/")


if __name__ == "__main__":
    main()

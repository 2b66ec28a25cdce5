"""The tables of the DEC paper, on MNIST, each with its own ablations.

    python experiments/paper_tables.py                       # every run not done yet
    python experiments/paper_tables.py --table imbalance     # one of them

* comparison: k-means, DEC without backpropagation to the encoder, DEC (Table 2);
* autoencoder: what k-means and a spectral method make of the embedding, and DEC (Table 3);
* imbalance: digit 0 kept with probability r_min, digit 9 with 1, the others in between (Table 4);
* interval: nine update intervals (Fig. 2);
* target: the squared target against one-hot labels.

Every method from the paper's start (k-means on the embedding) and from the sphered one. Stops at
any time and goes on where it was; autoencoders are those of ``dec_seeds.py``, kept in ``--models``.
"""

import argparse
import copy
import time
from pathlib import Path

import numpy as np
import results_file
from kept import pretrained
from running import arguments
from sklearn.cluster import SpectralClustering
from write_tables import EXPERIMENTS, grouped

from dec import DEC, SoftKMeans, datasets, metrics, plots

NAME = "paper_tables"
TABLES = ("comparison", "autoencoder", "imbalance", "interval", "target")
SEEDS = {"comparison": 3, "autoencoder": 3, "imbalance": 1, "interval": 1, "target": 3}
R_MIN = (0.1, 0.3, 0.5, 0.7, 0.9)
INTERVALS = tuple(20 * 2**i for i in range(9))
SPECTRAL_SAMPLES = 10_000  # of the 70 000: its graph and eigenvectors do not scale
STARTS = {"": False, ", sphered": True}  # appended to the name of a row -> ``sphere``


def main():
    args = arguments(__doc__, NAME, options)
    data = datasets.load("mnist", args.data_dir)
    step = 20 if args.quick else 1
    x, y = data.x[::step], data.y[::step]
    for table in TABLES:
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
    parser.add_argument("--table", choices=TABLES)
    parser.add_argument("--models", type=Path, default=Path("runs/models"), help="autoencoders")


def settings(table, quick):
    every = {"imbalance": R_MIN, "interval": INTERVALS}.get(table, ("",))
    return every[::4] if quick else every


def run(table, setting, seed, x, y, args):
    """Rows of one setting, together: a setting is in the file whole or not at all."""
    name = f"mnist_layerwise_{seed}_autoencoder"
    if table == "imbalance":
        keep = imbalanced(y, setting, seed)
        x, y, name = x[keep], y[keep], f"mnist_rmin{setting}_{seed}_autoencoder"
    base = DEC(10, random_state=seed)
    if args.quick:
        base.set_params(max_iter=500, pretraining="end_to_end")
        name = f"quick_{name}"
    seconds = pretrained(base, x, args.models / name)["seconds"]
    rows = []

    def add(method, model, start, subset=slice(None)):
        found = metrics.scores(y[subset], model.labels_[subset])
        rows.append((method, {
            **found, "n": len(y), "n_iter": getattr(model, "n_iter_", 0),
            "stop_reason": getattr(model, "stop_reason_", ""),
            "seconds": round(time.perf_counter() - start + seconds, 1),
        }))  # fmt: skip

    for suffix, sphere in STARTS.items():
        start = time.perf_counter()
        model = copy.deepcopy(base).set_params(sphere=sphere).initialize(x)
        if table in ("interval", "target") and not sphere:
            continue  # one start will do
        if table == "autoencoder":
            some = np.random.default_rng(seed).permutation(len(y))[:SPECTRAL_SAMPLES]
            add(f"autoencoder + k-means{suffix}", model, start, some)
            begun = time.perf_counter()
            add(f"autoencoder + spectral{suffix}", Spectral(model.transform(x), some), begun, some)
            add(f"DEC{suffix}", model.refine(x), start, some)
            continue
        if table in ("comparison", "imbalance"):
            add(f"autoencoder + k-means{suffix}", model, start)
        if table == "comparison":
            begun = time.perf_counter()
            fixed = SoftKMeans(  # the same start; then only the centroids learn
                10, loss="kl", temperature=1.0, init="k-means", n_init=20, sphere=sphere,
                update_interval=140, max_iter=model.max_iter, optimizer=model.default_optimizer(),
                random_state=seed,
            )  # fmt: skip
            fixed.load_weights((args.models / name).with_suffix(".h5")).initialize(x).refine(x)
            add(f"DEC without backprop{suffix}", fixed, begun)
        if table == "interval":
            model.set_params(update_interval=int(setting))
        targets = ("squared", "one_hot") if table == "target" else ("squared",)
        for target in targets:
            refined = copy.deepcopy(model).set_params(target=target).refine(x)
            add(f"DEC{suffix}" + (f", {target}" if table == "target" else ""), refined, start)
    return rows


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

"""Autoencoder + probabilistic k-means on MNIST: what width, depth and activation do.

    python experiments/architectures.py

The table of a course project (five rows, one run each), with SELU and CELU beside them: DEC from an
autoencoder that is trained end to end, started by k-means, as the project has it, and by sphered
k-means, the default here. Stops at any time and goes on where it was.
"""

import copy
import time
import warnings

import numpy as np
import results_file
from running import arguments, short_pretraining
from write_tables import EXPERIMENTS, grouped

from dec import DEC, CollapseWarning, DenseAutoencoder, datasets, metrics, plots

NAME = "architectures"
SEEDS = (0, 1, 2)  # of the published rows; one of the others, which never come to rest
DEEP = (512, 256, 128, 64, 10)
# Row -> widths, activation of the encoder and of the decoder, published ACC in percent.
ROWS = {
    "128-5 ReLU": ((128, 5), "relu", "relu", "63.64"),
    "128-10 ReLU": ((128, 10), "relu", "relu", "60.62"),
    "128-10 sigmoid": ((128, 10), "sigmoid", "relu", "57.45"),
    "deep ReLU": (DEEP, "relu", "relu", "81.95"),
    "deep sigmoid": (DEEP, "sigmoid", "relu", "11.25"),
    "deep SELU": (DEEP, "selu", "selu", ""),
    "deep CELU": (DEEP, "celu", "celu", ""),
}
STARTS = {"k-means": False, "sphered k-means": True}  # name -> ``sphere``
PASSES = 60  # the project gives neither epochs nor rates: the library's own recipe, end to end
TSNE_SAMPLES = 2000


def main():
    args = arguments(__doc__, NAME)
    data = datasets.load("mnist", args.data_dir)
    x, y, seeds = data.x, data.y, SEEDS
    if args.quick:
        x, y, seeds = x[::20], y[::20], (0,)
    for seed in seeds:
        for name, (*_, published) in ROWS.items():
            if seed and not published:
                continue
            if not results_file.has(NAME, args.rows, method=name, seed=seed):
                run(name, seed, x, y, args)
    rows = results_file.rows(NAME, args.rows)
    print(grouped(rows, *EXPERIMENTS[NAME]))
    draw_curves(rows, len(x), args.out)


def run(name, seed, x, y, args):
    units, activation, decoder_activation, published = ROWS[name]
    base = DEC(
        10,
        network=DenseAutoencoder(units, activation, decoder_activation=decoder_activation),
        pretraining=short_pretraining(700 if args.quick else 0, epochs=PASSES),
        max_iter=420 if args.quick else 20_000,
        random_state=seed,
    )
    start = time.perf_counter()
    rows = []
    with warnings.catch_warnings():
        warnings.simplefilter("always", CollapseWarning)  # one a row, not one a process
        base.pretrain(x)
        before = time.perf_counter() - start
        for begins, sphere in STARTS.items():
            start = time.perf_counter()
            model = copy.deepcopy(base).set_params(sphere=sphere).initialize(x)
            kmeans_acc = metrics.accuracy(y, model.labels_)
            model.refine(x, y)
            if (name, seed, sphere) == ("deep ReLU", 0, True):
                draw_embedding(model, x, y, args.out)
            acc, loss = (
                [record.get(key, np.nan) for record in model.history_] for key in ("acc", "loss")
            )  # the first record is from before the first step, and has no loss
            rows.append({
                **metrics.scores(y, model.labels_), "start": begins, "kmeans_acc": kmeans_acc,
                "explained_variance": model.pretraining_history_[-1]["explained_variance"],
                "published": "" if sphere else published,
                "live_clusters": model.history_[-1]["live_clusters"],
                "stop_reason": model.stop_reason_, "precision": model.precision_,
                "seconds": round(before + time.perf_counter() - start, 1),
                "interval": model.update_interval, "acc_curve": text(acc), "loss_curve": text(loss),
            })  # fmt: skip
            print(
                f"{name}, {begins}, seed {seed}: ACC {acc[-1]:.4f}, {model.stop_reason_}",
                flush=True,
            )
    for row in rows:  # together: a row of the table is in the file whole or not at all
        results_file.append(NAME, args.rows, method=name, seed=seed, **row)


def text(curve):
    return " ".join(f"{value:.4g}" for value in curve)


def draw_curves(rows, n, out):
    best = "sphered k-means"
    first = [row for row in rows if row["seed"] == "0" and row["start"] == best]
    passes = int(first[0]["interval"]) * 256 / n  # of one refresh
    for key, label in (("acc_curve", "ACC"), ("loss_curve", "KL(P || Q), nats per sample")):
        curves = {row["method"]: np.array(row[key].split(), float) for row in first}
        length = max(map(len, curves.values()))
        curves = {
            name: np.pad(curve, (0, length - len(curve)), constant_values=np.nan)
            for name, curve in curves.items()
        }
        figure = plots.plot_lines(
            passes * np.arange(length), curves, x_label="passes over the data", y_label=label,
            title=f"self-training from {best}, seed 0",
        )  # fmt: skip
        figure.savefig(out / f"{key}.png", dpi=150)
    print(f"wrote figures to {out}/")


def draw_embedding(model, x, y, out):
    some = np.random.default_rng(0).permutation(len(y))[:TSNE_SAMPLES]
    z = plots.tsne(model.transform(x[some]), 0)
    title = "deep ReLU, after self-training"
    figure = plots.plot_embedding(z, y[some], titles=title, axis_name="t-SNE")
    figure.savefig(out / "tsne.png", dpi=150)


if __name__ == "__main__":
    main()

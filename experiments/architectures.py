"""Autoencoder + probabilistic k-means on MNIST: what width, depth and activation do.

    python experiments/architectures.py

The table of a course project (five rows, one run each), with SELU and CELU beside them: DEC without
sphering, from an autoencoder trained end to end. Stops at any time and goes on where it was.
"""

import dataclasses
import time
import warnings

import numpy as np
import results_file
from running import arguments
from write_tables import EXPERIMENTS, grouped

from dec import DEC, CollapseWarning, DenseAutoencoder, datasets, metrics, plots
from dec.training import presets

NAME = "architectures"
SEEDS = (0, 1, 2)
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
PASSES = 30  # the project gives neither epochs nor rates: the library's own recipe, end to end
TSNE_SAMPLES = 2000


def main():
    args = arguments(__doc__, NAME)
    data = datasets.load("mnist", args.data_dir)
    x, y, seeds = data.x, data.y, SEEDS
    if args.quick:
        x, y, seeds = x[::20], y[::20], (0,)
    for seed in seeds:
        for name in ROWS:
            if not results_file.has(NAME, args.rows, method=name, seed=seed):
                run(name, seed, x, y, args)
    rows = results_file.rows(NAME, args.rows)
    print(grouped(rows, *EXPERIMENTS[NAME]))
    draw(rows, x, y, data.target_names, args.out)


def run(name, seed, x, y, args):
    units, activation, decoder_activation, published = ROWS[name]
    iterations = 1000 if args.quick else 0
    whole = dataclasses.replace(presets.END_TO_END.whole, epochs=PASSES, iterations=iterations)
    model = DEC(
        10,
        network=DenseAutoencoder(units, activation, decoder_activation=decoder_activation),
        pretraining=dataclasses.replace(presets.END_TO_END, whole=whole),
        sphere=False,
        max_iter=1000 if args.quick else 20_000,
        random_state=seed,
    )
    start = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("always", CollapseWarning)  # one a row, not one a process
        model.pretrain(x).initialize(x)
        before = metrics.accuracy(y, model.labels_)
        model.refine(x, y)
    model.save(args.out / f"{name.replace(' ', '-')}-{seed}.h5")
    # The first record is from before the first step, and has no loss.
    acc, loss = ([record.get(key, np.nan) for record in model.history_] for key in ("acc", "loss"))
    results_file.append(
        NAME, args.rows, method=name, seed=seed, **metrics.scores(y, model.labels_),
        kmeans_acc=before, relative_error=model.pretraining_history_[-1]["relative_error"],
        published=published, live_clusters=model.history_[-1]["live_clusters"],
        stop_reason=model.stop_reason_, seconds=round(time.perf_counter() - start, 1),
        interval=model.update_interval, acc_curve=text(acc), loss_curve=text(loss),
    )  # fmt: skip
    print(f"{name}, seed {seed}: ACC {acc[-1]:.4f}, {model.stop_reason_}", flush=True)


def text(curve):
    return " ".join(f"{value:.4g}" for value in curve)


def draw(rows, x, y, target_names, out):
    first = [row for row in rows if row["seed"] == "0"]
    passes = int(first[0]["interval"]) * 256 / len(x)  # of one refresh
    for key, label in (("acc_curve", "ACC"), ("loss_curve", "KL(P || Q), nats per sample")):
        curves = {row["method"]: np.array(row[key].split(), float) for row in first}
        length = max(map(len, curves.values()))
        curves = {
            name: np.pad(curve, (0, length - len(curve)), constant_values=np.nan)
            for name, curve in curves.items()
        }
        figure = plots.plot_lines(
            passes * np.arange(length), curves, x_label="passes over the data", y_label=label,
            title="self-training, seed 0",
        )  # fmt: skip
        figure.savefig(out / f"{key}.png", dpi=150)
    deep = "deep-ReLU"
    some = np.random.default_rng(0).permutation(len(y))[:TSNE_SAMPLES]
    z = DEC.load(out / f"{deep}-0.h5").transform(x[some])
    figure = plots.plot_embedding(
        plots.tsne(z, 0), y[some], titles=f"{deep}, after self-training",
        target_names=target_names, axis_name="t-SNE",
    )  # fmt: skip
    figure.savefig(out / "tsne.png", dpi=150)
    print(f"wrote figures to {out}/")


if __name__ == "__main__":
    main()

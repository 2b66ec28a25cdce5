"""Differentiable k-means on the pixels of MNIST, ten starts of each loss, beside k-means.

    python experiments/mnist_soft_kmeans.py

The 60 000 training images. Stops at any time and goes on where it was: a run whose curve is in
``results/mnist_soft_kmeans.csv`` is skipped.
"""

import time

import numpy as np
import results_file
from running import arguments
from sklearn.cluster import KMeans

from dec import SoftKMeans, datasets, metrics, plots

PASSES = 50
STARTS = 10
NAME = "mnist_soft_kmeans"
# Method of a row -> its name in print, and what SoftKMeans takes.
METHODS = {
    "k-means": ("k-means (its end)", None),
    "distance": ("soft k-means, distances", {"loss": "distance"}),
    "kl": ("soft k-means, Student-t and KL", {"loss": "kl"}),
    # KL to a target of its own sharpens the clusters that are there: a start that has some.
    "kl from k-means": ("the same from k-means", {"loss": "kl", "init": "k-means"}),
}


def main():
    args = arguments(__doc__, NAME)
    data = datasets.load("mnist", args.data_dir)
    x, y = data.x[:60_000], data.y[:60_000]
    passes, starts = PASSES, STARTS
    if args.quick:
        x, y, passes, starts = x[:10_000], y[:10_000], 10, 3
    for seed in range(starts):
        for method in METHODS:
            if not results_file.has(NAME, args.rows, method=method, seed=seed):
                start = time.perf_counter()
                curve = run(method, seed, x, y, passes)
                results_file.append(
                    NAME, args.rows, method=method, seed=seed, n=len(x), acc=curve[-1],
                    seconds=round(time.perf_counter() - start, 1),
                    curve=" ".join(f"{acc:.4f}" for acc in curve),  # ACC after every pass
                )  # fmt: skip
                print(f"{METHODS[method][0]}, start {seed}: ACC {curve[-1]:.4f}", flush=True)

    rows = results_file.rows(NAME, args.rows)
    print(f"\n{'':32}{'mean ACC':>10}{'std':>8}{'min':>8}{'max':>8}   starts")
    for method, (title, _) in METHODS.items():
        acc = np.array([float(row["acc"]) for row in rows if row["method"] == method])
        print(
            f"{title:32}{acc.mean():10.4f}{acc.std(ddof=1):8.4f}{acc.min():8.4f}{acc.max():8.4f}"
            f"{len(acc):9}"
        )
    curves = {
        method: np.array([row["curve"].split() for row in rows if row["method"] == method], float)
        for method in METHODS
    }
    curves["k-means"] = np.repeat(curves["k-means"].mean(), passes + 1)
    figure = plots.plot_lines(
        np.arange(passes + 1),
        {METHODS[method][0]: values for method, values in curves.items()},
        x_label="passes over the data",
        y_label="ACC",
        title=f"{starts} starts and their mean; {len(x)} images",
    )
    figure.savefig(args.out / "acc.png", dpi=150)
    print(f"wrote {args.out}/acc.png")


def run(method, seed, x, y, passes):
    """ACC before the first and after every pass; of k-means, at its end."""
    if method == "k-means":
        model = KMeans(10, init="random", n_init=1, random_state=seed).fit(x.astype("float32"))
        return [metrics.accuracy(y, model.labels_)]
    # tol=0: every start makes all passes, so that the curves have one length.
    model = SoftKMeans(
        10, max_iter=passes * -(-len(x) // 256), tol=0.0, random_state=seed, **METHODS[method][1]
    )
    return [record["acc"] for record in model.fit(x, y).history_]


if __name__ == "__main__":
    main()

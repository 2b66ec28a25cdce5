"""DEC from scratch over seeds: the rows behind the README's table.

    python experiments/dec_seeds.py                               # every run of RUNS not done yet
    python experiments/dec_seeds.py --dataset mnist --seeds 0 1   # some of them

Stops at any time and goes on where it was: a run whose row is in ``results/dec.csv`` is skipped, an
autoencoder that is kept in ``--models`` is not trained again.
Two of these with OMP_NUM_THREADS=1 and different seeds finish sooner on two cores than one with
both.
"""

import argparse
import copy
import time
from pathlib import Path

import results_file
from kept import pretrained
from mnist_dec import raw_kmeans
from running import limit_threads

from dec import DEC, datasets, metrics
from dec.training import precision

# What the table holds: (data set, preset, precision, seeds).
RUNS = [
    ("digits", "layerwise", "auto", range(5)),
    ("mnist", "layerwise", "auto", range(5)),
    ("usps", "layerwise", "auto", range(3)),
    ("fashion_mnist", "layerwise", "auto", range(3)),
    ("mnist", "layerwise", "float32", range(3)),
    ("mnist", "paper", "auto", range(1)),
]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset", choices=datasets.names())
    parser.add_argument("--preset")
    parser.add_argument("--precision", choices=("auto", "float32"))
    parser.add_argument("--seeds", type=int, nargs="+")
    parser.add_argument("--models", type=Path, default=Path("runs/models"), help="to keep them in")
    args = parser.parse_args()
    limit_threads()
    for *which, seeds in RUNS:
        asked = (args.dataset, args.preset, args.precision)
        if all(a in (None, b) for a, b in zip(asked, which, strict=True)):
            for seed in args.seeds or seeds:
                key = dict(zip(("dataset", "preset", "precision"), which, strict=True), seed=seed)
                key["precision"] = precision.resolve(key["precision"])
                if not results_file.has("dec", **key):
                    run(key, args.models)


def run(key, models):
    dataset, preset, seed = key["dataset"], key["preset"], key["seed"]
    data = datasets.load(dataset)
    x, y = data.x, data.y
    model = DEC(
        len(data.target_names), pretraining=preset, precision=key["precision"], random_state=seed,
        verbose=2,
    )  # fmt: skip
    rows = []

    def add(method, labels, seconds, **more):
        row = {"method": method, **metrics.scores(y, labels), "seconds": round(seconds, 1), **more}
        rows.append(row)
        print(row, flush=True)

    start = time.perf_counter()
    raw = raw_kmeans(x, model.n_clusters, seed, restarts=5)
    add("k-means", raw, time.perf_counter() - start)
    name = f"{dataset}_{preset}_{key['precision']}_{seed}"
    pretraining = pretrained(model, x, models / f"{name}_autoencoder")["seconds"]
    for sphere, before, after in (  # both from the same autoencoder
        (False, "autoencoder + k-means", "DEC, sphere=False"),
        (True, "autoencoder + sphered k-means", "DEC"),
    ):
        found = copy.deepcopy(model).set_params(sphere=sphere)
        start = time.perf_counter() - pretraining
        add(before, found.initialize(x).labels_, time.perf_counter() - start)
        labels = found.refine(x, y).labels_
        seconds = time.perf_counter() - start
        add(after, labels, seconds, n_iter=found.n_iter_, stop_reason=found.stop_reason_)
    found.save(models / f"{name}_dec.h5")
    for row in rows:  # together, so that a run is in the file either whole or not at all
        results_file.append("dec", **key, **row)


if __name__ == "__main__":
    main()

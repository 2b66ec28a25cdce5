"""How the default pretraining was chosen: by figures that need no label.

    python experiments/pretraining_choice.py --dataset mnist

For each candidate and seed: reconstruction error and dead units of the pretrained autoencoder, the
share of the embedding's variance that k-means leaves inside its clusters, and the agreement (ARI)
between the k-means labels of different seeds. Rows go to ``results/pretraining_choice.csv``; a
candidate and seed whose labels are in ``runs/pretraining_choice`` is not run again.
"""

import argparse
import csv
import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
from dec_seeds import limit_threads
from results_file import FOLDER
from sklearn.metrics import adjusted_rand_score

from dec import DEC, datasets
from dec.training.presets import LAYERWISE

KEEP = Path("runs/pretraining_choice")


def candidates(epochs):
    whole = replace(LAYERWISE.whole, epochs=epochs)
    base = replace(LAYERWISE, whole=whole)
    adam = replace(whole, optimizer="adam", learning_rate=1e-3, relative=False)
    return {
        "default": base,
        "embedding layer greedily too": replace(base, embedding=True),
        "end to end": replace(base, layerwise=None),
        "a third of the rate": replace(base, whole=replace(whole, learning_rate=0.11)),
        "Adam 1e-3": replace(base, whole=adam),
        "longer greedy stage": replace(base, layerwise=replace(base.layerwise, epochs=6)),
        "N(0, 0.01) weights": replace(base, initializer="normal_0.01"),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset", choices=datasets.names(), default="mnist")
    parser.add_argument("--epochs", type=int, default=20, help="passes of the whole autoencoder")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    args = parser.parse_args()
    limit_threads()
    KEEP.mkdir(parents=True, exist_ok=True)
    data = datasets.load(args.dataset)
    for name, recipe in candidates(args.epochs).items():
        runs = [run(data, name, recipe, seed, args.epochs) for seed in args.seeds]
        pairs = itertools.combinations([found["labels"] for found in runs], 2)
        agreement = np.mean([adjusted_rand_score(a, b) for a, b in pairs])
        row = {
            "dataset": data.name,
            "candidate": name,
            "epochs": args.epochs,
            "seeds": len(runs),
            "relative_error": np.mean([found["error"] for found in runs]),
            "dead_units": np.mean([found["dead"] for found in runs]),
            "variance_within_clusters": np.mean([found["within"] for found in runs]),
            "agreement_between_seeds": agreement,
        }
        append(row)
        print(row, flush=True)


def run(data, name, recipe, seed, epochs):
    kept = KEEP / f"{data.name}-{name.replace(' ', '_').replace('/', '')}-{epochs}-{seed}.npz"
    if not kept.exists():
        model = DEC(len(data.target_names), pretraining=recipe, random_state=seed)
        model.pretrain(data.x).initialize(data.x)
        z = model.transform(data.x)
        within = np.square(z - model.cluster_centers_[model.labels_]).sum()
        last = model.pretraining_history_[-1]
        np.savez(
            kept,
            labels=model.labels_,
            error=last["relative_error"],
            dead=last["dead_units"],
            within=within / np.square(z - z.mean(axis=0)).sum(),
        )
    return np.load(kept)


def append(row):
    path = FOLDER / "pretraining_choice.csv"
    new = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.DictWriter(file, list(row), lineterminator="\n")
        if new:
            writer.writeheader()
        writer.writerow({k: f"{v:.4f}" if isinstance(v, float) else v for k, v in row.items()})


if __name__ == "__main__":
    main()

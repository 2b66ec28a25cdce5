"""Every method on every data set over seeds: the rows behind the README's large table.

    python experiments/table.py                                    # every run not done yet
    python experiments/table.py --method IDEC --dataset mnist --seeds 0 1

Stops at any time and goes on where it was, within a run too: a run whose row is in
``results/table.csv`` is skipped.
Methods that share a network start from the same pretrained autoencoder, kept with its training
time in ``runs/table``, so that they are compared in pairs; ``seconds`` counts it every time.
"""

import argparse
import shutil
import time
from pathlib import Path

import keras
import results_file
from kept import pretrained
from running import limit_threads

from dec import (
    DBC,
    DCN,
    DEC,
    DEPICT,
    IDEC,
    LESC,
    ConvAutoencoder,
    DenseAutoencoder,
    NoisyConvAutoencoder,
    datasets,
    metrics,
)
from dec.layers import RandomAffine

KEEP = Path("runs/table")
NETWORKS = {
    "dense": DenseAutoencoder(),
    "convolutional": ConvAutoencoder(),
    "convolutional, normalized": ConvAutoencoder(batch_norm=True),
    "noisy convolutional": NoisyConvAutoencoder(),
}
# Row -> class, network, whether with augmentation, parameters that are not the default.
LINKAGE = {"init": "linkage"}
METHODS = {
    "DEC": (DEC, "dense", False, {}),
    "DEC + linkage": (DEC, "dense", False, LINKAGE),
    "DEC + augmentation": (DEC, "dense", True, {}),
    "IDEC": (IDEC, "dense", False, {}),
    "IDEC + augmentation": (IDEC, "dense", True, {}),
    "IDEC + augmentation + linkage": (IDEC, "dense", True, LINKAGE),
    "DCN": (DCN, "dense", False, {}),
    "LESC": (LESC, "dense", False, {}),
    "DCEC": (IDEC, "convolutional", False, {}),
    "DBC": (DBC, "convolutional, normalized", False, {}),
    "DBC + linkage": (DBC, "convolutional, normalized", False, LINKAGE),
    "DEPICT": (DEPICT, "noisy convolutional", False, {}),
}
SEEDS = (0, 1, 2)


def runs():
    """(method, data set, seed) of every row of the table."""
    for seed in SEEDS:
        for method in METHODS:
            for dataset in ("usps", "mnist-test" if method == "DEPICT" else "mnist"):
                yield method, dataset, seed


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--method", choices=METHODS)
    parser.add_argument("--dataset", choices=("mnist", "mnist-test", "usps"))
    parser.add_argument("--seeds", type=int, nargs="+")
    args = parser.parse_args()
    limit_threads()
    for method, dataset, seed in runs():
        if (
            args.method in (None, method)
            and args.dataset in (None, dataset)
            and (args.seeds is None or seed in args.seeds)
            and not results_file.has("table", method=method, dataset=dataset, seed=seed)
        ):
            run(method, dataset, seed)


def run(method, dataset, seed):
    cls, network, augmented, parameters = METHODS[method]
    x, y, image_shape = load(dataset)
    model = cls(10, network=NETWORKS[network], random_state=seed, verbose=2, **parameters)
    if network != "dense":
        x = x.reshape(-1, *image_shape)
    if augmented:
        model.set_params(augmentation=RandomAffine(image_shape=image_shape))
        network += ", augmented"
    pretraining = pretrained(model, x, KEEP / f"{dataset}-{network}-{seed}")
    unfinished = KEEP / f"{method}-{dataset}-{seed}"
    unfinished.mkdir(exist_ok=True)
    watch = Stopwatch(unfinished / "seconds.txt")
    model.initialize(x)
    print(method, dataset, seed, "start", metrics.scores(y, model.labels_), flush=True)
    model.set_params(checkpoint_dir=unfinished).refine(x, y, [watch])
    seconds = watch.seconds + pretraining["seconds"]
    row = {
        "method": method, "dataset": dataset, "seed": seed, "preset": network,
        **metrics.scores(y, model.labels_), "seconds": round(seconds, 1),
        "precision": model.precision_, "n_iter": model.n_iter_, "stop_reason": model.stop_reason_,
    }  # fmt: skip
    results_file.append("table", **row)
    shutil.rmtree(unfinished)
    print(row, flush=True)


class Stopwatch(keras.callbacks.Callback):
    """Seconds since it was made, and of the runs before, which the file tells."""

    def __init__(self, path):
        super().__init__()
        self.path, self.start = path, time.perf_counter()
        self.before = float(path.read_text()) if path.exists() else 0.0

    @property
    def seconds(self):
        return self.before + time.perf_counter() - self.start

    def on_epoch_end(self, epoch, logs=None):
        self.path.write_text(f"{self.seconds}")


def load(name):
    """Rows, classes and image shape; ``mnist-test`` is the last 10 000 rows of MNIST."""
    data = datasets.load(name.removesuffix("-test"))
    rows = slice(-10_000, None) if name.endswith("-test") else slice(None)
    return data.x[rows], data.y[rows], data.image_shape


if __name__ == "__main__":
    main()

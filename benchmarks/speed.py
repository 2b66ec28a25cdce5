"""How fast: this library, the incumbent way, and the machine's limit, side by side in one run.

    python benchmarks/speed.py                # MNIST, 70 000 images, about ten minutes
    python benchmarks/speed.py --samples 7000 --repeats 2
    python benchmarks/speed.py --from-weights # a whole run instead, process start included

Only ratios measured in one run mean anything: the machine's speed drifts. So the contestants take
turns, and what is printed is the median of the turns. The incumbent is the loop of DEC-keras in
plain Keras: ``fit(x, x)`` on float64 arrays for the autoencoder, ``train_on_batch`` for every
minibatch of DEC and ``predict`` with batch 32 at every refresh. The limit is the bare matrix
products of a step, at their shapes, in the best precision of the processor; for 1000 clusters it is
the same step with 10.
"""

import argparse
import csv
import itertools
import statistics
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

sys.path.insert(0, str(Path(__file__).parent.parent / "experiments"))
import results_file

from dec import DEC, ClusteringLayer, DenseAutoencoder, Pretraining, datasets, targets
from dec.training import MomentumSGD, RefreshTargets, precision, rows
from dec.training.pretrain import Reconstruction
from dec.training.sources import as_source

WIDTHS = (784, 500, 500, 2000, 10)
BATCH, INTERVAL = 256, 140
RESULTS = Path(__file__).parent / "results" / "speed.csv"
SHIPPED = Path(__file__).parent.parent / "weights"
WEIGHTS = SHIPPED / "mnist.autoencoder.h5"
IMPORTS = "import sys\nfrom dec import DEC, datasets\nx = datasets.load('mnist').x\n"
# What there is in weights/ -> the program that makes labels of it.
TO_LABELS = {
    "autoencoder": "DEC(10, random_state=0).load_weights(sys.argv[1]).initialize(x).refine(x)",
    "dec": "DEC.load(sys.argv[1]).predict(x)",
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, default=70_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--precision", default="auto", help="of this library and of the limit")
    parser.add_argument("--from-weights", action="store_true", help="the shipped ones, to labels")
    args = parser.parse_args()
    x = images(args.samples)
    if args.from_weights:
        contests = {
            f"mnist.{name}.h5 to labels": {"dec": partial(from_weights, name)} for name in TO_LABELS
        }
    else:
        contests = side_by_side(x, args)
    print(f"{len(x)} samples, medians of {args.repeats} interleaved runs, in seconds\n")
    print(f"{'':30}{'incumbent':>11}{'dec':>9}{'limit':>9}{'faster':>9}{'of limit':>10}")
    table = []
    for name, contestants in contests.items():
        median = medians(contestants, args.repeats)
        table.append(row(name, median))
        print(line(name, median), flush=True)
    save(table, args)


def side_by_side(x, args):
    """What is measured -> who does it -> how."""
    # Trained weights, on which the time of k-means depends.
    model = DEC(10, random_state=0, precision=args.precision)
    model.load_weights(WEIGHTS).initialize(x)
    kind = model.precision_
    return {
        "autoencoder epoch": {
            "incumbent": incumbent_autoencoder(x),
            "dec": autoencoder(model, x),
            "limit": products(len(x), kind, mirrored=True),
        },
        "DEC epoch with refreshes": {
            "incumbent": incumbent_dec(x),
            "dec": self_training(model, x),
            "limit": products(len(x), kind, mirrored=False),
        },
        "predict": {
            "incumbent": lambda: model.model_.predict(x, verbose=0),
            "dec": lambda: model.predict(x),
        },
        "start (k-means, 20 restarts)": {"dec": lambda: model.initialize(x)},
        "200 steps, k = 1000": {
            "dec": steps_with(1000, x, args.precision),
            "limit": steps_with(10, x, args.precision),  # the same with k = 10
        },
    }


def from_weights(name):
    """All that a user waits for, in a process of its own."""
    program = [sys.executable, "-c", IMPORTS + TO_LABELS[name], str(SHIPPED / f"mnist.{name}.h5")]
    subprocess.run(program, check=True)


def medians(contestants, repeats):
    """Seconds of each contestant; they take turns."""
    for run in contestants.values():
        run()  # tracing, compiling, first touch of the memory
    times = {who: [] for who in contestants}
    for _ in range(repeats):
        for who, run in contestants.items():
            start = time.perf_counter()
            run()
            times[who].append(time.perf_counter() - start)
    return {who: statistics.median(seconds) for who, seconds in times.items()}


def row(name, median):
    return {"what": name, **{who: round(seconds, 3) for who, seconds in median.items()}}


def line(name, median):
    cells = [f"{median[who]:.2f}" if who in median else "" for who in ("incumbent", "dec", "limit")]
    faster = f"{median['incumbent'] / median['dec']:.1f}x" if "incumbent" in median else ""
    of_limit = f"{median['dec'] / median['limit']:.1f}x" if "limit" in median else ""
    return f"{name:30}{cells[0]:>11}{cells[1]:>9}{cells[2]:>9}{faster:>9}{of_limit:>10}"


def images(n):
    """MNIST, or bytes of its shape where it cannot be had: the time is the same."""
    try:
        return datasets.load("mnist").x[:n]
    except FileNotFoundError:
        return np.random.default_rng(0).integers(0, 256, (n, 784), dtype=np.uint8)


def incumbent_autoencoder(x):
    dense = keras.layers.Dense
    net = keras.Sequential(
        [keras.Input((784,))]
        + [dense(units, "relu") for units in WIDTHS[1:-1]]
        + [dense(WIDTHS[-1])]
        + [dense(units, "relu") for units in WIDTHS[-2:0:-1]]
        + [dense(784)]
    )
    net.compile(keras.optimizers.SGD(1.0, momentum=0.9), loss="mse")
    x = x / 255.0
    return lambda: net.fit(x, x, batch_size=BATCH, epochs=1, verbose=0)


def autoencoder(model, x):
    x = as_source(x)
    trainer = Reconstruction(x, model._parts)
    return epochs_of(trainer, x, MomentumSGD(0.1, 0.9), -(-x.n // BATCH))


def epochs_of(trainer, x, optimizer, steps, callbacks=list):
    """One pass over ``x`` a call; the trainer is compiled in the first."""
    return lambda: rows.fit(trainer, x, optimizer, BATCH, steps, 1, 0, callbacks())


def incumbent_dec(x):
    dense = keras.layers.Dense
    net = keras.Sequential(
        [keras.Input((784,))]
        + [dense(units, "relu") for units in WIDTHS[1:-1]]
        + [dense(WIDTHS[-1]), ClusteringLayer(10)]
    )
    net.compile(keras.optimizers.SGD(0.01, momentum=0.9), loss="kl_divergence")
    x = x / 255.0

    def run():
        for step in range(-(-len(x) // BATCH)):
            if step % INTERVAL == 0:
                p = targets.squared(net.predict(x, batch_size=32, verbose=0))
            batch = slice(step * BATCH, (step + 1) * BATCH)
            net.train_on_batch(x[batch], p[batch])

    return run


def self_training(model, x):
    """Two refreshes and 274 steps, as the incumbent: an epoch of self-training and its refresh."""
    x = as_source(x)
    trainer = model.build_trainer(x)
    refresh, silhouette = partial(model.refresh, X=x), model._silhouette(x)
    steps = -(-x.n // BATCH)
    return epochs_of(
        trainer, x, MomentumSGD(0.01, 0.9), steps,
        lambda: [RefreshTargets(refresh, silhouette, x, model.n_clusters, INTERVAL)],
    )  # fmt: skip


def steps_with(k, x, kind):
    """Steps of self-training with k clusters, without refreshes."""
    model = DEC(k, network=DenseAutoencoder((500, 500, 2000, 64)), precision=kind, random_state=0)
    model.set_params(pretraining=Pretraining(mean_square=0.1), init="k-means", n_init=1)
    model.set_params(sphere=False).pretrain(x[:4000]).initialize(x[:4000])
    x = as_source(x)
    trainer = model.build_trainer(x)
    trainer.targets = np.full((x.n, k), 1 / k, np.float32)
    return epochs_of(trainer, x, MomentumSGD(0.01, 0.9), 200)


def products(n, kind, mirrored):
    """The matrix products of all steps of an epoch: forward, weight and input gradients."""
    dtype = "bfloat16" if precision.resolve(kind) == "mixed_bfloat16" else "float32"
    widths = WIDTHS + WIDTHS[-2::-1] if mirrored else WIDTHS
    activations = [tf.cast(tf.random.normal((BATCH, width)), dtype) for width in widths]
    weights = [tf.cast(tf.random.normal(shape), dtype) for shape in itertools.pairwise(widths)]

    @tf.function
    def step():
        made = []
        for i, w in enumerate(weights):
            made.append(tf.matmul(activations[i], w))
            made.append(tf.matmul(activations[i], activations[i + 1], transpose_a=True))
            if i:
                made.append(tf.matmul(activations[i + 1], w, transpose_b=True))
        return [product[0, 0] for product in made]  # so that none is optimized away

    def run():
        for _ in range(-(-n // BATCH)):
            last = step()
        return last[0].numpy()

    return run


def save(table, args):
    kind = precision.resolve(args.precision)
    RESULTS.parent.mkdir(exist_ok=True)
    new = not RESULTS.exists()
    measured = ("what", "incumbent", "dec", "limit")
    columns = (*measured, "samples", "precision", "units", "commit", "keras")
    with RESULTS.open("a", newline="") as file:
        writer = csv.DictWriter(file, columns, restval="", lineterminator="\n")
        if new:
            writer.writeheader()
        for record in table:
            writer.writerow(
                {**record, "samples": args.samples, "precision": kind,
                 "units": precision.processor_units(), "commit": results_file.COMMIT,
                 "keras": keras.__version__}
            )  # fmt: skip


if __name__ == "__main__":
    main()

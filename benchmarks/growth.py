"""How the time of a step and of a refresh grows with n, d, k and workers; rows and a picture each.

    python benchmarks/growth.py               # about ten minutes
    python benchmarks/growth.py --quick

Self-training of DEC (d-500-500-2000-64, batch 256) on random bytes, whose time is that of any
others. One of n, d and k grows, the other two stay; the points are measured in turns, and medians
are kept. A refresh is Q, P and the labels of all rows. Workers are processes on the JAX backend,
with a core each, which share the rows and the batch.
"""

import argparse
import csv
import json
import os
import statistics
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import keras
import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent / "experiments"))
from running import free_address

from dec import DEC, DenseAutoencoder, plots

BASE = {"n": 20_000, "d": 784, "k": 10}
GROWING = {
    "n": (5_000, 10_000, 20_000, 40_000, 80_000),
    "d": (49, 196, 784, 3136),
    "k": (10, 30, 100, 300, 1000),
}
WORKERS = (1, 2, 4, 8)  # as many as there are cores
STEPS, REPEATS = 50, 3
EMBEDDING = 64
RESULTS = Path(__file__).parent / "results"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="two points each, one turn")
    parser.add_argument("--worker", nargs=3, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.worker:
        return work(*args.worker)
    RESULTS.mkdir(exist_ok=True)
    repeats = 1 if args.quick else REPEATS
    for what, values in GROWING.items():
        values = (values[0], values[-1]) if args.quick else values
        runs = {v: partial(measure, *prepared(**{**BASE, what: v})) for v in values}
        report(what, in_turns(runs, repeats), args)
    workers = [n for n in WORKERS if n <= len(os.sched_getaffinity(0))]
    report("workers", in_turns({n: partial(with_workers, n) for n in workers}, repeats), args)


def in_turns(runs, repeats):
    """Medians of what the run of each value measures."""
    found = {value: [] for value in runs}
    for _ in range(repeats):
        for value, run in runs.items():
            found[value].append(run())
    return {
        value: [statistics.median(times) for times in zip(*turns, strict=True)]
        for value, turns in found.items()
    }


def report(what, medians, args):
    for value, (step, refresh) in medians.items():
        print(f"{what} = {value}: {step:.1f} ms a step, {refresh:.0f} ms a refresh", flush=True)
    if not args.quick:
        save(what, medians)


def prepared(n, d, k):
    """A model whose step is compiled, and its data."""
    x = np.random.default_rng(0).integers(0, 256, (n, d), dtype=np.uint8)
    model = DEC(
        k, network=DenseAutoencoder((500, 500, 2000, EMBEDDING)), pretraining=None, sphere=False,
        n_init=1, tol=0.0, max_iter=3 * STEPS, update_interval=STEPS, random_state=0,
        optimizer=keras.optimizers.SGD(1e-6),  # the time does not depend on the weights
    )  # fmt: skip
    return model.initialize(x), x


def measure(model, x):
    """Milliseconds of a step and of a refresh, after a first interval that compiles."""
    watch = Watch()
    model.refine(x, callbacks=[watch])
    return watch.step, watch.refresh


def with_workers(count):
    """The same of ``count`` processes."""
    address = free_address()
    environment = {**os.environ, "KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"}
    workers = [
        subprocess.Popen(
            [sys.executable, __file__, "--worker", str(number), str(count), address],
            env=environment, stdout=subprocess.PIPE, text=True,
        )
        for number in range(count)
    ]  # fmt: skip
    first, *_ = [worker.communicate()[0] for worker in workers]
    return json.loads(first.splitlines()[-1])


def work(number, count, address):
    """One of them, on a core of its own."""
    number, count = int(number), int(count)
    os.sched_setaffinity(0, {sorted(os.sched_getaffinity(0))[number]})
    if count > 1:
        keras.distribution.initialize(address, count, number)
        every_device = keras.distribution.DataParallel(auto_shard_dataset=False)
        keras.distribution.set_distribution(every_device)
    model, x = prepared(**{**BASE, "n": BASE["n"] // count})
    print(json.dumps(measure(model, x)))


class Watch(keras.callbacks.Callback):
    """Times the last interval and the refresh before it."""

    def on_train_batch_end(self, batch, logs=None):
        if batch == STEPS - 1:
            float(logs["loss"])  # JAX only begins a step and goes on
            self.stepped = time.perf_counter()

    def on_epoch_begin(self, epoch, logs=None):
        now = time.perf_counter()
        if epoch:
            self.refresh = 1e3 * (now - self.stepped)
        self.begun = now

    def on_epoch_end(self, epoch, logs=None):
        self.step = 1e3 * (self.stepped - self.begun) / STEPS


def save(what, medians):
    with (RESULTS / f"growth_{what}.csv").open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([what, "step_ms", "refresh_ms"])
        writer.writerows(
            [value, round(step, 2), round(refresh, 1)] for value, (step, refresh) in medians.items()
        )
    figure = plots.plot_lines(
        list(medians),
        {
            "step (batch 256)": [step for step, _ in medians.values()],
            "refresh": [refresh for _, refresh in medians.values()],
        },
        x_label={"n": "samples", "d": "features", "k": "clusters"}.get(what, what),
        y_label="milliseconds",
        log_x=True,
        log_y=True,
    )
    horizontal = figure.axes[0].xaxis
    horizontal.set_ticks(list(medians), [f"{value:,}" for value in medians])
    horizontal.set_ticks([], minor=True)
    figure.savefig(RESULTS / f"growth_{what}.png", dpi=150)


if __name__ == "__main__":
    main()

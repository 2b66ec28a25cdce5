"""DEC on several workers: the same labels as on one process.

    python experiments/multi_worker.py                  # MNIST, two workers, then one process
    python experiments/multi_worker.py --quick          # digits, a small network from scratch
    python experiments/multi_worker.py --devices 1      # the one process with one device
    python experiments/multi_worker.py --kill           # worker 1 is killed at a checkpoint
    python experiments/multi_worker.py                  # ... and they go on from there

Each worker is a process of its own on the JAX backend that reads its own file of rows; here they
are all on this machine, on a cluster each is on another (docs/distributed.md). The one process has
as many devices as there are workers, so it adds the same numbers in the same order and must come to
the same bits. With one device it rounds otherwise, and self-training enlarges the last bit of a
weight until the run ends at another refresh. MNIST starts at the pretrained weights in
``weights/``.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

os.environ["KERAS_BACKEND"] = "jax"
os.environ.setdefault("JAX_PLATFORMS", "cpu")

import jax
import keras
import numpy as np
import results_file
from running import free_address

import dec
from dec import DEC, DenseAutoencoder, Pretraining, Stage, datasets, metrics

OUT = Path("runs/multi_worker")
WEIGHTS = Path(__file__).parent.parent / "weights"
# For --quick.
SMALL = DenseAutoencoder(units=(64, 10))
SHORT = Pretraining(whole=Stage(iterations=200, learning_rate=0.3, relative=True), mean_square=0.1)


def main():
    args = parse()
    out = OUT / f"{args.dataset}-{args.workers}"
    if args.worker is not None:
        return work(args.worker, args.workers, args.address, args.dataset, out)
    out.mkdir(parents=True, exist_ok=True)
    data = datasets.load(args.dataset, args.data_dir)
    for number, rows in enumerate(np.array_split(data.x, args.workers)):
        np.save(out / f"rows-{number}.npy", rows)

    start = time.perf_counter()
    launch(args.workers, args.dataset, out / "checkpoints/worker-1" if args.kill else None)
    seconds = {"workers": time.perf_counter() - start}
    found = [np.load(out / f"found-{number}.npz") for number in range(args.workers)]
    labels = np.concatenate([part["labels"] for part in found])
    sums = np.sum([part["column_sums"] for part in found], axis=0)

    start = time.perf_counter()
    shards = [np.load(out / f"rows-{number}.npy") for number in range(args.workers)]
    distribute(args.devices or args.workers)
    alone = train(args.dataset, dec.Shards(shards), None)
    seconds["one process"] = time.perf_counter() - start
    row = {
        "dataset": args.dataset, "workers": args.workers,
        "devices_of_one_process": args.devices or args.workers,
        "n_iter": found[0]["n_iter"], "n_iter_one_process": alone["n_iter"],
        "equal_labels": np.mean(labels == alone["labels"]),
        "column_sums_apart": np.max(np.abs(sums / alone["column_sums"] - 1)),
        "acc": metrics.accuracy(data.y, labels),
        "acc_one_process": metrics.accuracy(data.y, alone["labels"]),
        "seconds": round(seconds["workers"], 1),
        "seconds_one_process": round(seconds["one process"], 1),
    }  # fmt: skip
    print(*(f"{name}: {value}" for name, value in row.items()), sep="\n")
    shutil.rmtree(out / "checkpoints")  # or the next run would be at its end
    if not args.quick:
        results_file.append("multi_worker", **row)


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset", choices=datasets.names(), default="mnist")
    parser.add_argument("--data-dir", help="folder of data files (default: $DEC_DATA_DIR)")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--devices", type=int, help="of the one process; default: as workers")
    parser.add_argument("--quick", action="store_true", help="digits, small; no row kept")
    parser.add_argument("--kill", action="store_true", help="worker 1, at its first checkpoint")
    parser.add_argument("--worker", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--address", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.quick:
        args.dataset = "digits"
    return args


def launch(n_workers, dataset, until):
    """Start the workers and wait for them; one that fails ends them all, with an error.

    Worker 1 is killed when there is a new checkpoint in the folder ``until``, if that is not None.
    """
    before = set() if until is None else set(until.glob("checkpoint-*"))
    address = free_address()
    command = [sys.executable, __file__, "--dataset", dataset, "--workers", str(n_workers)]
    workers = [
        subprocess.Popen([*command, "--worker", str(number), "--address", address])
        for number in range(n_workers)
    ]
    try:
        while any(worker.poll() is None for worker in workers):
            if until is not None and set(until.glob("checkpoint-*")) - before:
                workers[1].send_signal(signal.SIGKILL)
                until = None
            for number, worker in enumerate(workers):
                if worker.poll():
                    sys.exit(
                        f"worker {number} of {n_workers} ended with {worker.returncode}, so the "
                        "others were stopped. The same command goes on from the last checkpoint."
                    )
            time.sleep(0.1)
    finally:
        for worker in workers:
            worker.kill()


def work(number, n_workers, address, dataset, out):
    """What each worker runs: it knows the address of the first one, and its own rows."""
    keras.distribution.initialize(address, n_workers, number)
    distribute()
    rows = np.load(out / f"rows-{number}.npy", mmap_mode="r")
    np.savez(out / f"found-{number}.npz", **train(dataset, rows, out / "checkpoints"))


def distribute(devices=None):
    """Each batch over all devices; of those of the processor there are to be ``devices``."""
    if devices is not None:
        jax.config.update("jax_num_cpu_devices", devices)
        # Devices wait for each other on threads of XLA's pool: with one a core they wait for ever.
        os.environ["NPROC"] = str(4 * devices)
    every_device = keras.distribution.DataParallel(auto_shard_dataset=False)
    keras.distribution.set_distribution(every_device)


def train(dataset, X, checkpoint_dir):
    model = DEC(10, random_state=0, precision="float32", checkpoint_dir=checkpoint_dir)
    if dataset == "digits":
        model.set_params(network=SMALL, pretraining=SHORT, max_iter=700)
    weights = WEIGHTS / f"{dataset}.autoencoder.h5"
    sums = ColumnSums()
    if weights.exists():
        model.set_params(pretraining=None).load_weights(weights)
    model.fit(X, callbacks=[sums])
    return {"labels": model.labels_, "column_sums": sums.last, "n_iter": model.n_iter_}


class ColumnSums(keras.callbacks.Callback):
    """Of the targets P of this process, at the last refresh."""

    def on_epoch_end(self, epoch, logs=None):
        self.last = self.model.targets.sum(axis=0, dtype=np.float64)


if __name__ == "__main__":
    main()

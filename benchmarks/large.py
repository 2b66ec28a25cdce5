"""Files larger than memory: time and memory of every phase, against arrays and twice the rows.

    python benchmarks/large.py                        # 10 000 000 x 784 bytes, an hour or two
    python benchmarks/large.py --rows 1000000 --folder /tmp

The file is MNIST with noise, over and over. Each run is a process of its own: one pass of
pretraining, the start, 500 steps of self-training between two refreshes. Memory is the anonymous
one (RssAnon of Linux) at its peak, which the operating system cannot take back; pages of files are
cache, and the targets of a file are a file, too. Runs: the file, its first half, that half with its
targets in memory, and as many rows as fit in memory, as an array and from the file. Rows go to
``benchmarks/results/large.csv``.
"""

import argparse
import csv
import json
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np

COLUMNS = 784
BLOCK = 100_000
STEPS = 500
RESULTS = Path(__file__).parent / "results" / "large.csv"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--in-memory", type=int, default=1_500_000, help="rows of the array")
    parser.add_argument("--folder", type=Path, default=Path("runs"), help="of the file")
    parser.add_argument("--measure", nargs=3, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.measure:
        path, rows, kind = args.measure
        print(json.dumps(measure(Path(path), int(rows), kind)))
        return
    path = make(args.folder / f"large-{args.rows}.npy", args.rows)
    few = min(args.in_memory, args.rows)
    half_rows = args.rows // 2
    array, same = run(path, few, "array"), run(path, few, "file")
    half, whole = run(path, half_rows, "file"), run(path, args.rows, "file")
    run(path, half_rows, "file, targets in memory")
    for phase in ("pretrain", "initialize", "refine"):
        name = f"{phase}_seconds"
        print(f"{phase}: {same[name] / array[name]:.2f} of the array's time; "
              f"twice the rows take {whole[name] / half[name]:.2f} of the time")  # fmt: skip
    print(f"anonymous memory at most {whole['peak_mb']} MB, of half the rows {half['peak_mb']} MB")


def make(path, rows):
    """The file, unless it is there."""
    if path.exists():
        return path
    from dec import datasets

    images = datasets.load("mnist").x
    path.parent.mkdir(exist_ok=True)
    file = np.lib.format.open_memmap(path, "w+", np.uint8, (rows, COLUMNS))
    for start in range(0, rows, BLOCK):
        random = np.random.default_rng(start)
        size = min(BLOCK, rows - start)
        block = images[random.integers(len(images), size=size)].astype(np.int16)
        block += random.integers(-20, 21, block.shape, dtype=np.int16)
        file[start : start + size] = block.clip(0, 255)
    file.flush()
    return path


def run(path, rows, kind):
    command = [sys.executable, __file__, "--measure", str(path), str(rows), kind]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    row = json.loads(done.stdout.splitlines()[-1])
    print(row, flush=True)
    save(row)
    return row


def save(row):
    RESULTS.parent.mkdir(exist_ok=True)
    new = not RESULTS.exists()
    with RESULTS.open("a", newline="") as file:
        writer = csv.DictWriter(file, row, lineterminator="\n")
        if new:
            writer.writeheader()
        writer.writerow(row)


def measure(path, rows, kind):
    from dec import DEC, Pretraining, Stage

    x = np.load(path, mmap_mode="r")[:rows]
    if kind == "array":
        x = np.array(x)
    memory = Memory()
    recipe = Pretraining(
        whole=Stage(epochs=1, learning_rate=0.1, relative=True), mean_square=0.1,
        initializer="fan_in_uniform",
    )  # fmt: skip
    model = DEC(
        10, pretraining=recipe, random_state=0, tol=0.0, max_iter=STEPS, update_interval=STEPS,
        scratch_dir=path.parent if kind == "file" else None,
    )  # fmt: skip
    row = {"kind": kind, "rows": rows}
    for phase in ("pretrain", "initialize", "refine"):
        start = time.perf_counter()
        getattr(model, phase)(x)
        row[f"{phase}_seconds"] = round(time.perf_counter() - start, 1)
        row[f"{phase}_mb"] = memory.peak()
    return {**row, "peak_mb": max(value for name, value in row.items() if name.endswith("_mb"))}


class Memory(threading.Thread):
    """Watches the anonymous memory of this process."""

    def __init__(self):
        super().__init__(daemon=True)
        self.most = 0
        self.start()

    def run(self):
        while True:
            self.most = max(self.most, anonymous())
            time.sleep(0.05)

    def peak(self):
        """MB since the last call."""
        most, self.most = self.most, 0
        return most


def anonymous():
    """MB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) // 1024
    raise RuntimeError("this system does not tell RssAnon")


if __name__ == "__main__":
    main()

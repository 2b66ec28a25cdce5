"""Kill runs at random points and see whether they end with the same bits.

    python tests/campaigns/kills.py                    # 200 kills on digits, about 20 minutes
    python tests/campaigns/kills.py --dataset mnist --kills 20

Every run is killed (SIGKILL) a few times at moments drawn uniformly over its length, then let end;
its weights, labels and history must be those of a run that was never killed. Checkpoints are
written after every epoch instead of every half minute, so that many kills fall into a write.
"""

import argparse
import collections
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import warnings
from pathlib import Path

from fingerprint import checksum

from dec import DEC, DEPICT, DenseAutoencoder, Pretraining, Stage, datasets
from dec.methods import _checkpoints

KILLS_A_RUN = 5
RECIPE = Pretraining(
    layerwise=Stage(iterations=100, learning_rate=0.1, relative=True, backoff=6),
    whole=Stage(iterations=300, learning_rate=0.2, relative=True, backoff=6),
    mean_square=0.1,
    corrupt_input=0.2,
    corrupt_hidden=0.2,
)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--dataset", choices=("digits", "mnist"), default="digits")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    draw = random.Random(args.seed)
    kills, same, runs, phases = 0, 0, 0, collections.Counter()
    with tempfile.TemporaryDirectory() as scratch:
        scratch = Path(scratch)
        expected = {}
        for cls in (DEC, DEPICT):  # DEPICT trains in its second phase too
            start = time.monotonic()
            wait(fork(cls, args.dataset, scratch / "whole", scratch / "end"))
            expected[cls] = (scratch / "end").read_text(), time.monotonic() - start
            shutil.rmtree(scratch / "whole")
        while kills < args.kills:
            cls = draw.choice((DEC, DEPICT))
            reference, length = expected[cls]
            folder, end = scratch / f"run{runs}", scratch / f"end{runs}"
            for _ in range(KILLS_A_RUN):
                child = fork(cls, args.dataset, folder, end)
                time.sleep(draw.uniform(0.0, length / 2))
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
                kills += 1
                phases[phase(folder)] += 1
            wait(fork(cls, args.dataset, folder, end))
            runs += 1
            same += end.read_text() == reference
            print(f"{kills} kills, {same} of {runs} runs ended with the same bits", flush=True)
            shutil.rmtree(folder)
    print(json.dumps({"kills": kills, "runs": runs, "same": same, "killed_in": dict(phases)}))
    sys.exit(same != runs)


def phase(folder):
    """Phase of the newest checkpoint, which the kill came after."""
    warnings.simplefilter("ignore")
    for path in sorted(folder.glob("checkpoint-*"), reverse=True):
        try:
            return _checkpoints.read_arrays(path)[1]["phase"]
        except ValueError:
            continue
    return "before the first checkpoint"


def fork(cls, dataset, folder, end):
    child = os.fork()
    if not child:
        try:
            run(cls, dataset, folder, end)
        finally:
            os._exit(1)
    return child


def wait(child):
    _, status = os.waitpid(child, 0)
    if status:
        raise SystemExit(f"a run that was not killed failed with status {status}")


def run(cls, dataset, folder, end):
    warnings.simplefilter("ignore")  # that a torn checkpoint was passed over is what is wanted
    _checkpoints.EVERY = 0.0
    data = datasets.load(dataset)
    n = 600 if dataset == "digits" else 5000
    model = cls(
        10, network=DenseAutoencoder(units=(50, 30, 10)), pretraining=RECIPE, n_init=2, tol=0.0,
        batch_size=64, update_interval=20, max_iter=300, random_state=0, checkpoint_dir=folder,
    )  # fmt: skip
    model.fit(data.x[:n], data.y[:n])
    end.write_text(checksum(model))
    os._exit(0)


if __name__ == "__main__":
    main()

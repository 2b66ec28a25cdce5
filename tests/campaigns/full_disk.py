"""Fill the disk under a running fit: a clear error, and the checkpoint before stays.

    python tests/campaigns/full_disk.py           # 20 full disks, a few minutes; Linux

The disk is a tmpfs of 4 MB in a namespace of its own, so no rights are needed. After a checkpoint
drawn at random it is filled, but for a few bytes, so that the next one fails at any of its writes.
Then the newest checkpoint must be sound, and with room again the same call must end with the bits
of a run that never met a full disk.
"""

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

from fingerprint import checksum

from dec import DEC, DenseAutoencoder, Pretraining, Stage, datasets
from dec.methods import _checkpoints
from dec.saving import read_arrays

CHECKPOINTS = 35  # of the run below, at least


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--disks", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if not args.inside:
        command = ["unshare", "--map-root-user", "--mount", sys.executable, *sys.argv, "--inside"]
        os.execvp(command[0], command)
    draw = random.Random(args.seed)
    _checkpoints.EVERY = 0.0
    warnings.simplefilter("ignore")
    expected = fit(None)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as disk:
        mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", disk]
        subprocess.run(mount, check=True)
        for number in range(args.disks):
            folder = Path(disk) / f"run{number}"
            full = fill_after(draw.randrange(1, CHECKPOINTS), folder, draw)
            try:
                fit(folder)
            except OSError as error:
                said = str(error)
            else:
                raise SystemExit("the disk was full, and nothing was said")
            assert str(folder) in said, said
            newest = max(folder.glob("checkpoint-*"))
            read_arrays(newest)
            assert not list(folder.glob(".*")), "a half-written file was left"
            full.unlink()
            assert fit(folder) == expected, "other bits"
            print(f"{number + 1}: {newest.name} stayed, the same bits; {said}", flush=True)
            shutil.rmtree(folder)
        subprocess.run(["umount", disk], check=True)


def fill_after(count, folder, draw):
    """From its ``count``-th checkpoint on there is no room for one more."""
    save, full = _checkpoints.Checkpoints.save, folder.with_suffix(".full")
    left = [count]

    def save_and_fill(self, *args):
        save(self, *args)
        left[0] -= 1
        if not left[0]:
            room = shutil.disk_usage(folder).free
            size = max(folder.glob("checkpoint-*")).stat().st_size
            full.write_bytes(bytes(max(room - draw.randrange(size), 0)))
            _checkpoints.Checkpoints.save = save

    _checkpoints.Checkpoints.save = save_and_fill
    return full


def fit(folder):
    recipe = Pretraining(
        layerwise=Stage(iterations=20, learning_rate=0.1, relative=True, backoff=6),
        whole=Stage(iterations=60, learning_rate=0.2, relative=True, backoff=6),
        mean_square=0.1,
        corrupt_input=0.2,
    )
    model = DEC(
        10, network=DenseAutoencoder(units=(50, 10)), pretraining=recipe, n_init=2, tol=0.0,
        batch_size=64, update_interval=10, max_iter=100, random_state=0, checkpoint_dir=folder,
    ).fit(datasets.load("digits").x[:400])  # fmt: skip
    return checksum(model)


if __name__ == "__main__":
    main()

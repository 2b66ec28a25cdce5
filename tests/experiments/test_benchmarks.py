"""Every benchmark on little data: it ends and leaves its rows. How fast it was is not looked at."""

import csv
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from dec import datasets

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("command", "rows"),
    [
        (("speed.py", "--samples", "1200", "--repeats", "1"), {"speed": 5}),
        pytest.param(
            ("large.py", "--rows", "4000", "--in-memory", "2000"), {"large": 5},
            marks=pytest.mark.slow,
        ),
        pytest.param(("growth.py", "--quick"), {}, marks=pytest.mark.slow),
    ],
    ids=["speed", "large", "growth"],
)  # fmt: skip
def test_a_benchmark_ends(command, rows, tmp_path):
    try:
        datasets.load("mnist")
    except FileNotFoundError:
        pytest.skip("needs MNIST in DEC_DATA_DIR")
    for name in ("benchmarks", "experiments"):  # copies, or these rows would be among the measured
        ignored = shutil.ignore_patterns("results", "runs")
        shutil.copytree(ROOT / name, tmp_path / name, ignore=ignored)
    (tmp_path / "weights").symlink_to(ROOT / "weights")
    folder = tmp_path / "benchmarks"
    done = subprocess.run(
        [sys.executable, *command], capture_output=True, text=True, cwd=folder, timeout=1200
    )
    assert done.returncode == 0, done.stderr
    for name, count in rows.items():
        with (folder / "results" / f"{name}.csv").open(newline="") as file:
            assert len(list(csv.reader(file))) == count + 1

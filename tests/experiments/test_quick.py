"""Every experiment with --quick: it ends, says what it is, and leaves rows and pictures."""

import subprocess
import sys
from pathlib import Path

import pytest

from dec import datasets

EXPERIMENTS = Path(__file__).parents[2] / "experiments"
SCRIPTS = [
    "toy_kmeans", "mnist_soft_kmeans", "architectures", "paper_tables", "paper_figures", "choose_k"
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", SCRIPTS)
def test_quick(name, tmp_path):
    try:
        datasets.load("mnist")
    except FileNotFoundError:
        pytest.skip("needs MNIST in DEC_DATA_DIR")
    command = [sys.executable, EXPERIMENTS / f"{name}.py", "--quick", "--out", tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=1200)
    assert done.returncode == 0, done.stderr
    assert "--quick: a subset" in done.stdout
    assert list(tmp_path.glob("*.png"))
    assert (tmp_path / f"{name}.csv").exists()
    # Again: everything is there, so nothing is run a second time.
    rows = (tmp_path / f"{name}.csv").read_text()
    again = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=1200)
    assert again.returncode == 0, again.stderr
    assert (tmp_path / f"{name}.csv").read_text() == rows

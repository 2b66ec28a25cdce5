"""Two workers on this machine: the bits of one process, also after one of them was killed."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "experiments" / "multi_worker.py"


@pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="jax is not installed")
def test_killed_and_started_again(tmp_path):
    command = [sys.executable, "-W", "ignore", SCRIPT, "--quick"]
    run = {"capture_output": True, "text": True, "cwd": tmp_path, "timeout": 600}
    killed = subprocess.run([*command, "--kill"], **run)
    assert killed.returncode == 1
    assert "of 2 ended with" in killed.stderr
    assert "The same command goes on from the last checkpoint." in killed.stderr
    folder = tmp_path / "runs" / "multi_worker" / "digits-2"
    assert list(folder.glob("checkpoints/worker-*/checkpoint-*"))
    assert not list(folder.glob("found-*"))

    again = subprocess.run(command, **run)
    assert again.returncode == 0, again.stderr[-6000:]
    row = dict(line.split(": ") for line in again.stdout.splitlines())
    assert float(row["equal_labels"]) == 1
    assert float(row["column_sums_apart"]) == 0
    assert not list(folder.glob("checkpoints/*"))

"""The same seed gives the same bits in a new process, whatever was called before."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent / "campaigns" / "determinism_pass.py"


def checksums(backend, hash_seed, *arguments):
    env = {
        **os.environ, "KERAS_BACKEND": backend, "PYTHONHASHSEED": hash_seed, "JAX_PLATFORMS": "cpu"
    }  # fmt: skip
    command = [sys.executable, "-W", "ignore", str(SCRIPT), *arguments]
    done = subprocess.run(command, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-6000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("backend", ["tensorflow", pytest.param("jax", marks=pytest.mark.slow)])
def test_two_processes(backend):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    once = checksums(backend, "1")
    again = checksums(backend, "2", "after-other-work")
    assert again.pop("another seed") not in again.values()
    assert once == again

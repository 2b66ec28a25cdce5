"""The same code on every backend: formulas, a functional model, a DEC, their files."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

SCRIPT = Path(__file__).with_name("backends_pass.py")
BACKENDS = ["tensorflow", "jax", "torch"]


def run(backend, *arguments):
    # On the processor only: graphics cards may round products to fewer bits.
    env = {
        **os.environ,
        "KERAS_BACKEND": backend,
        "CUDA_VISIBLE_DEVICES": "-1",
        "JAX_PLATFORMS": "cpu",
    }
    command = [sys.executable, str(SCRIPT), *map(str, arguments)]
    done = subprocess.run(command, env=env, capture_output=True, text=True)
    assert done.returncode == 0, f"{backend}: {' '.join(arguments[:1])}\n{done.stderr[-6000:]}"


def require(backend):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """``trained(backend)``: the folder of one training run, made once."""
    folders = {}

    def folder(backend):
        require(backend)
        if backend not in folders:
            folders[backend] = tmp_path_factory.mktemp(backend)
            run(backend, "train", folders[backend])
        return folders[backend]

    return folder


@pytest.fixture(scope="module", params=BACKENDS)
def backend(request):
    require(request.param)
    return request.param


def compare(left, right, tolerance):
    """Every array that both files have: the numbers of one part of the pass."""
    common = set(left.files) & set(right.files)
    assert len(common) >= 3
    for name in common:
        np.testing.assert_allclose(left[name], right[name], atol=tolerance, err_msg=name)


def test_functional_model_learns(trained, backend):
    numbers = np.load(trained(backend) / "functional.npz")
    assert (np.diff(numbers["functional/loss"]) < 0).all()
    assert abs(numbers["functional/q"] - numbers["initial/q"]).max() > 0.05
    assert numbers["functional/alpha"] == 2.5


def test_labels_are_predictions(trained, backend):
    numbers = np.load(trained(backend) / "dec.npz")
    np.testing.assert_array_equal(numbers["dec/predict"], numbers["dec/labels"])
    assert numbers["dec/n_iter"] == 60
    np.testing.assert_allclose(numbers["dec/q"].sum(axis=1), 1, rtol=1e-5)
    assert numbers["dec/acc"] > 0.95


def test_every_method_clusters(trained, backend):
    """That they predict their labels and survive their files is checked in the pass itself."""
    numbers = np.load(trained(backend) / "family.npz")
    assert len(numbers.files) == 6
    for name in numbers.files:
        assert numbers[name] > 0.9, name


@pytest.fixture(scope="module")
def loaded(trained, tmp_path_factory):
    """``loaded(backend, writer)``: what a new process reads from the files of ``writer``.

    One process a backend reads its own files and those of TensorFlow.
    """
    results = {}

    def numbers(backend, writer):
        if backend not in results:
            results[backend] = tmp_path_factory.mktemp(f"read_by_{backend}")
            folders = dict.fromkeys([trained(backend), trained("tensorflow")])
            run(backend, "load", results[backend], *folders)
        return np.load(results[backend] / f"{trained(writer).name}.npz")

    return numbers


def test_a_new_process_reads_the_files(trained, loaded, backend):
    numbers = loaded(backend, backend)
    compare(numbers, np.load(trained(backend) / "functional.npz"), 1e-6)
    compare(numbers, np.load(trained(backend) / "dec.npz"), 1e-6)


@pytest.mark.parametrize("other", BACKENDS[1:])
def test_backends_agree(trained, other):
    ours, theirs = (np.load(trained(b) / "functional.npz") for b in ("tensorflow", other))
    np.testing.assert_allclose(theirs["initial/q"], ours["initial/q"], atol=1e-5)
    compare(theirs, ours, 1e-4)  # after 30 steps of training


@pytest.mark.parametrize("other", BACKENDS[1:])
def test_files_travel_between_backends(trained, loaded, other):
    require(other)
    numbers = loaded(other, "tensorflow")
    compare(numbers, np.load(trained("tensorflow") / "functional.npz"), 1e-5)
    compare(numbers, np.load(trained("tensorflow") / "dec.npz"), 1e-4)

"""Fixtures: no test here reads or writes the user's own folders, nor the network."""

import os
from pathlib import Path

import numpy as np
import pytest

from dec.datasets import files
from dec.datasets.catalog import CATALOG, Spec

_DATA_DIR = os.environ.get("DEC_DATA_DIR")


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    """DEC_DATA_DIR unset and an empty user's cache, whose folder this is."""
    monkeypatch.delenv("DEC_DATA_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    return tmp_path / "xdg" / "dec"


@pytest.fixture
def real_file():
    """``real_file(name)``: path of the real file of a data set, or the test is skipped."""

    def path(name):
        file = CATALOG[name].file
        if _DATA_DIR is None or not (Path(_DATA_DIR) / file).is_file():
            pytest.skip(f"needs {file} in the folder that DEC_DATA_DIR names")
        return Path(_DATA_DIR) / file

    return path


@pytest.fixture
def toy_arrays():
    return {"x": np.arange(8, dtype=np.float32).reshape(4, 2), "y": np.array([0, 1, 1, 0], "u1")}


@pytest.fixture
def toy(monkeypatch, toy_arrays):
    """``toy(**changes)``: a data set "toy" of four points in the catalogue, with its downloads."""

    def add(**changes):
        downloads = []

        def fetch():
            downloads.append("toy")
            return toy_arrays

        row = {
            "name": "toy",
            "shape": (4, 2),
            "class_counts": (2, 2),
            "target_names": ("a", "b"),
            "image_shape": None,
            "source": "here",
            "licence": "none",
            "fetch": fetch,
            "build": lambda arrays: (arrays["x"], arrays["y"]),
            "file": "toy.npz",
            "arrays": ("x", "y"),
            "sha256": files.content_sha256(toy_arrays),
        }
        monkeypatch.setitem(CATALOG, "toy", Spec(**(row | changes)))
        return downloads

    return add

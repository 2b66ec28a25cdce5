"""The package as a whole: names, import order, side effects."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import dec

ROOT = Path(dec.__file__).parent
#: Data flow downwards; a file imports only what stands above it. ``_version`` stands outside.
FLOORS = [
    "seeds", "_tensorflow", "ops", "targets", "metrics", "datasets", "layers", "networks",
    "training", "saving", "classical", "methods", "plots", "selection",
]  # fmt: skip


def python(code):
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True, text=True, check=True, timeout=300,
    ).stdout.strip()  # fmt: skip


def imports(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module == "dec":
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("dec."):
            yield node.module.split(".")[1]


@pytest.mark.parametrize("path", sorted(ROOT.rglob("*.py")), ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_point_up(path):
    floor = path.relative_to(ROOT).parts[0].removesuffix(".py")
    if floor in ("__init__", "_version"):
        return
    for name in set(imports(path)) - {"_version"}:
        assert name in FLOORS, f"{name} is on no floor"
        assert FLOORS.index(name) <= FLOORS.index(floor), f"{path.name} imports {name}"


def test_no_part_selects_a_plotting_backend():
    for path in ROOT.rglob("*.py"):
        assert not re.search(r"^\s*(import|from) .*pyplot", path.read_text(), re.MULTILINE), path


def test_every_file_is_on_a_floor():
    found = {p.relative_to(ROOT).parts[0].removesuffix(".py") for p in ROOT.rglob("*.py")}
    assert found == {*FLOORS, "__init__", "_version"}


@pytest.mark.parametrize("name", dec.__all__)
def test_every_promised_name_imports(name):
    assert getattr(dec, name) is not None


@pytest.mark.parametrize(
    "module", ["layers", "networks", "training", "methods", "classical", "plots", "datasets"]
)
def test_every_promised_name_of_a_part_imports(module):
    part = __import__(f"dec.{module}", fromlist=["x"])
    for name in part.__all__:
        assert hasattr(part, name), name


@pytest.mark.parametrize("module", ["ops", "training.pretrain", "methods.dec"])
def test_no_import_cycle(module):
    """Each part can be the first one imported; one near each end and one in the middle."""
    assert python(f"import dec.{module}; print('imported')") == "imported"


def test_import_has_no_side_effects(tmp_path):
    code = """
import os, random, sys
import numpy as np
import keras
loaded = set(sys.modules)  # Keras itself loads what it finds: pyplot, pandas, other backends
before = (dict(os.environ), random.getstate(), np.random.get_state()[1].tolist(),
          keras.config.floatx(), keras.config.dtype_policy().name, os.listdir("."))
import dec
after = (dict(os.environ), random.getstate(), np.random.get_state()[1].tolist(),
         keras.config.floatx(), keras.config.dtype_policy().name, os.listdir("."))
assert before == after
new = {name.split(".")[0] for name in set(sys.modules) - loaded}
assert not new & {"tensorflow", "jax", "torch", "pandas"}, new
print("clean")
"""
    result = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True, text=True, check=False, timeout=300, cwd=tmp_path,
    )  # fmt: skip
    assert result.stdout.strip() == "clean", result.stderr
    assert not any(tmp_path.iterdir())

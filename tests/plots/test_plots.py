import subprocess
import sys
from pathlib import Path

import dec.plots

ROOT = Path(dec.plots.__file__).parents[2]

# The parent package is a stub, so that only what dec.plots itself imports is seen.
CODE = f"""
import sys, types
import numpy as np
parent = types.ModuleType("dec")
parent.__path__ = [{str(ROOT / "dec")!r}]
sys.modules["dec"] = parent
import dec.plots as plots

y = np.array([0, 0, 1, 1])
plots.plot_confusion(y, y)
plots.plot_curves([{{"iteration": 0, "loss": 1.0}}])
plots.plot_embedding(np.eye(4)[:, :2], y)
plots.plot_exemplars(np.ones((4, 2, 2)), np.eye(2)[y])

import matplotlib
assert matplotlib.rcParams._get_backend_or_none() is None, "a backend was selected"
for name in ("matplotlib.pyplot", "keras", "tensorflow", "torch", "jax"):
    assert name not in sys.modules, name
"""


def test_no_backend_no_pyplot_no_keras():
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_public_names_exist():
    assert dec.plots.__all__ == sorted(dec.plots.__all__)
    for name in dec.plots.__all__:
        assert callable(getattr(dec.plots, name))

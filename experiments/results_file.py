"""The rows of ``experiments/results``: one a run and method, appended as soon as it is known.

A runner asks ``has`` before a run and calls ``append`` after it, so it can be stopped at any time
and goes on where it was.
"""

import csv
import os
import resource
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import sklearn

import dec

FOLDER = Path(__file__).parent / "results"
# What a row of a clustering holds; rows of other things bring their own names.
COLUMNS = (
    "method", "dataset", "seed", "preset", "acc", "nmi", "ari", "seconds", "peak_mb", "precision",
    "n_iter", "stop_reason",
)  # fmt: skip
MACHINE = ("threads", "commit", "dec", "keras", "backend", "numpy", "sklearn")


def rows(name: str, folder: Path = FOLDER) -> list[dict]:
    """All rows of ``folder/name.csv``; none if there is no such file yet."""
    path = folder / f"{name}.csv"
    if not path.exists():
        return []
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def has(name: str, folder: Path = FOLDER, **wanted) -> bool:
    """Whether some row has these values."""
    return any(all(row[k] == str(v) for k, v in wanted.items()) for row in rows(name, folder))


def append(name: str, folder: Path = FOLDER, **values) -> None:
    """Add one row; what describes the machine and the versions is filled in here.

    A new file takes the columns of ``COLUMNS``, or of ``values`` if they are others.
    """
    columns = COLUMNS if values.keys() <= set(COLUMNS) else (*values, "peak_mb")
    row = {
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "threads": os.environ.get("OMP_NUM_THREADS", os.cpu_count()),
        "commit": COMMIT,
        "dec": dec.__version__,
        "keras": keras.__version__,
        "backend": keras.backend.backend(),
        "numpy": np.__version__,
        "sklearn": sklearn.__version__,
        **{k: f"{v:.4f}" if k in ("acc", "nmi", "ari") else v for k, v in values.items()},
    }
    path = folder / f"{name}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    new = not path.exists()
    # One write a row: two runners with different seeds may append to the same file.
    with path.open("a", newline="") as file:
        columns = (*columns, *MACHINE) if new else header(path)
        writer = csv.DictWriter(file, columns, restval="", lineterminator="\n")
        if new:
            writer.writeheader()
        writer.writerow(row)


def spread(values) -> str:
    """Mean ± standard deviation of the runs, or the one there is."""
    if len(values) == 1:
        return f"{values[0]:.1f}"
    return f"{np.mean(values):.1f} ± {np.std(values, ddof=1):.1f}"


def header(path: Path) -> list[str]:
    with path.open(newline="") as file:
        return next(csv.reader(file))


def commit() -> str:
    """Short hash of the checked-out commit, with a ``+`` if ``dec`` differs from it."""
    git = ["git", "-C", str(Path(__file__).parent.parent)]
    try:
        head = subprocess.run(
            [*git, "rev-parse", "--short=10", "HEAD"], capture_output=True, text=True, check=True
        ).stdout.strip()
        clean = subprocess.run([*git, "diff", "--quiet", "HEAD", "--", "dec"], check=False)
    except (OSError, subprocess.CalledProcessError):
        print("not a git checkout: the rows will name no commit", file=sys.stderr)
        return ""
    return head + ("+" if clean.returncode else "")


COMMIT = commit()  # of the code that is running, whatever is checked out when a run ends

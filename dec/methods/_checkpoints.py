"""Checkpoints: a run that was killed ends, started again, with the same bits.

Minibatches are a pure function of seed and number, so the state of a training is its variables, the
number of epochs done and what was reported. It is written at the end of an epoch, before anything
else looks at it; a run that goes on from there does what the callbacks would have done next.
"""

from __future__ import annotations

import json
import math
import os
import re
import time
import warnings
from pathlib import Path

import keras
import numpy as np

from dec._version import __version__
from dec.methods import _state
from dec.saving import ModelFileError, read_arrays, write_arrays
from dec.training import workers
from dec.training.progress import Progress
from dec.training.sources import Source

_NAME = re.compile(r"checkpoint-(\d{6,})\.dec\.h5")
_LEFT_OVER = re.compile(r"\.[0-9a-f]{16}\.tmp\.h5")
KEPT = 2
#: Seconds between two checkpoints at least, but for that of the end of a training. One takes about
#: a third of a second.
EVERY = 30.0


class CheckpointError(ValueError):
    """The checkpoints are of another run: other data, other settings or another backend."""


class Checkpoints:
    """The files of one run in one folder; the newest sound one counts.

    Parameters
    ----------
    folder : path
        Made if it is not there.
    settings : dict
        Parameters that the result depends on, as JSON.
    X : Source
        The data. Of several workers each has a folder of its own in the folder, for the labels of
        its rows are in the state; they write together, and go on from the last that all have.
    """

    def __init__(self, folder: str | os.PathLike, settings: dict, X: Source):
        self.folder, self.X = Path(folder), X
        if workers.count() > 1:
            self.folder /= f"worker-{workers.index()}"
        self.folder.mkdir(parents=True, exist_ok=True)
        run = {"settings": settings, "data": X.fingerprint, "backend": keras.backend.backend()}
        self.run = json.loads(json.dumps(run))  # as it will be read: JSON has no tuples
        for path in self.folder.iterdir():
            if _LEFT_OVER.fullmatch(path.name):  # of a write that was killed
                path.unlink(missing_ok=True)

    def latest(self) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray], dict] | None:
        """Arrays of the estimator, of the training, and the header of the newest sound checkpoint.

        None if there is none.

        Raises
        ------
        CheckpointError
            It is of another run.
        """
        found = self._newest_sound()
        if workers.count() > 1:
            # A worker may have been killed before it wrote what the others have written.
            newest = self.X.gather(np.array([found[0] if found else 0]))
            common = newest.min()
            if newest.max() - common > 1:
                raise CheckpointError(
                    "checkpoint_dir must have the files of all workers of one run, but the newest "
                    f"have the numbers {newest.tolist()}. Delete them to start anew."
                )
            for path in self._files():
                if _number(path) > common:
                    path.unlink()
            if found and found[0] > common:
                found = self._newest_sound()
        if found is None:
            return None
        _, arrays, header = found
        training = [name for name in arrays if name.startswith("training/")]
        training = {name.removeprefix("training/"): arrays.pop(name) for name in training}
        return arrays, training, header

    def _newest_sound(self):
        """Number, arrays and header of the newest file that is not damaged, or None."""
        for path in reversed(self._files()):
            try:
                arrays, header = read_arrays(path)
            except ModelFileError as error:
                warnings.warn(
                    f"The checkpoint {path} is damaged, the one before it is used: {error}",
                    stacklevel=5,
                )
                continue
            self._check(path, header["run"])
            return _number(path), arrays, header
        return None

    def save(self, arrays, training, header) -> None:
        """Write the next checkpoint, then delete all but the last two."""
        training = {f"training/{name}": array for name, array in training.items()}
        files = self._files()
        number = _number(files[-1]) + 1 if files else 1
        path = self.folder / f"checkpoint-{number:06d}.dec.h5"
        write_arrays(path, {**arrays, **training}, {**header, "run": self.run, "dec": __version__})
        for old in [*files, path][:-KEPT]:
            old.unlink(missing_ok=True)

    def _files(self) -> list[Path]:
        found = [path for path in self.folder.iterdir() if _NAME.fullmatch(path.name)]
        return sorted(found, key=_number)

    def _check(self, path: Path, run: dict) -> None:
        changed = [
            f"{name} (was {run.get(part, {}).get(name)!r}, is {self.run[part].get(name)!r})"
            for part in ("data", "settings")
            for name in sorted(self.run[part].keys() | run.get(part, {}).keys())
            if self.run[part].get(name) != run.get(part, {}).get(name)
        ]
        if run.get("backend") != self.run["backend"]:
            changed.append(f"backend (was {run.get('backend')!r}, is {self.run['backend']!r})")
        if changed:
            raise CheckpointError(
                f"checkpoint_dir must be of the same run, but since {path} these have changed: "
                f"{', '.join(changed)}. Take another folder, or delete it to start anew."
            )


def _number(path: Path) -> int:
    return int(_NAME.fullmatch(path.name)[1])


class Checkpoint(Progress):
    """Writes one phase of a run to ``Checkpoints``, and goes on with it from there.

    Parameters
    ----------
    estimator : DeepClusterer
    store : Checkpoints
    phase : str
    saved : tuple or None
        Where the phase goes on, as ``Checkpoints.latest`` has it; the estimator has been restored
        from it already.
    """

    def __init__(self, estimator, store: Checkpoints, phase: str, saved):
        super().__init__()
        self.estimator, self.store, self.phase, self.saved = estimator, store, phase, saved
        self.last = -math.inf

    @property
    def begins_at(self):
        if self.saved is None:
            return super().begins_at
        _, training, header = self.saved
        return header["place"], training, header["reported"]

    def resume(self, trainer, optimizer):
        self.trainer, self.optimizer = trainer, optimizer
        if self.saved is None or self.begins_at[0] != self.place:
            return 0, {}
        _, training, header = self.saved
        self.saved = None  # the next training of the phase begins at its beginning
        for name, variable in self._variables().items():
            variable.assign(training[name])
        return header["epoch"], header["logs"]

    def on_epoch_end(self, epoch, logs=None):
        logs = {name: float(value) for name, value in (logs or {}).items()}
        if not all(map(math.isfinite, logs.values())):
            return  # the last checkpoint was the last good state
        due = epoch + 1 == self.params["epochs"] or time.monotonic() - self.last >= EVERY
        if not self.store.X.agreed(due):
            return
        arrays, header = _state.fitted_state(self.estimator)
        reported, records = self.report()
        variables = {
            name: keras.ops.convert_to_numpy(variable)
            for name, variable in self._variables().items()
        }
        header |= {
            "entropy": self.estimator._entropy, "phase": self.phase, "place": self.place,
            "epoch": epoch + 1, "logs": logs, "reported": records,
        }  # fmt: skip
        self.store.save(arrays, {**variables, **reported}, header)
        self.last = time.monotonic()

    def _variables(self) -> dict[str, keras.Variable]:
        """Of trainer and optimizer, but for the data and what the estimator's state has."""
        others = [self.trainer.rows, *self.trainer.metrics_variables]
        known = {id(v) for v in [*others, *_state.named_weights(self.estimator).values()]}
        trained = [v for v in self.trainer.variables if id(v) not in known]
        both = {"trainer": trained, "optimizer": self.optimizer.variables}
        return {f"{part}/{i}": v for part, vs in both.items() for i, v in enumerate(vs)}

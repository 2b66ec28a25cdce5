"""Autoencoders that are trained once and kept, with the time it took."""

import json
import time
from pathlib import Path


def pretrained(model, x, path: Path) -> dict:
    """Give ``model`` the autoencoder of ``path`` from its file, or train and keep it.

    Returns its record: ``seconds`` of training, and what ``pretraining_history_`` says last.
    """
    weights, about = path.with_suffix(".h5"), path.with_suffix(".json")
    if about.exists():
        model.load_weights(weights)
    else:
        start = time.perf_counter()
        model.pretrain(x)
        seconds = time.perf_counter() - start
        path.parent.mkdir(parents=True, exist_ok=True)
        model.save_weights(weights)
        record = {**model.pretraining_history_[-1], "seconds": round(seconds, 1)}
        about.write_text(json.dumps(record))  # last: without it the weights do not count
        print(path.name, *model.pretraining_history_, sep="\n  ", flush=True)
    return json.loads(about.read_text())

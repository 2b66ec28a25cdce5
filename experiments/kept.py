"""Autoencoders that are trained once and kept, with the time it took."""

import json
import time
from pathlib import Path


def pretrained(model, x, path: Path) -> dict:
    """Give ``model`` the autoencoder kept at ``path``, which has no suffix, or train and keep it.

    Returns its record: ``seconds`` of training, and what ``pretraining_history_`` says last.
    """
    # Not with_suffix: names such as rmin0.3-0 have a dot of their own.
    weights, about = path.with_name(f"{path.name}.h5"), path.with_name(f"{path.name}.json")
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

"""What two runs with the same bits have in common."""

import hashlib
import json

import numpy as np


def checksum(model) -> str:
    """SHA-256 of labels, weights and history of a fitted model."""
    digest = hashlib.sha256(np.ascontiguousarray(model.labels_).tobytes())
    for weight in (*model.model_.get_weights(), *model.autoencoder_.get_weights()):
        digest.update(np.ascontiguousarray(weight).tobytes())
    records = [model.history_, model.pretraining_history_]
    digest.update(json.dumps(records, sort_keys=True).encode())
    return digest.hexdigest()

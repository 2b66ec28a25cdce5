"""How far the confidence of a clustering can be trusted: ACC of the surest samples.

    python experiments/confidence.py            # the clustered MNIST model of weights/, a minute

Clusters are matched with classes once, on all samples. Nothing is chosen by it.
"""

from pathlib import Path

import numpy as np
import results_file
from running import arguments
from scipy.optimize import linear_sum_assignment
from sklearn.metrics.cluster import contingency_matrix

from dec import DEC, datasets

MODEL = Path(__file__).parent.parent / "weights" / "mnist.dec.h5"
SHARES = (1.0, 0.99, 0.97, 0.95, 0.9, 0.8, 0.5)
SUBSET = 5000


def main():
    args = arguments(__doc__, "confidence")
    data = datasets.load("mnist", args.data_dir)
    size = SUBSET if args.quick else len(data.x)
    x, y = data.x[:size], data.y[:size]
    q = DEC.load(MODEL).predict_proba(x)
    labels, confidence = q.argmax(axis=1), q.max(axis=1)
    classes, clusters = linear_sum_assignment(contingency_matrix(y, labels), maximize=True)
    right = np.zeros(10, int)
    right[clusters] = classes
    correct = right[labels] == y
    for share in SHARES:
        known = {"method": "DEC", "dataset": "mnist", "decided": share}
        if results_file.has("confidence", args.rows, **known):
            continue
        threshold = np.quantile(confidence, 1 - share)
        decided = confidence >= threshold
        row = {
            **known, "min_confidence": f"{threshold:.3f}", "acc": float(correct[decided].mean()),
            "mean_confidence": f"{confidence[decided].mean():.3f}",
        }  # fmt: skip
        results_file.append("confidence", args.rows, **row)
        print(row)


if __name__ == "__main__":
    main()

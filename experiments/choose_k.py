"""How many digits are there? ``dec.choose_n_clusters`` on MNIST.

    python experiments/choose_k.py

Prints and draws stability, generalizability (Fig. 6 of the DEC paper) and the other criteria for
every number of clusters; NMI is beside them for the reader and chooses nothing. Stops at any time
and goes on where it was.
"""

import numpy as np
import results_file
from running import arguments, short_pretraining

from dec import DEC, choose_n_clusters, datasets
from dec.selection import NumberOfClusters, recommend

NAME = "choose_k"
CANDIDATES = range(5, 16)
MAX_ITER = 1400  # of each of 33 clusterings
MEASURES = ("stability", "generalizability", "silhouette", "davies_bouldin", "nmi")


def main():
    args = arguments(__doc__, NAME)
    data = datasets.load("mnist", args.data_dir)
    x, y, candidates = data.x, data.y, CANDIDATES
    estimator = DEC(max_iter=MAX_ITER, checkpoint_dir=args.out / "checkpoints")
    if args.quick:
        some = np.random.default_rng(0).permutation(len(y))[:4000]
        x, y, candidates = x[some], y[some], (8, 10, 12)
        estimator.set_params(max_iter=140, pretraining=short_pretraining(700))
    if not results_file.rows(NAME, args.rows):
        choice = choose_n_clusters(x, candidates, estimator=estimator, n_runs=3, y=y, verbose=1)
        for record in choice.scores:
            results_file.append(NAME, args.rows, n=len(x), **record)
    scores = [
        {"n_clusters": int(row["n_clusters"])} | {name: float(row[name]) for name in MEASURES}
        for row in results_file.rows(NAME, args.rows)
    ]
    choice = NumberOfClusters(*recommend(scores), scores)
    print(choice.reasons)
    choice.plot().savefig(args.out / "n_clusters.png", dpi=150)
    print(f"wrote {args.out}/n_clusters.png")


if __name__ == "__main__":
    main()

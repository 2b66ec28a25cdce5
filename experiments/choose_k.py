"""How many digits are there? ``dec.choose_n_clusters`` on MNIST.

    python experiments/choose_k.py

Prints and draws stability, generalizability (Fig. 6 of the DEC paper) and the other criteria for
every number of clusters; NMI is beside them for the reader and chooses nothing.
"""

import numpy as np
import results_file
from running import arguments

from dec import DEC, choose_n_clusters, datasets

NAME = "choose_k"
CANDIDATES = range(5, 16)
SAMPLES = 20_000  # a random subset: three autoencoders and 33 clusterings
MAX_ITER = 1400


def main():
    args = arguments(__doc__, NAME)
    data = datasets.load("mnist", args.data_dir)
    candidates, samples, max_iter = CANDIDATES, SAMPLES, MAX_ITER
    estimator = DEC()
    if args.quick:
        candidates, samples, max_iter = (8, 10, 12), 4000, 280
    rows = np.random.default_rng(0).permutation(len(data.y))[:samples]
    estimator.set_params(max_iter=max_iter)
    choice = choose_n_clusters(
        data.x[rows], candidates, estimator=estimator, n_runs=3, y=data.y[rows], verbose=1
    )
    if not results_file.has(NAME, args.rows, n=samples):
        for record in choice.scores:
            values = {key: f"{value:.4f}" for key, value in record.items() if key != "n_clusters"}
            results_file.append(
                NAME, args.rows, n=samples, n_clusters=record["n_clusters"], **values
            )
    print(choice.reasons)
    choice.plot().savefig(args.out / "n_clusters.png", dpi=150)
    print(f"wrote {args.out}/n_clusters.png")


if __name__ == "__main__":
    main()

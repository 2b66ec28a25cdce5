"""k-means on three Gaussians: the loss at every half step, and the paths of the centres.

    python experiments/toy_kmeans.py

The toy set of a k-means course project (``dec.datasets.make_three_gaussians``). Draws the best and
the worst end of ten random starts, so that a local minimum can be seen, and checks the best
against scikit-learn from the same start.
"""

import numpy as np
import results_file
import sklearn.cluster
from running import arguments

from dec import metrics, plots
from dec.classical import KMeans
from dec.datasets import make_three_gaussians

SEED = 3  # of the data: the third blob lies apart
STARTS = 10


def main():
    args = arguments(__doc__, "toy_kmeans")
    x, y, m = make_three_gaussians(SEED)
    if args.quick:  # every tenth point
        x, y = x[::10], y[::10]
    print(f"{len(x)} points; third blob times M = {m.round(3).tolist()}")
    runs = [KMeans(3, init="random", n_init=1, random_state=s).fit(x) for s in range(STARTS)]
    lowest, highest = (choose(run.inertia_ for run in runs) for choose in (min, max))
    # Of the starts that end alike the one with the longest way: there is more to see.
    best, worst = (
        max((run for run in runs if np.isclose(run.inertia_, end)), key=lambda run: run.n_iter_)
        for end in (lowest, highest)
    )

    reference = sklearn.cluster.KMeans(3, init=best.paths_[0], n_init=1, tol=0).fit(x)
    means = np.array([x[y == j].mean(axis=0) for j in range(3)])
    gaps = np.linalg.norm(means[:, None] - best.cluster_centers_, axis=2).min(axis=1)
    print(f"L                         {best.inertia_:.6f}")
    print(f"scikit-learn, same start  {reference.inertia_:.6f}")
    print(f"L of the ten starts       {np.round([run.inertia_ for run in runs], 1).tolist()}")
    print(f"centre to mean of blob    {gaps.round(4).tolist()}")
    print(f"largest rise of L         {max(np.diff(run.losses_).max() for run in runs):g}")
    if not results_file.has("toy_kmeans", args.rows, seed=SEED):
        results_file.append(
            "toy_kmeans", args.rows, seed=SEED, n=len(x), acc=metrics.accuracy(y, best.labels_),
            loss=best.inertia_, sklearn_loss=reference.inertia_, worst_loss=worst.inertia_,
            largest_center_gap=gaps.max(), n_iter=best.n_iter_,
        )  # fmt: skip

    for name, run in (("best", best), ("worst", worst)):
        figure = plots.plot_paths(x, run.labels_, run.paths_, title=f"L = {run.inertia_:.0f}")
        figure.savefig(args.out / f"paths_{name}.png", dpi=150)
    half_steps = max(len(run.losses_) for run in (best, worst))
    figure = plots.plot_lines(
        np.arange(1, half_steps + 1) / 2,
        {
            f"{name} start": np.pad(
                run.losses_, (0, half_steps - len(run.losses_)), constant_values=np.nan
            )
            for name, run in (("best", best), ("worst", worst))
        },
        x_label="iteration of two half steps",
        y_label="L, sum of squared distances",
        log_y=True,
    )
    figure.savefig(args.out / "loss.png", dpi=150)
    print(f"wrote figures to {args.out}/")


if __name__ == "__main__":
    main()

"""The figures of the DEC paper, on MNIST.

    python experiments/paper_figures.py

* exemplars: the ten images of highest q of every cluster (Fig. 3);
* gradients: how much each sample of the smallest cluster moves the network at the start (Fig. 4);
* progress: t-SNE of the embedding as the training goes on, and ACC after every pass (Fig. 5).

From the weights in ``weights/``, or, with --quick, on a subset. The fourth of the paper's figures,
generalizability and NMI against the number of clusters, is ``choose_k.py``.
"""

from pathlib import Path

import keras
import numpy as np
import results_file
from running import arguments
from scipy.stats import spearmanr

from dec import DEC, datasets, ops, plots

NAME = "paper_figures"
WEIGHTS = Path(__file__).parent.parent / "weights" / "mnist.autoencoder.h5"
PASSES = 12
SHOWN = (0, 3, 6, 9, 12)  # passes
TSNE_SAMPLES = 2000


def main():
    args = arguments(__doc__, NAME)
    data = datasets.load("mnist", args.data_dir)
    step = 20 if args.quick else 1
    x, y = data.x[::step], data.y[::step]
    model = DEC(10, update_interval=None, tol=0.0, max_iter=PASSES * -(-len(x) // 256))
    model.set_params(random_state=0).load_weights(WEIGHTS).initialize(x)

    figure = gradients(model, x, data.image_shape)
    figure.savefig(args.out / "gradients.png", dpi=150)

    some = np.random.default_rng(0).permutation(len(y))[:TSNE_SAMPLES]
    snapshots = Snapshots(model, x[some])
    model.refine(x, y, callbacks=[snapshots])
    acc = [record["acc"] for record in model.history_]
    if not results_file.has(NAME, args.rows, n=len(x)):
        results_file.append(NAME, args.rows, n=len(x), **{f"acc_{i}": a for i, a in enumerate(acc)})
    figure = plots.plot_lines(
        range(len(acc)), {"ACC": acc}, x_label="passes over the data", y_label="ACC",
        title="DEC on MNIST",
    )  # fmt: skip
    figure.savefig(args.out / "acc.png", dpi=150)
    figure = plots.plot_embedding(
        [plots.tsne(snapshots.z[i], 0) for i in SHOWN], y[some],
        titles=[f"after {i} passes: ACC {acc[i]:.3f}" for i in SHOWN],
        target_names=data.target_names, axis_name="t-SNE",
    )  # fmt: skip
    figure.savefig(args.out / "progress.png", dpi=150)

    q = model.predict_proba(x)
    figure = plots.plot_exemplars(x, q, image_shape=data.image_shape)
    figure.savefig(args.out / "exemplars.png", dpi=150)
    print("ACC after every pass:", np.round(acc, 4).tolist())
    print(f"wrote figures to {args.out}/")


class Snapshots(keras.callbacks.Callback):
    """The embedding of ``x`` before the first and after every pass."""

    def __init__(self, estimator, x):
        super().__init__()
        self.estimator, self.rows, self.z = estimator, x, []

    def on_train_begin(self, logs=None):
        self.z.append(self.estimator.transform(self.rows))

    def on_epoch_end(self, epoch, logs=None):
        self.z.append(self.estimator.transform(self.rows))


def gradients(model, x, image_shape):
    """|dL_i / dz_i| against q_ij over the smallest cluster j."""
    z, q = model.transform(x), model.predict_proba(x)
    p, labels = model.compute_target(q), q.argmax(axis=1)
    smallest = np.bincount(labels, minlength=q.shape[1]).argmin()
    rows = np.flatnonzero(labels == smallest)
    # Eq. 4 at alpha = 1: dL_i / dz_i = 2 sum_j (1 + |z_i - mu_j|^2)^-1 (p_ij - q_ij) (z_i - mu_j)
    apart = z[rows, None] - model.cluster_centers_
    squared = keras.ops.convert_to_numpy(ops.squared_distances(z[rows], model.cluster_centers_))
    force = 2 * (p[rows] - q[rows]) / (1 + squared)
    sizes = np.linalg.norm((force[:, :, None] * apart).sum(axis=1), axis=1)
    correlation = spearmanr(q[rows, smallest], sizes).statistic
    print(f"rank correlation of q and gradient: {correlation:.3f}")
    return plots.plot_gradients(
        q[rows, smallest], sizes, x[rows], image_shape=image_shape,
        title=f"smallest cluster, {len(rows)} images, before the first step",
    )  # fmt: skip


if __name__ == "__main__":
    main()

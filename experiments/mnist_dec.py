"""DEC on MNIST: the main job.

    python experiments/mnist_dec.py                      # MNIST, from the weights in weights/
    python experiments/mnist_dec.py --pretrain           # MNIST, everything from scratch
    python experiments/mnist_dec.py --dataset usps       # another data set, from scratch

Prints k-means on the raw data, k-means on the embedding before and after it is sphered, and DEC
side by side with the figures of Xie et al. (2016), and writes model, labels, history and plots to a
run folder.
"""

import argparse
import csv
import sys
import time
from pathlib import Path

import numpy as np
from sklearn.cluster import KMeans

from dec import DEC, datasets, metrics, plots
from dec.training import presets

WEIGHTS = Path(__file__).parent.parent / "weights"
# Tables 2 and 3 of the paper: accuracy on MNIST.
PAPER = {"k-means": 0.5349, "autoencoder + k-means": 0.8184, "DEC": 0.8430}
RAW_RESTARTS = 2  # on 70 000 x 784 these take longer than all 20 on the embedding
TSNE_SAMPLES = 2000  # t-SNE of all 70 000 points takes an hour and shows no more


def main():
    args = parse()
    data = load(args.dataset, args.data_dir)
    x, y = data.x, data.y
    k = len(data.target_names)
    out = args.out or Path("runs") / f"dec-{data.name}-{args.seed}"
    out.mkdir(parents=True, exist_ok=True)
    print(f"{data.name}: {x.shape[0]} samples, {x.shape[1]} features, {k} clusters -> {out}/")

    start = time.perf_counter()
    model = DEC(k, pretraining=args.preset, random_state=args.seed, verbose=args.verbose)
    weights = WEIGHTS / f"{data.name}.autoencoder.h5"
    if weights.exists() and not args.pretrain:
        print(f"autoencoder: pretrained weights of {weights.name}")
        model.load_weights(weights)
    else:
        print(f"autoencoder: from scratch, preset {args.preset!r}")
        model.pretrain(x)
        for record in model.pretraining_history_:
            if record["iterations"]:
                print("  {part}: error {relative_error:.3f} of the data's".format(**record))
    labels = {"k-means": raw_kmeans(x, k, args.seed)}
    labels["autoencoder + k-means"] = model.set_params(sphere=False).initialize(x).labels_
    model.set_params(sphere=True).initialize(x)
    labels["autoencoder + sphered k-means"], before = model.labels_, model.transform(x)
    model.refine(x, y)
    seconds = time.perf_counter() - start
    print(f"DEC: {model.n_iter_} iterations, {model.stop_reason_}, {seconds:.0f} s in all")

    labels["DEC"] = model.labels_
    print(table({name: metrics.scores(y, found) for name, found in labels.items()}, data.name))

    model.save(out / "model.h5")
    np.savetxt(out / "labels.csv", model.labels_, fmt="%d", header="label", comments="")
    write_history(out / "history.csv", model.history_)
    draw(out, data, model, before, args.seed)
    print(f"wrote model.h5, labels.csv, history.csv and plots to {out}/")


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset", choices=datasets.names(), help="default: mnist, else digits")
    parser.add_argument("--data-dir", help="folder of data files (default: $DEC_DATA_DIR)")
    parser.add_argument("--pretrain", action="store_true", help="ignore the pretrained weights")
    parser.add_argument("--preset", choices=sorted(presets.PRESETS), default="layerwise")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="run folder (default: runs/dec-DATASET-SEED)")
    parser.add_argument("--verbose", type=int, default=0, help="1: Keras's progress bars")
    return parser.parse_args()


def load(name, data_dir):
    if name is not None:
        return datasets.load(name, data_dir)
    try:
        return datasets.load("mnist", data_dir)
    except FileNotFoundError as error:
        line = "!" * 80
        print(
            f"{line}\nMNIST was not found, so this run clusters scikit-learn's small `digits`"
            f" instead:\nits figures are not those of MNIST.\n{error}\n{line}",
            file=sys.stderr,
        )
        return datasets.load("digits")


def raw_kmeans(x, k, seed, restarts=RAW_RESTARTS):
    """k-means on the data themselves, the paper's baseline."""
    # float32, because scikit-learn would make float64 of bytes.
    return KMeans(k, n_init=restarts, random_state=seed).fit_predict(x.astype("float32"))


def table(scores, dataset):
    lines = [f"{'':30}{'ACC':>8}{'NMI':>8}{'ARI':>8}{'paper ACC':>12}"]
    for name, row in scores.items():
        paper = f"{PAPER[name]:.4f}" if dataset == "mnist" and name in PAPER else "-"
        lines.append(f"{name:30}{row['acc']:8.4f}{row['nmi']:8.4f}{row['ari']:8.4f}{paper:>12}")
    return "\n".join(lines)


def write_history(path, history):
    with path.open("w", newline="") as file:
        columns = list(dict.fromkeys(key for record in history for key in record))
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(history)


def draw(out, data, model, before, seed):
    x, y = data.x, data.y
    after, q = model.transform(x), model.predict_proba(x)
    some = np.random.default_rng(seed).permutation(len(y))[:TSNE_SAMPLES]
    figures = {
        "curves": plots.plot_curves(
            model.history_, losses=("clustering_loss",), tol=model.tol, title=f"DEC on {data.name}"
        ),
        "embedding": plots.plot_embedding(
            [plots.tsne(z[some], seed) for z in (before, after)],
            y[some],
            titles=["after pretraining", "after DEC"],
            target_names=data.target_names,
            axis_name="t-SNE",
        ),
        "confusion": plots.plot_confusion(y, model.labels_, data.target_names),
    }
    if data.image_shape is not None:
        figures["exemplars"] = plots.plot_exemplars(x, q, image_shape=data.image_shape)
    for name, figure in figures.items():
        figure.savefig(out / f"{name}.png", dpi=150)


if __name__ == "__main__":
    main()

"""Write the tables of README.md and docs/experiments.md from the rows in ``results/``."""

import csv
import re
from collections import defaultdict
from functools import partial
from pathlib import Path

import numpy as np
import results_file
from table import METHODS

from dec import datasets

ROOT = Path(__file__).parent.parent
PERCENT = ("acc", "nmi", "ari", "kmeans_acc")
# Rows -> what a line of their table is, and what it tells.
EXPERIMENTS = {
    "toy_kmeans": (("n",), ("loss", "sklearn_loss", "worst_loss", "largest_center_gap")),
    "mnist_soft_kmeans": (("method",), ("acc", "seconds")),
    "architectures": (
        ("method", "start"),
        ("kmeans_acc", "acc", "nmi", "published", "stop_reason", "seconds"),
    ),
    "paper_tables": (("table", "setting", "method"), ("acc", "nmi", "n", "n_iter")),
    "confidence": (("decided",), ("min_confidence", "mean_confidence", "acc")),
    "multi_worker": (
        ("dataset", "workers", "devices_of_one_process"),
        (
            "equal_labels",
            "column_sums_apart",
            "acc",
            "acc_one_process",
            "n_iter",
            "n_iter_one_process",
        ),
    ),
    "choose_k": (
        ("n_clusters",),
        ("stability", "generalizability", "silhouette", "davies_bouldin", "nmi"),
    ),
}
# ACC on the same data. DEC: Tables 2 and 3 of Xie et al. (2016), best of nine settings.
PAPER = {
    ("mnist", "k-means"): "53.5",
    ("mnist", "autoencoder + k-means"): "81.8",
    ("mnist", "DEC, sphere=False"): "84.3",
    ("mnist", "DEC"): "84.3",
    ("mnist", "IDEC"): "88.1",
    ("usps", "IDEC"): "76.1",
    ("mnist", "DBC"): "96.4",
    ("usps", "DBC"): "74.3",
    ("mnist", "DCN"): "83",
    ("mnist", "LESC"): "97.1 (best epoch)",
    ("mnist-test", "DEPICT"): "96.3",
    ("mnist", "DEC + augmentation"): "98.5",
    ("usps", "DEC + augmentation"): "98.7",
}


def main():
    write("README.md", "dec", lambda rows: table(sorted(rows, key=by_data)))
    write("README.md", "table", lambda rows: table(sorted(rows, key=place)))
    for name, (keys, values) in EXPERIMENTS.items():
        page = "docs/distributed.md" if name == "multi_worker" else "docs/experiments.md"
        write(page, name, partial(grouped, keys=keys, values=values))

    write_speed()
    write_large()


def newest(name, *keys):
    """Of the rows of a benchmark the last one of every combination of ``keys``."""
    with (ROOT / f"benchmarks/results/{name}.csv").open(newline="") as file:
        return {tuple(row[key] for key in keys): row for row in csv.DictReader(file)}


def write_speed():
    """Every line of ``benchmarks/speed.py`` on every kind of processor."""
    lines = [
        "| bfloat16 units | | incumbent, s | dec, s | limit, s | times as fast | of the limit |",
        "|---|---|---|---|---|---|---|",
    ]
    for (units, what), row in newest("speed", "units", "what").items():
        seconds = {who: float(row[who] or "nan") for who in ("incumbent", "dec", "limit")}
        ratios = seconds["incumbent"] / seconds["dec"], seconds["dec"] / seconds["limit"]
        cells = [f"{s:.2f}" for s in seconds.values()] + [f"{ratio:.1f}" for ratio in ratios]
        cells = ["" if c == "nan" else c for c in cells]
        lines.append(f"| {' | '.join((units, what, *cells))} |")
    put("docs/performance.md", "speed", "\n".join(lines))


def write_large():
    """Every run of ``benchmarks/large.py``, the smallest first."""
    phases = ("pretrain", "initialize", "refine")
    lines = [
        "| | rows | an epoch of pretraining, s | start, s | 500 steps and 2 refreshes, s | MB |",
        "|---|---|---|---|---|---|",
    ]
    for (kind, rows), row in sorted(
        newest("large", "kind", "rows").items(), key=lambda item: (int(item[0][1]), item[0][0])
    ):
        seconds = " | ".join(row[f"{phase}_seconds"] for phase in phases)
        lines.append(f"| {kind} | {int(rows):,} | {seconds} | {row['peak_mb']} |")
    put("docs/performance.md", "large", "\n".join(lines))


def by_data(row):
    """By data set, then by what made the autoencoder; float32 last."""
    return datasets.names().index(row["dataset"]), row["preset"], row["precision"] == "float32"


def place(row):
    """By data set, then in the order of the runner."""
    return row["dataset"], list(METHODS).index(row["method"])


def write(page, name, make):
    """Put the table that ``make`` makes of the rows between the page's markers of that name."""
    if rows := results_file.rows(name):
        put(page, name, make(rows))


def put(page, name, content):
    path, marker = ROOT / page, f"<!-- results {name} -->"
    block = f"{marker}\n{content}\n<!-- end -->"
    text, found = re.subn(rf"{marker}.*?<!-- end -->", block, path.read_text(), flags=re.DOTALL)
    if not found:
        raise ValueError(f"{page} has no {marker}")
    path.write_text(text)


def grouped(rows, keys, values):
    """A line for every combination of ``keys``; means and spreads of ``values`` over its runs."""
    groups = defaultdict(list)
    for row in rows:
        groups[tuple(row[key] for key in keys)].append(row)
    table = [[*keys, *(title(value) for value in values), "runs"]]
    for group, found in groups.items():
        cells = [cell(value, [row[value] for row in found]) for value in values]
        table.append([*group, *cells, str(len(found))])
    if len(groups) == len(rows):  # one each
        table = [line[:-1] for line in table]
    table.insert(1, ["---"] * len(table[0]))
    return "\n".join("| " + " | ".join(line) + " |" for line in table)


def title(value):
    return f"{value} %" if value in PERCENT else value


def cell(value, found):
    """Mean and spread of numbers, or the different texts that there are."""
    try:
        numbers = np.array(found, float)
    except ValueError:
        return ", ".join(sorted(set(found)))
    if value in PERCENT:
        return results_file.spread(100 * numbers)
    mean = numbers.mean()
    return f"{mean:.4g}" if abs(mean) < 1000 else f"{mean:.0f}"


def table(rows):
    groups = defaultdict(dict)
    for row in rows:
        preset = row["preset"] + ", float32" * (row["precision"] == "float32")
        if row["method"] == "k-means":  # of the data themselves
            preset = ""
        groups[row["dataset"], preset, row["method"]].setdefault(row["seed"], row)
    lines = [
        "| data set | pretraining | method | ACC % | NMI % | ARI % | seeds | minutes | threads "
        "| paper ACC |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for (dataset, preset, method), runs in groups.items():
        found = runs.values()
        cells = [
            results_file.spread([100 * float(row[s]) for row in found])
            for s in ("acc", "nmi", "ari")
        ]
        minutes = np.mean([float(row["seconds"]) for row in found]) / 60
        threads = ", ".join(sorted({row["threads"] for row in found}))
        paper = PAPER.get((dataset, method.removesuffix(" + linkage")), "")  # from its own start
        lines.append(
            f"| {dataset} | {preset} | {method} | {' | '.join(cells)} | {len(found)} "
            f"| {minutes:.1f} | {threads} | {paper} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()

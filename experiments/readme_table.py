"""Write the README's tables of results from the rows in ``results/``."""

import re
from collections import defaultdict
from pathlib import Path

import numpy as np
import results_file

README = Path(__file__).parent.parent / "README.md"
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
    text = README.read_text()
    for name in ("dec", "table"):
        if rows := results_file.rows(name):
            block = f"<!-- results {name} -->\n{table(rows)}\n<!-- end -->"
            text = re.sub(rf"<!-- results {name} -->.*?<!-- end -->", block, text, flags=re.DOTALL)
    README.write_text(text)


def table(rows):
    groups = defaultdict(list)
    for row in rows:
        groups[row["dataset"], row["preset"], row["method"]].append(row)
    lines = [
        "| data set | pretraining | method | ACC % | NMI % | ARI % | seeds | minutes | paper ACC |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for (dataset, preset, method), found in groups.items():
        cells = [
            results_file.spread([100 * float(row[s]) for row in found])
            for s in ("acc", "nmi", "ari")
        ]
        minutes = np.mean([float(row["seconds"]) for row in found]) / 60
        paper = PAPER.get((dataset, method), "")
        shown = "" if method == "k-means" else preset
        lines.append(
            f"| {dataset} | {shown} | {method} | {' | '.join(cells)} | {len(found)} "
            f"| {minutes:.1f} | {paper} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()

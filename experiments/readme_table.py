"""Write the README's table of results from the rows of ``results/dec.csv``."""

import re
from collections import defaultdict
from pathlib import Path

import numpy as np
import results_file

README = Path(__file__).parent.parent / "README.md"
PAPER = {  # ACC, Tables 2 and 3 of Xie et al. (2016), best of nine settings
    ("mnist", "k-means"): "53.5",
    ("mnist", "autoencoder + k-means"): "81.8",
    ("mnist", "DEC"): "84.3",
}


def main():
    groups = defaultdict(list)
    for row in results_file.rows("dec"):
        groups[row["dataset"], row["preset"], row["method"]].append(row)
    lines = [
        "| data set | pretraining | method | ACC % | NMI % | ARI % | seeds | minutes | paper ACC |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for (dataset, preset, method), rows in groups.items():
        cells = [spread([100 * float(row[s]) for row in rows]) for s in ("acc", "nmi", "ari")]
        minutes = np.mean([float(row["seconds"]) for row in rows]) / 60
        paper = PAPER.get((dataset, method), "")
        shown = "" if method == "k-means" else preset
        lines.append(
            f"| {dataset} | {shown} | {method} | {' | '.join(cells)} | {len(rows)} "
            f"| {minutes:.1f} | {paper} |"
        )
    text = README.read_text()
    block = "<!-- results -->\n" + "\n".join(lines) + "\n<!-- end -->"
    README.write_text(re.sub(r"<!-- results -->.*?<!-- end -->", block, text, flags=re.DOTALL))


def spread(values):
    if len(values) == 1:
        return f"{values[0]:.1f}"
    return f"{np.mean(values):.1f} ± {np.std(values, ddof=1):.1f}"


if __name__ == "__main__":
    main()

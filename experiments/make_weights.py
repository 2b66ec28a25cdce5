"""Make the files of ``weights/`` and their manifest from one run from scratch.

    python experiments/make_weights.py                # MNIST, seed 0, the default recipe

``--from FOLDER`` takes the models that ``dec_seeds.py --models FOLDER`` has kept instead of
training again: the same calls with the same seed, at the commit that its row names.
"""

import argparse
import hashlib
import json
import shutil
from pathlib import Path

import keras
import numpy as np
import results_file
from mnist_dec import WEIGHTS

import dec
from dec import DEC, datasets, metrics


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset", choices=datasets.names(), default="mnist")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--from", dest="kept", type=Path)
    args = parser.parse_args()
    data = datasets.load(args.dataset)
    files = {part: WEIGHTS / f"{data.name}.{part}.h5" for part in ("autoencoder", "dec")}
    WEIGHTS.mkdir(exist_ok=True)
    commit = results_file.COMMIT
    if args.kept is None:
        model = DEC(len(data.target_names), random_state=args.seed, verbose=2).pretrain(data.x)
        model.save_weights(files["autoencoder"])
        model.initialize(data.x).refine(data.x)
        model.save(files["dec"])
    else:
        default = {"dataset": data.name, "preset": "layerwise", "precision": "mixed_bfloat16"}
        wanted = {**default, "seed": str(args.seed), "method": "DEC"}
        commit = next(r["commit"] for r in results_file.rows("dec") if wanted.items() <= r.items())
        for part, file in files.items():
            kept = "_".join((*default.values(), str(args.seed), part))
            shutil.copyfile(args.kept / f"{kept}.h5", file)
    # Scored as read back, so that the manifest speaks of the files.
    pretrained = DEC(len(data.target_names), random_state=args.seed)
    pretrained.load_weights(files["autoencoder"]).initialize(data.x)
    labels = {"autoencoder": pretrained.labels_, "dec": DEC.load(files["dec"]).predict(data.x)}
    path = WEIGHTS / "manifest.json"
    manifest = json.loads(path.read_text()) if path.exists() else {}
    for part, file in files.items():
        manifest[file.name] = {
            "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
            "command": "python experiments/make_weights.py "
            f"--dataset {data.name} --seed {args.seed}",
            "commit": commit,
            "seed": args.seed,
            "versions": {
                "dec": dec.__version__, "keras": keras.__version__, "numpy": np.__version__,
                "backend": keras.backend.backend(),
            },
            "labels": "sphered k-means on the embedding" if part == "autoencoder" else "argmax q",
            "score": {k: round(v, 4) for k, v in metrics.scores(data.y, labels[part]).items()},
        }  # fmt: skip
    path.write_text(json.dumps(manifest, indent=2) + "\n")
    print(path.read_text())


if __name__ == "__main__":
    main()

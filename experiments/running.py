"""What every runner does before it starts."""

import argparse
import dataclasses
import os
import socket
from pathlib import Path

import keras
import results_file

from dec import Pretraining
from dec.training import presets


def arguments(doc: str, name: str, options=None) -> argparse.Namespace:
    """The options that all experiments share, and those that ``options(parser)`` adds.

    ``out`` is where figures go, ``rows`` the folder of the CSV rows.
    """
    parser = argparse.ArgumentParser(description=doc.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a subset of data and runs")
    parser.add_argument("--data-dir", help="folder of data files (default: $DEC_DATA_DIR)")
    parser.add_argument("--out", type=Path, help=f"for figures (default: runs/{name})")
    if options is not None:
        options(parser)
    args = parser.parse_args()
    args.out = args.out or Path("runs") / (f"{name}-quick" if args.quick else name)
    args.rows = args.out if args.quick else results_file.FOLDER
    args.out.mkdir(parents=True, exist_ok=True)
    if args.quick:
        print("--quick: a subset of data and runs. These figures are not those of the experiment.")
    limit_threads()
    return args


def short_pretraining(iterations: int, **stage) -> Pretraining:
    """End to end, with so many minibatches at least: for ``--quick``."""
    whole = dataclasses.replace(presets.END_TO_END.whole, iterations=iterations, **stage)
    return dataclasses.replace(presets.END_TO_END, whole=whole)


def free_address() -> str:
    """An address of this machine where nobody listens yet."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        return f"localhost:{free.getsockname()[1]}"


def limit_threads():
    """OMP_NUM_THREADS rules TensorFlow's own pools too, so that two runs can share two cores."""
    threads = int(os.environ.get("OMP_NUM_THREADS", 0))
    if threads and keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)

"""Load mutated model and weight files: each is refused with the library's error or unchanged.

    python tests/campaigns/fuzz.py                # 10 000 files, one or two minutes

Flipped bits, truncations, overwritten, moved and repeated bytes in the file itself; swapped,
renamed and removed arrays, links, shape bombs and foreign storage in its HDF5 structure. Watched
are the exit of the interpreter, the seconds, the memory and, through Python's audit events, which
files and sockets are opened.
"""

import argparse
import collections
import json
import multiprocessing
import os
import random
import resource
import signal
import sys
import tempfile
import time
from pathlib import Path

import h5py
import numpy as np

from dec.saving import ModelFileError, read_arrays, write_arrays

FILES_A_PROCESS = 100
SECONDS, MEGABYTES = 5, 500


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    context = multiprocessing.get_context("fork")
    found = collections.Counter()
    with tempfile.TemporaryDirectory() as scratch:
        originals = sound_files(Path(scratch))
        for first in range(0, args.files, FILES_A_PROCESS):
            numbers = range(first, min(first + FILES_A_PROCESS, args.files))
            ours, theirs = context.Pipe(duplex=False)
            work = (args.seed, numbers, originals, Path(scratch), theirs)
            process = context.Process(target=load_them, args=work)
            process.start()
            theirs.close()
            done = 0
            try:
                while done < len(numbers):
                    found[ours.recv()] += 1
                    done += 1
            except EOFError:
                found[f"crash of file {first + done}"] += 1
            process.join()
    print(json.dumps(found, indent=2))
    sys.exit(bool(found.keys() - {"refused", "unchanged"}))


def sound_files(folder):
    """A model file with labels and history, and a weight file."""
    random_state = np.random.default_rng(0)
    weights = {
        f"{part}/{layer}/{name}": random_state.normal(size=shape).astype("float32")
        for part in ("encoder", "decoder")
        for layer, sides in (("dense_0", (20, 8)), ("dense_1", (8, 3)))
        for name, shape in (("kernel", sides), ("bias", sides[1:]))
    }
    model = {
        **weights,
        "head/centers": weights["encoder/dense_1/kernel"],
        "fitted/labels": np.arange(50),
    }
    header = {
        "class": "DEC",
        "params": {"n_clusters": 8},
        "facts": {"history_": [{"loss": 0.5}] * 20},
    }
    paths = [folder / "model.h5", folder / "weights.h5"]
    write_arrays(paths[0], model, header)
    write_arrays(paths[1], weights, {"class": "weights"})
    return [(path.read_bytes(), *read_arrays(path)) for path in paths]


def load_them(seed, numbers, originals, folder, pipe):
    opened = []
    allowed = folder / f"mutant{os.getpid()}.h5"

    def audit(event, arguments):
        if event.startswith("socket.") or (event == "open" and watching[0]):
            opened.append(arguments[0] if event == "open" else event)

    watching = [False]
    sys.addaudithook(audit)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)  # a hang ends the process, as a crash does
    for number in numbers:
        draw = random.Random(f"{seed} {number}")
        content, arrays, header = draw.choice(originals)
        mutate(draw, content, allowed)
        opened.clear()
        before, start = peak_megabytes(), time.monotonic()
        signal.alarm(SECONDS)
        watching[0] = True
        try:
            found, said = read_arrays(allowed)
        except ModelFileError:
            verdict = "refused"
        except Exception as error:
            verdict = f"{type(error).__name__} at file {number}"
        else:
            same = said == header and found.keys() == arrays.keys()
            same = same and all(np.array_equal(found[name], arrays[name]) for name in arrays)
            verdict = "unchanged" if same else f"changed at file {number}"
        watching[0] = False
        signal.alarm(0)
        foreign = [name for name in opened if str(name) != str(allowed)]
        if foreign:
            verdict = f"{foreign[0]} opened at file {number}"
        if peak_megabytes() - before > MEGABYTES or time.monotonic() - start > SECONDS:
            verdict = f"too much memory or time at file {number}"
        pipe.send(verdict)


def peak_megabytes():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def mutate(draw, content, path):
    """Write a mutant of ``content`` to ``path``."""
    if draw.random() < 0.6:
        data = bytearray(content)
        draw.choice(BYTES)(draw, data)
        path.write_bytes(data)
        return
    path.write_bytes(content)
    with h5py.File(path, "r+") as file:
        names = []
        file.visititems(lambda name, item: names.append(name) if hasattr(item, "shape") else None)
        draw.choice(STRUCTURE)(draw, file, draw.choice(names), names)


def flip(draw, data):
    for _ in range(draw.choice([1, 1, 2, 8, 64])):
        data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)


def truncate(draw, data):
    del data[draw.randrange(len(data)) :]


def overwrite(draw, data):
    start = draw.randrange(len(data))
    length = min(draw.choice([1, 8, 100, 4096]), len(data) - start)
    data[start : start + length] = draw.choice([b"\0", b"\xff", b"\x7f"]) * length


def move(draw, data):
    a, b = draw.randrange(len(data) - 64), draw.randrange(len(data) - 64)
    data[a : a + 64], data[b : b + 64] = data[b : b + 64], data[a : a + 64]


def repeat(draw, data):
    start = draw.randrange(len(data))
    data[start:start] = data[start : start + draw.choice([1, 16, 512])]


def head(draw, data):
    """In the first KB: superblock, root group and its tables."""
    data[draw.randrange(1024)] = draw.randrange(256)


def swap(draw, file, name, names):
    other = draw.choice([n for n in names if n != name])
    file.move(name, "swapping")
    file.move(other, name)
    file.move("swapping", other)


def rename(draw, file, name, names):
    file.move(name, name + "_")


def remove(draw, file, name, names):
    del file[name]


def add(draw, file, name, names):
    file["extra"] = np.zeros(3)


def swap_groups(draw, file, name, names):
    if "decoder" in file:
        file.move("encoder", "swapping")
        file.move("decoder", "encoder")
        file.move("swapping", "decoder")


def remade(**options):
    def attack(draw, file, name, names):
        del file[name]
        file.create_dataset(name, **options)

    return attack


def external_link(draw, file, name, names):
    del file[name]
    file[name] = h5py.ExternalLink("/etc/hostname", "/x")


def soft_link(draw, file, name, names):
    del file[name]
    file[name] = h5py.SoftLink(draw.choice(["/", "/nowhere", "/encoder"]))


def virtual(draw, file, name, names):
    layout = h5py.VirtualLayout(shape=(2**40,), dtype="float32")
    layout[:5] = h5py.VirtualSource("/etc/hostname", "x", shape=(5,))
    del file[name]
    file.create_virtual_dataset(name, layout)


def values(draw, file, name, names):
    array = file[name][()]
    array.flat[draw.randrange(array.size)] += 1
    file[name][...] = array


def note(draw, file, name, names):
    text = bytes(file.attrs["dec"])
    at = draw.randrange(len(text))
    file.attrs["dec"] = np.bytes_(text[:at] + bytes([text[at] ^ 1]) + text[at + 1 :])


BYTES = [flip, truncate, overwrite, move, repeat, head]
STRUCTURE = [
    swap, rename, remove, add, swap_groups, external_link, soft_link, virtual, values, note,
    remade(shape=(2**42,), dtype="float32"),
    remade(shape=(2**40,), dtype="int64", chunks=(2**20,), compression="gzip", fillvalue=1),
    remade(shape=(8, 3), dtype="float32", external=[("/etc/hostname", 0, 96)]),
    remade(data="text"), remade(shape=None, dtype="f4"), remade(data=np.void(b"opaque")),
]  # fmt: skip

if __name__ == "__main__":
    main()

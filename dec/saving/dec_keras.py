"""Reader of the weight files of DEC-keras (XifengGuo/DEC-keras, Keras 2, HDF5).

Such a file has a group a layer, in the root (`save_weights`) or in the group `model_weights`
(`save`). In it lie the arrays, below the name that the layer had for TensorFlow:
`encoder_0/encoder_0_1/kernel:0`. `ae_weights.h5` holds encoder_0, encoder_1, ... and
decoder_N, ..., decoder_0; `DEC_model_final.h5` holds the encoder and `clustering`.

The attributes `layer_names` and `weight_names` repeat the names that the tree has, in an order
that the numbers have too. They are not read: often they are text of variable length, which
HDF5 does not read safely (see `read_text`).
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

from dec.saving.hdf5 import ModelFileError, find_arrays, open_hdf5

#: Kernel (fan_in, fan_out) and bias (fan_out,) of a dense layer.
DenseWeights = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True, eq=False)
class DecKerasWeights:
    """Weights of a DEC-keras network, all float32.

    Attributes
    ----------
    encoder
        Kernel (d_in, d_out) and bias (d_out,) of each layer, input to embedding.
    decoder
        The same from embedding to output, or None if the file has no decoder.
    clusters
        Cluster centres, (k, d_z), or None if the file has none.
    keras_version
        Version of Keras that wrote the file, as far as it can be found, else "unknown".
    """

    encoder: list[DenseWeights]
    decoder: list[DenseWeights] | None
    clusters: np.ndarray | None
    keras_version: str


def is_dec_keras(path: str | os.PathLike[str]) -> bool:
    """Whether `path` is an HDF5 file in the layout of Keras 2, the one that DEC-keras writes.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    """
    try:
        with open_hdf5(path) as file:
            return _is_keras2(file)
    except ModelFileError:
        return False


def read_dec_keras(path: str | os.PathLike[str]) -> DecKerasWeights:
    """Read `ae_weights.h5` or `DEC_model_final.h5` of DEC-keras, or a whole saved model.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    ModelFileError
        The file is damaged, hostile, or not a dense network of DEC-keras; says which.
    """
    with open_hdf5(path) as file:
        if not _is_keras2(file):
            raise ValueError("not a weight file of Keras 2 (no layer_names, no model_weights)")
        layers = _read_layers(find_arrays(file))
        encoder = _take_stack(layers, "encoder")
        decoder = _take_stack(layers, "decoder")[::-1] or None
        clusters = None
        if "clustering" in layers:
            (clusters,) = _take_layer(layers, "clustering", ("clusters",))
        if layers:
            _refuse_layers(layers)
        _check_shapes(encoder, decoder, clusters)
    return DecKerasWeights(encoder, decoder, clusters, _find_version(path))


def _is_keras2(file: h5py.File) -> bool:
    return "layer_names" in file.attrs or file.id.links.exists(b"model_weights")


def _read_layers(arrays: dict[str, h5py.Dataset]) -> dict[str, dict[str, np.ndarray]]:
    """Weights by layer and kind: {"encoder_0": {"kernel": ..., "bias": ...}, ...}."""
    # A whole saved model has the state of its optimizer beside the weights.
    root = "model_weights/" if any(name.startswith("model_weights/") for name in arrays) else ""
    layers: dict[str, dict[str, np.ndarray]] = {}
    for name, dataset in arrays.items():
        if not name.startswith(root):
            continue
        layer, _, path = name.removeprefix(root).partition("/")
        kind = path.rpartition("/")[2].partition(":")[0]
        weights = layers.setdefault(layer, {})
        if kind in weights:
            raise ValueError(f"layer {layer!r} has two weights named {kind!r}")
        weights[kind] = _read_floats(dataset, name)
    return layers


def _read_floats(dataset: h5py.Dataset, name: str) -> np.ndarray:
    if dataset.dtype.name not in ("float32", "float64"):
        raise ValueError(f"array {name!r} is {dataset.dtype}, expected float32 or float64")
    with np.errstate(over="ignore"):  # an overflow is infinite, hence refused
        array = np.asarray(dataset[()], dtype=np.float32)
    if not np.isfinite(array).all():
        raise ValueError(f"array {name!r} holds NaN or infinity")
    return array


def _take_stack(layers: dict[str, dict[str, np.ndarray]], part: str) -> list[DenseWeights]:
    """Take part_0, part_1, ... out of `layers`, in the order of their numbers."""
    stack = []
    while (name := f"{part}_{len(stack)}") in layers:
        stack.append(_take_layer(layers, name, ("kernel", "bias")))
    return stack


def _take_layer(
    layers: dict[str, dict[str, np.ndarray]], name: str, kinds: tuple[str, ...]
) -> tuple[np.ndarray, ...]:
    """Take the weights of one layer out of `layers`, which must be exactly `kinds`."""
    weights = layers.pop(name)
    if weights.keys() != set(kinds):
        raise ValueError(f"layer {name!r} has the weights {sorted(weights)}, expected {kinds}")
    return tuple(weights[kind] for kind in kinds)


def _refuse_layers(layers: dict[str, dict[str, np.ndarray]]) -> None:
    names = ", ".join(layers)
    if any(array.ndim == 4 for weights in layers.values() for array in weights.values()):
        raise ValueError(f"convolutional files (DCEC) are not supported by this reader: {names}")
    raise ValueError(f"not a network of DEC-keras: it has no place for the layers {names}")


def _check_shapes(
    encoder: list[DenseWeights], decoder: list[DenseWeights] | None, clusters: np.ndarray | None
) -> None:
    """Check that layers chain, the decoder mirrors the encoder, centres lie in the embedding."""
    if not encoder:
        raise ValueError("not a network of DEC-keras: there is no layer 'encoder_0'")
    widths = _widths(encoder, "encoder")
    if decoder is not None and _widths(decoder, "decoder") != widths[::-1]:
        raise ValueError(
            f"the decoder {_widths(decoder, 'decoder')} does not mirror the encoder {widths}"
        )
    if clusters is None:
        return
    if clusters.ndim != 2 or len(clusters) == 0 or clusters.shape[1] != widths[-1]:
        raise ValueError(f"clusters have the shape {clusters.shape}, expected (k, {widths[-1]})")


def _widths(stack: list[DenseWeights], part: str) -> list[int]:
    """Widths of the network, such as [784, 500, 500, 2000, 10], input first."""
    widths = list(stack[0][0].shape[:1])
    for kernel, bias in stack:
        if kernel.ndim != 2 or 0 in kernel.shape or bias.shape != kernel.shape[1:]:
            raise ValueError(f"the {part} has a kernel {kernel.shape} with a bias {bias.shape}")
        if kernel.shape[0] != widths[-1]:
            raise ValueError(f"the {part} has a kernel {kernel.shape} after width {widths[-1]}")
        widths.append(kernel.shape[1])
    return widths


def _find_version(path: str | os.PathLike[str]) -> str:
    """Keras version: the first text that looks like one behind its own length (8 bytes).

    It is searched in the bytes because it is text of variable length too.
    """
    pattern = rb"(.)\0{7}([0-9]+\.[0-9]+\.[0-9]+(?:-tf)?)"
    for found in re.finditer(pattern, Path(path).read_bytes(), re.DOTALL):
        if found[1][0] == len(found[2]):
            return found[2].decode()
    return "unknown"

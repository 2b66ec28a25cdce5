"""Reader of the weight files of DEC-keras and DCEC (both of XifengGuo, Keras 2, HDF5).

Such a file has a group a layer, in the root (`save_weights`) or in the group `model_weights`
(`save`). In it lie the arrays, below the name that the layer had for TensorFlow:
`encoder_0/encoder_0_1/kernel:0`. `ae_weights.h5` holds encoder_0, encoder_1, ... and
decoder_N, ..., decoder_0; `DEC_model_final.h5` holds the encoder and `clustering`. The files of
DCEC hold conv1, conv2, conv3, embedding, a dense layer with a number, deconv3, deconv2, deconv1,
and `dcec_model_final.h5` `clustering` too.

The attributes `layer_names` and `weight_names` repeat the names that the tree has, in an order
that the numbers have too. They are not read: often they are text of variable length, which
HDF5 does not read safely (see `read_text`).
"""

import itertools
import os
import re
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

from dec.saving.hdf5 import ModelFileError, find_arrays, open_hdf5

#: Kernel and bias of a layer: (fan_in, fan_out) and (fan_out,); (h, w, in, out) and (out,) of a
#: convolution, (h, w, out, in) and (out,) of a transposed one.
LayerWeights = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True, eq=False)
class DecKerasWeights:
    """Weights of a network of DEC-keras or DCEC, all float32.

    Attributes
    ----------
    encoder
        Kernel and bias of each layer, input to embedding.
    decoder
        The same from embedding to output, or None if the file has no decoder.
    clusters
        Cluster centres, (k, d_z), or None if the file has none.
    keras_version
        Version of Keras that wrote the file, as far as it can be found, else "unknown".
    """

    encoder: list[LayerWeights]
    decoder: list[LayerWeights] | None
    clusters: np.ndarray | None
    keras_version: str

    @property
    def convolutional(self) -> bool:
        """Whether the file is of DCEC."""
        return self.encoder[0][0].ndim == 4


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
    """Read a weight file of DEC-keras or DCEC, or a whole saved model.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    ModelFileError
        The file is damaged, hostile, or not a network of DEC-keras or DCEC; says which.
    """
    with open_hdf5(path) as file:
        if not _is_keras2(file):
            raise ValueError("not a weight file of Keras 2 (no layer_names, no model_weights)")
        layers = _read_layers(find_arrays(file))
        clusters = None
        if "clustering" in layers:
            (clusters,) = _take_layer(layers, "clustering", ("clusters",))
        if "conv1" in layers:
            encoder, decoder = _take_convolutional(layers)
        else:
            encoder = _take_stack(layers, "encoder")
            decoder = _take_stack(layers, "decoder")[::-1] or None
        if layers:
            raise ValueError(
                f"not a network of DEC-keras: it has no place for the layers {', '.join(layers)}"
            )
        if encoder and encoder[0][0].ndim == 4:
            _check_convolutional_shapes(encoder, decoder)
        else:
            _check_shapes(encoder, decoder)
        _check_clusters(clusters, encoder[-1][0].shape[1])
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


def _take_stack(layers: dict[str, dict[str, np.ndarray]], part: str) -> list[LayerWeights]:
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


def _take_convolutional(
    layers: dict[str, dict[str, np.ndarray]],
) -> tuple[list[LayerWeights], list[LayerWeights]]:
    """Take the eight layers of DCEC out of `layers`."""
    # Keras numbers the one layer that DCEC does not name.
    dense = [name for name in layers if re.fullmatch(r"dense(_[0-9]+)?", name)]
    encoder = ["conv1", "conv2", "conv3", "embedding"]
    decoder = [*dense[:1], "deconv3", "deconv2", "deconv1"]
    missing = [name for name in (*encoder, *decoder) if name not in layers]
    if missing or not dense:
        raise ValueError(f"not a network of DCEC: missing layers {missing or ['dense']}")

    def take(names):
        return [_take_layer(layers, name, ("kernel", "bias")) for name in names]

    return take(encoder), take(decoder)


def _check_convolutional_shapes(encoder: list[LayerWeights], decoder: list[LayerWeights]) -> None:
    """Check that the layers chain and that each transposed convolution mirrors its convolution."""
    *convs, (embed, embed_bias) = encoder
    (dense, dense_bias), *deconvs = decoder
    kernels = [kernel for kernel, _ in convs]
    good = (
        all(kernel.ndim == 4 and 0 not in kernel.shape for kernel in kernels)
        and [k.shape[:2] for k in kernels] == [(5, 5), (5, 5), (3, 3)]
        and all(a.shape[3] == b.shape[2] for a, b in itertools.pairwise(kernels))
        and [k.shape for k, _ in reversed(deconvs)] == [k.shape for k in kernels]
        and all(bias.shape == kernel.shape[3:] for kernel, bias in convs)
        and all(bias.shape == kernel.shape[2:3] for kernel, bias in deconvs)
        and embed.ndim == 2
        and 0 not in embed.shape
        and embed_bias.shape == embed.shape[1:]
        and dense.shape == embed.shape[::-1]
        and dense_bias.shape == embed.shape[:1]
        and embed.shape[0] % kernels[-1].shape[3] == 0
    )
    if not good:
        shapes = [kernel.shape for kernel, _ in (*encoder, *decoder)]
        raise ValueError(f"not a network of DCEC: its kernels have the shapes {shapes}")


def _check_shapes(encoder: list[LayerWeights], decoder: list[LayerWeights] | None) -> None:
    """Check that layers chain and that the decoder mirrors the encoder."""
    if not encoder:
        raise ValueError("not a network of DEC-keras: there is no layer 'encoder_0'")
    widths = _widths(encoder, "encoder")
    if decoder is not None and _widths(decoder, "decoder") != widths[::-1]:
        raise ValueError(
            f"the decoder {_widths(decoder, 'decoder')} does not mirror the encoder {widths}"
        )


def _check_clusters(clusters: np.ndarray | None, width: int) -> None:
    """Check that the centres lie in the embedding."""
    if clusters is not None and (
        clusters.ndim != 2 or not len(clusters) or clusters.shape[1] != width
    ):
        raise ValueError(f"clusters have the shape {clusters.shape}, expected (k, {width})")


def _widths(stack: list[LayerWeights], part: str) -> list[int]:
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

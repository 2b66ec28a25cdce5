"""A fitted estimator as arrays and JSON, and back: what files and pickles hold."""

from __future__ import annotations

import contextlib
import dataclasses
import inspect
import math
import os
import warnings
from typing import Any

import keras
import numpy as np

from dec.layers import RandomAffine
from dec.networks import (
    ConvAutoencoder,
    DenseAutoencoder,
    Identity,
    KerasPair,
    Network,
    NoisyConvAutoencoder,
    as_network,
)
from dec.networks.initializers import filled_later
from dec.saving import ModelFileError, is_dec_keras, read_arrays, read_dec_keras, write_arrays
from dec.training import Adam, MomentumSGD, Pretraining

#: Fitted attributes that are plain JSON, kept by their own names.
_FACTS = (
    "n_iter_",
    "converged_",
    "stop_reason_",
    "history_",
    "pretraining_history_",
    "n_features_in_",
    "temperature_",
)
#: Those of them that belong to the weights: without them q is another.
_CONSTANTS = ("temperature_",)
#: Parameters that are of one machine, and change no result.
_FOLDERS = ("checkpoint_dir", "scratch_dir")

#: Networks that are numbers only, so that a file can name them.
_NETWORKS = {
    c.__name__: c for c in (ConvAutoencoder, DenseAutoencoder, Identity, NoisyConvAutoencoder)
}
_KERAS_PAIR = {"network": "KerasPair"}


def write(estimator, path: str | os.PathLike) -> None:
    """The whole fitted estimator to one file."""
    write_arrays(path, *fitted_state(estimator))


def read(cls, path: str | os.PathLike, network=None):
    """The estimator of ``path``, of class ``cls`` or one derived from it."""
    arrays, header = read_arrays(path)
    known = {c.__name__: c for c in _family(cls) if not inspect.isabstract(c)}
    with _blaming(path):
        if header.get("class") not in known:
            raise ValueError(f"class must be one of {sorted(known)}, got {header.get('class')!r}.")
        params = {k: _from_json(v) for k, v in header["params"].items()}
        estimator = known[header["class"]](**params)
        if network is not None:
            estimator.network = network
        restore(estimator, arrays, header)
    return estimator


def write_weights(estimator, path: str | os.PathLike) -> None:
    """Weights, scale and shape only."""
    arrays, header = fitted_state(estimator)
    arrays = {name: array for name, array in arrays.items() if not name.startswith("fitted/")}
    header = {"class": "weights", **{k: header[k] for k in ("network", "build", "facts")}}
    write_arrays(path, arrays, {**header, "facts": _constants(header)})


def read_weights(estimator, path: str | os.PathLike) -> None:
    """Weights of ``write_weights``, ``write`` or DEC-keras into ``estimator``."""
    if is_dec_keras(path):
        arrays, header = _from_dec_keras(path)
    else:
        arrays, header = read_arrays(path)
        arrays = {name: array for name, array in arrays.items() if not name.startswith("fitted/")}
    with _blaming(path):
        # "auto" is the format the weights were trained in: those of DEC-keras give its figures.
        build = dict(header["build"])
        if estimator.precision != "auto" or build["precision"] == "mixed_bfloat16":
            build["precision"] = estimator.precision
        facts = _constants(header)
        restore(estimator, arrays, {"network": header["network"], "build": build, "facts": facts})


def _constants(header: dict[str, Any]) -> dict[str, Any]:
    facts = header.get("facts", {})
    return {name: facts[name] for name in _CONSTANTS if name in facts}


def fitted_state(estimator) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Arrays by name, and a JSON header that says what to build before they are put in."""
    arrays = {
        name: keras.ops.convert_to_numpy(weight)
        for name, weight in named_weights(estimator).items()
    }
    if hasattr(estimator, "labels_"):
        arrays["fitted/labels"] = estimator.labels_
    return arrays, {
        "class": type(estimator).__name__,
        "keras": keras.__version__,
        "backend": keras.backend.backend(),
        "params": _params(estimator, without=_FOLDERS),
        "network": _to_json(estimator.network_),
        "build": {
            "input_shape": list(estimator.input_shape_),
            "scale": estimator.scale_,
            "precision": estimator.precision_,
        },
        "facts": {name: getattr(estimator, name) for name in _FACTS if hasattr(estimator, name)},
    }


def settings(estimator) -> dict[str, Any]:
    """The parameters that the result depends on, as JSON."""
    return _params(estimator, without=(*_FOLDERS, "verbose"))


def _params(estimator, without: tuple[str, ...]) -> dict[str, Any]:
    params = estimator.get_params(deep=False)
    return {name: _to_json(value) for name, value in params.items() if name not in without}


def to_pickle(estimator, state: dict) -> dict:
    """``state`` with the Keras parts as arrays: Keras models that share layers do not pickle."""
    if not hasattr(estimator, "encoder_"):
        return state
    state = {
        name: value
        for name, value in state.items()
        if name not in ("_parts", "_head") and not isinstance(value, keras.Model)
    }
    return {**state, "_fitted": fitted_state(estimator)}


def from_pickle(estimator, state: dict, set_state) -> None:
    """Undo ``to_pickle``."""
    fitted = state.pop("_fitted", None)
    set_state(state)
    if fitted is not None:
        restore(estimator, *fitted)
        estimator.__dict__.update(state)


def restore(estimator, arrays: dict[str, np.ndarray], header: dict[str, Any]) -> None:
    """Build the network of the header and put its arrays in; on error nothing has changed."""
    network, build = _from_json(header["network"]), header["build"]
    _check_depth(estimator, network, len(arrays))
    if header["network"] == _KERAS_PAIR:
        # Their architecture is code of the user's, which a file must not bring along.
        network = estimator.network
        if not isinstance(as_network(network), KerasPair):
            raise ValueError("network must be given, the pair (encoder, decoder) that was saved.")
    elif estimator.network is not None and estimator.network != network:
        raise ValueError(f"network must be {estimator.network!r}, got {network!r}.")
    before = dict(estimator.__dict__)
    try:
        estimator.network = network
        estimator.precision = build["precision"]
        centers = arrays.get("head/centers")
        if centers is not None:
            estimator.n_clusters = len(centers)
        with filled_later(room=2 * sum(array.size for array in arrays.values())):  # two halves
            weights = _build(estimator, header, arrays)
        _check_shapes(weights, arrays)
        for name, weight in weights.items():
            weight.assign(arrays[name])
        if centers is not None:
            estimator.cluster_centers_ = np.asarray(centers)
        if "fitted/labels" in arrays:
            estimator.labels_ = arrays["fitted/labels"]
        estimator.network, estimator.precision = before["network"], before["precision"]
    except BaseException:
        estimator.__dict__.clear()
        estimator.__dict__.update(before)
        raise


def _build(estimator, header: dict[str, Any], arrays) -> dict[str, keras.Variable]:
    """The Keras parts that ``arrays`` are of, by the names of their weights."""
    estimator._build_network(header["build"]["input_shape"], header["build"]["scale"], None)
    estimator.n_features_in_ = int(estimator.input_shape_[0])
    for name in header["facts"].keys() & set(_FACTS):  # a head may need them
        setattr(estimator, name, header["facts"][name])
    if "head/centers" in arrays:
        estimator._attach_head(None)
    if any(name.startswith("decoder/") for name in arrays):
        return named_weights(estimator)
    # A clustered model of DEC-keras has no decoder; then neither has the estimator.
    del estimator.autoencoder_
    return named_weights(estimator)


def _check_depth(estimator, network: Network | None, n_arrays: int) -> None:
    """Refuse networks of more layers than there are arrays: a million take hours to build."""
    for settings in (vars(estimator), {} if network is None else vars(network)):
        for name, value in settings.items():
            if isinstance(value, tuple) and len(value) > max(n_arrays, 3):
                raise ValueError(f"{name} has {len(value)} entries, for {n_arrays} arrays.")


def _check_shapes(weights: dict[str, keras.Variable], arrays: dict[str, np.ndarray]) -> None:
    given = {name for name in arrays if not name.startswith("fitted/")}
    if given != weights.keys():
        odd = sorted(given ^ weights.keys())
        raise ValueError(f"weights must be those of the network; missing or extra: {odd}.")
    for name, weight in weights.items():
        if tuple(weight.shape) != arrays[name].shape:
            raise ValueError(
                f"{name} must have shape {tuple(weight.shape)}, got {arrays[name].shape}."
            )


def named_weights(estimator) -> dict[str, keras.Variable]:
    """Every weight of the Keras parts by a name that does not depend on Keras's counters."""
    named = {}
    # A clustered model of DEC-keras came without a decoder; a random one must not be saved for it.
    parts = ("encoder", "decoder") if hasattr(estimator, "autoencoder_") else ("encoder",)
    for part in parts:
        for i, weight in enumerate(getattr(estimator._parts, part).weights):
            if any(weight is other for other in named.values()):
                continue  # tied weights
            # The layers of a user's models are numbered by Keras, differently in every process.
            own = isinstance(estimator.network_, KerasPair)
            named[f"{part}/{i if own else weight.path}"] = weight
    if hasattr(estimator, "model_"):
        *below, last = estimator._head
        for layer in below:
            named |= {f"head/{layer.name}/{weight.name}": weight for weight in layer.weights}
        named |= {f"head/{weight.name}": weight for weight in last.weights}
    return named


#: Sides of DCEC's images by the sides of its last feature maps, which are all that its files tell.
_DCEC_SIDES = {2: 16, 3: 28, 4: 32}


def _from_dec_keras(path: str | os.PathLike) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    old = read_dec_keras(path)
    depth = len(old.encoder)
    if old.convolutional:
        names = ["conv1", "conv2", "conv3", "embedding"]
        mirrored = ["dense", "deconv3", "deconv2", "deconv1"]
        filters = tuple(kernel.shape[3] for kernel, _ in old.encoder[:3])
        wide, embedding_dim = old.encoder[-1][0].shape
        network = ConvAutoencoder(filters, embedding_dim)
        side = _DCEC_SIDES[math.isqrt(wide // filters[-1])]
        input_shape = [side, side, old.encoder[0][0].shape[2]]
    else:
        names = [f"encoder_{i}" for i in range(depth)]
        mirrored = [f"decoder_{i}" for i in reversed(range(depth))]
        network = DenseAutoencoder(units=tuple(kernel.shape[1] for kernel, _ in old.encoder))
        input_shape = [old.encoder[0][0].shape[0]]
    arrays = {}
    for part, layers, weights in (
        ("encoder", names, old.encoder),
        ("decoder", mirrored, old.decoder or ()),
    ):
        for layer, (kernel, bias) in zip(layers, weights, strict=False):
            arrays |= {f"{part}/{layer}/kernel": kernel, f"{part}/{layer}/bias": bias}
    if old.clusters is not None:
        arrays["head/centers"] = old.clusters
    build = {"input_shape": input_shape, "scale": 1.0, "precision": "float32"}
    return arrays, {"network": _to_json(network), "build": build}


def _to_json(value):
    """A parameter as JSON; settings objects carry their kind, so that nothing is guessed."""
    if isinstance(value, KerasPair) or _is_pair(value):
        return _KERAS_PAIR
    if isinstance(value, Network):
        return {"network": type(value).__name__, **dataclasses.asdict(value)}
    if isinstance(value, Pretraining):
        return {"pretraining": value.to_dict()}
    if isinstance(value, RandomAffine):
        return {"augmentation": value.settings}
    if isinstance(value, keras.optimizers.Optimizer):
        return {"optimizer": keras.optimizers.serialize(value)}
    if isinstance(value, np.random.RandomState):
        return None  # a generator has no short name; the fitted state does not need it
    if isinstance(value, np.generic):
        return value.item()
    return value


def _is_pair(value) -> bool:
    return isinstance(value, tuple | list) and any(isinstance(v, keras.Model) for v in value)


def _from_json(value):
    if isinstance(value, list):
        return tuple(value)  # JSON has no tuples, and no parameter is a list
    if not isinstance(value, dict):
        return value
    if value == _KERAS_PAIR:
        return None
    if "network" in value:
        fields = {k: tuple(v) if isinstance(v, list) else v for k, v in value.items()}
        name = fields.pop("network")
        if name not in _NETWORKS:
            raise ValueError(f"network must be one of {sorted(_NETWORKS)}, got {name!r}.")
        return _NETWORKS[name](**fields)
    if "pretraining" in value:
        return Pretraining.from_dict(value["pretraining"])
    if "augmentation" in value:
        return RandomAffine(**value["augmentation"])
    return _optimizer(value["optimizer"])


def _optimizer(saved: dict[str, Any]) -> keras.optimizers.Optimizer | None:
    """A known optimizer with plain numbers: a file must not name code that would then be run."""
    name, config = saved.get("class_name"), dict(saved.get("config") or {})
    if saved.get("registered_name") == f"dec>{name}":
        known = {"MomentumSGD": MomentumSGD, "Adam": Adam}
    else:
        known = _classes(keras.optimizers, keras.optimizers.Optimizer)
    if name not in known:
        warnings.warn(
            f"The optimizer {name!r} is not one of Keras's or of this library and was not "
            "restored: optimizer is None. It matters to refine only.",
            stacklevel=6,
        )
        return None
    rate = config.get("learning_rate")
    if isinstance(rate, dict):
        place = keras.optimizers.schedules
        schedules = _classes(place, place.LearningRateSchedule)
        if rate.get("class_name") not in schedules:
            raise ValueError(f"learning_rate must be a number or a schedule of Keras, got {rate}.")
        rate = schedules[rate["class_name"]].from_config(_plain(rate.get("config") or {}))
    del config["learning_rate"]
    return known[name].from_config({**_plain(config), "learning_rate": rate})


def _classes(module, base: type) -> dict[str, type]:
    found = {name: c for name, c in vars(module).items() if inspect.isclass(c)}
    return {name: c for name, c in found.items() if issubclass(c, base) and c is not base}


def _plain(config: dict[str, Any]) -> dict[str, Any]:
    """``config`` itself, if there are only numbers, names and lists of numbers in it."""
    for name, value in config.items():
        values = value if isinstance(value, list) else [value]
        if not all(v is None or isinstance(v, bool | int | float | str) for v in values):
            raise ValueError(f"{name} must be a plain value, got {value!r}.")
    return config


def _family(cls):
    yield cls
    for derived in cls.__subclasses__():
        yield from _family(derived)


@contextlib.contextmanager
def _blaming(path: str | os.PathLike):
    """Errors about the content of a file name the file."""
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ModelFileError(f"{os.fspath(path)}: {error}") from error

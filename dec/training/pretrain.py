"""Pretraining of an autoencoder: greedily layer by layer, then whole.

Section 3.1 of Xie et al. (2016), after Vincent et al. (JMLR 2010).
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from functools import partial

import keras
import numpy as np
from keras import ops

from dec.networks.network import Autoencoder
from dec.ops import mean_squared_error
from dec.seeds import spawn_seeds
from dec.training.evaluation import outputs
from dec.training.optimizers import Adam, MomentumSGD
from dec.training.progress import Progress
from dec.training.rows import RowModel, fit, forward
from dec.training.sources import as_source
from dec.training.stop_on_divergence import StopOnDivergence

SAMPLE = 8192  # rows that tell the size of a layer's output, and which of its units live
REPORTS = 50  # Keras epochs a stage is cut into: lines of progress, not passes over the data


@dataclass(frozen=True)
class Stage:
    """How long, and how, one network is trained on its reconstruction error.

    The error is Keras's ``mse``, the mean over features and batch; every learning rate below is in
    that convention.

    Attributes
    ----------
    epochs
        Passes over the data set.
    iterations
        Minibatches at the least; a small data set is passed more often than ``epochs``.
    learning_rate
        Of the weights; with ``relative``, divided by the mean square of what is
        reconstructed, which makes it independent of the scale of the data.
    relative
        See ``learning_rate``.
    optimizer
        ``"sgd"`` or ``"adam"``.
    momentum
        Of SGD.
    burn_in
        Iterations over which the momentum grows from 0.
    bias_rate
        Factor of the learning rate for biases.
    warmup
        Iterations over which the learning rate grows from 0.
    final
        Factor that the learning rate falls to, along a cosine, at the end.
    backoff
        How often a stage that diverges is started again at half the learning rate; then, or with
        0, it is an error.
    decay_every
        If not None, the learning rate falls to a tenth every so many iterations
        instead (no warmup then).
    """

    epochs: int = 0
    iterations: int = 0
    learning_rate: float = 1.0
    relative: bool = False
    optimizer: str = "sgd"
    momentum: float = 0.9
    burn_in: int = 0
    bias_rate: float = 1.0
    warmup: int = 0
    final: float = 1.0
    backoff: int = 0
    decay_every: int | None = None

    def __post_init__(self):
        for name in ("epochs", "iterations", "burn_in", "warmup", "backoff"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must be >= 0, got {getattr(self, name)!r}.")
        if self.optimizer not in ("sgd", "adam"):
            raise ValueError(f"optimizer must be 'sgd' or 'adam', got {self.optimizer!r}.")

    def steps(self, n: int, batch_size: int) -> int:
        """Minibatches in all, for n samples."""
        return max(self.iterations, self.epochs * math.ceil(n / min(batch_size, n)))

    def build_optimizer(self, steps: int, mean_square: float = 1.0) -> keras.optimizers.Optimizer:
        """A fresh optimizer for a run of ``steps`` minibatches."""
        rate = self.learning_rate / mean_square if self.relative else self.learning_rate
        if self.decay_every is not None:
            schedule = keras.optimizers.schedules.ExponentialDecay(
                rate, self.decay_every, 0.1, staircase=True
            )
        elif self.warmup or self.final != 1.0:
            warmup = min(self.warmup, steps // 5)
            schedule = keras.optimizers.schedules.CosineDecay(
                initial_learning_rate=0.0 if warmup else rate,
                decay_steps=max(steps - warmup, 1),
                alpha=self.final,
                warmup_target=rate if warmup else None,
                warmup_steps=warmup,
            )
        else:
            schedule = rate
        if self.optimizer == "adam":
            return Adam(schedule)
        return MomentumSGD(schedule, self.momentum, self.burn_in, self.bias_rate)


@dataclass(frozen=True)
class Pretraining:
    """A recipe: the scale of the data, the initial weights, and the two stages.

    Attributes
    ----------
    layerwise
        Stage of each layer in turn; None to train end to end only.
    whole
        Stage of the whole autoencoder, without corruption; None for the layers only.
    initializer
        Name of the kernel initializer (``dec.networks``); None for the network's own.
    mean_square
        Raw values are multiplied by one number so that the mean square of an entry
        becomes this; None leaves them.
    byte_scale
        If not None, the factor for uint8 data instead.
    corrupt_input
        Dropout rate on the raw data (first layer).
    corrupt_hidden
        Dropout rate on the input of the deeper layers, and on the code of all
        but the embedding layer.
    embedding
        Whether the embedding layer has a layer-wise stage too. Alone it is linear and learns
        little more than principal components, which the whole network then has to leave again.
    """

    layerwise: Stage | None = None
    whole: Stage | None = None
    initializer: str | None = None
    mean_square: float | None = None
    byte_scale: float | None = None
    corrupt_input: float = 0.0
    corrupt_hidden: float = 0.0
    embedding: bool = True

    def scale_of(self, X) -> float:
        """The factor for raw values of ``X``."""
        if X.dtype == np.uint8 and self.byte_scale is not None:
            return self.byte_scale
        if self.mean_square is None:
            return 1.0
        return math.sqrt(self.mean_square / (mean_square(X) or 1.0))

    def to_dict(self) -> dict:
        """Plain numbers and strings, for JSON; ``from_dict`` is the way back."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: dict) -> Pretraining:
        """The recipe that ``to_dict`` wrote."""
        stages = {k: Stage(**values[k]) for k in ("layerwise", "whole") if values[k] is not None}
        return cls(**{**values, **stages})


def mean_square(X) -> float:
    """Mean of the squared entries, without a float copy of the whole of ``X``."""
    X = as_source(X)
    squares = sum(np.square(rows, dtype=np.float64).sum() for _, rows in X.blocks())
    return float(X.total(squares) / (X.n * math.prod(X.shape[1:])))


class DenoisingLayer(RowModel):
    """One layer of greedy pretraining: corrupt, encode, corrupt, decode, compare with the clean.

    ``below`` is frozen and deterministic; its output is recomputed for each batch instead of kept,
    so that memory does not grow with n.
    """

    def __init__(self, X, below, encode, decode, corrupt_input, corrupt_code, seeds, augment=None):
        super().__init__(X, {"reconstruction_loss": 1.0}, augment, name="denoising_layer")
        self.below = below
        self.encode, self.decode = encode, decode
        self.corrupt_input = keras.layers.Dropout(corrupt_input, seed=seeds[0], dtype="float32")
        self.corrupt_code = keras.layers.Dropout(corrupt_code, seed=seeds[1], dtype="float32")

    def loss_terms(self, x, batch, training):
        clean = ops.cast(ops.stop_gradient(self.below(x)), "float32")
        code = self.encode(self.corrupt_input(clean, training=training))
        restored = self.decode(self.corrupt_code(code, training=training))
        return {"reconstruction_loss": mean_squared_error(clean, restored)}


class Reconstruction(RowModel):
    """The whole autoencoder, without corruption other than its own dropout."""

    def __init__(self, X, autoencoder: Autoencoder, augment=None):
        super().__init__(X, {"reconstruction_loss": 1.0}, augment, name="reconstruction")
        self.encoder, self.decoder = autoencoder.encoder, autoencoder.decoder
        self.error = autoencoder.reconstruction_loss

    def loss_terms(self, x, batch, training):
        z = self.encoder(x, training=training)
        return {"reconstruction_loss": self.error(x, z, training)}


def pretrain(
    autoencoder: Autoencoder,
    X,
    recipe: Pretraining,
    *,
    batch_size: int,
    seed: int,
    augment: keras.layers.Layer | None = None,
    verbose: int = 0,
    progress: Progress | None = None,
) -> list[dict]:
    """Train ``autoencoder`` in place on the rows of ``X``, changed at random by ``augment``.

    ``progress`` says which stages are done already.

    Returns
    -------
    One record a stage part: its name, iterations, final error relative to the mean square of
    what was reconstructed (0: perfect; 1: as bad as all zeros), learning rate after any backoff,
    and the share of units of the layer that are dead, that is never active on a sample; that of the
    whole autoencoder has what ``learned`` says, too.

    Raises
    ------
    FloatingPointError
        A stage diverged or left a layer whose units are all dead, at every rate that its
        ``backoff`` allows.
    """
    X = as_source(X)
    progress = progress or Progress()
    begin, _, reported = progress.begins_at
    records = reported.get("records", [])
    train = partial(
        _train, X=X, batch_size=batch_size, verbose=verbose, progress=progress, records=records
    )
    depth = len(autoencoder.stages)
    seeds = spawn_seeds(seed, 3 * depth + 1)
    if recipe.layerwise is not None:
        if not depth:
            raise ValueError(
                "pretraining: this network has no layer-wise stages; expected layerwise=None."
            )
        below = keras.Sequential([autoencoder.encoder.inputs[0], autoencoder.scaling])
        greedy = autoencoder.stages if recipe.embedding else autoencoder.stages[:-1]
        try:
            for number, (encode, decode) in enumerate(greedy):
                *noise, order = seeds.pop(), seeds.pop(), seeds.pop()
                inputs = below
                below = keras.Sequential([*below.inputs, *below.layers, encode])
                if number >= begin.get("stage", 0):
                    trainer = DenoisingLayer(
                        X,
                        inputs,
                        encode,
                        decode,
                        corrupt_input=recipe.corrupt_hidden if number else recipe.corrupt_input,
                        corrupt_code=recipe.corrupt_hidden if number < depth - 1 else 0.0,
                        seeds=noise,
                        augment=augment,
                    )
                    power = mean_square(forward(inputs, X.head(SAMPLE)))
                    train(encode.name, trainer, recipe.layerwise, order, power, below)
                encode.trainable = False  # while the layers above it learn
        finally:  # Ctrl-C and divergence too must leave a network that can learn
            for encode, _ in greedy:
                encode.trainable = True
    if recipe.whole is not None:
        trainer = Reconstruction(X, autoencoder, augment)
        power = mean_square(X) * _factor(autoencoder) ** 2
        hidden = [encode.output for encode, _ in autoencoder.stages[:-1]]
        watched = keras.Model(autoencoder.encoder.input, hidden) if hidden else None
        train("whole", trainer, recipe.whole, seeds.pop(), power, watched)
        if records[-1]["iterations"]:
            records[-1].update(learned(autoencoder, X))
    return records


def dead_units(model: keras.Model, X) -> float:
    """Share of units that are zero on each of the first rows: of the worst output."""
    rows = as_source(X).head(SAMPLE)
    return max(float(np.mean(~output.any(axis=0))) for output in outputs(model, rows))


def learned(autoencoder: Autoencoder, X) -> dict[str, float]:
    """What the first rows say of a trained autoencoder.

    Returns
    -------
    ``explained_variance``, 1 - |x - x'|^2 / |x - mean|^2: 1 at most, 0 if it restores the mean and
    nothing else; and ``embedding_spread``, the standard deviation of z as a share of its root mean
    square, in [0, 1].
    """
    x = as_source(X).head(SAMPLE)
    (z,), (restored,) = outputs(autoencoder.encoder, x), outputs(autoencoder.model, x)
    x = ops.convert_to_numpy(autoencoder.scaling(x))
    unexplained = np.mean((x - restored) ** 2) / (np.mean((x - x.mean(axis=0)) ** 2) or 1.0)
    spread = np.sqrt(np.mean((z - z.mean(axis=0)) ** 2) / (np.mean(z**2) or 1.0))
    return {"explained_variance": 1.0 - float(unexplained), "embedding_spread": float(spread)}


def _factor(autoencoder: Autoencoder) -> float:
    return float(autoencoder.scaling.scale)


def _train(
    part, trainer, stage: Stage, seed, power, watched, *, X, batch_size, verbose, progress, records
) -> None:
    """One stage, whose record is added; ``watched`` gives the units that must not all die."""
    steps = stage.steps(X.n, batch_size)
    if not steps:
        dead = dead_units(watched, X) if watched else 0.0
        untrained = {"iterations": 0, "relative_error": None, "learning_rate": 0.0}
        records.append({"part": part, **untrained, "dead_units": dead})
        return
    epochs = min(REPORTS, steps)
    steps_per_epoch = math.ceil(steps / epochs)
    if steps_per_epoch > 150:  # more than one compiled call takes: let it divide well
        steps_per_epoch = 50 * math.ceil(steps_per_epoch / 50)
    begin, arrays, _ = progress.begins_at
    if not begin:
        weights = trainer.trainable_variables
        arrays = {f"start/{i}": ops.convert_to_numpy(weight) for i, weight in enumerate(weights)}
    start = {name: array for name, array in arrays.items() if name.startswith("start/")}
    progress.report = lambda: (start, {"records": records})
    for attempt in range(begin.get("attempt", 0), stage.backoff + 1):
        progress.place = {"stage": len(records), "attempt": attempt}
        slower = dataclasses.replace(stage, learning_rate=stage.learning_rate / 2**attempt)
        watch = StopOnDivergence("reconstruction_loss", limit=4.0 * power)
        optimizer = slower.build_optimizer(steps, power)
        fit(
            trainer, X, optimizer, batch_size, steps_per_epoch, epochs, seed, [watch], verbose,
            progress,
        )  # fmt: skip
        dead = dead_units(watched, X) if watched else 0.0
        if not watch.diverged and dead < 1.0:
            error = trainer.history.history["reconstruction_loss"][-1]
            records.append(
                {
                    "part": part,
                    "iterations": steps_per_epoch * epochs,
                    "relative_error": error / power,
                    "learning_rate": slower.learning_rate,
                    "dead_units": dead,
                }
            )
            return
        for i, weight in enumerate(trainer.trainable_variables):
            weight.assign(start[f"start/{i}"])
    raise FloatingPointError(
        f"pretraining diverged, or left a layer without a living unit, at learning_rate="
        f"{slower.learning_rate:g} of {trainer.name}: take a smaller one, or scale the data "
        "(Pretraining.mean_square)."
    )

"""Pretraining recipes by name."""

from __future__ import annotations

import dataclasses

from dec.networks import Network
from dec.training.pretrain import Pretraining, Stage

#: Sections 4.2-4.3 of Xie et al. (2016), with what only the code (piiswrong/dec) tells: momentum
#: burn-in, doubled bias rate, clean raw input, bytes times 0.02. The loss there is half of Keras's
#: mse, so its learning rate of 0.1 is 0.05 here.
PAPER = Pretraining(
    layerwise=Stage(
        iterations=50_000, learning_rate=0.05, decay_every=20_000, burn_in=1000, bias_rate=2.0
    ),
    whole=Stage(
        iterations=100_000, learning_rate=0.05, decay_every=20_000, burn_in=1000, bias_rate=2.0
    ),
    initializer="normal_0.01",
    mean_square=1.0,
    byte_scale=0.02,
    corrupt_input=0.0,
    corrupt_hidden=0.2,
)

#: XifengGuo/DEC-keras on MNIST: end to end, [0, 1] pixels; other data are taken as they are.
DEC_KERAS = Pretraining(
    whole=Stage(epochs=300, learning_rate=1.0),
    initializer="fan_in_uniform",
    byte_scale=1 / 255,
)

#: The default: hidden layers greedily, then the whole with momentum SGD at a large rate. What was
#: measured on the way is in experiments/results/NOTES.md.
LAYERWISE = Pretraining(
    layerwise=Stage(epochs=2, iterations=100, learning_rate=0.11, relative=True, backoff=6),
    whole=Stage(
        epochs=60, iterations=5000, learning_rate=0.34, relative=True, warmup=1000, backoff=6
    ),
    initializer="fan_in_uniform",
    mean_square=0.1,
    corrupt_input=0.2,
    corrupt_hidden=0.2,
    embedding=False,
)

#: Without greedy layers.
END_TO_END = dataclasses.replace(LAYERWISE, layerwise=None)

#: What DCEC (Guo et al., ICONIP 2017) takes, in 15 passes instead of 200: end to end, pixels in
#: [0, 1]. Adam fits networks of any make, for which no learning rate of SGD was ever tuned.
ADAM = Pretraining(
    whole=Stage(epochs=15, iterations=3000, optimizer="adam", learning_rate=1e-3, final=0.1),
    byte_scale=1 / 255,
)

PRESETS = {
    "layerwise": LAYERWISE,
    "end_to_end": END_TO_END,
    "adam": ADAM,
    "paper": PAPER,
    "dec_keras": DEC_KERAS,
}


def get(
    pretraining: str | Pretraining | None, network: Network | None = None
) -> Pretraining | None:
    """The recipe of that name, "auto" being that of ``network``; a recipe or None is returned.

    Raises
    ------
    ValueError
        An unknown name.
    TypeError
        Neither a name nor a recipe.
    """
    if pretraining is None or isinstance(pretraining, Pretraining):
        return pretraining
    if not isinstance(pretraining, str):
        raise TypeError(
            f"pretraining must be None, one of {sorted(('auto', *PRESETS))} or a dec.Pretraining, "
            f"got {pretraining!r}."
        )
    if pretraining == "auto" and network is not None:
        return None if network.pretraining is None else PRESETS[network.pretraining]
    if pretraining not in PRESETS:
        raise ValueError(
            f"pretraining must be one of {sorted(('auto', *PRESETS))}, got {pretraining!r}."
        )
    return PRESETS[pretraining]

"""What a file may say about an optimizer, and what of it is believed."""

import keras
import pytest

from dec.methods._state import _from_json, _to_json
from dec.training import Adam, MomentumSGD

schedules = keras.optimizers.schedules


@pytest.mark.parametrize(
    "optimizer",
    [
        keras.optimizers.SGD(0.1, momentum=0.9, clipnorm=1.0),
        keras.optimizers.RMSprop(0.003),
        keras.optimizers.AdamW(schedules.PiecewiseConstantDecay([5, 10], [0.1, 0.2, 0.3])),
        MomentumSGD(schedules.CosineDecay(0.1, 100), 0.8, burn_in=7, bias_rate=2.0),
        Adam(schedules.InverseTimeDecay(0.1, 100, 1.0)),
    ],
    ids=lambda optimizer: type(optimizer).__name__,
)
def test_optimizers_come_back(optimizer):
    again = _from_json(_to_json(optimizer))
    assert type(again) is type(optimizer)
    assert again.get_config() == optimizer.get_config()


class Mine(keras.optimizers.SGD):
    pass


def test_an_optimizer_of_ones_own_is_not_restored():
    with pytest.warns(UserWarning, match="'Mine' is not one of Keras's"):
        assert _from_json(_to_json(Mine())) is None


@pytest.mark.parametrize(
    "change",
    [
        {"learning_rate": {"class_name": "Lambda", "config": {}}},
        {"learning_rate": {"module": "os", "class_name": "system", "config": {"command": "x"}}},
        {"momentum": {"class_name": "function", "config": {"module": "os", "function": "system"}}},
        {"clipnorm": [[1.0]]},
    ],
)
def test_code_in_a_file_is_refused(change):
    saved = _to_json(keras.optimizers.SGD())
    saved["optimizer"]["config"] |= change
    with pytest.raises(ValueError, match="must be a"):
        _from_json(saved)


def test_other_classes_of_keras_are_no_optimizers():
    saved = _to_json(keras.optimizers.SGD())
    for name in ("Optimizer", "schedules", "get", "LearningRateSchedule"):
        saved["optimizer"]["class_name"] = name
        with pytest.warns(UserWarning, match="not restored"):
            assert _from_json(saved) is None

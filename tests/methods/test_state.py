"""What a file may say, and what of it is believed."""

import keras
import pytest

from dec import DEC, LESC, DenseAutoencoder, ModelFileError
from dec.methods._state import _from_json, _to_json
from dec.saving import read_arrays, write_arrays
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


BOMBS = {
    "wide": (DEC, lambda header: header["network"].update(units=[10**9, 5])),
    "deep": (DEC, lambda header: header["network"].update(units=[1] * 10**6)),
    "wide input": (DEC, lambda header: header["build"].update(input_shape=[10**12])),
    "large images": (
        DEC,
        lambda header: header.update(
            network={"network": "ConvAutoencoder", "filters": [8] * 3, "embedding_dim": 5},
            build=header["build"] | {"input_shape": [2**15, 2**15, 1]},
        ),
    ),
    "wide head": (LESC, lambda header: header["params"].update(units=[10**9])),
}


@pytest.mark.parametrize("kind", BOMBS)
def test_networks_that_do_not_fit_are_never_built(quick, blobs, tmp_path, kind):
    """Sound files, whose headers describe terabytes, or layers without end."""
    cls, change = BOMBS[kind]
    settings = {"pretraining": None, "max_iter": 0, "network": DenseAutoencoder(units=(8, 5))}
    path = tmp_path / "model.h5"
    cls(4, **{**quick, **settings}).fit(blobs[0]).save(path)
    arrays, header = read_arrays(path)
    header["params"]["network"] = None
    change(header)
    write_arrays(path, arrays, header)
    with pytest.raises(ModelFileError, match=r"kernel must have its weights|has 1000000 entries"):
        cls.load(path)

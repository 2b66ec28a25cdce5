import dataclasses
import json
import math

import keras
import numpy as np
import pytest
import scipy.sparse

from dec import DenseAutoencoder, Pretraining, Stage
from dec.training import presets
from dec.training.pretrain import dead_units, mean_square, pretrain
from dec.training.rows import forward

LAYERWISE = Pretraining(
    layerwise=Stage(iterations=100, learning_rate=0.2, relative=True), corrupt_hidden=0.2
)


@pytest.fixture
def autoencoder():
    return DenseAutoencoder(units=(20, 16, 4)).build((12,), seed=0)


def run(autoencoder, x, recipe, **kwargs):
    return pretrain(autoencoder, x, recipe, batch_size=32, **{"seed": 0, **kwargs})


def numpy_forward(layers, x):
    for layer in layers:
        kernel, bias = layer.get_weights()
        x = x @ kernel + bias
        x = np.maximum(x, 0) if layer.activation is keras.activations.relu else x
    return x


def test_the_stack_is_the_layers(autoencoder, blobs):
    """Before fine-tuning, encoder(x) of the deep network is the layer-by-layer encoding."""
    x, _ = blobs
    run(autoencoder, x, LAYERWISE)
    encoding, decoding = zip(*autoencoder.stages, strict=True)
    z = numpy_forward(encoding, x)
    np.testing.assert_allclose(forward(autoencoder.encoder, x), z, rtol=1e-4, atol=1e-4)
    restored = numpy_forward(reversed(decoding), z)
    np.testing.assert_allclose(forward(autoencoder.model, x), restored, rtol=1e-4, atol=1e-4)


def test_a_layer_learns_alone(autoencoder, blobs):
    """Greedy stage l moves its own two layers; the others wait, the ones below stay."""
    x, _ = blobs
    stages = autoencoder.stages
    before = [[layer.get_weights()[0] for layer in stage] for stage in stages]
    records = run(autoencoder, x, dataclasses.replace(LAYERWISE, embedding=False))
    assert [record["part"] for record in records] == ["encoder_0", "encoder_1"]
    for number, stage in enumerate(stages):
        for layer, old in zip(stage, before[number], strict=True):
            moved = np.abs(layer.get_weights()[0] - old).max() > 0
            assert moved == (number < 2), layer.name


def test_everything_is_trainable_afterwards(autoencoder, blobs):
    run(autoencoder, blobs[0], LAYERWISE)
    assert len(autoencoder.model.trainable_variables) == 12


def test_everything_is_trainable_after_a_failure_too(autoencoder, blobs, monkeypatch):
    import dec.training.pretrain as module

    calls = []

    def failing(*args, **kwargs):
        calls.append(args)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return fit(*args, **kwargs)

    fit = module.fit
    monkeypatch.setattr(module, "fit", failing)
    with pytest.raises(KeyboardInterrupt):
        run(autoencoder, blobs[0], LAYERWISE)
    assert len(autoencoder.model.trainable_variables) == 12


def test_errors_are_relative_to_the_data(autoencoder, blobs):
    x, _ = blobs
    whole = Stage(iterations=400, learning_rate=0.1, relative=True, backoff=6)
    records = run(autoencoder, x, dataclasses.replace(LAYERWISE, whole=whole))
    assert [r["part"] for r in records] == ["encoder_0", "encoder_1", "encoder_2", "whole"]
    restored = forward(autoencoder.model, x)
    by_hand = np.mean((restored - x) ** 2) / np.mean(x**2)
    assert records[-1]["relative_error"] == pytest.approx(by_hand, rel=0.1)
    assert records[-1]["relative_error"] < 0.2
    assert all(0 <= r["dead_units"] <= 1 for r in records)


def test_scale_is_part_of_the_encoder(blobs):
    x, _ = blobs
    half = DenseAutoencoder(units=(8, 3)).build((12,), scale=0.5, seed=0)
    whole = DenseAutoencoder(units=(8, 3)).build((12,), scale=1.0, seed=0)
    np.testing.assert_allclose(
        forward(half.encoder, x), forward(whole.encoder, x / 2), rtol=1e-5, atol=1e-6
    )


def test_dead_units_are_counted():
    x = np.abs(np.random.default_rng(0).normal(size=(40, 3))).astype("float32")
    layer = keras.layers.Dense(4, activation="relu")
    inputs = keras.Input((3,))
    model = keras.Model(inputs, layer(inputs))
    kernel = np.ones((3, 4), "float32")
    kernel[:, 1] = -1.0
    layer.set_weights([kernel, np.zeros(4, "float32")])
    assert dead_units(model, x) == 0.25


@pytest.mark.parametrize("part", ["layerwise", "whole"])
def test_a_layer_whose_units_all_die_is_trained_again_or_an_error(blobs, monkeypatch, part):
    import dec.training.pretrain as module

    # A rate that kills ReLUs is hard to hit without divergence: kill them by hand, once.
    calls = []

    def fatal(trainer, *args, **kwargs):
        calls.append(trainer)
        fit(trainer, *args, **kwargs)
        if len(calls) == 1:
            encode.bias.assign(np.full(8, -1e3, "float32"))

    fit = module.fit
    monkeypatch.setattr(module, "fit", fatal)
    for backoff, attempts in ((1, 2), (0, 1)):
        calls.clear()
        network = DenseAutoencoder(units=(8, 3)).build((12,), seed=0)
        encode = network.stages[0][0]
        stage = Stage(iterations=20, learning_rate=0.01, relative=True, backoff=backoff)
        recipe = Pretraining(**{part: stage}, embedding=False)
        if backoff:
            (record,) = run(network, blobs[0], recipe)
            assert record["learning_rate"] == 0.005
            assert record["dead_units"] < 1
        else:
            with pytest.raises(FloatingPointError, match="without a living unit"):
                run(network, blobs[0], recipe)
        assert len(calls) == attempts


def test_divergence_is_an_error(autoencoder, blobs):
    recipe = Pretraining(whole=Stage(iterations=100, learning_rate=1e6))
    with pytest.raises(FloatingPointError, match="learning_rate=1e\\+06"):
        run(autoencoder, blobs[0], recipe)


def test_backoff_halves_the_rate_until_it_holds(autoencoder, blobs):
    stage = Stage(iterations=100, learning_rate=6.4, relative=True, backoff=10)
    (record,) = run(autoencoder, blobs[0], Pretraining(whole=stage))
    halvings = math.log2(6.4 / record["learning_rate"])
    assert halvings == int(halvings) >= 1
    assert record["relative_error"] < 1


def test_a_network_without_stages_has_no_layerwise_stage(autoencoder, blobs):
    with pytest.raises(ValueError, match="layerwise=None"):
        run(autoencoder._replace(stages=[]), blobs[0], LAYERWISE)


def test_scale_of():
    x = np.full((10, 4), 3.0, "float32")
    x[:, :2] = 0
    assert mean_square(x) == pytest.approx(4.5)
    assert mean_square(scipy.sparse.csr_matrix(x)) == pytest.approx(4.5)
    assert Pretraining(mean_square=1.0).scale_of(x) == pytest.approx(4.5**-0.5)
    assert Pretraining().scale_of(x) == 1.0
    assert Pretraining(mean_square=1.0).scale_of(np.zeros((3, 2))) == 1.0
    assert presets.PAPER.scale_of(x.astype("uint8")) == 0.02
    assert presets.PAPER.scale_of(x) == pytest.approx(4.5**-0.5)
    assert presets.DEC_KERAS.scale_of(x.astype("uint8")) == pytest.approx(1 / 255)


def test_the_papers_recipe():
    """Sections 3.2 and 3.3 of the specification: 4 x 50 000 + 100 000 iterations."""
    recipe = presets.get("paper")
    assert 4 * recipe.layerwise.steps(60_000, 256) + recipe.whole.steps(60_000, 256) == 300_000
    optimizer = recipe.whole.build_optimizer(100_000)
    rates = [float(optimizer._learning_rate(i)) for i in (0, 19_999, 20_000, 99_999)]
    np.testing.assert_allclose(rates, [0.05, 0.05, 0.005, 0.05e-4], rtol=1e-5)
    assert (optimizer.momentum, optimizer.burn_in, optimizer.bias_rate) == (0.9, 1000, 2.0)


def test_dec_keras_recipe():
    recipe = presets.get("dec_keras")
    assert recipe.layerwise is None
    assert recipe.whole.steps(70_000, 256) == 300 * 274
    assert recipe.initializer == "fan_in_uniform"


def test_warmup_then_constant_then_cosine():
    stage = Stage(learning_rate=2.0, warmup=10, relative=True)
    schedule = stage.build_optimizer(100, mean_square=4.0)._learning_rate
    np.testing.assert_allclose([float(schedule(i)) for i in (0, 5, 10, 99)], [0, 0.25, 0.5, 0.5])
    falling = Stage(learning_rate=1.0, final=0.1).build_optimizer(100)._learning_rate
    np.testing.assert_allclose([float(falling(i)) for i in (0, 50, 100)], [1, 0.55, 0.1], rtol=1e-5)


def test_small_data_are_passed_more_often():
    stage = Stage(epochs=3, iterations=50)
    assert stage.steps(n=1000, batch_size=10) == 300
    assert stage.steps(n=20, batch_size=10) == 50
    assert stage.steps(n=5, batch_size=10) == 50


@pytest.mark.parametrize("name", ["epochs", "iterations", "burn_in", "warmup", "backoff"])
def test_negative_lengths_are_refused(name):
    with pytest.raises(ValueError, match=name):
        Stage(**{name: -1})


def test_unknown_optimizer_is_refused():
    with pytest.raises(ValueError, match="optimizer must be 'sgd' or 'adam'"):
        Stage(optimizer="adagrad")


@pytest.mark.parametrize("name", sorted(presets.PRESETS))
def test_recipes_survive_json(name):
    recipe = presets.get(name)
    assert Pretraining.from_dict(json.loads(json.dumps(recipe.to_dict()))) == recipe

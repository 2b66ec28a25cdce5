import json

import keras
import numpy as np
import pytest

from dec.training import Adam, MomentumSGD

SHAPES = {"kernel": (4, 3), "bias": (3,)}


def start():
    rng = np.random.default_rng(0)
    return {name: rng.normal(size=shape).astype("float32") for name, shape in SHAPES.items()}


def gradients(step):
    rng = np.random.default_rng(step + 1)
    return {name: rng.normal(size=shape).astype("float32") for name, shape in SHAPES.items()}


def run(optimizer, steps=20):
    """Weights after each of the steps, from the same start along the same gradients."""
    variables = {name: keras.Variable(value, name=name) for name, value in start().items()}
    optimizer.build(list(variables.values()))
    path = []
    for step in range(steps):
        given = [keras.ops.convert_to_tensor(g) for g in gradients(step).values()]
        optimizer.apply(given)
        path.append({name: keras.ops.convert_to_numpy(v) for name, v in variables.items()})
    return path


def numpy_run(learning_rate=0.01, momentum=0.9, burn_in=0, bias_rate=1.0, steps=20):
    weights = {name: value.astype("float64") for name, value in start().items()}
    velocity = {name: np.zeros(shape) for name, shape in SHAPES.items()}
    path = []
    for step in range(steps):
        m = momentum * min(step / burn_in, 1) if burn_in else momentum
        for name, gradient in gradients(step).items():
            rate = learning_rate(step) if callable(learning_rate) else learning_rate
            rate *= bias_rate if name == "bias" else 1
            velocity[name] = m * velocity[name] - rate * gradient
            weights[name] = weights[name] + velocity[name]
        path.append(dict(weights))
    return path


def assert_same_path(a, b, tolerance=1e-5):
    assert len(a) == len(b) > 0
    for step, (left, right) in enumerate(zip(a, b, strict=True)):
        for name in SHAPES:
            np.testing.assert_allclose(
                left[name], right[name], atol=tolerance, err_msg=f"{name} after step {step}"
            )


def test_first_two_steps_by_hand():
    variable = keras.Variable(np.float32([[1.0]]))
    optimizer = MomentumSGD(0.1, momentum=0.5)
    optimizer.build([variable])
    # v = -0.1 * 2 = -0.2, w = 0.8; then v = 0.5 * -0.2 - 0.1 * 2 = -0.3, w = 0.5.
    for expected in (0.8, 0.5):
        optimizer.apply([keras.ops.convert_to_tensor(np.float32([[2.0]]))])
        np.testing.assert_allclose(keras.ops.convert_to_numpy(variable), expected, rtol=1e-6)


@pytest.mark.parametrize("momentum", [0.5, 0.9, 0.99])
def test_equals_keras_sgd(momentum):
    ours = run(MomentumSGD(0.05, momentum=momentum))
    theirs = run(keras.optimizers.SGD(0.05, momentum=momentum))
    assert_same_path(ours, theirs, tolerance=1e-6)


@pytest.mark.parametrize(
    "settings",
    [{}, {"beta_1": 0.5, "beta_2": 0.9, "epsilon": 0.1}, {"weight_decay": 0.1}, {"amsgrad": True}],
)
def test_equals_keras_adam(settings):
    ours, theirs = run(Adam(0.05, **settings)), run(keras.optimizers.Adam(0.05, **settings))
    # TensorFlow's kernel rounds 1 - 0.999 to float32, an error of 1e-5 of a step of 0.05.
    assert_same_path(ours, theirs, tolerance=1e-5)


PAIRS = {
    "sgd": (MomentumSGD(0.05), keras.optimizers.SGD(0.05, momentum=0.9)),
    "adam": (Adam(0.01), keras.optimizers.Adam(0.01)),
}


@pytest.mark.parametrize("pair", PAIRS)
def test_equals_keras_inside_fit(pair):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(64, 5)), rng.normal(size=(64, 2))
    weights = []
    for optimizer in PAIRS[pair]:
        initializer = keras.initializers.GlorotUniform(seed=1)
        dense = keras.layers.Dense(2, kernel_initializer=initializer)
        model = keras.Sequential([keras.Input((5,)), dense])
        model.compile(optimizer=optimizer, loss="mse", jit_compile=False)
        model.fit(x, y, batch_size=16, epochs=5, shuffle=False, verbose=0)
        weights.append(model.get_weights())
    assert int(model.optimizer.iterations.numpy()) == 20
    for ours, theirs in zip(*weights, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-5)


@pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="the fused path is TensorFlow's"
)
@pytest.mark.parametrize(
    ("optimizer", "fused"),
    [(MomentumSGD(0.1), "ResourceApplyKerasMomentum"), (Adam(0.1), "ResourceApplyAdam")],
)
def test_fused_update_is_taken_on_tensorflow(optimizer, fused):
    import tensorflow as tf

    variable = keras.Variable(np.float32([[1.0]]))
    optimizer.build([variable])
    traced = tf.function(lambda g: optimizer.apply([g]))
    graph = traced.get_concrete_function(tf.TensorSpec((1, 1))).graph
    assert fused in {op.type for op in graph.get_operations()}


@pytest.mark.parametrize(
    "settings", [{"burn_in": 8}, {"bias_rate": 2.0}, {"burn_in": 30, "bias_rate": 3.0}]
)
def test_burn_in_and_bias_rate_are_those_of_a_loop(settings):
    ours = run(MomentumSGD(0.05, momentum=0.9, **settings))
    assert_same_path(ours, numpy_run(0.05, 0.9, **settings))
    plain = numpy_run(0.05, 0.9)
    assert abs(ours[-1]["bias"] - plain[-1]["bias"]).max() > 1e-2


def test_bias_rate_leaves_matrices_alone():
    ours = [
        {"kernel": s["kernel"], "bias": s["kernel"][0]} for s in run(MomentumSGD(bias_rate=2.0))
    ]
    plain = [{"kernel": s["kernel"], "bias": s["kernel"][0]} for s in run(MomentumSGD())]
    assert_same_path(ours, plain, tolerance=1e-7)


def test_follows_a_schedule():
    schedule = keras.optimizers.schedules.ExponentialDecay(0.1, 5, 0.1, staircase=True)
    assert_same_path(run(MomentumSGD(schedule)), numpy_run(lambda step: 0.1 * 0.1 ** (step // 5)))


def test_no_momentum_is_plain_descent():
    assert_same_path(run(MomentumSGD(0.05, momentum=0.0)), numpy_run(0.05, 0.0))


def test_serialization_round_trip():
    optimizer = MomentumSGD(0.03, momentum=0.8, burn_in=7, bias_rate=2.0)
    config = json.loads(json.dumps(keras.optimizers.serialize(optimizer)))
    twin = keras.optimizers.deserialize(config)
    assert type(twin) is MomentumSGD
    assert twin.get_config() == optimizer.get_config()
    assert (twin.momentum, twin.burn_in, twin.bias_rate) == (0.8, 7, 2.0)
    assert_same_path(run(twin), run(optimizer), tolerance=1e-9)


def test_serialization_keeps_a_schedule():
    schedule = keras.optimizers.schedules.ExponentialDecay(0.1, 5, 0.1, staircase=True)
    config = json.loads(json.dumps(keras.optimizers.serialize(MomentumSGD(schedule))))
    twin = keras.optimizers.deserialize(config)
    assert_same_path(run(twin), run(MomentumSGD(schedule)), tolerance=1e-9)


def test_travels_in_a_keras_file(tmp_path):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile(optimizer=MomentumSGD(0.03, burn_in=7, bias_rate=2.0), loss="mse")
    model.fit(np.ones((4, 2)), np.ones((4, 1)), epochs=2, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras").optimizer
    assert type(loaded) is MomentumSGD
    assert (loaded.burn_in, loaded.bias_rate) == (7, 2.0)
    assert int(loaded.iterations.numpy()) == 2
    for ours, theirs in zip(model.optimizer.momentums, loaded.momentums, strict=True):
        np.testing.assert_array_equal(ours.numpy(), theirs.numpy())
        assert abs(ours.numpy()).max() > 0

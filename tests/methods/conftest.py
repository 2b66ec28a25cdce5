import dataclasses

import keras
import pytest
from family import METHODS
from sklearn.base import clone


@pytest.fixture(scope="module", params=METHODS, ids=lambda cls: cls.__name__)
def method(request, quick):
    """An unfitted estimator of each class; never fitted itself, cloned instead."""
    recipe = dataclasses.replace(quick["pretraining"], layerwise=None)  # half of the compiling
    return request.param(4, **{**quick, "pretraining": recipe})


@pytest.fixture(scope="module")
def fitted(method, blobs):
    return clone(method).fit(*blobs)


@pytest.fixture
def gradients():
    """Gradients of a trainer's weighted loss on some rows, by weight path; TensorFlow only."""
    tf = pytest.importorskip("tensorflow")
    if keras.backend.backend() != "tensorflow":
        pytest.skip("takes gradients with TensorFlow")

    def of(trainer, x, index, terms=None):
        with tf.GradientTape() as tape:
            batch = trainer.inputs(index.astype("int32"), None)
            found = trainer.loss_terms(tf.constant(x), batch, True)
            weights = trainer.loss_weights
            loss = sum(
                weights[name] * tf.reduce_mean(value)
                for name, value in found.items()
                if terms is None or name in terms
            )
        variables = {weight.path: weight for weight in trainer.trainable_variables}
        values = tape.gradient(loss, [v.value for v in variables.values()])
        return {
            path: None if value is None else value.numpy()
            for path, value in zip(variables, values, strict=True)
        }

    return of

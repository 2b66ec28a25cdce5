"""scikit-learn's own checks of an estimator, with real epochs in all phases."""

import keras
import pytest
from family import METHODS
from sklearn.utils.estimator_checks import parametrize_with_checks

from dec import DEPICT, DenseAutoencoder, Pretraining, SoftKMeans, Stage

pytestmark = [
    pytest.mark.slow,  # ten minutes
    pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="takes an hour on others"),
    # Of fits on a handful of rows of noise, which are what is checked here.
    pytest.mark.filterwarnings("ignore::dec.CollapseWarning", "ignore::dec.DegradedWarning"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]


def small(cls):
    settings = {
        "pretraining": Pretraining(whole=Stage(iterations=5, learning_rate=0.1, relative=True)),
        "network": DenseAutoencoder(units=(8, 2)),
        "n_init": 1,
        "max_iter": 4,
        "update_interval": 2,
        "random_state": 0,
    }
    if cls is SoftKMeans:
        settings |= {"network": None, "pretraining": "auto"}
    if cls is DEPICT:
        settings["warmup"] = 1
    return cls(2, **settings)


#: These set n_clusters to 1, which every method refuses: there is nothing to learn.
ONE_CLUSTER = (
    "check_dont_overwrite_parameters",
    "check_fit2d_1feature",
    "check_fit2d_1sample",
    "check_fit2d_predict1d",
    "check_methods_subset_invariance",
)


#: These ask for the classifier tags of everything that has ``predict_proba``.
ONLY_CLASSIFIERS = ("check_estimator_sparse_array", "check_estimator_sparse_matrix")


def expected_failures(estimator):
    failures = dict.fromkeys(ONE_CLUSTER, "n_clusters must be >= 2")
    if hasattr(estimator, "predict_proba"):
        failures |= dict.fromkeys(ONLY_CLASSIFIERS, "scikit-learn takes it for a classifier")
    return failures


@parametrize_with_checks([small(cls) for cls in METHODS], expected_failed_checks=expected_failures)
def test_every_method(estimator, check):
    check(estimator)

"""DBC: its target, and DEC as a special case."""

import numpy as np
import pytest
from sklearn.base import clone

from dec import DBC, DEC, ConvAutoencoder, targets


@pytest.fixture(scope="module")
def dbc(quick):
    return DBC(4, **quick, tol=0.0)


def test_boost_2_and_balance_1_are_dec(dbc, quick, blobs):
    x, _ = blobs
    ours, dec = clone(dbc).fit(x), DEC(4, **quick, tol=0.0).fit(x)
    np.testing.assert_array_equal(ours.predict_proba(x), dec.predict_proba(x))


def test_boost_1_and_balance_0_teach_nothing(dbc, blobs):
    x, _ = blobs
    model = clone(dbc).set_params(boost=1.0, balance=0.0).pretrain(x).initialize(x)
    q = model.predict_proba(x)
    np.testing.assert_allclose(model.compute_target(q), q, rtol=1e-5)
    # p = q at the refresh, so the first step does not move; later ones only through rounding.
    model.set_params(max_iter=10).refine(x)
    np.testing.assert_allclose(model.predict_proba(x), q, atol=1e-4)


def test_a_large_boost_is_one_hot(dbc):
    q = np.float32([[0.6, 0.4], [0.3, 0.7], [0.55, 0.45]])
    sharp = DBC(2, boost=200.0, balance=0.0).compute_target(q)
    np.testing.assert_allclose(sharp, targets.one_hot(q), atol=1e-6)


def test_default_network_is_convolutional_and_normalized():
    assert DBC().default_network() == ConvAutoencoder(batch_norm=True)


@pytest.mark.parametrize(("name", "value"), [("boost", 0), ("boost", np.inf), ("balance", -1)])
def test_bad_values_are_refused(dbc, blobs, name, value):
    with pytest.raises(ValueError, match=f"{name} must be"):
        clone(dbc).set_params(**{name: value}).fit(blobs[0])

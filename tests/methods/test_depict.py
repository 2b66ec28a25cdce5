"""DEPICT: targets, noise, the reconstruction of every layer."""

import keras
import numpy as np
import pytest
from scipy.optimize import minimize
from sklearn.base import clone

from dec import DEPICT, NoisyConvAutoencoder, Pretraining, Stage, datasets
from dec.classical import GraphDegreeLinkage


@pytest.fixture(scope="module")
def depict(quick):
    return DEPICT(4, warmup=5, **{**quick, "update_interval": None}, tol=0.0)


def test_worked_example_of_the_papers_target():
    p = np.float32([[0.5, 0.5], [0.9, 0.1], [0.8, 0.2]])
    q = DEPICT(2, target="sqrt").compute_target(p)
    expected = [[0.3762, 0.6238], [0.8444, 0.1556], [0.7069, 0.2931]]
    np.testing.assert_allclose(q, expected, atol=5e-5)


def test_balanced_predictions_are_their_own_target():
    p = np.float32([[0.8, 0.2], [0.2, 0.8]])
    np.testing.assert_allclose(DEPICT(2, target="sqrt").compute_target(p), p, rtol=1e-6)
    assert (DEPICT(2).compute_target(p).max(axis=1) > p.max(axis=1)).all()  # the code's sharpens


def test_papers_target_nearly_minimizes_its_objective():
    """KL(Q || P) + KL(f || u) by brute force: the closed form is within 1 % (specification)."""
    rng = np.random.default_rng(0)
    p = rng.dirichlet([4, 1, 0.5, 0.5], size=12)

    def objective(q):
        f = q.mean(axis=0)
        return (q * np.log(q / p)).sum() / len(q) + (f * np.log(f * 4)).sum()

    def of_logits(logits):
        e = np.exp(logits.reshape(p.shape))
        return objective(e / e.sum(axis=1, keepdims=True))

    best = minimize(of_logits, np.log(p).ravel()).fun
    q = DEPICT(4, target="sqrt").compute_target(p)
    assert best <= objective(q) < 1.03 * best
    assert objective(q) < 0.8 * objective(p)


def test_equal_embeddings_give_uniform_targets():
    p = np.full((5, 4), 0.25, "float32")
    for target in ("sqrt", "square"):
        np.testing.assert_allclose(DEPICT(4, target=target).compute_target(p), p, rtol=1e-6)


def test_warmup_teaches_the_kmeans_labels(depict, blobs):
    x, _ = blobs
    cold = clone(depict).set_params(warmup=0).pretrain(x).initialize(x)
    warm = clone(depict).set_params(warmup=20).pretrain(x).initialize(x)
    assert warm.predict_proba(x).max(axis=1).mean() > cold.predict_proba(x).max(axis=1).mean()


@pytest.mark.filterwarnings("ignore::dec.CollapseWarning", "ignore::dec.DegradedWarning")
def test_images_of_digits(quick):
    """The network of the paper on real images, from its own error to labels."""
    digits = datasets.load("digits")
    x = digits.x[:300].reshape(-1, 8, 8, 1)
    whole = Stage(iterations=100, optimizer="adam", learning_rate=1e-3)
    settings = {
        **quick,
        "network": NoisyConvAutoencoder(kernels=(4, 3), pads=(0, 1), filters=(8, 8)),
        "pretraining": Pretraining(whole=whole, byte_scale=1 / 16),
        "max_iter": 20,
    }
    model = DEPICT(10, warmup=2, **settings).fit(x)
    assert model.pretraining_history_[0]["relative_error"] < 1
    assert model.predict_proba(x).shape == (300, 10)
    assert np.abs(model.transform(x)).max() <= 1  # tanh


def test_the_first_clusters(depict, blobs):
    """The head starts at the unit means of the clusters that ``init`` names."""
    x, _ = blobs

    def start(init):
        return clone(depict).set_params(init=init, warmup=0).pretrain(x).initialize(x)

    linkage, kmeans = (start(init) for init in ("linkage", "k-means"))
    labels = GraphDegreeLinkage(4).fit_predict(linkage.transform(x))
    means = np.array([linkage.transform(x)[labels == k].mean(axis=0) for k in range(4)])
    means /= np.linalg.norm(means, axis=1, keepdims=True)
    np.testing.assert_allclose(linkage.cluster_centers_, means, rtol=1e-5)
    assert np.abs(kmeans.cluster_centers_ - linkage.cluster_centers_).max() > 1e-6


@pytest.mark.parametrize(
    ("name", "value"), [("target", "cubed"), ("warmup", -1), ("init", "spectral")]
)
def test_bad_values_are_refused(depict, blobs, name, value):
    with pytest.raises(ValueError, match=f"{name} must be"):
        clone(depict).set_params(**{name: value}).fit(blobs[0])


def test_theta_starts_at_unit_norm(depict, blobs):
    x, _ = blobs
    model = clone(depict).set_params(warmup=0).pretrain(x).initialize(x)
    np.testing.assert_allclose(np.linalg.norm(model.cluster_centers_, axis=1), 1, rtol=1e-5)
    assert isinstance(model.default_optimizer(), keras.optimizers.Adam)

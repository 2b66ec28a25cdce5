"""Deep embedded regularized clustering."""

from __future__ import annotations

import numpy as np

from dec import ops, targets
from dec.layers import SoftmaxHead
from dec.methods._checks import choice, number
from dec.methods.base import DeepClusterer
from dec.networks import NoisyConvAutoencoder
from dec.training import Adam
from dec.training.rows import fit as fit_rows

#: Powers of p and of its column sums.
TARGETS = {"square": {"boost": 2.0, "balance": 1.0}, "sqrt": {"boost": 1.0, "balance": 0.5}}


class DEPICT(DeepClusterer):
    """Deep embedded regularized clustering (Ghasedi Dizaji et al., ICCV 2017).

    A softmax over the embedding, whose predictions P of the clean samples make balanced targets Q,
    which the noisy samples then learn, while every layer is reconstructed:

    .. code-block:: text

        p_ik = exp(theta_k . z_i), rows normalised
        q_ik = p_ik / sqrt(sum_i' p_i'k), rows normalised
        L    = -1/n sum_ik q_ik log p~_ik  +  1/n sum_il |z_i^l - zhat_i^l|^2 / |z_i^l|

    p~ comes from the noisy pathway of the network. Before that the softmax is warmed up on clusters
    of the embedding. That Q does not sharpen (of balanced clusters it is P itself); the
    authors' code uses DEC's target instead, and so do the published figures.

    Parameters
    ----------
    init : {"linkage", "k-means"}, default="linkage"
        As in ``DeepClusterer``. The authors take linkage for USPS and the test images of MNIST.
    target : {"square", "sqrt"}, default="square"
        DEC's ``p^2 / f``, as the authors' code, or the paper's Q above.
    warmup : int, default=20
        Update intervals (passes over the data) in which the head learns the first clusters.
    update_interval : int, default=None
        None: one pass over the data.
    max_iter : int, default=None
        None: 50 passes over the data.
    optimizer : keras.optimizers.Optimizer, str or None, default=None
        None: Adam with learning rate 0.0001, as the authors.
    **shared
        Parameters of every method, see ``DeepClusterer``. ``tol`` replaces the paper's rule, a mean
        squared change of Q below 1e-7.

    References
    ----------
    Ghasedi Dizaji, Herandi, Deng, Cai, Huang. Deep Clustering via Joint Convolutional Autoencoder
    Embedding and Relative Entropy Minimization. ICCV 2017, arXiv:1704.06327.
    """

    def __init__(
        self,
        n_clusters=10,
        *,
        init="linkage",
        target="square",
        warmup=20,
        update_interval=None,
        max_iter=None,
        **shared,
    ):
        super().__init__(
            n_clusters, init=init, update_interval=update_interval, max_iter=max_iter, **shared
        )
        self.target = target
        self.warmup = warmup

    def check_parameters(self):
        number("warmup", self.warmup, least=0)
        choice("target", self.target, sorted(TARGETS))

    def default_network(self):
        return NoisyConvAutoencoder(embedding_dim=self.n_clusters)

    def default_optimizer(self):
        return Adam(1e-4)

    def build_head(self, centers):
        if centers is not None:
            centers = centers / np.linalg.norm(centers, axis=1, keepdims=True)
        return [SoftmaxHead(self.n_clusters, centers, name="clustering")]

    def place_centers(self, numbers, z):
        super().place_centers(numbers, z / np.linalg.norm(z, axis=1, keepdims=True))

    @property
    def loss_weights(self):
        return {"reconstruction_loss": 1.0, "clustering_loss": 1.0}

    def compute_target(self, q, frequency=None):
        return targets.boosted(q, **TARGETS[self.target], frequency=frequency)

    def clustering_loss(self, p, q):
        return ops.cross_entropy(p, q)

    def initialize(self, X, y=None):
        X = self._check_fit(X)
        progress = self._progress("initialize", X)
        _, arrays, _ = progress.begins_at
        if arrays:
            labels = arrays["start/labels"]
        else:
            centers, labels = self._cluster_embedding(X)
            self._attach_head(centers)
            whole = len(labels) == X.n  # else they are those of a sample
            labels = X.own(labels) if whole else self._predict(X)
        if self.warmup:  # theta at unit norm predicts next to nothing yet
            progress.place = {"training": "warmup"}
            progress.report = lambda: ({"start/labels": labels}, {})
            trainer = self.build_trainer(X)
            trainer.targets = np.eye(self.n_clusters, dtype="float32")[labels]
            fit_rows(
                trainer, X, self._build_optimizer(), self.batch_size,
                steps=self._update_interval(X.n), epochs=self.warmup,
                seed=self._seed("initialize"), verbose=self.verbose, progress=progress,
            )  # fmt: skip
        self._start_with(X, self._predict(X))
        return self

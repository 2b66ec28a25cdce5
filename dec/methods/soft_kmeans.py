"""Differentiable k-means."""

from __future__ import annotations

import math

import keras
import numpy as np
from sklearn.cluster import kmeans_plusplus
from sklearn.metrics import pairwise_distances

from dec import ops, targets
from dec.layers import ClusteringLayer
from dec.methods._checks import choice, number
from dec.methods.base import DeepClusterer
from dec.networks import Identity
from dec.training import MomentumSGD
from dec.training.rows import RowModel


class SoftKMeans(DeepClusterer):
    """k-means whose assignments are soft, so that its centroids are trained by gradient.

    .. code-block:: text

        "distance":  a_ij = softmax_j(-|z_i - mu_j|^2 / (2 T))
                     L    = sum_j a_ij |z_i - mu_j|^2, mean over i
        "kl":        DEC's loss, KL(P || Q), with q_ij = 1 / (1 + |z_i - mu_j|^2 / T), rows
                     normalised, and P of the whole data set, every update interval

    The first tends to the objective of k-means as T -> 0. The centroids are all that is trained:
    there is no network (z are the rows themselves), or one that is pretrained and then left alone,
    and "kl" on it is the "DEC without backprop" of Xie et al. (2016).

    Parameters
    ----------
    loss : {"distance", "kl"}, default="distance"
    temperature : float or None, default=None
        T > 0, in squared units of z. None: a fiftieth of the variance of z (sum over features).
    init : {"random", "k-means++", "k-means", "linkage"}, default="random"
        First centroids: any k rows, or rows spread by D^2 sampling, the best of ``n_init`` by the
        objective of k-means; or as in ``DeepClusterer``.
    network : default=None
        As in ``DeepClusterer``; None for no network.
    update_interval : int, default=None
        None: one pass over the data.
    max_iter : int, default=None
        None: 50 passes over the data.
    optimizer : keras.optimizers.Optimizer, str or None, default=None
        None: momentum SGD whose rate falls as 1 / t. On "distance" a step at rate k / 2 would be
        one of Lloyd's; it begins with a fiftieth of that.
    **shared
        Parameters of every method, see ``DeepClusterer``.

    Attributes
    ----------
    temperature_ : float
        T.

    References
    ----------
    Peng et al. k-meansNet: when k-means meets differentiable programming. arXiv:1808.07292.
    """

    inits = ("random", "k-means++", *DeepClusterer.inits)

    def __init__(
        self,
        n_clusters=10,
        *,
        loss="distance",
        temperature=None,
        init="random",
        n_init=1,
        sphere=False,
        update_interval=None,
        max_iter=None,
        **shared,
    ):
        super().__init__(
            n_clusters, init=init, n_init=n_init, sphere=sphere, update_interval=update_interval,
            max_iter=max_iter, **shared,
        )  # fmt: skip
        self.loss = loss
        self.temperature = temperature

    def check_parameters(self):
        if self.temperature is not None:
            number("temperature", self.temperature, above=0)
        choice("loss", self.loss, ("distance", "kl"))

    def default_network(self):
        return Identity()

    def default_optimizer(self):
        # Averaging, as MacQueen's running means.
        rate = keras.optimizers.schedules.InverseTimeDecay(0.01 * self.n_clusters, 1000, 1.0)
        return MomentumSGD(rate, momentum=0.9)

    def build_head(self, centers):
        gaussian = self.loss == "distance"
        return [
            ClusteringLayer(
                self.n_clusters, math.inf if gaussian else 1.0, centers,
                temperature=self.temperature_, name="clustering",
            )
        ]  # fmt: skip

    @property
    def loss_weights(self):
        # KL has no unit and its gradient that of 1 / z: T gives "kl" the steps of "distance".
        return {"clustering_loss": self.temperature_ if self.loss == "kl" else 1.0}

    def compute_target(self, q, frequency=None):
        return targets.squared(q, frequency)

    def clustering_loss(self, p, q):
        return ops.kl_divergence(p, q)

    def build_trainer(self, X):
        for layer in self.encoder_.layers:
            layer.trainable = False
        if self.loss == "kl":
            return super().build_trainer(X)
        return SoftDistances(X, self.encoder_, *self._head, self._build_augmentation())

    def refresh(self, trainer, before, X):
        if self.loss == "kl":
            return super().refresh(trainer, before, X)
        return self._assignments(X).argmax(axis=1)

    def _cluster_embedding(self, X):
        self._ensure_network(X)
        drawn = self.init in ("random", "k-means++")
        if not drawn:
            centers, labels = super()._cluster_embedding(X)
        z = self._embedded_sample(X)
        self.temperature_ = float(self.temperature or z.var(axis=0).sum() / 50 or 1.0)
        if drawn:
            centers, labels = self._best_draw(z)
        return centers, labels

    def _best_draw(self, z):
        """Of ``n_init`` draws of centres the one of smallest inertia, with its labels."""
        random = np.random.RandomState(self._seed("initialize"))
        best = None
        for _ in range(self.n_init):
            if self.init == "random":
                centers = z[random.choice(len(z), self.n_clusters, replace=False)]
            else:
                centers, _ = kmeans_plusplus(z, self.n_clusters, random_state=random)
            squared = pairwise_distances(z, centers, "sqeuclidean")
            inertia = squared.min(axis=1).sum()
            if best is None or inertia < best[0]:
                best = inertia, centers, squared.argmin(axis=1)
        return best[1:]


class SoftDistances(RowModel):
    """The loss "distance" of a minibatch."""

    def __init__(self, X, encoder, clustering, augment=None):
        super().__init__(X, {"clustering_loss": 1.0}, augment, name="soft_distances")
        self.encoder, self.clustering = encoder, clustering

    def loss_terms(self, x, batch, training):
        z = self.encoder(x, training=False)
        squared = ops.squared_distances(z, self.clustering.centers)
        return {"clustering_loss": keras.ops.sum(self.clustering(z) * squared, axis=1)}

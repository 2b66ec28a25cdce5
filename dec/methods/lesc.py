"""Learning embedding space for clustering from deep representations."""

from __future__ import annotations

import keras
import numpy as np
from keras import ops
from scipy.optimize import linear_sum_assignment
from sklearn.cluster import KMeans
from sklearn.utils.validation import check_is_fitted

from dec.layers import ClusteringLayer
from dec.methods._checks import choice, number
from dec.methods.base import DeepClusterer
from dec.networks.initializers import kernel_initializer
from dec.ops import squared_distances
from dec.seeds import spawn_seeds
from dec.training import Adam
from dec.training.rows import RowModel, finite, forward


class LESC(DeepClusterer):
    """Learning embedding space for clustering (Dahal, IEEE Big Data 2018).

    A second network h learns, from the similarities of the pairs of a minibatch in the latent space
    of the autoencoder, an embedding e = h(z) in which k-means is run:

    .. code-block:: text

        p_ij = (1 + |z_i - z_j|^2 / alpha)^(-(alpha + 1) / 2), columns normalised, p_ii = 0
        q_ij = (1 + |e_i - e_j|^2)^(-1), likewise
        L_C  = -sum_i!=j p_ij log q_ij

    L_C trains h; L_R the decoder; ``L_R + latent_weight L_C`` the encoder. P is no constant:
    through it the encoder lowers the entropy of P. Clusters are those of k-means on e, found anew
    at every refresh. They are hard: there is no ``predict_proba``. ``transform`` gives e.

    Where each sample is as similar to the (B - 1) / k others of its cluster in a batch of B, and to
    no one else, the mean of L_C over the columns is log((B - 1) / k). Going on below that takes the
    clusters themselves apart (the paper reports its best epoch by ACC instead); there the encoder
    leaves L_C alone, unless ``floor`` is False.

    Parameters
    ----------
    latent_weight : float, default=0.001
        Weight of L_C (mean over the columns) for the encoder, >= 0, with L_R the mean over
        features.
    units : tuple of int, default=(2000, 500, 500, 500)
        Hidden widths of h; e is as wide as z.
    floor : bool, default=True
        Whether L_C no longer trains the encoder once it is below log((B - 1) / k).
    alpha : float or None, default=None
        Degrees of freedom in P, > 0. None: twice the width of z.
    normalize : {"column", "joint"}, default="column"
        Over the pairs of each sample, as the author's code, or over all pairs, as the paper.
    update_interval : int, default=None
        None: one pass over the data.
    max_iter : int, default=None
        None: 50 passes over the data, as the paper.
    optimizer : keras.optimizers.Optimizer, str or None, default=None
        None: Adam with learning rate 0.001.
    **shared
        Parameters of every method, see ``DeepClusterer``. There are no first centroids, so ``init``
        and ``sphere`` change nothing.

    Attributes
    ----------
    representation_ : keras.Model
        h, z -> e.

    References
    ----------
    Dahal. Learning Embedding Space for Clustering From Deep Representations. IEEE Big Data 2018.
    """

    needs_all_rows = True

    def __init__(
        self,
        n_clusters=10,
        *,
        latent_weight=0.001,
        units=(2000, 500, 500, 500),
        floor=True,
        alpha=None,
        normalize="column",
        update_interval=None,
        max_iter=None,
        **shared,
    ):
        super().__init__(n_clusters, update_interval=update_interval, max_iter=max_iter, **shared)
        self.latent_weight = latent_weight
        self.units = units
        self.floor = floor
        self.alpha = alpha
        self.normalize = normalize

    def check_parameters(self):
        number("latent_weight", self.latent_weight, least=0)
        if self.alpha is not None:
            number("alpha", self.alpha, above=0)
        if not isinstance(self.floor, bool | np.bool_):
            raise TypeError(f"floor must be True or False, got {self.floor!r}.")
        choice("normalize", self.normalize, ("column", "joint"))

    def default_optimizer(self):
        return Adam(0.001)

    def build_head(self, centers):
        seeds = spawn_seeds([self._seed("network"), 1], len(self.units) + 1)
        widths = (*self.units, self.embedding_dim_)
        h = [
            keras.layers.Dense(
                units,
                activation=None if i == len(self.units) else "relu",
                kernel_initializer=kernel_initializer("glorot_uniform", seed),
                dtype=self.precision_ if i < len(self.units) else "float32",
                name=f"representation_{i}",
            )
            for i, (units, seed) in enumerate(zip(widths, seeds, strict=True))
        ]
        return [*h, ClusteringLayer(self.n_clusters, centers=centers, name="clustering")]

    def build_trainer(self, X):
        *h, _ = self._head
        alpha = self.alpha or 2 * self.embedding_dim_
        return PairwiseSimilarities(
            X, self._parts, h, self.latent_weight, alpha, self.normalize == "joint",
            self.n_clusters if self.floor else None, self._build_augmentation(),
        )  # fmt: skip

    def initialize(self, X, y=None):
        X = self._check_fit(X)
        self._ensure_network(X)
        self._attach_head(None)
        self._start_with(X, self.refresh(None, None, X))
        return self

    def refresh(self, trainer, before, X):
        """k-means on e; clusters keep their numbers as far as they keep their members."""
        # z too, because a ReLU of h may turn NaN into 0.
        e = finite(forward(self.representation_, finite(forward(self.encoder_, X), X)), X)
        seed = self._seed("initialize")
        kmeans = KMeans(self.n_clusters, n_init=self.n_init, random_state=seed).fit(e)
        order = np.arange(self.n_clusters)
        if trainer is not None:
            centers = keras.ops.convert_to_numpy(self._head[-1].centers)
            near = KMeans(self.n_clusters, init=centers, n_init=1).fit(e)
            # Restarts also find minima that are as good within a hair and cut the data elsewhere:
            # taking them, the labels would jump for ever.
            if near.inertia_ < 1.01 * kmeans.inertia_:
                kmeans = near
            both = np.zeros((self.n_clusters, self.n_clusters))
            before = self.labels_ if before is None else before
            np.add.at(both, (before, kmeans.labels_), 1)
            _, order = linear_sum_assignment(both, maximize=True)
        self._head[-1].centers.assign(kmeans.cluster_centers_[order])
        return self._predict(X)  # k-means rounds distances otherwise

    def _attach_head(self, centers):
        super()._attach_head(centers)
        e = z = keras.Input((self.embedding_dim_,))
        for layer in self._head[:-1]:
            e = layer(e)
        self.representation_ = keras.Model(z, e, name="representation")

    def _embed(self, X):
        """e, which ``transform`` gives instead of z."""
        check_is_fitted(self, "model_")
        return forward(self.representation_, super()._embed(X))

    @property
    def predict_proba(self):
        raise AttributeError("LESC clusters by k-means: there is no predict_proba.")


class PairwiseSimilarities(RowModel):
    """L_R and L_C of a minibatch, each going to the weights that it trains.

    ``n_clusters`` sets the floor of L_C; None for no floor.
    """

    def __init__(self, X, parts, h, latent_weight, alpha, joint, n_clusters=None, augment=None):
        weights = {"reconstruction_loss": 1.0, "clustering_loss": 1.0}
        super().__init__(X, weights, augment, name="pairwise")
        self.encoder, self.decoder = parts.encoder, parts.decoder
        self.error = parts.reconstruction_loss
        self.h, self.latent_weight = list(h), latent_weight
        self.alpha, self.joint, self.n_clusters = alpha, joint, n_clusters
        self.level = keras.Variable(  # L_C of the batch before
            np.inf, dtype="float32", trainable=False, name="level"
        )

    def loss_terms(self, x, batch, training):
        z = self.encoder(x, training=training)
        # The same value, but a gradient of share: h sees L_C whole, the encoder as much of it.
        share = self.latent_weight * ops.cast(self.level > self.floor(z), "float32")
        e = latent = ops.stop_gradient(z) + share * (z - ops.stop_gradient(z))
        for layer in self.h:
            e = layer(e, training=training)
        log_p = log_similarities(latent, self.alpha, self.joint)
        log_q = log_similarities(e, 1.0, self.joint)
        cross_entropy = -ops.sum(ops.exp(log_p) * log_q, axis=0)
        if training:
            self.level.assign(ops.stop_gradient(ops.mean(cross_entropy)))
        return {
            "reconstruction_loss": self.error(x, z, training),
            "clustering_loss": cross_entropy,
        }

    def floor(self, z):
        """Mean of L_C over the columns where similar means of the same one of k equal clusters."""
        if self.n_clusters is None:
            return -1.0
        size = ops.cast(ops.shape(z)[0], "float32")
        mates = (size - 1) / self.n_clusters
        return ops.log(size * mates) / size if self.joint else ops.log(mates)


def log_similarities(z, alpha: float, joint: bool):
    """Log p of all pairs: (batch, d) -> (batch, batch), the diagonal very negative (p_ii = 0).

    Columns, or with ``joint`` the whole, sum to 1.
    """
    z = ops.cast(z, "float32")
    kernel = -0.5 * (alpha + 1.0) * ops.log1p(squared_distances(z, z) / alpha)
    kernel = kernel - 1e9 * ops.eye(ops.shape(z)[0], dtype="float32")
    return kernel - ops.logsumexp(kernel, axis=None if joint else 0, keepdims=True)

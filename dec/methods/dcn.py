"""Deep clustering network."""

from __future__ import annotations

import keras
import numpy as np
from keras import ops
from sklearn.cluster import KMeans

from dec.layers import ClusteringLayer
from dec.methods._checks import number
from dec.methods.base import DeepClusterer
from dec.ops import squared_distances
from dec.training import Adam
from dec.training.rows import RowModel, finite, forward


class DCN(DeepClusterer):
    """Deep clustering network (Yang, Fu, Sidiropoulos & Hong, ICML 2017).

    Reconstruction and k-means at once, each sample being pulled to one centre:

    .. code-block:: text

        L = L_R + lam / 2 |f(x_i) - M s_i|^2,   s_i one-hot

    by turns, for every minibatch: a gradient step on the network with s and M fixed; s_i, the
    nearest centre; and the centres as running means, one sample after the other:

    .. code-block:: text

        c_k <- c_k + 1,   m_k <- m_k - (m_k - f(x_i)) / c_k

    The r samples of a batch that go to k make that ``(c_k m_k + sum f(x_i)) / (c_k + r)`` in one
    step. Every ``update_interval`` minibatches k-means over all samples puts s and M right again.
    Assignments are hard: there is no ``predict_proba``.

    Parameters
    ----------
    clustering_weight : float, default=0.01
        lam, >= 0, with L_R the mean (not the sum) over features of the squared error of the scaled
        rows. The ``lambda`` of the authors' scripts is the weight of L_R instead.
    initial_count : float, default=100
        c_k at the start, > 0 (from the authors' code): 0 would throw the first centres away.
    update_interval : int, default=None
        None: ten passes over the data, as the authors' code.
    max_iter : int, default=None
        None: 50 passes over the data, as the authors' code.
    optimizer : keras.optimizers.Optimizer, str or None, default=None
        None: Adam with learning rate 0.001. The authors' momentum SGD needs a rate for each data
        set.
    **shared
        Parameters of every method, see ``DeepClusterer``.

    References
    ----------
    Yang, Fu, Sidiropoulos, Hong. Towards K-means-friendly Spaces: Simultaneous Deep Learning and
    Clustering. ICML 2017, arXiv:1610.04794.
    """

    passes_per_update = 10

    needs_all_rows = True

    def __init__(
        self,
        n_clusters=10,
        *,
        clustering_weight=0.01,
        initial_count=100,
        update_interval=None,
        max_iter=None,
        **shared,
    ):
        super().__init__(n_clusters, update_interval=update_interval, max_iter=max_iter, **shared)
        self.clustering_weight = clustering_weight
        self.initial_count = initial_count

    def check_parameters(self):
        number("clustering_weight", self.clustering_weight, least=0)
        number("initial_count", self.initial_count, above=0)

    def default_optimizer(self):
        return Adam(0.001)

    def build_head(self, centers):
        # Student-t falls with the distance, so its argmax is the nearest centre.
        head = ClusteringLayer(self.n_clusters, centers=centers, name="clustering")
        head.trainable = False  # the centres are running means, not learned by gradient
        return [head]

    @property
    def loss_weights(self):
        return {"reconstruction_loss": 1.0, "clustering_loss": float(self.clustering_weight)}

    def build_trainer(self, X):
        (head,) = self._head
        return RunningMeans(
            X, self._parts, head, self.loss_weights, self.initial_count, self._build_augmentation()
        )

    def refresh(self, trainer, before, X):
        z, (head,) = finite(forward(self.encoder_, X), X), self._head
        kmeans = KMeans(self.n_clusters, init=ops.convert_to_numpy(head.centers), n_init=1).fit(z)
        head.centers.assign(kmeans.cluster_centers_)
        labels = self._predict(X)  # k-means rounds distances otherwise
        trainer.assignments.assign(labels)
        return labels

    @property
    def predict_proba(self):
        raise AttributeError("DCN assigns each sample to one cluster: there is no predict_proba.")


class RunningMeans(RowModel):
    """The loss with the assignments and centres of the last time a sample was seen.

    Assignments, centres and counts are statistics that move with each training step, as those of
    batch normalization do; the embedding they see is the one from before the gradient step.
    """

    def __init__(self, X, parts, head, weights, initial_count, augment=None):
        super().__init__(X, weights, augment, name="running_means")
        self.encoder, self.decoder = parts.encoder, parts.decoder
        self.error = parts.reconstruction_loss
        self.head = head  # its centers, (k, d_z), are M
        k, n = head.n_clusters, X.shape[0]
        self.counts = keras.Variable(  # c
            np.full(k, initial_count), dtype="float32", trainable=False, name="counts"
        )
        self.assignments = keras.Variable(  # s, as numbers
            np.zeros(n), dtype="int32", trainable=False, name="assignments"
        )

    def loss_terms(self, x, batch, training):
        z = self.encoder(x, training=training)
        centers = ops.convert_to_tensor(self.head.centers)
        pull = z - ops.take(centers, ops.take(self.assignments, batch["index"]), axis=0)
        if training:
            self.move(ops.stop_gradient(z), centers, batch["index"])
        return {
            "reconstruction_loss": self.error(x, z, training),
            "clustering_loss": 0.5 * ops.sum(pull * pull, axis=1),
        }

    def move(self, z, centers, index):
        """New s and M from the embedding z of the rows ``index``."""
        nearest = ops.cast(ops.argmin(squared_distances(z, centers), axis=1), "int32")
        counts = ops.convert_to_tensor(self.counts)
        centers, counts = moved(z, nearest, centers, counts)
        self.head.centers.assign(centers)
        self.counts.assign(counts)
        s = ops.convert_to_tensor(self.assignments)
        self.assignments.assign(ops.scatter_update(s, ops.expand_dims(index, 1), nearest))


def moved(z, nearest, centers, counts):
    """Running means after a whole batch, exactly as one sample after the other would leave them.

    z (batch, d), nearest (batch,), centers (k, d), counts (k,) -> new centers and counts.
    """
    chosen = ops.one_hot(nearest, counts.shape[0], dtype=z.dtype)  # (batch, k)
    grown = counts + ops.sum(chosen, axis=0)
    sums = counts[:, None] * centers + ops.matmul(ops.transpose(chosen), z)
    return sums / grown[:, None], grown

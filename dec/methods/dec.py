"""Deep embedded clustering."""

from __future__ import annotations

from dec import ops, targets
from dec.layers import ClusteringLayer
from dec.methods._checks import choice, number
from dec.methods.base import DeepClusterer


class DEC(DeepClusterer):
    """Deep embedded clustering (Xie, Girshick & Farhadi, ICML 2016).

    An autoencoder is pretrained and its decoder dropped; k-means on the embedding places the
    centroids; then encoder and centroids learn from their own most confident assignments:

    .. code-block:: text

        q_ij = (1 + |z_i - mu_j|^2 / alpha)^(-(alpha + 1) / 2), rows normalised    Eq. 1
        L    = KL(P || Q) = sum_ij p_ij log(p_ij / q_ij)                           Eq. 2
        p_ij = q_ij^2 / f_j, rows normalised, f_j = sum_i q_ij                     Eq. 3

    P is computed from the whole data set every ``update_interval`` minibatches and is constant in
    between; training ends when fewer than ``tol`` of the labels changed between two refreshes.

    Parameters
    ----------
    alpha : float, default=1.0
        Degrees of freedom of the Student-t kernel, > 0; the paper always takes 1.
    target : {"squared", "one_hot"}, default="squared"
        Eq. 3, or all mass on the nearest centre: the naive choice, kept to show its harm.
    **shared
        Parameters of every method, see ``DeepClusterer``.

    Examples
    --------
    >>> from dec import DEC, datasets
    >>> digits = datasets.load("digits")
    >>> model = DEC(n_clusters=10, random_state=0)
    >>> labels = model.fit_predict(digits.x)  # doctest: +SKIP

    References
    ----------
    Xie, Girshick, Farhadi. Unsupervised Deep Embedding for Clustering Analysis. ICML 2016,
    arXiv:1511.06335.
    """

    def __init__(self, n_clusters=10, *, alpha=1.0, target="squared", **shared):
        super().__init__(n_clusters, **shared)
        self.alpha = alpha
        self.target = target

    def check_parameters(self):
        number("alpha", self.alpha, above=0)
        choice("target", self.target, sorted(targets.BY_NAME))

    def build_head(self, centers):
        return [ClusteringLayer(self.n_clusters, self.alpha, centers, name="clustering")]  # Eq. 1

    def compute_target(self, q, frequency=None):
        return targets.BY_NAME[self.target](q, frequency)  # Eq. 3

    def clustering_loss(self, p, q):
        return ops.kl_divergence(p, q)  # Eq. 2

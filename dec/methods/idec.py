"""Improved deep embedded clustering."""

from __future__ import annotations

from dec.methods._checks import number
from dec.methods.dec import DEC
from dec.training import MomentumSGD


class IDEC(DEC):
    """Improved deep embedded clustering (Guo, Gao, Liu & Yin, IJCAI 2017).

    DEC with the decoder kept, so that the embedding goes on holding what the data are made of. On
    ``ConvAutoencoder`` it is DCEC (Guo, Liu, Zhu & Yin, ICONIP 2017).

    .. code-block:: text

        L   = L_R + gamma L_C
        L_R = mean squared error over features and samples, of scaled rows
        L_C = KL(P || Q), as DEC

    that is lam = 1 / (1 + gamma) in ``lam L_R + (1 - lam) L_C``, up to a common factor. The mean,
    and not the sum, over features is what gives ``gamma`` its size (Keras's convention, as in the
    authors' code).

    Parameters
    ----------
    gamma : float, default=0.1
        Weight of L_C, >= 0; with 0 the autoencoder trains on and no centroid moves.
    alpha : float, default=1.0
        Degrees of freedom of the Student-t kernel, > 0.
    optimizer : keras.optimizers.Optimizer, str or None, default=None
        None: SGD with learning rate 0.1 and momentum 0.9, under which L_C, at the default
        ``gamma``, moves encoder and centroids as in DEC, so that the two differ by the decoder
        only. The authors take Adam (0.001) for MNIST, SGD (0.1, 0.99) for USPS and Reuters.
    **shared
        Parameters of every method, see ``DeepClusterer``.

    References
    ----------
    Guo, Gao, Liu, Yin. Improved Deep Embedded Clustering with Local Structure Preservation. IJCAI
    2017.
    """

    def __init__(self, n_clusters=10, *, gamma=0.1, alpha=1.0, **shared):
        super().__init__(n_clusters, alpha=alpha, **shared)
        self.gamma = gamma

    def check_parameters(self):
        super().check_parameters()
        number("gamma", self.gamma, least=0)

    def default_optimizer(self):
        return MomentumSGD(0.1, momentum=0.9)

    @property
    def loss_weights(self):
        return {"reconstruction_loss": 1.0, "clustering_loss": float(self.gamma)}

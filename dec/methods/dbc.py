"""Discriminatively boosted clustering."""

from __future__ import annotations

from dec import targets
from dec.methods._checks import number
from dec.methods.dec import DEC
from dec.networks import ConvAutoencoder


class DBC(DEC):
    """Discriminatively boosted image clustering (Li, Qiao & Zhang, Pattern Recognition 2018).

    DEC on a convolutional autoencoder, with a target whose sharpness is a parameter:

    .. code-block:: text

        p_ij = q_ij^boost / f_j^balance, rows normalised,  f_j = sum_i q_ij
        L    = KL(P || Q)

    With ``boost=2, balance=1`` it is DEC's.

    Parameters
    ----------
    boost : float, default=2.0
        Power of q, > 0: the larger, the more the certain samples count.
    balance : float, default=1.0
        Power of the cluster frequency, >= 0: the larger, the more small clusters count.
    alpha : float, default=1.0
        Degrees of freedom of the Student-t kernel, > 0.
    **shared
        Parameters of every method, see ``DeepClusterer``.

    References
    ----------
    Li, Qiao, Zhang. Discriminatively Boosted Image Clustering with Fully Convolutional
    Auto-Encoders. Pattern Recognition 2018, arXiv:1703.07980.
    """

    def __init__(self, n_clusters=10, *, boost=2.0, balance=1.0, alpha=1.0, **shared):
        super().__init__(n_clusters, alpha=alpha, **shared)
        self.boost = boost
        self.balance = balance

    def check_parameters(self):
        super().check_parameters()
        number("boost", self.boost, above=0)
        number("balance", self.balance, least=0)

    def default_network(self):
        return ConvAutoencoder(batch_norm=True)

    def compute_target(self, q, frequency=None):
        return targets.boosted(q, self.boost, self.balance, frequency)

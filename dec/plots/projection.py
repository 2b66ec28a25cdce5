"""Two dimensions for the eye: t-SNE of an embedding."""

from __future__ import annotations

import numpy as np
from sklearn.manifold import TSNE

from ._checks import finite_matrix


def tsne(
    z: np.ndarray,
    random_state: int | np.random.RandomState | None = None,
    perplexity: float = 30.0,
) -> np.ndarray:
    """Project an embedding to the plane: (m, d) -> (m, 2) float32.

    Slow (m log m, a thousand passes): draw a subset of a few thousand first, and the same one of
    both embeddings to compare them. In the result neighbourhoods mean something; the size of a
    group and the distance between far groups do not.

    Parameters
    ----------
    z : array (m, d)
        Finite embedding with m > `perplexity` and d >= 2.
    random_state : int, RandomState or None
        Seed; an int gives the same picture each time on one machine.
    perplexity : float
        Effective number of neighbours, positive; 30 is scikit-learn's default.

    Returns
    -------
    array (m, 2), float32
        Coordinates without a unit, started from the first two principal components.

    Raises
    ------
    TypeError
        If `z` is not real.
    ValueError
        If `z` has another shape or is not finite, or `perplexity` is not in (0, m).

    References
    ----------
    L. van der Maaten, G. Hinton, "Visualizing Data using t-SNE", JMLR 9, 2008.
    """
    z = finite_matrix("z", z)
    if z.shape[1] < 2:
        raise ValueError(f"z: expected at least 2 columns to project, received shape {z.shape}")
    if not 0 < perplexity < len(z):
        raise ValueError(
            f"perplexity: expected a number above 0 and below the {len(z)} samples, received "
            f"{perplexity!r}"
        )
    model = TSNE(init="pca", perplexity=perplexity, random_state=random_state)
    return model.fit_transform(z.astype(np.float32)).astype(np.float32)

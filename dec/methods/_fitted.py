"""What a fitted estimator does: labels, embeddings and files."""

from __future__ import annotations

import os
from functools import partial

import keras
import numpy as np
import scipy.sparse
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    ClusterMixin,
    TransformerMixin,
)
from sklearn.utils.validation import check_is_fitted, validate_data

from dec.methods import _checks, _state
from dec.training import workers
from dec.training.rows import forward
from dec.training.shards import ShardedSource, Shards
from dec.training.sources import Rows, Source, Stream, is_stream, lies_on_disk


class FittedClusterer(
    ClassNamePrefixFeaturesOutMixin, TransformerMixin, ClusterMixin, BaseEstimator
):
    """The half of ``DeepClusterer`` that trains nothing."""

    def predict(self, X, min_confidence: float = 0.0) -> np.ndarray:
        """Cluster of each row, argmax q: int64 (n,).

        Rows whose largest q is below ``min_confidence``, in [0, 1], are left undecided: -1. q ranks
        rows by how sure they are; it is no probability, and how large it gets depends on method and
        data: take a quantile. Methods without ``predict_proba`` take 0 only.
        """
        check_is_fitted(self, "model_")
        _checks.number("min_confidence", min_confidence, least=0)
        if not min_confidence:
            return self._predict(self._check_x(X))
        if min_confidence > 1 or not hasattr(self, "predict_proba"):
            most = 1 if hasattr(self, "predict_proba") else 0
            raise ValueError(f"min_confidence must be <= {most}, got {min_confidence!r}.")
        q = self.predict_proba(X)
        return np.where(q.max(axis=1) < min_confidence, -1, q.argmax(axis=1))

    def predict_proba(self, X) -> np.ndarray:
        """Soft assignments q: float32 (n, k), rows sum to 1."""
        check_is_fitted(self, "model_")
        return forward(self.model_, self._check_x(X))

    def sample_scores(self, X) -> dict[str, np.ndarray]:
        """How sure each row is and how like the training data, by name: float32 (n,).

        ``confidence``
            Largest q.
        ``margin``
            Largest minus second largest q: 0 on the border of two clusters.
        ``reconstruction_loss``
            L_R of the row: mean squared error over the scaled features.

        The first two are missing where there is no ``predict_proba``, the last where the weights
        came without a decoder.
        """
        check_is_fitted(self, "model_")
        X, scores = self._check_x(X), {}
        if hasattr(self, "predict_proba"):
            second, largest = np.sort(self.predict_proba(X), axis=1)[:, -2:].T
            scores = {"confidence": largest, "margin": largest - second}
        if hasattr(self, "autoencoder_"):
            error = self._parts.reconstruction_loss(self.encoder_.input, self.encoder_.output)
            scores["reconstruction_loss"] = forward(keras.Model(self.encoder_.input, error), X)
        return scores

    def transform(self, X) -> np.ndarray:
        """Embedding z: float32 (n, d_z)."""
        check_is_fitted(self, "encoder_")
        return self._embed(self._check_x(X))

    def save(self, path: str | os.PathLike):
        """Write the whole fitted estimator to one HDF5 file; ``load`` is the way back."""
        check_is_fitted(self, "model_")
        _state.write(self, path)

    @classmethod
    def load(cls, path: str | os.PathLike, network=None):
        """The estimator that ``save`` wrote.

        ``network`` is needed only for one that was fitted with Keras models of your own: a file
        holds their weights, not their code.

        Raises
        ------
        FileNotFoundError
            There is no such file.
        dec.ModelFileError
            Damaged, of a newer format, or of another class.
        """
        return _state.read(cls, path, network)

    def save_weights(self, path: str | os.PathLike):
        """Write the weights of the network, and the centroids if there are any, to HDF5."""
        check_is_fitted(self, "encoder_")
        _state.write_weights(self, path)

    def load_weights(self, path: str | os.PathLike):
        """Take the weights of a file of ``save_weights`` or of DEC-keras.

        The network is built from the shapes in the file. A file without centroids leaves an
        estimator whose ``initialize`` and ``refine`` go on from there (``fit`` does so with
        ``pretraining=None``); one with centroids predicts at once.

        Returns
        -------
        self
        """
        _state.read_weights(self, path)
        return self

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = self._network().sample_ndim == 1
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags

    def __sklearn_is_fitted__(self):
        return hasattr(self, "encoder_")

    def __getstate__(self):
        return _state.to_pickle(self, super().__getstate__())

    def __setstate__(self, state):
        _state.from_pickle(self, state, super().__setstate__)

    @property
    def _n_features_out(self):
        return self.embedding_dim_

    def _embed(self, X) -> np.ndarray:
        return forward(self.encoder_, X)

    def _predict(self, X) -> np.ndarray:
        return forward(self.model_, X, kept=lambda q: q.argmax(axis=1))

    def _check_x(self, X, fitting: bool = False) -> Source:
        if isinstance(X, Source):  # checked by the public method that was called first
            return X
        if isinstance(X, Shards):
            return ShardedSource([self._check_rows(part, fitting) for part in X.parts])
        if fitting and workers.count() > 1:
            return ShardedSource([self._check_rows(X, fitting)])
        return self._check_rows(X, fitting)

    def _check_rows(self, X, fitting: bool) -> Source:
        # Only the network knows how many axes a sample has; float64 and integers become float32,
        # uint8 stays (it is scaled batch by batch).
        network = self.network_ if not fitting else self._network()
        ndim = network.sample_ndim + 1
        check = partial(
            validate_data, self, reset=fitting, dtype=[np.float32, np.uint8], accept_sparse="csr",
            ensure_min_samples=2 if fitting else 1, allow_nd=ndim > 2, order="C",
        )  # fmt: skip
        if is_stream(X):
            source = Stream(X)
            check(source.head(2))
        elif lies_on_disk(X):
            source = Rows(X, on_disk=True)
            check(X[:2])
            if fitting and X.dtype != np.uint8:
                for _ in source.blocks():  # NaN in the last row is found now, not after an hour
                    pass
        else:
            X = check(X)
            source = Rows(X if scipy.sparse.issparse(X) else np.ascontiguousarray(X))
        if len(source.shape) != ndim:
            raise ValueError(
                f"X must have {ndim} dimensions for this network, got {len(source.shape)}."
            )
        if not fitting and source.shape[1:] != self.input_shape_:
            raise ValueError(
                f"X must have rows of shape {self.input_shape_}, got {source.shape[1:]}."
            )
        return source

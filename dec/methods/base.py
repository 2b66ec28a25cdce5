"""The estimator that every method is: three phases, scikit-learn's contract, files.

To write a method, derive from ``DeepClusterer`` in a file of its own and give it

* ``__init__`` with the method's own parameters and ``**shared``, which only stores them;
* ``build_head(centers)``: the Keras layers from z (batch, d_z) to q (batch, k);
* ``compute_target(q)``: Q of the whole data set -> P, in NumPy;
* ``clustering_loss(p, q)``: L_C of each sample, in ``keras.ops``;
* if L_R counts too, ``loss_weights``;
* if it does not learn from targets P, its own ``build_trainer`` and ``refresh`` instead.

Then list it in ``methods/__init__.py``. It holds no loop, no file and no print: training owns time.
"""

from __future__ import annotations

import abc
import inspect
import math
import numbers
import os
import warnings
from collections.abc import Sequence
from functools import partial
from typing import ClassVar

import keras
import numpy as np
import scipy.sparse
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    ClusterMixin,
    TransformerMixin,
)
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_consistent_length, check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from dec.classical import GraphDegreeLinkage
from dec.layers import RandomAffine
from dec.methods import _checks, _state
from dec.methods._checkpoints import Checkpoint, Checkpoints
from dec.networks import DenseAutoencoder, Network, as_network
from dec.seeds import spawn_seeds
from dec.training import (
    MomentumSGD,
    RefreshTargets,
    SelfTraining,
    StopOnDivergence,
    StopOnLabelChange,
    precision,
    presets,
)
from dec.training.pretrain import pretrain
from dec.training.progress import Progress
from dec.training.rows import RowModel, finite, forward
from dec.training.rows import fit as fit_rows
from dec.training.sources import Rows, Source, Stream, is_stream, lies_on_disk
from dec.training.sphere import cluster_means, sphered_kmeans, sphering_matrix


class CollapseWarning(UserWarning):
    """All samples ended in one cluster."""


#: Samples that the first centroids are placed on, at most: linkage needs distances of all pairs.
START_SAMPLES = {"k-means": 2**18, "linkage": 20_000}

_PHASES = ("network", "pretrain", "initialize", "refine", "augment")


class DeepClusterer(
    ClassNamePrefixFeaturesOutMixin, TransformerMixin, ClusterMixin, BaseEstimator, abc.ABC
):
    """Base class of all methods: a clustering estimator around a Keras model.

    Parameters
    ----------
    n_clusters : int, default=10
        Number of clusters k, 2 <= k <= n.
    network : Network, (keras.Model, keras.Model) or None, default=None
        Settings of the autoencoder, such as ``DenseAutoencoder(units=(500, 500, 2000, 10))``; or a
        built encoder and decoder of your own, which every fit copies; None for the paper's.
    pretraining : str, Pretraining or None, default="auto"
        Recipe of the autoencoder: ``"layerwise"`` (greedy, then whole), ``"end_to_end"``,
        ``"adam"``, ``"paper"``, ``"dec_keras"``, or one of your own; ``"auto"`` is the
        network's own, None trains nothing and takes the network as it is (random, or as
        ``load_weights`` left it).
    init : {"k-means", "linkage"}, default="k-means"
        Clusters of the embedding whose means are the first centroids: of k-means, as the papers, on
        at most 262 144 samples; or of ``dec.classical.GraphDegreeLinkage``, on at most 20 000,
        which finds clusters that are no balls and is often far better.
    n_init : int, default=20
        Restarts of that k-means; the best inertia wins.
    sphere : bool, default=True
        With these clusters, map the embedding linearly so that its clusters are spherical
        (``dec.training.sphere``): an autoencoder fixes a linear embedding only up to such a map,
        and the one it happens to end in is a poor metric. A network whose embedding is not linear
        keeps it and takes the clusters only. The papers do without: False.
    batch_size : int, default=256
        Samples a minibatch, in both trainings; fewer where the data set is smaller.
    update_interval : int or None, default=140
        Minibatches between two refreshes of the targets; None for one pass over the data.
    tol : float, default=0.001
        Training ends when a smaller share of the labels changed since the previous refresh.
    max_iter : int or None, default=20000
        Minibatches of self-training at most, rounded up to whole update intervals; 0 for none, None
        for 50 passes over the data.
    optimizer : keras.optimizers.Optimizer, str or None, default=None
        Of self-training. None: SGD with learning rate 0.01 and momentum 0.9, as the paper. An
        instance is a template: every run starts from a fresh one of its configuration.
    augmentation : RandomAffine or None, default=None
        Random changes of the images that both trainings learn from, such as
        ``dec.layers.RandomAffine(image_shape=(28, 28, 1))``; k-means, targets and labels are of the
        clean images (Guo et al., ACML 2018). A template, as ``optimizer``. For images only: of
        other data a shift or a turn is another sample.
    checkpoint_dir : path or None, default=None
        Folder for the state of ``fit``, written at most every 30 seconds; the last two are kept. A
        run that was killed and is called again with the same data and settings goes on from there
        and ends with the same bits; with others it is refused. A run that had ended gives its
        result again. The folder is of one run only.
    precision : {"auto", "float32", "mixed_bfloat16"}, default="auto"
        Number format of the hidden layers' matrix products; "auto" takes bfloat16 where the
        processor has matrix units for it. Everything else is float32.
    random_state : int, RandomState or None, default=None
        Seed of initial weights, shuffling, dropout and k-means. The global random states are
        neither read nor changed.
    verbose : int, default=0
        0: silent; 1: progress bars; 2: a line a refresh.

    Attributes
    ----------
    labels_ : int64 array, (n,)
        argmax q at the last refresh; ``predict`` of the training data.
    cluster_centers_ : float32 array, (k, d_z)
        Centroids in the embedding.
    n_iter_ : int
        Minibatches of self-training.
    history_ : list of dict
        One record a refresh: ``iteration``, each term of the loss by its name (mean since the
        refresh before; ``clustering_loss`` in nats per sample), ``changed``, ``live_clusters``,
        ``largest_cluster`` (share of the samples), and ``acc``, ``nmi``, ``ari`` when ``y`` was
        given.
    pretraining_history_ : list of dict
        One record a stage: ``part``, ``iterations``, ``relative_error``, ``dead_units``.
    converged_ : bool
        Whether ``tol`` was met.
    stop_reason_ : str
        ``"converged"``, ``"max_iter"``, ``"collapsed"`` (all samples in one cluster),
        ``"non_finite_loss"`` or ``"interrupted"``.
    n_features_in_, embedding_dim_ : int
    network_, precision_, scale_ : Network, str, float
        What was built: the network's settings, number format, and factor on raw values.
    autoencoder_, encoder_, model_ : keras.Model
        x -> reconstruction of the scaled x; x -> z; x -> q. They share the encoder. After
        ``refine`` the decoder is the one from before it.
    """

    #: What ``init`` may be.
    inits: ClassVar[tuple[str, ...]] = ("k-means", "linkage")
    #: Passes over the data between two refreshes where ``update_interval`` is None.
    passes_per_update: ClassVar[int] = 1
    #: Passes of self-training at most where ``max_iter`` is None.
    max_passes: ClassVar[int] = 50

    def __init__(
        self,
        n_clusters=10,
        *,
        network=None,
        pretraining="auto",
        init="k-means",
        n_init=20,
        sphere=True,
        batch_size=256,
        update_interval=140,
        tol=0.001,
        max_iter=20000,
        optimizer=None,
        augmentation=None,
        checkpoint_dir=None,
        precision="auto",
        random_state=None,
        verbose=0,
    ):
        self.n_clusters = n_clusters
        self.network = network
        self.pretraining = pretraining
        self.init = init
        self.n_init = n_init
        self.sphere = sphere
        self.batch_size = batch_size
        self.update_interval = update_interval
        self.tol = tol
        self.max_iter = max_iter
        self.optimizer = optimizer
        self.augmentation = augmentation
        self.checkpoint_dir = checkpoint_dir
        self.precision = precision
        self.random_state = random_state
        self.verbose = verbose

    def __init_subclass__(cls, **kwargs):
        # Shared parameters are written once, above; a method's own signature is completed with
        # them here, which is what get_params, clone and help() read.
        super().__init_subclass__(**kwargs)
        own = inspect.signature(cls.__init__)
        named = [p for p in own.parameters.values() if p.kind is not p.VAR_KEYWORD]
        shared = inspect.signature(DeepClusterer.__init__).parameters.values()
        missing = [p for p in shared if p.name not in own.parameters]
        cls.__init__.__signature__ = own.replace(parameters=named + missing)

    # ---- what a method writes ---------------------------------------------------------------

    def default_network(self) -> Network:
        """The paper's network, taken when ``network`` is None."""
        return DenseAutoencoder()

    def check_parameters(self) -> None:
        """Raise for values of the method's own parameters that no fit can use."""

    def default_optimizer(self) -> keras.optimizers.Optimizer:
        """The paper's, taken when ``optimizer`` is None."""
        return MomentumSGD(0.01, momentum=0.9)

    @abc.abstractmethod
    def build_head(self, centers: np.ndarray | None) -> list[keras.layers.Layer]:
        """Layers z (batch, d_z) -> q (batch, k), starting at ``centers`` (k, d_z).

        The last one holds the centroids, (k, d), as ``centers``.
        """

    def compute_target(self, q: np.ndarray) -> np.ndarray:
        """P from the Q of the whole data set: (n, k) -> (n, k), rows sum to 1; may overwrite Q."""
        raise NotImplementedError

    def clustering_loss(self, p, q):
        """L_C of each sample, in nats: (batch, k), (batch, k) -> (batch,)."""
        raise NotImplementedError

    @property
    def loss_weights(self) -> dict[str, float]:
        """Factors of ``clustering_loss`` L_C and, if it counts, ``reconstruction_loss`` L_R."""
        return {"clustering_loss": 1.0}

    def build_trainer(self, X) -> RowModel:
        """The Keras model that ``refine`` trains."""
        return SelfTraining(
            X, self._parts, self._head, self.clustering_loss, self.loss_weights,
            self._build_augmentation(),
        )  # fmt: skip

    def refresh(self, trainer: RowModel, before: np.ndarray | None, X) -> np.ndarray:
        """Labels of all rows, (n,), and new targets in ``trainer``: once an update interval.

        ``before`` are the labels of the refresh before, None at the first.
        """
        q = finite(forward(self.model_, X))
        labels = q.argmax(axis=1)
        trainer.targets = self.compute_target(q)
        return labels

    # ---- the three phases -------------------------------------------------------------------

    def fit(self, X, y=None, callbacks: Sequence[keras.callbacks.Callback] = ()):
        """Pretrain, initialize and refine on ``X``.

        Parameters
        ----------
        X : array-like, sparse matrix or stream, (n, ...)
            uint8 data stay uint8 in memory; a sparse matrix is densified batch by batch. Memory
            maps and HDF5 data sets are read from disk, piece by piece. A stream is a ``tf.data``
            data set, a ``PyDataset``, a PyTorch ``DataLoader`` or the like, of batches
            ``(rows, numbers of the rows)``, see ``dec.training.sources.Stream``.
        y : array-like, (n,), optional
            Classes, for ACC, NMI and ARI in progress and history. Never used otherwise: the result
            has the same bits with, without and with shuffled ``y``.
        callbacks : sequence of keras.callbacks.Callback
            For the self-training, in which a Keras epoch is one update interval.

        Returns
        -------
        self

        Raises
        ------
        ValueError, TypeError
            Bad data or parameters, before anything is trained; names the argument.
        dec.CheckpointError
            ``checkpoint_dir`` is of a run on other data or with other settings.
        OSError
            A checkpoint cannot be written; the last good one stays.

        Warns
        -----
        dec.CollapseWarning
            All samples are in one cluster.
        sklearn.exceptions.ConvergenceWarning
            The loss is not finite any more.
        """
        X = self._check_fit(X, y)
        self.__dict__.pop("_entropy", None)
        behind = self._phase_of_checkpoint(X)
        if self.pretraining is not None and behind in (None, "pretrain"):
            self.pretrain(X)
        if behind != "refine":
            self.initialize(X)
        return self.refine(X, y, callbacks)

    def pretrain(self, X, y=None):
        """Phase 1: build the network afresh and train it on its own loss, with no clusters."""
        X = self._check_fit(X)
        recipe = presets.get(self.pretraining, self._network())
        progress = self._progress("pretrain", X)
        if not progress.begins_at[0]:
            scale = 1.0 if recipe is None else recipe.scale_of(X)
            self._build_network(X.shape[1:], scale, recipe and recipe.initializer)
        if recipe is not None:
            self.pretraining_history_ = pretrain(
                self._parts, X, recipe, batch_size=self.batch_size, seed=self._seed("pretrain"),
                augment=self._build_augmentation(), verbose=self.verbose, progress=progress,
            )  # fmt: skip
        return self

    def initialize(self, X, y=None):
        """Phase 2: k-means on the embedding places the centroids."""
        X = self._check_fit(X)
        centers, _ = self._cluster_embedding(X)
        self._attach_head(centers)
        self._finish(self._predict(X), 0, [], "max_iter")
        return self

    def refine(self, X, y=None, callbacks: Sequence[keras.callbacks.Callback] = ()):
        """Phase 3: self-training of encoder and centroids; arguments as in ``fit``."""
        X = self._check_fit(X, y)
        progress = self._progress("refine", X)
        check_is_fitted(self, "model_")
        trainer = self.build_trainer(X)
        period = self._update_interval(X.shape[0])
        refresh = RefreshTargets(partial(self.refresh, X=X), self.n_clusters, period, y)
        _, arrays, reported = progress.begins_at
        refresh.labels = arrays.get("refresh/labels")
        refresh.history = reported.get("history", [])
        progress.place = {"training": "refine"}
        progress.report = lambda: (
            {"refresh/labels": refresh.labels}, {"history": refresh.history}
        )  # fmt: skip
        stop = StopOnLabelChange(self.tol)
        watch = StopOnDivergence("loss")
        reason = "max_iter"
        try:
            fit_rows(
                trainer, X, self._build_optimizer(), self.batch_size, steps=period,
                epochs=math.ceil(self._max_iter(X.shape[0]) / period), seed=self._seed("refine"),
                callbacks=[refresh, stop, watch, *callbacks],
                verbose=self.verbose, progress=progress,
            )  # fmt: skip
            if watch.diverged or refresh.diverged:
                reason = "non_finite_loss"
                warnings.warn(
                    "The loss is not finite any more: the result is useless. Take a "
                    "smaller learning rate in optimizer, or scale the data.",
                    ConvergenceWarning,
                    stacklevel=2,
                )
            elif stop.converged:
                reason = "converged"
        except KeyboardInterrupt:
            # The weights are those of the last step: labels must be of the same weights.
            refresh.labels = self._predict(X)
            reason = "interrupted"
            raise
        finally:
            if refresh.history:
                n_iter = int(keras.ops.convert_to_numpy(trainer.optimizer.iterations))
                self._finish(refresh.labels, n_iter, refresh.history, reason)
        return self

    # ---- what a fitted estimator does -------------------------------------------------------

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
        return forward(self.encoder_, self._check_x(X))

    # ---- files ------------------------------------------------------------------------------

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

    def __sklearn_is_fitted__(self):
        return hasattr(self, "encoder_")

    def __getstate__(self):
        return _state.to_pickle(self, super().__getstate__())

    def __setstate__(self, state):
        _state.from_pickle(self, state, super().__setstate__)

    # ---- inside -----------------------------------------------------------------------------

    @property
    def _n_features_out(self):
        return self.embedding_dim_

    @classmethod
    def _get_param_names(cls):
        return sorted(set(inspect.signature(cls.__init__).parameters) - {"self"})

    def _seed(self, phase: str) -> int:
        """Seed of one phase, the same whether the phases are called alone or by ``fit``."""
        if not hasattr(self, "_entropy"):
            if self.random_state is None:
                # Fresh, and not from NumPy's global generator, which is the caller's.
                self._entropy = np.random.SeedSequence().entropy
            elif isinstance(self.random_state, numbers.Integral):
                self._entropy = int(self.random_state)
            else:
                self._entropy = int(check_random_state(self.random_state).randint(2**31 - 1))
        (seed,) = spawn_seeds([self._entropy, _PHASES.index(phase)], 1)
        return seed

    def _progress(self, phase: str, X: Source) -> Progress:
        """Where ``phase`` begins; if that is a checkpoint, this estimator is what it was then."""
        if self.checkpoint_dir is None:
            return Progress()
        store = Checkpoints(self.checkpoint_dir, _state.settings(self), X.fingerprint)
        saved = store.latest()
        if saved is None or saved[-1]["phase"] != phase:
            return Checkpoint(self, store, phase, None)
        arrays, _, header = saved
        self._entropy = header["entropy"]
        _state.restore(self, arrays, header)
        return Checkpoint(self, store, phase, saved)

    def _phase_of_checkpoint(self, X: Source) -> str | None:
        if self.checkpoint_dir is None:
            return None
        saved = Checkpoints(self.checkpoint_dir, _state.settings(self), X.fingerprint).latest()
        return saved and saved[-1]["phase"]

    def _network(self) -> Network:
        return as_network(self.network) or self.default_network()

    def _build_network(self, input_shape, scale: float, initializer: str | None):
        for name in ("model_", "labels_", "cluster_centers_", "pretraining_history_"):
            self.__dict__.pop(name, None)
        self.network_ = self._network()
        self.precision_ = precision.resolve(self.precision)
        self.scale_ = float(scale)
        self.input_shape_ = tuple(int(n) for n in input_shape)
        self._parts = self.network_.build(
            self.input_shape_, scale=self.scale_, initializer=initializer,
            precision=self.precision_, seed=self._seed("network"),
        )  # fmt: skip
        self.encoder_ = self._parts.encoder
        self.autoencoder_ = self._parts.model
        self.embedding_dim_ = int(self.encoder_.output_shape[-1])

    def _ensure_network(self, X):
        """A random network, if none was trained or loaded."""
        if not hasattr(self, "_parts"):
            self._build_network(X.shape[1:], 1.0, None)

    def _cluster_embedding(self, X) -> tuple[np.ndarray, np.ndarray]:
        """First centres (k, d_z), after sphering if that is asked for, and labels (n,).

        Of a large data set a sample is clustered, and the labels are those of the sample.
        """
        self._ensure_network(X)
        z = forward(self.encoder_, self._sample(X))
        start = {"n_init": self.n_init, "random_state": self._seed("initialize")}
        if self.init == "linkage":
            labels = GraphDegreeLinkage(self.n_clusters).fit_predict(z)
            matrix = sphering_matrix(z, labels) if self.sphere else np.eye(z.shape[1])
            centers = cluster_means(z, labels) @ matrix
        elif self.sphere:
            matrix, centers, labels = sphered_kmeans(z, self.n_clusters, **start)
        else:
            kmeans = KMeans(self.n_clusters, **start).fit(z)
            centers, labels = kmeans.cluster_centers_, kmeans.labels_
        if not self.sphere:
            return centers, labels
        if self._parts.has_linear_embedding:
            self._parts.map_embedding(matrix)
            return centers, labels
        return centers @ np.linalg.inv(matrix), labels

    def _sample(self, X: Source) -> Source:
        most = START_SAMPLES.get(self.init, START_SAMPLES["k-means"])
        return X.sample(most, self._seed("initialize"))

    def _attach_head(self, centers: np.ndarray | None):
        self._head = self.build_head(centers)
        q = self.encoder_.outputs[0]
        for layer in self._head:
            q = layer(q)
        self.model_ = keras.Model(self.encoder_.input, q, name=type(self).__name__.lower())

    def _predict(self, X) -> np.ndarray:
        return forward(self.model_, X).argmax(axis=1)

    def _update_interval(self, n: int) -> int:
        """Minibatches between two refreshes of n samples."""
        return self.update_interval or self.passes_per_update * self._batches(n)

    def _max_iter(self, n: int) -> int:
        """Minibatches of self-training at most, of n samples."""
        return self.max_passes * self._batches(n) if self.max_iter is None else self.max_iter

    def _batches(self, n: int) -> int:
        return math.ceil(n / min(self.batch_size, n))

    def _build_optimizer(self) -> keras.optimizers.Optimizer:
        if self.optimizer is None:
            return self.default_optimizer()
        template = keras.optimizers.get(self.optimizer)
        if template.use_ema:  # Keras puts the averages in at the end, after the last labels
            raise ValueError("optimizer must not average the weights (use_ema).")
        return type(template).from_config(template.get_config())

    def _build_augmentation(self) -> RandomAffine | None:
        if self.augmentation is None:
            return None
        config = {**self.augmentation.get_config(), "seed": self._seed("augment")}
        return RandomAffine.from_config(config)

    def _finish(self, labels, n_iter: int, history: list[dict], reason: str):
        if reason in ("converged", "max_iter") and (labels == labels[0]).all():
            reason = "collapsed"
            warnings.warn(
                "All samples are in one cluster: the embedding no longer tells them apart. Most "
                "often the autoencoder learned the mean of the data and nothing else: take another "
                "activation or initializer in network, layer-wise pretraining, or another "
                "learning rate.",
                CollapseWarning,
                stacklevel=3,
            )
        self.labels_ = labels.astype(np.int64)
        self.cluster_centers_ = keras.ops.convert_to_numpy(self._head[-1].centers)
        self.n_iter_, self.history_ = n_iter, history
        self.stop_reason_, self.converged_ = reason, reason == "converged"

    def _check_fit(self, X, y=None) -> Source:
        _checks.parameters(self)
        self._build_optimizer()  # so that an unknown one is refused now, not after pretraining
        self.check_parameters()
        X = self._check_x(X, fitting=True)
        _checks.enough_rows(X, self.n_clusters)
        if y is not None:
            check_consistent_length(X, y)
        return X

    def _check_x(self, X, fitting: bool = False) -> Source:
        if isinstance(X, Source):  # checked by the public method that was called first
            return X
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

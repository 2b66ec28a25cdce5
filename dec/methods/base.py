"""The estimator that every method is: three phases, scikit-learn's contract, files.

To write a method, derive from ``DeepClusterer`` in a file of its own and give it

* ``__init__`` with the method's own parameters and ``**shared``, which only stores them;
* ``build_head(centers)``: the Keras layers from z (batch, d_z) to q (batch, k);
* ``compute_target(q, frequency)``: rows of Q, and the column sums of all -> P, in NumPy;
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
from collections.abc import Sequence
from functools import partial
from typing import ClassVar

import keras
import numpy as np
from sklearn.cluster import KMeans
from sklearn.utils import check_consistent_length, check_random_state
from sklearn.utils.validation import check_is_fitted

from dec import metrics
from dec.classical import GraphDegreeLinkage
from dec.layers import RandomAffine
from dec.methods import _checks, _state, _warnings
from dec.methods._checkpoints import Checkpoint, Checkpoints
from dec.methods._fitted import FittedClusterer
from dec.networks import DenseAutoencoder, Network, as_network
from dec.seeds import spawn_seeds
from dec.training import (
    KeepState,
    MomentumSGD,
    RefreshTargets,
    SelfTraining,
    StopOnLabelChange,
    precision,
    presets,
)
from dec.training.pretrain import pretrain
from dec.training.progress import Progress
from dec.training.rows import RowModel, finite, forward
from dec.training.rows import fit as fit_rows
from dec.training.sources import Rows, Source, Subset
from dec.training.sphere import cluster_means, sphered_kmeans, sphering_matrix

#: Samples that ``silhouette`` is of, at most: it takes all pairs.
SILHOUETTE_SAMPLES = 2048
#: Samples that the first centroids are placed on, at most: linkage needs distances of all pairs.
START_SAMPLES = {"k-means": 2**18, "linkage": 20_000}
#: Rows whose targets are made together: the logarithms of all at once would fill the memory.
TARGET_ROWS = 2**16

_PHASES = ("network", "pretrain", "initialize", "refine", "augment", "silhouette")


class DeepClusterer(FittedClusterer, abc.ABC):
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
    keep : {"last", "best"}, default="last"
        The refresh whose weights and labels self-training ends with: the last, or that of the
        largest ``silhouette`` (see ``history_``), which needs no classes. Where something is not
        finite, or half of the clusters are lost, training ends with the refresh kept before.
    empty : {"keep", "farthest"}, default="keep"
        What a refresh does with a cluster that has no samples: nothing, as the papers, whose
        centroids still move by their soft shares; or its centroid goes to the sample that is
        least sure of its own. Empty clusters at the end are said. Where refreshes run k-means (DCN,
        LESC), there are none.
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
    scratch_dir : path or None, default=None
        Folder for Q and the targets P of self-training, a file of 4 n k bytes that is gone
        afterwards; None keeps them in memory. DCN and LESC have neither.
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
        argmax q at the refresh that is kept; ``predict`` of the training data.
    cluster_centers_ : float32 array, (k, d_z)
        Centroids in the embedding.
    n_iter_ : int
        Minibatches of self-training behind these labels and weights.
    history_ : list of dict
        One record a refresh: ``iteration``, each term of the loss by its name (mean since the
        refresh before; ``clustering_loss`` in nats per sample), ``changed``, ``live_clusters``,
        ``largest_cluster`` (share of the samples), ``entropy`` of the shares (nats),
        ``silhouette`` (in [-1, 1], ``dec.metrics.silhouette`` of the embedding of at most 2048
        samples), and ``acc``, ``nmi``, ``ari`` when ``y`` was given.
    pretraining_history_ : list of dict
        One record a stage: ``part``, ``iterations``, ``relative_error``, ``dead_units``, and of the
        whole autoencoder ``explained_variance`` and ``embedding_spread``.
    converged_ : bool
        Whether ``tol`` was met.
    stop_reason_ : str
        ``"converged"``, ``"max_iter"``, ``"collapsed"`` (half of the clusters, or all but one, were
        lost, or the autoencoder had learned nothing), ``"non_finite_loss"`` or ``"interrupted"``
        (Ctrl-C).
    n_features_in_, embedding_dim_ : int
    network_, precision_, scale_ : Network, str, float
        What was built: the network's settings, number format, and factor on raw values.
    autoencoder_, encoder_, model_ : keras.Model
        x -> reconstruction of the scaled x; x -> z; x -> q. They share the encoder. After
        ``refine`` the decoder is the one from before it.
    """

    #: Whether a refresh looks at all rows together, which several workers do not have.
    needs_all_rows: ClassVar[bool] = False
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
        keep="last",
        empty="keep",
        optimizer=None,
        augmentation=None,
        checkpoint_dir=None,
        scratch_dir=None,
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
        self.keep = keep
        self.empty = empty
        self.optimizer = optimizer
        self.augmentation = augmentation
        self.checkpoint_dir = checkpoint_dir
        self.scratch_dir = scratch_dir
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

    def compute_target(self, q: np.ndarray, frequency: np.ndarray | None = None) -> np.ndarray:
        """P from the Q of the whole data set: (n, k) -> (n, k), rows sum to 1.

        Where ``q`` are some of its rows only, ``frequency`` (k,) has the column sums of them all.
        """
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
        trainer.targets = None  # Q is as large: not both at once
        q = self._assignments(X)
        labels = q.argmax(axis=1)
        frequency = X.total(q.sum(axis=0, dtype=np.float64))
        for i in range(0, len(q), TARGET_ROWS):
            rows = slice(i, i + TARGET_ROWS)
            q[rows] = self.compute_target(q[rows], frequency)
        trainer.targets = q
        return labels

    def place_centers(self, numbers: np.ndarray, z: np.ndarray) -> None:
        """Centroids ``numbers`` (m,) at the embeddings z (m, d_z), because they were empty."""
        centers = np.array(keras.ops.convert_to_numpy(self._head[-1].centers))
        centers[numbers] = z
        self._head[-1].centers.assign(centers)

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
            Half of the clusters were lost, or all but one; or some are empty.
        dec.DegradedWarning
            The clusters are worse than those that self-training began with.
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
        self._start_with(X, self._predict(X))
        return self

    def refine(self, X, y=None, callbacks: Sequence[keras.callbacks.Callback] = ()):
        """Phase 3: self-training of encoder and centroids; arguments as in ``fit``."""
        X = self._check_fit(X, y)
        progress = self._progress("refine", X)
        check_is_fitted(self, "model_")
        # At the start, that is, of which ``initialize`` has told.
        collapsed = getattr(self, "stop_reason_", None) == "collapsed" and not self.history_
        trainer = self.build_trainer(X)
        period = self._update_interval(X.n)
        refresh = RefreshTargets(
            partial(self.refresh, X=X), self._silhouette(X), X, self.n_clusters, period, y
        )
        kept = KeepState(refresh, _state.named_weights(self), self.keep, collapsed)
        stop = StopOnLabelChange(self.tol)
        self._share(progress, refresh, kept)
        try:
            fit_rows(
                trainer, X, self._build_optimizer(), self.batch_size, steps=period,
                epochs=math.ceil(self._max_iter(X.n) / period), seed=self._seed("refine"),
                callbacks=[refresh, kept, stop, *callbacks],
                verbose=self.verbose, progress=progress,
            )  # fmt: skip
            reason = kept.failure or ("converged" if stop.converged else "max_iter")
        except BaseException:
            reason = "interrupted"
            raise
        finally:
            if kept.record is not None:
                kept.put_back()
                self._finish(kept.labels, kept.record["iteration"], refresh.history, reason)
        n_iter = int(keras.ops.convert_to_numpy(trainer.optimizer.iterations))
        _warnings.after_refine(kept, self.n_clusters, n_iter, stacklevel=2)
        return self

    # ---- inside -----------------------------------------------------------------------------

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
        store = Checkpoints(self.checkpoint_dir, _state.settings(self), X)
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
        saved = Checkpoints(self.checkpoint_dir, _state.settings(self), X).latest()
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
        z = self._embedded_sample(X)
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
        centers = X.agreed(centers)  # of several workers no two need round alike
        if not self.sphere:
            return centers, labels
        matrix = X.agreed(matrix)
        if self._parts.has_linear_embedding:
            self._parts.map_embedding(matrix)
            return centers, labels
        return centers @ np.linalg.inv(matrix), labels

    def _embedded_sample(self, X: Source) -> np.ndarray:
        """Embedding of the samples that are clustered, those of all workers: (m, d_z)."""
        most = START_SAMPLES.get(self.init, START_SAMPLES["k-means"])
        return X.gather(forward(self.encoder_, X.sample(most, self._seed("initialize"))))

    def _attach_head(self, centers: np.ndarray | None):
        self._head = self.build_head(centers)
        q = self.encoder_.outputs[0]
        for layer in self._head:
            q = layer(q)
        self.model_ = keras.Model(self.encoder_.input, q, name=type(self).__name__.lower())

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

    def _assignments(self, X) -> np.ndarray:
        """Q of all rows, (n, k), after ``empty`` has been done."""
        assign = partial(forward, self.model_, X, folder=self.scratch_dir)
        q = finite(assign(), X)
        if self.empty == "keep":
            return q
        sizes = X.total(np.bincount(q.argmax(axis=1), minlength=self.n_clusters))
        (empty,) = np.nonzero(sizes == 0)
        if not len(empty):
            return q
        sure = q.max(axis=1)
        unsure = np.sort(sure.argsort(kind="stable")[: len(empty)])  # as Subset has them
        z = X.gather(forward(self.encoder_, Subset(X, unsure)))
        unsure = X.gather(sure[unsure]).argsort(kind="stable")[: len(empty)]
        self.place_centers(empty, z[unsure])
        del q  # not twice
        return finite(assign(), X)

    def _share(self, progress: Progress, refresh: RefreshTargets, kept: KeepState):
        """``refine`` goes on with what ``progress`` has, and tells it what it needs for that."""
        _, arrays, reported = progress.begins_at
        if reported:
            refresh.labels, refresh.history = arrays["refresh/labels"], reported["history"]
            kept.labels, kept.record = arrays["kept/labels"], reported["kept"]
            kept.weights = {name: arrays[f"kept/{name}"] for name in kept.variables}
        progress.place = {"training": "refine"}
        progress.report = lambda: (
            {
                "refresh/labels": refresh.labels, "kept/labels": kept.labels,
                **{f"kept/{name}": weight for name, weight in kept.weights.items()},
            },
            {"history": refresh.history, "kept": kept.record},
        )  # fmt: skip

    def _silhouette(self, X):
        """Labels (n,) -> silhouette of the embedding that the encoder gives now."""
        numbers, rows = X.draw(SILHOUETTE_SAMPLES, self._seed("silhouette"))
        rows = Rows(rows)
        return lambda labels: metrics.silhouette(
            X.gather(self._embed(rows)), X.gather(labels[numbers])
        )

    def _start_with(self, X, labels):
        """``initialize`` has ended."""
        live = np.count_nonzero(X.total(np.bincount(labels, minlength=self.n_clusters)))
        stages = getattr(self, "pretraining_history_", None) or [{}]
        explained, spread = X.agreed(
            [stages[-1].get(name, 1.0) for name in ("explained_variance", "embedding_spread")]
        )
        collapsed = live == 1 or max(explained, spread) < _warnings.LEARNED
        self._finish(labels, 0, [], "collapsed" if collapsed else "max_iter")
        if live == 1:
            _warnings.collapsed_start(stacklevel=3)
        elif collapsed:
            why = f"the autoencoder explains {100 * max(explained, 0):.1f} % of their variance"
            _warnings.collapsed_start(stacklevel=3, why=why)

    def _finish(self, labels, n_iter: int, history: list[dict], reason: str):
        self.labels_ = labels.astype(np.int64)
        self.cluster_centers_ = keras.ops.convert_to_numpy(self._head[-1].centers)
        self.n_iter_, self.history_ = n_iter, history
        self.stop_reason_, self.converged_ = reason, reason == "converged"

    def _check_fit(self, X, y=None) -> Source:
        _checks.parameters(self)
        # So that what cannot be had is refused now, not after pretraining.
        self._build_optimizer()
        if self.scratch_dir is not None:
            os.makedirs(self.scratch_dir, exist_ok=True)
        self.check_parameters()
        X = self._check_x(X, fitting=True)
        _checks.enough_rows(X, self.n_clusters)
        _checks.shards(self, X)
        if y is not None:
            check_consistent_length(X, y)
        return X

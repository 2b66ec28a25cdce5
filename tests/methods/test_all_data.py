"""Data of every kind, given to every method."""

import errno
import gc
import os
import weakref

import keras
import numpy as np
import pytest
import scipy.sparse
from sklearn.base import clone

from dec import DCN, LESC, DeepClusterer, SoftKMeans, _tensorflow
from dec.layers import RandomAffine
from dec.methods import base


@pytest.mark.parametrize("n", [64, 20])
def test_any_number_of_rows(method, blobs, n):
    """A multiple of the batch (32), fewer than a batch; that of ``blobs`` is neither."""
    x = blobs[0][np.random.default_rng(0).permutation(160)[:n]]
    model = clone(method).fit(x)
    assert model.labels_.shape == (n,)
    assert np.isfinite(model.transform(x)).all()


def test_constant_features_and_duplicate_rows(method, blobs):
    x = np.tile(blobs[0][::8], (3, 1))
    x[:, 0] = 7.0
    labels = clone(method).fit(x).labels_
    np.testing.assert_array_equal(labels[:20], labels[20:40])


def test_sparse_rows_are_as_good_as_dense_ones(method, fitted, blobs):
    x = scipy.sparse.csr_matrix(blobs[0])
    model = clone(method).fit(x)
    np.testing.assert_array_equal(model.labels_, fitted.labels_)
    np.testing.assert_array_equal(model.predict(blobs[0]), fitted.labels_)


def test_rows_on_disk_are_as_good_as_those_in_memory(method, fitted, blobs, tmp_path):
    np.save(tmp_path / "x.npy", blobs[0])
    x = np.load(tmp_path / "x.npy", mmap_mode="r")
    model = clone(method).fit(x)
    np.testing.assert_array_equal(model.labels_, fitted.labels_)
    np.testing.assert_array_equal(model.predict(x), fitted.labels_)
    np.testing.assert_allclose(model.transform(x), fitted.transform(blobs[0]), rtol=1e-3, atol=1e-4)


def test_a_stream_of_batches_is_learned_too(method, blobs):
    x, y = blobs
    numbers = np.random.default_rng(0).permutation(len(x))
    stream = Batches([(x[part], part) for part in np.array_split(numbers, 7)])
    model = clone(method).fit(stream, y)
    # The batches never change, which keeps soft k-means in the minimum that its random start is in.
    assert model.history_[-1]["acc"] > (0.5 if isinstance(model, SoftKMeans) else 0.99)
    np.testing.assert_array_equal(model.labels_, model.predict(x))
    np.testing.assert_array_equal(model.predict(stream), model.labels_)


def test_targets_on_disk_and_in_pieces_are_as_good(method, fitted, blobs, tmp_path, monkeypatch):
    x, _ = blobs
    monkeypatch.setattr(base, "TARGET_ROWS", 50)
    model = clone(method).set_params(scratch_dir=tmp_path / "scratch")
    seen = []
    look = keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: seen.append(look.model.targets))
    model.fit(x, callbacks=[look])
    np.testing.assert_array_equal(model.labels_, fitted.labels_)
    np.testing.assert_array_equal(model.transform(x), fitted.transform(x))
    if type(method).compute_target is not DeepClusterer.compute_target and seen[0] is not None:
        assert all(isinstance(p, np.memmap) for p in seen)
        np.testing.assert_allclose(seen[-1].sum(axis=1), 1, rtol=1e-5)
        assert not any((tmp_path / "scratch").iterdir())


def test_no_folder_for_targets_is_said_before_anything_is_trained(method, blobs, tmp_path):
    (tmp_path / "file").touch()
    model = clone(method).set_params(scratch_dir=tmp_path / "file" / "scratch")
    with pytest.raises(OSError, match="file"):
        model.fit(blobs[0])
    assert not hasattr(model, "encoder_")


def test_a_full_disk_for_targets_is_said(method, blobs, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    model = clone(method).set_params(scratch_dir=tmp_path)
    if isinstance(model, DCN | LESC):  # which make no Q
        model.fit(blobs[0])
    else:
        with pytest.raises(OSError, match="No space left"):
            model.fit(blobs[0])


class Batches:
    def __init__(self, batches):
        self.batches = batches

    def __iter__(self):
        return iter(self.batches)


def test_augmentation_changes_what_is_learned_and_not_how_one_predicts(method, fitted, blobs):
    x, _ = blobs
    model = clone(method).set_params(augmentation=RandomAffine(image_shape=(3, 4, 1))).fit(x)
    np.testing.assert_array_equal(model.predict(x), model.labels_)
    # Ten small steps change little, but the same batches would have given the same bits.
    assert (model.transform(x) != fitted.transform(x)).mean() > 0.5


def test_a_fitted_model_holds_no_data(method, blobs, tmp_path):
    """Nor does TensorFlow, which would keep what its graphs and its functions of Python hold."""

    def compiled_steps():
        gc.collect()
        graphs = [o for o in gc.get_objects() if type(o).__name__ == "FuncGraph"]
        return sum("step_on_data" in graph.name for graph in graphs)

    before, gone = compiled_steps(), []
    look = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda *_: gone.append(weakref.ref(look.model))
    )
    model = clone(method).set_params(scratch_dir=tmp_path)
    for kind in ("array", "stream"):
        rows = blobs[0].copy()
        if kind == "stream":
            rows = Batches([(rows, np.arange(len(rows)))])
        gone.append(weakref.ref(rows))
        model.fit(rows, callbacks=[look])
        del rows
        look.set_model(None)
        assert compiled_steps() == before
        assert all(reference() is None for reference in gone)
    assert len(gone) > 2


@pytest.mark.skipif(not _tensorflow.AVAILABLE, reason="what TensorFlow would keep")
def test_no_rows_lie_on_the_device_when_a_phase_is_over(method, blobs, monkeypatch):
    made, resident = [], _tensorflow.resident

    def watched(*arguments, **named):
        made.append(resident(*arguments, **named))
        return made[-1]

    monkeypatch.setattr(_tensorflow, "resident", watched)
    model = clone(method)
    gc.disable()  # which would help sooner or later
    try:
        for phase in (model.pretrain, model.initialize, model.refine, model.fit):
            phase(blobs[0])
            assert not any(rows.value.read_value().shape[0] for rows in made)
    finally:
        gc.enable()
    assert len(made) > 1

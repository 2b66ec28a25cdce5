"""Rows from memory, from disk and from streams."""

import itertools

import h5py
import keras
import numpy as np
import pytest
import scipy.sparse

from dec import _tensorflow
from dec.training import sources
from dec.training.sources import Rows, Stream, as_source, is_stream


def numbers(source, size, count, seed=0, first=0):
    return [index for index, _ in itertools.islice(source.batches(size, seed, first), count)]


def on_disk(x, folder, kind="memmap"):
    if kind == "hdf5":
        file = h5py.File(folder / "x.h5", "w")
        return file.create_dataset("x", data=x)
    np.save(folder / "x.npy", x)
    return np.load(folder / "x.npy", mmap_mode="r")


@pytest.fixture
def small_windows(monkeypatch):
    """Windows of 32 rows of 3 bytes, made of 16 chunks of 2."""
    monkeypatch.setattr(sources, "WINDOW_BYTES", 96)


@pytest.mark.parametrize(("n", "size"), [(64, 32), (65, 32), (63, 32), (10, 3), (7, 7), (5, 256)])
@pytest.mark.parametrize("kind", ["array", "memmap", "windows"])
def test_every_row_once_a_pass_and_no_batch_short(n, size, kind, tmp_path, request):
    x = np.arange(3 * n, dtype="uint8").reshape(n, 3)
    if kind == "windows":
        request.getfixturevalue("small_windows")
    source = as_source(x if kind == "array" else on_disk(x, tmp_path))
    batches = numbers(source, size, 3 * n)
    assert {len(batch) for batch in batches} == {min(size, n)}
    rows = np.concatenate(batches)[: 3 * n].reshape(3, n)
    np.testing.assert_array_equal(np.sort(rows, axis=1), np.tile(np.arange(n), (3, 1)))
    assert not np.array_equal(rows[0], rows[1])


@pytest.mark.parametrize("kind", ["memmap", "hdf5"])
@pytest.mark.parametrize("first", [0, 3, 40])
def test_rows_on_disk_come_with_their_numbers_from_any_batch_on(
    kind, first, small_windows, tmp_path
):
    x = np.random.default_rng(0).integers(0, 255, (101, 3), dtype="uint8")
    source = as_source(on_disk(x, tmp_path, kind))
    assert source.resident is None
    batches = list(itertools.islice(source.batches(8, 0, first), 30))
    for index, rows in batches:
        np.testing.assert_array_equal(rows, x[index])
    whole = numbers(source, 8, first + 30)[first:]
    np.testing.assert_array_equal([index for index, _ in batches], whole)


def test_a_file_of_one_window_has_the_batches_of_an_array(tmp_path):
    x = np.random.default_rng(0).normal(size=(50, 3)).astype("float32")
    np.testing.assert_array_equal(
        numbers(as_source(x), 8, 20), numbers(as_source(on_disk(x, tmp_path)), 8, 20)
    )
    assert not np.array_equal(numbers(as_source(x), 8, 1), numbers(as_source(x), 8, 1, seed=1))


def test_windows_mix_far_rows_and_read_long_runs(small_windows, tmp_path):
    n = 3200
    source = as_source(on_disk(np.zeros((n, 3), "uint8"), tmp_path))
    order = np.concatenate(numbers(source, 32, n // 32))
    assert np.abs(np.corrcoef(order, np.arange(n))[0, 1]) < 0.2
    runs = np.diff(np.sort(order[:32])) == 1
    assert runs.sum() >= 16  # chunks of two neighbours at least


def test_other_dtypes_on_disk_become_float32(tmp_path):
    x = np.random.default_rng(0).normal(size=(20, 3))
    source = as_source(on_disk(x, tmp_path))
    assert source.dtype == np.float32
    (_, rows), *_ = source.blocks()
    assert rows.dtype == np.float32


def test_nan_on_disk_is_found_when_it_is_read(tmp_path):
    x = np.zeros((20, 3), "float32")
    x[17, 1] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        list(as_source(on_disk(x, tmp_path)).blocks(8))


def test_sparse_rows_are_densified_block_by_block():
    x = scipy.sparse.random(20, 6, density=0.4, format="csr", rng=0)
    source = as_source(x)
    assert source.resident is None
    for index, rows in itertools.islice(source.batches(4, 0), 10):
        np.testing.assert_array_equal(rows, x.toarray()[index])
    np.testing.assert_array_equal(np.concatenate([b for _, b in source.blocks(7)]), x.toarray())


def test_an_array_lies_on_the_device_once():
    source = as_source(np.arange(12, dtype="uint8").reshape(4, 3))
    assert source.resident is source.resident
    assert str(source.resident.dtype) == "uint8"
    assert all(rows is None for _, rows in itertools.islice(source.batches(2, 0), 3))


# ---- streams ----------------------------------------------------------------------------------


class Pairs(keras.utils.PyDataset):
    def __init__(self, x, size, order):
        super().__init__()
        self.x, self.size, self.order, self.passes = x, size, order, 0

    @property
    def num_batches(self):
        return -(-len(self.order) // self.size)

    def __getitem__(self, i):
        index = self.order[i * self.size : (i + 1) * self.size]
        return self.x[index], index

    def on_epoch_end(self):
        self.passes += 1


@pytest.fixture
def x():
    return np.random.default_rng(0).normal(size=(23, 3)).astype("float32")


def streams(x):
    import tensorflow as tf
    import torch.utils.data

    order = np.random.default_rng(1).permutation(len(x))
    data = Pairs(x, 5, order)
    yield "PyDataset", data
    yield "list of batches", Repeatable([data[i] for i in range(data.num_batches)])
    yield "tf.data", tf.data.Dataset.from_tensor_slices((x[order], order)).batch(5)
    tensors = torch.utils.data.TensorDataset(torch.from_numpy(x[order]), torch.from_numpy(order))
    yield "DataLoader", torch.utils.data.DataLoader(tensors, batch_size=5)


class Repeatable:
    def __init__(self, batches):
        self.batches = batches

    def __iter__(self):
        return iter(self.batches)


def test_streams_of_every_kind_bring_their_rows(x):
    for name, stream in streams(x):
        assert is_stream(stream), name
        source = Stream(stream)
        assert source.shape == (23, 3), name
        found = np.zeros_like(x)
        for index, rows in source.blocks(3):
            assert len(rows) <= 3
            found[index] = rows
        np.testing.assert_array_equal(found, x, err_msg=name)
        batches = list(itertools.islice(source.batches(8, 0, first=2), 6))
        for index, rows in batches:
            np.testing.assert_array_equal(rows, x[index], err_msg=name)
        assert {len(index) for index, _ in batches} == {8}
        whole = numbers(source, 8, 8)[2:]
        np.testing.assert_array_equal([index for index, _ in batches], whole)


def test_what_is_no_stream(x):
    for other in (x, x.tolist(), scipy.sparse.csr_matrix(x)):
        assert not is_stream(other)


def test_a_dataset_hears_of_the_end_of_each_pass(x):
    data = Pairs(x, 5, np.arange(23))
    source = Stream(data)
    list(source.blocks())
    assert data.passes == 2


@pytest.mark.parametrize(
    ("batches", "error", "message"),
    [
        ([], ValueError, "empty"),
        ([np.zeros((4, 3))], TypeError, "pairs"),
        ([(np.zeros((4, 3)), np.zeros(4))], ValueError, "integers"),
        ([(np.zeros((4, 3)), np.arange(3))], ValueError, "integers"),
        ([(np.zeros((4, 3)), np.arange(4) - 1)], ValueError, "from 0"),
        ([(np.zeros((4, 3)), np.arange(4) + 1)], ValueError, "without 0"),
        ([(np.zeros((4, 3)), np.array([0, 1, 1, 2]))], ValueError, "number 1 twice"),
        ([(np.zeros((4, 3)), np.arange(4))] * 2, ValueError, "number 0 twice"),
        (
            [(np.zeros((4, 3)), np.arange(4)), (np.zeros((2, 2)), np.arange(4, 6))],
            ValueError,
            "one shape",
        ),
        ([(np.full((4, 3), np.nan), np.arange(4))], ValueError, "NaN"),
    ],
)
def test_bad_streams_are_refused(batches, error, message):
    with pytest.raises(error, match=message):
        Stream(Repeatable(batches))


def test_a_stream_that_can_be_read_only_once_is_refused(x):
    with pytest.raises(TypeError, match="again"):
        Stream(iter([(x, np.arange(23))]))


# ---- samples ----------------------------------------------------------------------------------


def test_a_sample_is_some_rows_in_order(x):
    source = as_source(x)
    assert source.sample(23, 0) is source
    sample = source.sample(10, 0)
    assert sample.shape == (10, 3)
    rows = np.concatenate([rows for _, rows in sample.blocks(4)])
    places = np.concatenate([index for index, _ in sample.blocks(4)])
    np.testing.assert_array_equal(places, np.arange(10))
    found = [np.flatnonzero((x == row).all(axis=1))[0] for row in rows]
    assert found == sorted(set(found))


def test_the_head(x):
    np.testing.assert_array_equal(as_source(x).head(4), x[:4])
    np.testing.assert_array_equal(as_source(x).head(100), x)
    assert isinstance(as_source(x), Rows)


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
@pytest.mark.parametrize("layout", [np.ascontiguousarray, np.asfortranarray, lambda x: x[::2, 1:]])
def test_resident_rows_are_those_of_the_array(dtype, layout):
    x = layout(np.random.default_rng(0).integers(256, size=(50, 7)).astype(dtype))
    x.flags.writeable = False
    source = as_source(x)
    rows = keras.ops.convert_to_numpy(source.resident)
    np.testing.assert_array_equal(rows, x, strict=True)
    picked = keras.ops.take(source.resident, np.array([3, 0, 3]), axis=0)
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(picked), x[[3, 0, 3]])


@pytest.mark.skipif(not _tensorflow.AVAILABLE, reason="what TensorFlow would keep")
def test_rows_leave_the_device_with_their_source():
    source = as_source(np.ones((6, 2), np.uint8))
    rows = source.resident  # held by someone else, such as a graph or a model that is garbage
    assert rows.value.read_value().shape == (6, 2)
    del source
    assert rows.value.read_value().shape == (0,)

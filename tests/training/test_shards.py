"""Data in shards: the same minibatches wherever the shards lie."""

import itertools

import h5py
import numpy as np
import pytest

from dec import DCN, DEC, Shards
from dec.training import workers
from dec.training.shards import ShardedSource
from dec.training.sources import Rows, Stream, as_source

A = np.arange(40, dtype=np.float32).reshape(20, 2)
B = 100 + np.arange(42, dtype=np.float32).reshape(21, 2)
BOTH = np.concatenate([A, B])


@pytest.fixture
def as_worker(monkeypatch):
    """Number -> the source of that one of two workers, of which the other answers alike."""

    def source(number):
        part = (A, B)[number]
        monkeypatch.setattr(workers, "count", lambda: 2)
        monkeypatch.setattr(workers, "index", lambda: number)
        monkeypatch.setattr(workers, "gather", lambda rows: np.array([len(A), len(B)]))
        return ShardedSource([as_source(part)])

    return source


def whole():
    return ShardedSource([as_source(A), as_source(B)])


def taken(batches, n):
    return [(numbers.tolist(), rows.tolist()) for numbers, rows in itertools.islice(batches, n)]


def test_a_batch_has_as_many_rows_of_each_shard():
    for numbers, rows in itertools.islice(whole().batches(8, seed=3), 20):
        np.testing.assert_array_equal(rows, BOTH[numbers])
        assert (numbers[:4] < 20).all()
        assert (numbers[4:] >= 20).all()
    numbers = np.concatenate([n[:4] for n, _ in itertools.islice(whole().batches(8, seed=3), 5)])
    assert sorted(numbers) == list(range(20))  # a pass over the first shard


def test_batches_begin_anywhere():
    from_start = taken(whole().batches(8, seed=3), 30)
    assert taken(whole().batches(8, seed=3, first=11), 19) == from_start[11:]
    assert taken(whole().batches(8, seed=4), 30) != from_start


@pytest.mark.parametrize("number", [0, 1])
def test_a_worker_has_its_part_of_the_batches_of_one_process(as_worker, number):
    together = list(itertools.islice(whole().batches(8, seed=3), 20))
    worker = as_worker(number)
    assert worker.n == 41
    assert worker.shape == ((20, 2), (21, 2))[number]
    own = slice(4 * number, 4 * number + 4)
    for (numbers, rows), (all_numbers, all_rows) in zip(
        itertools.islice(worker.batches(8, seed=3), 20), together, strict=True
    ):
        np.testing.assert_array_equal(rows, all_rows[own])
        np.testing.assert_array_equal(numbers + 20 * number, all_numbers[own])


def test_workers_draw_what_one_process_draws(as_worker):
    numbers, rows = whole().draw(10, seed=5)
    np.testing.assert_array_equal(rows, BOTH[numbers])
    assert np.count_nonzero(numbers < 20) == 5
    found = [as_worker(number).draw(10, seed=5) for number in (0, 1)]
    np.testing.assert_array_equal(np.concatenate([rows for _, rows in found]), rows)
    np.testing.assert_array_equal(np.concatenate([found[0][0], found[1][0] + 20]), numbers)


def test_own_rows(as_worker):
    np.testing.assert_array_equal(whole().own(BOTH), BOTH)
    np.testing.assert_array_equal(as_worker(0).own(BOTH), A)
    np.testing.assert_array_equal(as_worker(1).own(BOTH), B)


def test_blocks_number_the_rows_through(tmp_path):
    class Pairs:
        def __iter__(self):
            order = np.random.default_rng(0).permutation(21)
            return ((B[part], part) for part in np.array_split(order, 3))

    with h5py.File(tmp_path / "rows.h5", "w") as file:
        source = ShardedSource([Rows(file.create_dataset("x", data=A), True), Stream(Pairs())])
        found = np.zeros_like(BOTH)
        for numbers, rows in source.blocks(7):
            found[numbers] = rows
        np.testing.assert_array_equal(found, BOTH)
        numbers, rows = next(source.batches(8, seed=0))
        np.testing.assert_array_equal(rows, BOTH[numbers])
    np.testing.assert_array_equal(whole().head(8), np.concatenate([A[:4], B[:4]]))


def test_the_fingerprint_knows_the_shards(as_worker):
    assert whole().fingerprint["shards"] == 2
    assert whole().fingerprint["shape"] == [41, 2]
    prints = [as_worker(number).fingerprint for number in (0, 1)]
    assert [found["first_shard"] for found in prints] == [0, 1]
    assert prints[0]["checksum"] != prints[1]["checksum"]


def test_sums_over_workers(monkeypatch):
    source = whole()
    other = np.array([10.0, 20.0])
    monkeypatch.setattr(workers, "gather", lambda rows: np.concatenate([rows, other[None]]))
    np.testing.assert_array_equal(source.total([1.0, 2.0]), [11, 22])
    np.testing.assert_array_equal(source.agreed([1.0, 2.0]), [1, 2])
    np.testing.assert_array_equal(as_source(A).total([1.0, 2.0]), [1, 2])


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ([A, B[:10]], "about one length.*\\[20, 10\\]"),
        ([A, B.astype(np.uint8)], "one dtype"),
        ([A, np.zeros((20, 3), np.float32)], "one dtype and row shape"),
        ([], "at least one part"),
    ],
)
def test_refused_shards(quick, parts, message):
    with pytest.raises(ValueError, match=message):
        DEC(2, **quick).fit(Shards(parts))


def test_refused_batch_size():
    with pytest.raises(ValueError, match="batch_size must be a multiple of the number of shards"):
        DEC(2, batch_size=7).fit(Shards([A, B]))


def test_refused_on_workers(monkeypatch, as_worker):
    source = as_worker(0)
    monkeypatch.setattr(workers, "gather", lambda rows: np.concatenate([rows, rows]))
    with pytest.raises(ValueError, match="X must be on one worker for DCN"):
        DCN(2, batch_size=8, random_state=0).fit(source)
    with pytest.raises(ValueError, match="random_state must be the same int on all workers"):
        DEC(2, batch_size=8).fit(source)


def test_fit_and_predict(quick, blobs):
    x, _ = blobs
    shards = Shards(np.split(x[np.random.default_rng(0).permutation(len(x))], 2))
    model = DEC(4, **quick).fit(shards)
    np.testing.assert_array_equal(model.predict(shards), model.labels_)
    np.testing.assert_array_equal(model.predict(np.concatenate(shards.parts)), model.labels_)
    assert model.n_features_in_ == 12

"""A run that was killed and called again ends with the bits of one that never was."""

import dataclasses
import errno

import keras
import numpy as np
import pytest
from family import METHODS
from sklearn.base import clone

from dec import DEC, DEPICT, CheckpointError
from dec.layers import RandomAffine
from dec.methods import _checkpoints
from dec.methods._checkpoints import Checkpoints
from dec.training import workers
from dec.training.sources import Rows


class Killed(BaseException):
    """Passes every ``except Exception``, and unlike Ctrl-C every handler of ours."""


@pytest.fixture(autouse=True)
def at_every_epoch(monkeypatch):
    monkeypatch.setattr(_checkpoints, "EVERY", 0.0)


@pytest.fixture
def killing(monkeypatch):
    """``killing(j)``: the process dies right after its j-th checkpoint from now on."""
    save = Checkpoints.save

    def after(count):
        left = [count]

        def save_and_die(self, *args):
            save(self, *args)
            left[0] -= 1
            if not left[0]:
                raise Killed

        monkeypatch.setattr(Checkpoints, "save", save_and_die)

    return after


def state(model):
    """Everything that a run ends with."""
    weights = {f"model/{i}": w for i, w in enumerate(model.model_.get_weights())}
    weights |= {f"autoencoder/{i}": w for i, w in enumerate(model.autoencoder_.get_weights())}
    return {**weights, "labels": model.labels_}, {
        "history": model.history_,
        "pretraining": getattr(model, "pretraining_history_", None),
        "n_iter": model.n_iter_,
        "reason": model.stop_reason_,
    }


def assert_same(model, other):
    arrays, facts = state(model)
    expected, known = state(other)
    assert facts == known
    assert arrays.keys() == expected.keys()
    for name, array in arrays.items():
        np.testing.assert_array_equal(array, expected[name], err_msg=name)


@pytest.fixture(scope="module", params=METHODS, ids=lambda cls: cls.__name__)
def method(request, quick):
    settings = {**quick, "tol": 0.0}
    if request.param is not DEC:  # half of the compiling
        recipe = quick["pretraining"]
        settings["pretraining"] = dataclasses.replace(recipe, layerwise=None)
    if request.param is DEPICT:
        settings["warmup"] = 3
    return request.param(4, **settings)


def test_a_killed_run_goes_on_to_the_same_bits(method, blobs, tmp_path, killing):
    x, y = blobs
    expected = clone(method).fit(x, y)
    run = clone(method).set_params(checkpoint_dir=tmp_path / "run")
    deaths = 0
    # Far into the first stage, at its end, into the next, and so on through every phase.
    for checkpoints in (7, 25, 36, 2, 1, 1, 1, 1):
        killing(checkpoints)
        try:
            model = clone(run).fit(x, y)
        except Killed:
            deaths += 1
        else:
            break
    else:
        killing(10**6)
        model = clone(run).fit(x, y)
    assert deaths >= 2
    assert_same(model, expected)
    assert_same(clone(run).fit(x, y), expected)  # a run that had ended
    assert len(list((tmp_path / "run").iterdir())) == 2


@pytest.mark.parametrize("count", [3, 52])
def test_noise_and_augmentation_go_on_too(quick, blobs, tmp_path, killing, count):
    layers = keras.layers
    dropout = keras.Sequential([keras.Input((12,)), layers.Dropout(0.2), layers.Dense(5)])
    decoder = keras.Sequential([keras.Input((5,)), keras.layers.Dense(12)])
    settings = {**quick, "pretraining": dataclasses.replace(quick["pretraining"], layerwise=None)}
    settings |= {"network": (dropout, decoder), "tol": 0.0}
    model = DEC(4, augmentation=RandomAffine(image_shape=(3, 4, 1)), **settings)
    expected = clone(model).fit(blobs[0])
    model.set_params(checkpoint_dir=tmp_path)
    killing(count)
    with pytest.raises(Killed):
        clone(model).fit(blobs[0])
    killing(10**6)
    assert_same(clone(model).fit(blobs[0]), expected)


def test_a_stage_that_diverges_after_a_kill_starts_again_where_it_had(
    quick, blobs, tmp_path, killing
):
    """The first rate is far too large; the weights it must go back to are in the checkpoint."""
    whole = dataclasses.replace(quick["pretraining"].whole, learning_rate=4.0, backoff=8)
    recipe = dataclasses.replace(quick["pretraining"], layerwise=None, whole=whole)
    model = DEC(4, **{**quick, "pretraining": recipe})
    expected = clone(model).fit(blobs[0])
    assert expected.pretraining_history_[0]["learning_rate"] < 4.0
    model.set_params(checkpoint_dir=tmp_path)
    killing(2)
    with pytest.raises(Killed):
        clone(model).fit(blobs[0])
    killing(10**6)
    assert_same(clone(model).fit(blobs[0]), expected)


@pytest.fixture
def half(quick, blobs, tmp_path, killing):
    """A run that was killed in its self-training, with two checkpoints in ``tmp_path``."""
    recipe = dataclasses.replace(quick["pretraining"], layerwise=None)
    model = DEC(4, **{**quick, "pretraining": recipe, "tol": 0.0}, checkpoint_dir=str(tmp_path))
    killing(52)
    with pytest.raises(Killed):
        clone(model).fit(blobs[0])
    killing(10**6)
    assert len(list(tmp_path.iterdir())) == 2
    return model


@pytest.fixture
def expected(half, blobs):
    return clone(half).set_params(checkpoint_dir=None).fit(blobs[0])


@pytest.mark.parametrize("damage", ["truncated", "flipped", "empty"])
def test_of_a_damaged_checkpoint_the_one_before_is_used(half, expected, blobs, tmp_path, damage):
    newest = max(tmp_path.iterdir())
    content = bytearray(newest.read_bytes())
    if damage == "flipped":
        content[len(content) // 2] ^= 1
    newest.write_bytes(content[: {"truncated": len(content) // 2, "empty": 0}.get(damage)])
    with pytest.warns(UserWarning, match=f"{newest.name} is damaged, the one before"):
        model = clone(half).fit(blobs[0])
    assert_same(model, expected)


@pytest.fixture
def two_workers(monkeypatch):
    """``two_workers(m)``: this is worker 1, and the newest checkpoint of worker 0 is its m-th."""

    def start(newest):
        monkeypatch.setattr(workers, "count", lambda: 2)
        monkeypatch.setattr(workers, "index", lambda: 1)
        gather = lambda _, rows: np.concatenate([[newest], rows])  # noqa: E731
        monkeypatch.setattr(Rows, "gather", gather)

    return start


def test_workers_go_on_from_the_last_checkpoint_that_all_have(tmp_path, two_workers):
    two_workers(1)
    store = Checkpoints(tmp_path, {}, Rows(np.zeros((2, 2), np.float32)))
    assert store.folder == tmp_path / "worker-1"
    for epoch in (1, 2):
        store.save({"a": np.float32([epoch])}, {}, {"epoch": epoch})
    arrays, _, header = store.latest()
    assert (header["epoch"], arrays["a"]) == (1, 1)
    assert len(list(store.folder.iterdir())) == 1  # the second is no more: worker 0 writes it anew
    store.save({}, {}, {"epoch": 2})
    two_workers(2)
    assert store.latest()[-1]["epoch"] == 2


def test_folders_of_different_runs_of_workers_are_refused(tmp_path, two_workers):
    two_workers(0)
    store = Checkpoints(tmp_path, {}, Rows(np.zeros((2, 2), np.float32)))
    assert store.latest() is None
    for epoch in (1, 2):
        store.save({}, {}, {"epoch": epoch})
    with pytest.raises(CheckpointError, match=r"all workers of one run.*\[0, 2\]"):
        store.latest()
    assert len(list(store.folder.iterdir())) == 2


def test_with_no_sound_checkpoint_the_run_begins_anew(half, expected, blobs, tmp_path):
    for path in tmp_path.iterdir():
        path.write_bytes(b"")
    with pytest.warns(UserWarning, match="damaged"):
        assert_same(clone(half).fit(blobs[0]), expected)


def test_what_a_killed_write_left_is_swept_up(half, blobs, tmp_path):
    (tmp_path / ".0123456789abcdef.tmp.h5").write_bytes(b"half")
    (tmp_path / "notes.txt").write_text("mine")
    clone(half).fit(blobs[0])
    assert sum(path.name.startswith(".") for path in tmp_path.iterdir()) == 0
    assert (tmp_path / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize(
    ("name", "value"), [("n_init", 3), ("tol", 0.5), ("random_state", 1), ("alpha", 2.0)]
)
def test_other_settings_are_refused_by_name(half, blobs, name, value):
    with pytest.raises(CheckpointError, match=rf"{name} \(was .*, is {value}\)"):
        clone(half).set_params(**{name: value}).fit(blobs[0])


def test_other_data_are_refused(half, blobs):
    x = blobs[0].copy()
    x[-1, -1] += 1e-3
    with pytest.raises(CheckpointError, match="checksum"):
        clone(half).fit(x)
    with pytest.raises(CheckpointError, match="shape"):
        clone(half).fit(x[:-1])
    with pytest.raises(CheckpointError, match="checksum"):  # the same rows in another order
        clone(half).fit(blobs[0][::-1])


def test_another_backend_is_refused(half, blobs, monkeypatch):
    check = Checkpoints._check
    monkeypatch.setattr(
        Checkpoints, "_check", lambda self, path, run: check(self, path, {**run, "backend": "x"})
    )
    with pytest.raises(CheckpointError, match="backend"):
        clone(half).fit(blobs[0])


def test_progress_and_its_printing_are_no_settings(half, expected, blobs, capsys):
    assert_same(clone(half).set_params(verbose=2).fit(blobs[0]), expected)


def test_a_full_disk_is_said_and_the_last_checkpoint_stays(half, expected, blobs, tmp_path):
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def full(path, arrays, header):
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_checkpoints, "write_arrays", full)
        with pytest.raises(OSError, match="No space left"):
            clone(half).fit(blobs[0])
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    assert_same(clone(half).fit(blobs[0]), expected)


@pytest.mark.filterwarnings("ignore::dec.CollapseWarning", "ignore::dec.DegradedWarning")
def test_a_fresh_seed_is_kept(quick, blobs, tmp_path, killing):
    """``random_state=None`` draws a seed, and the second call goes on with that of the first."""
    model = DEC(4, **{**quick, "random_state": None, "pretraining": None}, tol=0.0)
    model.set_params(checkpoint_dir=tmp_path)
    killing(2)
    first = clone(model)
    with pytest.raises(Killed):
        first.fit(blobs[0])
    killing(10**6)
    second = clone(model).fit(blobs[0])
    assert second._entropy == first._entropy
    assert_same(clone(model).fit(blobs[0]), second)


def test_checkpoints_come_seldom_unless_asked_for(quick, blobs, tmp_path, monkeypatch):
    monkeypatch.setattr(_checkpoints, "EVERY", 3600.0)
    DEC(4, **{**quick, "pretraining": None}, checkpoint_dir=tmp_path).fit(blobs[0])
    assert len(list(tmp_path.iterdir())) == 1


def test_a_model_file_does_not_know_the_folder(quick, blobs, tmp_path):
    model = DEC(4, **{**quick, "pretraining": None}, checkpoint_dir=tmp_path / "run").fit(blobs[0])
    model.save(tmp_path / "model.h5")
    assert DEC.load(tmp_path / "model.h5").checkpoint_dir is None

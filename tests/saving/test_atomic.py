import errno
import os
import stat

import pytest

from dec.saving import atomic_write


@pytest.fixture
def target(tmp_path):
    path = tmp_path / "model.h5"
    path.write_text("old")
    return path


def content(folder):
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_replaces_the_file(target):
    with atomic_write(target) as temporary:
        assert temporary.parent == target.parent
        assert temporary.suffix == ".h5"
        temporary.write_text("new")
        assert target.read_text() == "old"
    assert content(target.parent) == {"model.h5": "new"}


def test_creates_a_file_and_takes_strings(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with atomic_write("labels.csv") as temporary:
        temporary.write_text("1")
    assert content(tmp_path) == {"labels.csv": "1"}


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_exception_leaves_the_old_file(target, error):
    def write():
        with atomic_write(target) as temporary:
            temporary.write_text("half")
            raise error

    with pytest.raises(error):
        write()
    assert content(target.parent) == {"model.h5": "old"}


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_full_disk_leaves_the_old_file(target, monkeypatch, step):
    def fail(*args):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, step, fail)
    with (
        pytest.raises(OSError, match=r"No space left.*model\.h5"),
        atomic_write(target) as temporary,
    ):
        temporary.write_text("new")
    assert content(target.parent) == {"model.h5": "old"}


def test_order_of_the_system_calls(target, monkeypatch):
    """The content is on the disk before the rename, the rename before the end."""
    calls = []
    for name in ("fsync", "replace"):
        original = getattr(os, name)
        monkeypatch.setattr(
            os, name, lambda *args, n=name, f=original: (calls.append(n), f(*args))[1]
        )
    with atomic_write(target) as temporary:
        temporary.write_text("new")
    assert calls[:2] == ["fsync", "replace"]


def test_errors_name_the_path(tmp_path):
    with (
        pytest.raises(FileNotFoundError, match=r"path='.*nowhere.*model.h5'.*no folder"),
        atomic_write(f"{tmp_path}/nowhere/model.h5"),
    ):
        pass
    with pytest.raises(IsADirectoryError, match="path="), atomic_write(tmp_path):
        pass
    assert content(tmp_path) == {}


@pytest.mark.skipif(os.name != "posix", reason="modes and links of POSIX")
def test_keeps_mode_and_link(target):
    target.chmod(0o640)
    link = target.with_name("latest.h5")
    link.symlink_to(target)
    with atomic_write(link) as temporary:
        temporary.write_text("new")
    assert link.is_symlink()
    assert target.read_text() == "new"
    assert stat.S_IMODE(target.stat().st_mode) == 0o640


@pytest.mark.skipif(os.name != "posix", reason="modes of POSIX")
def test_a_new_file_obeys_the_umask(tmp_path):
    (tmp_path / "plain").touch()
    with atomic_write(tmp_path / "atomic"):
        pass
    assert (tmp_path / "atomic").stat().st_mode == (tmp_path / "plain").stat().st_mode

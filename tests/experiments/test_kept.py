"""Autoencoders that the runners keep."""

import numpy as np
from kept import pretrained
from sklearn.base import clone

from dec import DEC


def test_a_kept_autoencoder_is_not_trained_again(quick, blobs, tmp_path, monkeypatch):
    x, _ = blobs
    model, again = DEC(4, **quick), DEC(4, **quick)
    record = pretrained(model, x, tmp_path / "runs" / "autoencoder")
    assert record["part"] == "whole"
    assert record["seconds"] > 0
    monkeypatch.setattr(again, "pretrain", None)
    assert pretrained(again, x, tmp_path / "runs" / "autoencoder") == record
    np.testing.assert_array_equal(again.transform(x), model.transform(x))
    # A run that was stopped while the weights were written left no record: they do not count.
    (tmp_path / "runs" / "autoencoder.json").unlink()
    stopped = clone(model)
    assert pretrained(stopped, x, tmp_path / "runs" / "autoencoder")["seconds"] > 0
    np.testing.assert_array_equal(stopped.transform(x), model.transform(x))


def test_names_with_a_dot_are_different_autoencoders(quick, blobs, tmp_path):
    x, _ = blobs
    first, second = DEC(4, **quick), DEC(4, **{**quick, "random_state": 1})
    pretrained(first, x, tmp_path / "keep0.1-0")
    pretrained(second, x, tmp_path / "keep0.3-0")
    assert (first.transform(x) != second.transform(x)).any()
    assert len(list(tmp_path.iterdir())) == 4

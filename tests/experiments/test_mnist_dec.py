"""The main script: what it loads, prints, writes and refuses."""

import csv
import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from dec import DEC, datasets

SCRIPT = Path(__file__).parents[2] / "experiments" / "mnist_dec.py"


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("mnist_dec", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_without_mnist_it_says_so_and_takes_digits(script, monkeypatch, capsys):
    real = datasets.load

    def offline(name, data_dir=None):
        if name == "mnist":
            raise FileNotFoundError("tried: nowhere")
        return real(name, data_dir)

    monkeypatch.setattr(script.datasets, "load", offline)
    assert script.load(None, None).name == "digits"
    assert "MNIST was not found" in capsys.readouterr().err
    with pytest.raises(FileNotFoundError):
        script.load("mnist", None)


def test_table_shows_the_papers_figures_for_mnist_only(script):
    scores = {name: {"acc": 0.5, "nmi": 0.25, "ari": 0.125} for name in script.PAPER}
    assert "0.8430" in script.table(scores, "mnist")
    assert "0.8430" not in script.table(scores, "usps")
    assert "0.5000  0.2500  0.1250" in script.table(scores, "usps")


def test_a_whole_run(script, monkeypatch, tmp_path, quick, capsys):
    """On `gaussians`, with a network of a second: every file is there and says the same."""
    small = {k: v for k, v in quick.items() if k not in ("random_state", "pretraining")}
    monkeypatch.setattr(
        script,
        "DEC",
        lambda k, pretraining, **kwargs: DEC(
            k, **small, pretraining=quick["pretraining"], **kwargs
        ),
    )
    monkeypatch.setattr(script, "TSNE_SAMPLES", 100)
    monkeypatch.setattr(
        sys, "argv", ["mnist_dec.py", "--dataset", "gaussians", "--out", str(tmp_path)]
    )
    script.main()
    printed = capsys.readouterr().out
    assert "autoencoder + k-means" in printed
    x = datasets.load("gaussians").x
    model = DEC.load(tmp_path / "model.h5")
    labels = np.loadtxt(tmp_path / "labels.csv", skiprows=1, dtype=int)
    np.testing.assert_array_equal(labels, model.labels_)
    np.testing.assert_array_equal(labels, model.predict(x))
    with (tmp_path / "history.csv").open() as file:
        assert [int(row["iteration"]) for row in csv.DictReader(file)] == [
            record["iteration"] for record in model.history_
        ]
    for name in ("curves", "embedding", "confusion"):
        assert (tmp_path / f"{name}.png").stat().st_size > 10_000


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--dataset", "mnits"], "invalid choice: 'mnits'"),
        (["--dataset", "mnist", "--data-dir", "no/such/folder"], "no/such/folder"),
    ],
)
def test_bad_arguments_write_nothing(tmp_path, arguments, message):
    result = subprocess.run(
        [sys.executable, str(SCRIPT), *arguments],
        capture_output=True, text=True, check=False, cwd=tmp_path, timeout=300,
    )  # fmt: skip
    assert result.returncode != 0
    assert message in result.stderr
    assert not any(tmp_path.iterdir())

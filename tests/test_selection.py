"""The number of clusters: found where it is known, and the rule on records by hand."""

import numpy as np
import pytest
from matplotlib.figure import Figure
from sklearn.base import clone
from sklearn.metrics import adjusted_rand_score

from dec import (
    DCN,
    DEC,
    CheckpointError,
    DenseAutoencoder,
    choose_n_clusters,
    datasets,
    selection,
)
from dec.selection import generalizability, recommend
from dec.training.rows import RowModel


@pytest.fixture(scope="module")
def small(quick):
    return DEC(**{**quick, "network": DenseAutoencoder(units=(16, 2))})


@pytest.fixture(scope="module")
def choice(small):
    data = datasets.load("gaussians")
    return choose_n_clusters(data.x, [2, 3, 4, 5], estimator=small, y=data.y)


def test_three_gaussians(choice):
    assert choice.best == 3
    assert [record["n_clusters"] for record in choice.scores] == [2, 3, 4, 5]
    three = choice.scores[1]
    assert three["stability"] == pytest.approx(1, abs=0.02)
    assert three["acc"] > 0.98
    assert "k = 3" in choice.reasons


def test_every_record_is_complete(choice):
    for record in choice.scores:
        assert -1 <= record["silhouette"] <= 1
        assert record["davies_bouldin"] > 0
        assert record["generalizability"] > 0
        assert 1 <= record["live_clusters"] <= record["n_clusters"]


def test_plot(choice):
    figure = choice.plot()
    assert isinstance(figure, Figure)
    assert len(figure.axes) == 5  # NMI is known here
    assert all(axes.lines[-1].get_xdata()[0] == 3 for axes in figure.axes)


def test_y_and_the_order_of_candidates_choose_nothing(small, blobs):
    x, y = blobs
    a = choose_n_clusters(x, (4, 3), estimator=small, n_runs=2)
    b = choose_n_clusters(x, [3, 4], estimator=small, n_runs=2, y=y)
    for without, with_y in zip(a.scores, b.scores, strict=True):
        assert without.items() <= with_y.items()
    assert (a.best, a.reasons) == (b.best, b.reasons)
    assert small.random_state == 0  # the template is as it was
    assert not hasattr(small, "encoder_")


def test_stability_is_the_index_of_the_runs_labels(small, blobs):
    """Two runs, made by hand."""
    from sklearn.model_selection import train_test_split

    from dec.seeds import spawn_seeds

    x, _ = blobs
    (record,) = choose_n_clusters(x, [4], estimator=small, n_runs=2, random_state=7).scores
    split, *seeds = spawn_seeds(7, 3)
    train, rest = train_test_split(np.arange(160), test_size=0.2, random_state=split)
    labels = [
        clone(small).set_params(n_clusters=4, random_state=seed).fit(x[train]).predict(x[rest])
        for seed in seeds
    ]
    assert record["stability"] == pytest.approx(adjusted_rand_score(*labels))


def test_generalizability_of_equal_parts_is_one(small, quick, blobs):
    x, _ = blobs
    model = clone(small).set_params(n_clusters=4).fit(x)
    assert generalizability(model, x, x) == pytest.approx(1)
    hard = DCN(4, **{**quick, "max_iter": 0}).fit(x)
    assert np.isnan(generalizability(hard, x, x))  # it has no q


def test_rule_by_hand():
    def record(k, stability, silhouette):
        return {"n_clusters": k, "stability": stability, "silhouette": silhouette}

    # 2, whose clusters are joined from others, is as stable as 4, and 3 and 5 are not.
    scores = [record(2, 0.96, 0.9), record(3, 0.94, 0.7), record(4, 0.95, 0.6), record(5, 0.8, 0.5)]
    k, why = recommend(scores)
    assert k == 4
    assert "fewer: k = 2." in why
    k, why = recommend([record(2, 0.7, 0.9), record(3, 0.95, 0.5)])
    assert k == 3
    assert "fewer" not in why


@pytest.mark.parametrize(
    ("settings", "match"),
    [({"candidates": []}, "candidates"), ({"candidates": [1, 2]}, "candidates"),
     ({"n_runs": 1}, "n_runs")],
)  # fmt: skip
def test_bad_arguments_are_refused(blobs, settings, match):
    with pytest.raises(ValueError, match=match):
        choose_n_clusters(blobs[0], **{"candidates": [2, 3], **settings})


def test_a_stopped_call_goes_on(small, blobs, tmp_path, monkeypatch):
    """What was finished before the stop is not trained again, and the answer is the same."""
    x, _ = blobs
    trainings, fit = [], RowModel.fit
    monkeypatch.setattr(
        RowModel, "fit", lambda model, *a, **b: trainings.append(1) or fit(model, *a, **b)
    )
    small = clone(small).set_params(tol=0.0)
    expected = choose_n_clusters(x, [3, 4], n_runs=2, estimator=small).scores
    of_all = len(trainings)
    kept = clone(small).set_params(checkpoint_dir=tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(selection, "judge", lambda model, *_: {} if model.n_clusters == 3 else 1 / 0)
        with pytest.raises(ZeroDivisionError):  # the last clustering of the first run has ended
            choose_n_clusters(x, [3, 4], n_runs=2, estimator=kept)
    assert len(trainings) == 1.5 * of_all
    assert choose_n_clusters(x, [3, 4], n_runs=2, estimator=kept).scores == expected
    assert len(trainings) == 2 * of_all
    with pytest.raises(CheckpointError, match="checksum"):
        choose_n_clusters(x + 1, [3, 4], n_runs=2, estimator=kept)

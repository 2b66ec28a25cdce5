import io

import numpy as np
import pytest
from matplotlib.figure import Figure

from dec.plots import plot_curves

HISTORY = [
    {"iteration": 0, "loss": 0.5, "changed": np.nan, "acc": 0.7, "nmi": 0.6, "ari": 0.5},
    {"iteration": 140, "loss": 0.4, "changed": 0.1, "acc": 0.8, "nmi": 0.7, "ari": 0.6},
    {"iteration": 280, "loss": 0.3, "changed": 0.0005, "acc": 0.9, "nmi": 0.8, "ari": 0.7},
]


def column(key):
    return [record[key] for record in HISTORY]


def without(*keys):
    return [{k: v for k, v in record.items() if k not in keys} for record in HISTORY]


def test_three_panels_hold_the_history():
    figure = plot_curves(HISTORY, tol=0.001, title="DEC")
    assert isinstance(figure, Figure)
    loss, changed, scores = figure.axes
    for axes, keys in ((loss, ["loss"]), (changed, ["changed"]), (scores, ["acc", "nmi", "ari"])):
        for line, key in zip(axes.lines, keys, strict=False):
            np.testing.assert_array_equal(line.get_xdata(), column("iteration"))
            np.testing.assert_array_equal(line.get_ydata(), column(key))
    assert loss.get_title() == "DEC"
    assert changed.get_yscale() == "log"
    np.testing.assert_array_equal(changed.lines[1].get_ydata(), [0.001, 0.001])
    texts = [text.get_text() for text in scores.get_legend().get_texts()]
    assert texts == ["ACC (last 0.900)", "NMI (last 0.800)", "ARI (last 0.700)"]


def test_all_changed_shares_are_inside_the_view():
    low, high = plot_curves(HISTORY, tol=1e-5).axes[1].get_ylim()
    assert low < 1e-5
    assert high > 0.1


@pytest.mark.parametrize(
    ("history", "panels"),
    [
        (without("acc", "nmi", "ari"), 2),
        (without("changed"), 2),
        (without("loss", "changed"), 1),
        (without("nmi"), 3),
        ([{**record, "loss": np.nan} for record in HISTORY], 2),
        (HISTORY[:1], 2),  # the first refresh has no previous labels
    ],
)
def test_panel_only_where_something_is_known(history, panels):
    figure = plot_curves(history)
    assert len(figure.axes) == panels
    figure.savefig(io.BytesIO(), format="png")


@pytest.mark.parametrize("value", [None, np.nan, np.inf])
def test_unknown_value_leaves_a_gap(value):
    history = [dict(record) for record in HISTORY]
    history[1]["loss"] = value
    del history[0]["acc"]
    figure = plot_curves(history)
    np.testing.assert_array_equal(figure.axes[0].lines[0].get_ydata(), [0.5, np.nan, 0.3])
    np.testing.assert_array_equal(figure.axes[2].lines[0].get_ydata(), [np.nan, 0.8, 0.9])


@pytest.mark.parametrize("shares", [[0.1, 0.01, 0.0], [0.0, 0.0, 0.0]])
def test_zero_changed_labels_have_a_place(shares):
    history = [{"iteration": i, "changed": share} for i, share in enumerate(shares)]
    (axes,) = plot_curves(history).axes
    assert axes.get_yscale() == "symlog"
    np.testing.assert_array_equal(axes.lines[0].get_ydata(), shares)
    assert axes.get_ylim()[0] < 0


def test_several_loss_terms_by_their_own_names():
    history = [{"iteration": 0, "kl": 0.2, "reconstruction": 0.9}]
    (axes,) = plot_curves(history, losses=("kl", "reconstruction"), loss_label="loss").axes
    assert [line.get_label() for line in axes.lines] == ["kl", "reconstruction"]
    assert axes.get_ylabel() == "loss"
    assert axes.get_legend() is not None


@pytest.mark.parametrize(
    ("history", "options", "error", "message"),
    [
        ([], {}, ValueError, "history: expected a finite value.*0 records"),
        ([{"iteration": 0}], {}, ValueError, "history: expected a finite value"),
        ([{"loss": 1.0}], {}, ValueError, "'iteration' in every record, received None in record 0"),
        ([{"iteration": 0, "loss": "x"}], {}, TypeError, "number under 'loss', received 'x'"),
        ([{"iteration": 0, "changed": 12}], {}, ValueError, r"share in \[0, 1\]"),
        ({"iteration": [0]}, {}, TypeError, "one mapping per refresh, received dict"),
        ([0.1, 0.2], {}, TypeError, "one mapping per refresh, received list"),
        (HISTORY, {"tol": 5}, ValueError, r"tol: expected a share in \[0, 1\], received 5"),
        (HISTORY, {"losses": "loss"}, ValueError, "losses: expected up to 5 keys"),
        (HISTORY, {"scores": list("abcdef")}, ValueError, "scores: expected up to 5 keys"),
    ],
)
def test_bad_input(history, options, error, message):
    with pytest.raises(error, match=message):
        plot_curves(history, **options)

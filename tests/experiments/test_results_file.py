"""Rows on disk, and the tables that are made of them."""

import csv

import pytest
import results_file
import write_tables


def test_rows_come_back_and_are_found(tmp_path):
    results_file.append("t", tmp_path, method="DEC", seed=0, acc=0.5, nmi=0.25, ari=1.0)
    results_file.append("t", tmp_path, method="IDEC", seed=1, acc=0.75, nmi=0.5, ari=0.0)
    first, second = results_file.rows("t", tmp_path)
    assert (first["method"], first["acc"], first["seconds"]) == ("DEC", "0.5000", "")
    assert second["keras"]
    assert results_file.has("t", tmp_path, method="IDEC", seed=1)
    assert not results_file.has("t", tmp_path, method="IDEC", seed=0)
    assert results_file.rows("other", tmp_path) == []


def test_rows_of_another_kind_bring_their_columns(tmp_path):
    results_file.append("k", tmp_path, n_clusters=3, stability="0.9")
    results_file.append("k", tmp_path, n_clusters=4, stability="0.8")
    with (tmp_path / "k.csv").open(newline="") as file:
        header, *lines = csv.reader(file)
    assert header[:3] == ["n_clusters", "stability", "peak_mb"]
    assert [line[:2] for line in lines] == [["3", "0.9"], ["4", "0.8"]]
    with pytest.raises(ValueError, match="fields not in fieldnames"):
        results_file.append("k", tmp_path, n_clusters=5, silhouette="0.1")


def test_spread_by_hand():
    assert results_file.spread([50.0]) == "50.0"
    assert results_file.spread([1.0, 3.0]) == "2.0 ± 1.4"


def test_grouped_by_hand():
    rows = [
        {"method": "a", "acc": "0.5", "seconds": "10", "stop_reason": "converged"},
        {"method": "a", "acc": "0.7", "seconds": "20", "stop_reason": "max_iter"},
        {"method": "b", "acc": "0.1", "seconds": "1", "stop_reason": "collapsed"},
    ]
    table = write_tables.grouped(rows, ("method",), ("acc", "seconds", "stop_reason"))
    assert table.splitlines() == [
        "| method | acc % | seconds | stop_reason | runs |",
        "| --- | --- | --- | --- | --- |",
        "| a | 60.0 ± 14.1 | 15 | converged, max_iter | 2 |",
        "| b | 10.0 | 1 | collapsed | 1 |",
    ]
    single = write_tables.grouped(rows[1:], ("method",), ("acc",))  # one run each: not counted
    assert single.splitlines()[::2] == ["| method | acc % |", "| a | 70.0 |"]


def test_a_table_takes_the_place_of_the_old_one(tmp_path, monkeypatch):
    monkeypatch.setattr(write_tables, "ROOT", tmp_path)
    monkeypatch.setattr(results_file, "rows", lambda name: [{"m": "a"}])
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- results x -->\nold\n<!-- end -->\nafter <!-- end -->\n")
    write_tables.write("page.md", "x", lambda rows: "new")
    text = page.read_text()
    assert text == "before\n<!-- results x -->\nnew\n<!-- end -->\nafter <!-- end -->\n"
    with pytest.raises(ValueError, match="has no"):
        write_tables.write("page.md", "y", lambda rows: "new")

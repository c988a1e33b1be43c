from __future__ import annotations

from pathlib import Path

from gwae_core.report.records import Log, Series


def test_a_line_cut_off_by_a_crash_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_text('{"event": "train", "step": 1}\n[1]\n\n{"event": "train", "st')
    assert Log.read(path).records == [{"event": "train", "step": 1}]
    assert Log.read(tmp_path / "missing").records == []


def test_series_hold_the_finite_numbers_of_one_event() -> None:
    log = Log(
        [
            {"event": "train", "step": 1, "terms": {"gw": 2}},
            {"event": "train", "step": 2, "terms": {"gw": float("nan")}},
            {"event": "train", "step": 3, "terms": {"gw": float("inf")}},
            {"event": "train", "step": 4, "terms": {"gw": "text"}},
            {"event": "train", "step": 5, "terms": None},
            {"event": "train", "step": 6, "terms": {"gw": 10**400}},
            {"event": "train", "terms": {"gw": 1}},
            {"event": "validation", "step": 6, "terms": {"gw": 7}},
            {"event": "train", "step": 8, "terms": {"gw": 3.5}},
        ]
    )
    assert log.series("train", "terms", "gw") == Series([1, 8], [2, 3.5])
    assert log.series("train", "terms", "gw", "deeper") == Series([], [])


def test_names_come_in_the_order_of_their_first_record() -> None:
    log = Log(
        [
            {"event": "train", "terms": {"b": 1}},
            {"event": "train", "terms": {"a": 1, "b": 2}},
            {"event": "validation", "terms": {"c": 1}},
        ]
    )
    assert log.names("train", "terms") == ["b", "a"]

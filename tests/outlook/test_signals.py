"""Signals: under five labels only, by lab and date, and what the tables show by themselves."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.outlook.rows import before, catalogue, day, eci_on, event, frontier, lab, score, scored, shipped

from hanse.errors import InputError
from hanse.outlook.catalogue.tables import Catalogue
from hanse.outlook.signals import LABELS, Signal, find_lab, signals

FIVE = {"insight", "industry update", "market impact", "strategy", "context"}


def of_kind(rows: Catalogue, kind: str) -> list[Signal]:
    return [signal for signal in signals(rows) if signal.kind == kind and signal.found == "systematic"]


def test_every_signal_has_one_of_five_labels_an_id_of_its_own_and_rows_behind_it() -> None:
    rows = shipped()
    found = signals(rows)
    assert set(LABELS) == FIVE
    assert {signal.label for signal in found} <= FIVE
    assert len({signal.id for signal in found}) == len(found) > len(rows.events)
    known = {row.id for row in (*rows.events, *rows.releases)} | {row.name for row in rows.scores}
    assert all(signal.rows and set(signal.rows) <= known for signal in found)
    assert [(s.date, s.id) for s in found] == sorted(((s.date, s.id) for s in found), reverse=True)
    names = {row.id: row.name for row in rows.labs}
    assert all(signal.as_json(names)["name"] == names[signal.lab] for signal in found)


def test_every_event_is_told_as_it_stands() -> None:
    rows = shipped()
    told = {signal.id: signal for signal in signals(rows)}
    for row in rows.events:
        signal = told[row.id]
        assert (
            signal.date,
            signal.lab,
            signal.kind,
            signal.label,
            signal.what,
            signal.found,
            signal.confidence,
            signal.source,
        ) == (row.date, row.lab, row.kind, row.label, row.what, row.found, row.confidence, row.source)


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(sorted(shipped().lab)), st.dates(date(2022, 1, 1), date(2027, 1, 1)))
def test_filters_keep_what_they_say_and_drop_nothing_else(lab_: str, since: date) -> None:
    rows = shipped()
    every = signals(rows)
    assert signals(rows, lab_) == [s for s in every if s.lab == lab_]
    for first in (since, every[len(every) // 2].date):
        assert signals(rows, None, first) == [s for s in every if s.date >= first]
    assert signals(rows, lab_, since) == [s for s in every if s.lab == lab_ and s.date >= since]


# --- which lab


def test_a_lab_is_found_by_its_id_and_by_every_name_in_any_case() -> None:
    rows = shipped()
    for row in rows.labs:
        for name in (row.id, *row.known_as):
            assert find_lab(rows, name) == find_lab(rows, f" {name.upper()} ") == row.id


def test_a_part_of_a_name_does_if_only_one_lab_has_it() -> None:
    assert find_lab(shipped(), "zhipu") == "zai"
    assert find_lab(shipped(), "Nemotron)") == "nvidia"


def test_an_unknown_or_ambiguous_name_says_which_there_are() -> None:
    with pytest.raises(InputError, match="Atlantis: no such lab; known are 01ai, ai2, "):
        find_lab(shipped(), "Atlantis")
    with pytest.raises(InputError, match=r"research: no such lab; could be .*ibm, .*nous"):
        find_lab(shipped(), "research")
    with pytest.raises(InputError, match=": no such lab; could be "):
        find_lab(shipped(), "  ")
    with pytest.raises(InputError, match="Qwen: no such lab; known are "):
        signals(shipped(), "Qwen")  # the id is wanted here
    twice = catalogue(labs=[lab("a", name="Same"), lab("b", name="Same")])
    with pytest.raises(InputError, match="same: no such lab; could be a, b"):
        find_lab(twice, "same")


# --- what the tables show


def test_a_change_of_license_class_is_told_once_between_large_releases_whose_class_is_known() -> None:
    pairs = [
        scored("a-1", "a", day("2024-01-01"), None),
        scored("a-2", "a", day("2024-03-01"), None, license="Unread"),
        scored("a-3", "a", day("2024-04-01"), None, 7, license="Research"),
        scored("a-4", "a", day("2024-05-01"), None),
        scored("a-5", "a", day("2024-06-01"), None, None, license="Metered"),
        scored("a-6", "a", day("2024-07-01"), None, license="Metered"),
        scored("a-7", "a", day("2024-08-01"), None, weights="not verified"),
        scored("b-1", "b", day("2024-07-02"), None),
        scored("a-8", "a", day("2024-09-01"), None, license="Research"),
    ]
    found = of_kind(catalogue(pairs, frontier()), "license")
    assert [(s.rows, s.date, s.lab, s.label) for s in found] == [
        (("a-8", "a-6"), day("2024-09-01"), "a", "strategy"), (("a-5", "a-4"), day("2024-06-01"), "a", "strategy")]  # fmt: skip
    assert found[1].what == "A 5 came under a license that is metered (Metered); A 4 was open."


def test_near_frontier_releases_are_told_with_their_lag_and_others_are_not() -> None:
    pairs = [
        scored("near", "a", day("2025-01-01"), 6),
        scored("far", "a", day("2025-02-01"), 15),
        scored("unrated", "a", day("2025-03-01"), None),
        scored("told", "a", day("2025-04-01"), 2, weights="not verified"),
    ]
    (signal,) = of_kind(catalogue(pairs, frontier()), "near-frontier")
    assert (signal.rows, signal.label, signal.confidence) == (("near",), "industry update", "verified")
    assert "near was released 6." in signal.what.lower() or "near was released 5." in signal.what.lower()


def closed(when: str, above: float, name: str = "A") -> tuple[str, date, float, str]:
    return f"{name} closed {when}", day(when), eci_on(day(when)) + above, name


def test_a_better_closed_model_is_told_when_it_first_passes_the_best_open_one() -> None:
    pairs = [scored("a-1", "a", day("2024-06-01"), 6), scored("a-2", "a", day("2025-06-01"), 3)]
    rows = [
        closed("2024-05-01", 0),
        closed("2024-07-01", -9),
        closed("2024-08-01", -4),
        closed("2024-09-01", 0),
        closed("2025-07-01", 2),
        closed("2025-08-01", 3),
        closed("2024-09-01", 5, "Nobody"),
        closed("2024-10-01", 1, "B"),
    ]
    made = [score(*row) for row in rows]
    unknown = score("A odd", day("2024-07-02"), 200, "A", "unknown")
    found = of_kind(catalogue(pairs, [*made, unknown], labs=[lab("b")]), "closed ahead")
    # not before the first open model, not while below it, not again until an open one has caught up; B opens nothing
    assert [s.rows for s in found] == [("A closed 2025-07-01",), ("A closed 2024-08-01",)]
    assert {(s.label, s.lab) for s in found} == {("strategy", "a")}
    best = next(made for row, made in pairs if row.id == "a-1")
    assert best is not None
    assert (
        f"is {eci_on(day('2024-08-01')) - 4 - best.eci:.1f} ECI points above the lab's best open model" in found[1].what
    )


def test_a_closed_model_is_ahead_until_an_open_one_passes_it() -> None:
    """A better open model that is still below the closed one begins no new row."""
    pairs = [scored("a-1", "a", day("2024-06-01"), 8), scored("a-2", "a", day("2024-10-01"), 8)]
    made = [score(*row) for row in (closed("2024-07-01", 0), closed("2024-12-01", 0))]
    found = of_kind(catalogue(pairs, made), "closed ahead")
    assert [s.rows for s in found] == [("A closed 2024-07-01",)]


def test_what_is_computed_carries_how_sure_the_release_is() -> None:
    pairs = [scored("a-1", "a", day("2025-01-01"), 3, confidence="single source")]
    (signal,) = of_kind(catalogue(pairs, frontier(), [event("e", "a", before(day("2025-01-01"), 1))]), "near-frontier")
    assert (signal.confidence, signal.source) == ("single source", "computed from a-1")

"""The verdict in words follows from the figures, at its thresholds and beyond."""

from __future__ import annotations

from typing import Any

import pytest

from hanse.case import verdict
from hanse.case.verdict import deviates, headline, likely, money, name_of, percent

YEARS = list(range(2027, 2035))


def share(value: float, error: float = 0.01) -> dict[str, Any]:
    return {"value": value, "low": max(0.0, value - error), "high": min(1.0, value + error)}


FALLING = (0.9, 0.8, 0.7, 0.6, 0.4, 0.3, 0.2, 0.1)


def charter(founded: float = 0.9, near: tuple[float, ...] = FALLING, **more: Any) -> dict[str, Any]:
    rival = {"near": [share(0.5)] * 8}
    members = [{"name": "a", "leaves_first": share(0.4)}, {"name": "b", "leaves_first": share(0.1)}]
    own = {"name": "Us", "years": YEARS, "founded": share(founded), "kinds": [["a"], ["b", "c", "d"]],
           "structures": {"consortium": {"near": [share(value) for value in near]}, "startup": rival},
           "members": members}  # fmt: skip
    return own | more


def effect(says: str, change: float, error: float = 0.01, founded: float = 0.9, **less_there: float) -> dict[str, Any]:
    ends = {"value": change, "low": change - error, "high": change + error}
    return {"says": says, "change": ends, "founded": share(founded),
            "less_there": {name: {"value": value} for name, value in less_there.items()}}  # fmt: skip


@pytest.mark.parametrize(
    ("chance", "said"),
    [(1.0, "almost surely"), (0.95, "almost surely"), (0.949, "very likely"), (0.6, "probably"),
     (0.599, "about as likely as not to"), (0.399, "probably not"), (0.05, "very likely not"), (0.049, "almost surely not"),
     (0.0, "almost surely not")],
)  # fmt: skip
def test_a_chance_in_words_changes_at_its_threshold(chance: float, said: str) -> None:
    assert likely(chance) == said


def test_what_is_neither_nothing_nor_all_is_not_said_to_be() -> None:
    assert [percent(value) for value in (0.0, 0.001, 0.5, 0.999, 1.0)] == ["0%", "under 1%", "50%", "over 99%", "100%"]


def test_money_is_short() -> None:
    assert [money(value) for value in (0, 950, 1.5e6, -2.25e9, 3e12)] == ["0 USD", "950 USD", "1.5 M USD", "-2.25 B USD", "3 T USD"]


def test_the_headline_says_until_when() -> None:
    assert headline({"charters": [charter()]}) == (
        "Us very likely comes about (90%) and is more likely than not near the frontier until 2030; in year 5 with 40%."
    )
    assert "to the end of the eight years" in headline({"charters": [charter(near=(0.5,) * 8)]})
    assert "in no year more likely than not" in headline({"charters": [charter(near=(0.49,) * 8)]})
    said = headline({"charters": [charter(founded=0.3)]})
    assert said == "Us will probably not come about (30%); near the frontier in year 5: 40%."


def test_the_headline_of_several_names_the_likeliest() -> None:
    other = charter(near=(0.9,) * 8) | {"name": "Them"}
    assert headline({"charters": [charter(), other]}).startswith("Of 2 charters Them is likeliest")
    assert headline({"charters": [charter(near=(0.7, *(0.0,) * 7))] * 2}) == (
        "None of 2 charters is likely to ship near the frontier in its fifth year; in its first Us is likeliest to (70%)."
    )


def test_the_structures_are_said_best_first() -> None:
    assert verdict.against_rivals(charter()).endswith("a startup 50%, this consortium 40%.")


def test_only_changes_beyond_the_luck_of_the_draws_are_said_the_most_helpful_first() -> None:
    found = verdict.clauses(charter(effects=[effect("less", -0.2), effect("more", 0.3), effect("luck", 0.005)]))
    assert found == ["More: +30 points [+29, +31].", "Less: -20 points [-21, -19]."]
    assert verdict.clauses(charter()) == []


def test_where_nothing_moves_it_who_stays_and_what_founds_is_said() -> None:
    rows = [effect("a long notice", 0.0, a=-0.3), effect("an embargo", 0.0, founded=0.99, a=0.1)]
    said = verdict.clauses(charter(effects=rows))
    assert said[0].startswith("No change of one clause moves")
    assert said[1:] == ["a is more often there in year 5 with a long notice: +30 points.",
                        "It comes about most often with an embargo: 99%, as it is 90%."]  # fmt: skip


def test_kinds_have_short_names() -> None:
    assert [name_of(names) for names in (["a"], ["a", "b"], ["a", "b", "c"])] == ["a", "a, b", "a and 2 alike"]


def test_who_would_leave_together_is_named_by_kind() -> None:
    assert deviates(charter(), ["b", "c", "d"]) == "b and 2 alike would do better by themselves"
    assert deviates(charter(), ["a"]) == "a would do better by itself"
    assert deviates(charter(), ["a", "b", "c"]) == "a, b, c would do better by themselves"
    assert deviates(charter(), ["a", "b", "c", "d"]) == "all together gain less than they pay"


def test_hardly_anybody_leaving_and_nobody_founding_are_said() -> None:
    member = {"leaves_first": share(0.001), "reasons": {}}
    rows = [{"name": name, **member} for name in "abcd"]
    assert verdict.leaving(charter(members=rows)) == "Hardly anybody leaves before the end."
    assert verdict.leaving(charter(founded=0.0)) == "Nobody leaves what nobody founds."

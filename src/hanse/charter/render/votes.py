"""Voting power and what stands in its place: power, sunset, veto, choice of one of many, the technical committee."""

from __future__ import annotations

from hanse.charter.clauses.votes import Sunset, Veto
from hanse.charter.render.article import Part, Table
from hanse.charter.render.words import KINDS, day, listed, many, share
from hanse.charter.schema import Charter


def power(charter: Charter) -> list[Part]:
    found = charter.power
    assert found is not None
    basis = {
        "member": "Every voting member has one vote.",
        "seat": "Every seat ({membership}) has one vote.",
        "pledged": "Votes go in proportion to the value of the year's pledges as promised, at the price table.",
        "delivered": "Votes go in proportion to the value of what was delivered and logged in the year, at the price table.",
    }
    parts: list[Part] = [basis[found.basis]]
    if found.basis in ("member", "seat"):
        return parts
    floor = f"at least {share(found.floor)}" if found.floor is not None else "no least share"
    cap = f"at most {share(found.cap)}" if found.cap is not None else "no most share"
    parts.append(f"Of all votes, a voting member has {floor} and {cap}.")
    if found.cap is None and found.excess is None:
        return parts
    excess = {
        None: "What becomes of power above the cap is not said.",
        "pro_rata": "Power above the cap goes to the other members in proportion to theirs, until nobody is above it.",
        "equal": "Power above the cap goes to the other members in equal parts.",
        "lapses": "Power above the cap lapses.",
    }
    return [*parts, excess[found.excess]]


def sunset(charter: Charter) -> list[Part]:
    first = "In place of what voting power gives them, these members have, on the scale of one vote a member or a seat:"
    heads = ("Member", "Votes", "From", "Until (not included)")
    return [first, Table(heads, tuple(_sunset(row) for row in charter.sunset))]


def _sunset(row: Sunset) -> tuple[str, ...]:
    return (row.member, many(row.votes, "vote"), day(row.start), day(row.end))


def veto(charter: Charter) -> list[Part]:
    return [_veto(row) for row in charter.veto]


def _veto(row: Veto) -> str:
    who = f"Member {row.member}" if row.member is not None else f"Every member of class “{row.membership}”"
    kinds = listed((KINDS[kind] for kind in row.kinds), "or")
    until = f"before {day(row.until)}" if row.until is not None else "for the whole term"
    within = f"within {many(row.within_days, 'day')} of the vote" if row.within_days is not None else "with no limit after the vote"
    grounds = f"on no other ground than this: “{row.grounds}”" if row.grounds else "for any reason"
    return f"{who} may stop a decision on {kinds}, {until}, {within}, {grounds}."


def choice(charter: Charter) -> list[Part]:
    found = charter.choice
    assert found is not None
    methods = {
        "schulze": "the Schulze method", "instant_runoff": "instant runoff", "plurality": "plurality", "approval": "approval",
    }  # fmt: skip
    none = "“None of these” stands" if found.default_option else "“None of these” does not stand"
    return [f"One of many options is chosen by {methods[found.method]}. {none} for choice."]


def technical(charter: Charter) -> list[Part]:
    found = charter.technical
    assert found is not None
    kinds = listed(KINDS[kind] for kind in found.decides)
    alone = f"A technical committee decides alone on {kinds}; the board may not." if found.decides else (
        "A technical committee decides nothing alone."
    )  # fmt: skip
    delay = "It cannot delay a run plan that it does not decide."
    if found.delay_days:
        delay = f"It may once delay a run plan that it does not decide, by {many(found.delay_days, 'day')}."
    seats = f"It has {many(found.seats, 'seat')}, of which one group of affiliates holds {found.per_group_most:,} at most."
    return [alone, seats, delay]

"""Rules about votes: schedules, caps, what a vote costs, who has none."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Iterator
from fractions import Fraction

from hanse.charter.lint.subject import Found, Subject
from hanse.charter.power.formula import group_of, shares, votes
from hanse.charter.power.table import days
from hanse.charter.schema import Charter
from hanse.charter.worth import years

INVERSION = 5
"""Times the median power per unit paid."""


def schedule_gap(of: Subject) -> Iterator[Found]:
    for member, edges in _edges(of.charter).items():
        for end, start in edges:
            if end < start:
                what = f"votes of {member} are not said from {end} to {start}"
                yield Found(
                    "sunset", what, "let its rows cover the whole term, each starting on the day the one before ends"
                )


def schedule_overlap(of: Subject) -> Iterator[Found]:
    for member, edges in _edges(of.charter).items():
        for end, start in edges:
            if end > start:
                yield Found(
                    "sunset",
                    f"votes of {member} are said twice from {start} to {end}",
                    "let one row end where the next starts",
                )


def _edges(charter: Charter) -> dict[str, list[tuple[str, str]]]:
    """By founder: each end of a row with the start of the next; the term's own edges are the first end and the last start."""
    found = {}
    for member in dict.fromkeys(row.member for row in charter.sunset):
        rows = sorted((row.start, row.end) for row in charter.sunset if row.member == member)
        ends, starts = [end for _, end in rows], [start for start, _ in rows]
        if charter.term is not None:
            ends, starts = [charter.term.start, *ends], [*starts, charter.term.end]
        else:
            starts = starts[1:]
        found[member] = list(zip(ends, starts, strict=False))
    return found


def cap_without_excess(of: Subject) -> Iterator[Found]:
    power = of.charter.power
    if power is None or power.cap is None:
        return
    if power.excess is None:
        yield Found(
            "power.excess",
            f"nothing says what becomes of power above the cap, {power.cap}",
            "add excess = 'pro_rata' or 'equal'",
        )
        return
    founders = {row.member for row in of.charter.sunset}
    for day, held in of.votes.items():
        total = sum(held.values())
        for name, count in held.items():
            if count > power.cap.value * total and name not in founders:
                part = f"{name} has {_percent(count / total)} of the votes from {day} on"
                what = f"{part}: excess = {power.excess!r} leaves power to nobody"
                yield Found(
                    "power.cap",
                    what,
                    "use excess = 'equal', or a cap of at least one part in as many as there are members",
                )
                return


def power_inversion(of: Subject) -> Iterator[Found]:
    power = of.charter.power
    if power is None or power.basis not in ("pledged", "delivered") or not of.values:
        return
    seen = set()
    groups = {member.name: group_of(of.charter, member) for member in of.charter.member}
    for at, day in enumerate(years(of.charter)):
        held = shares(of.charter, day)
        paid = {
            name: sum(of.values[other][at].total for other in groups if groups[other] == groups[name]) for name in held
        }
        each = {name: share / paid[name] for name, share in held.items() if share and paid[name]}
        middle = statistics.median(each.values()) if each else 0
        for name, ratio in each.items():
            if ratio > INVERSION * middle and name not in seen:
                seen.add(name)
                times = f"{float(ratio / middle):.1f} times the median"
                what = (
                    f"{name} has {_percent(held[name])} of the votes in the year from {day} and {times} per unit paid"
                )
                yield Found("power", what, "raise the cap, lower the floor, or share the excess by heads")


def class_without_voice(of: Subject) -> Iterator[Found]:
    if not of.votes:
        return
    heard = {
        group_of(of.charter, one) for one in of.charter.member if any(held[one.name] for held in of.votes.values())
    }
    vetoes = {veto.membership for veto in of.charter.veto}
    for at, row in enumerate(of.charter.membership):
        own = [member for member in of.charter.member if member.membership == row.name]
        gives = row.dues is not None or any(
            pledge.member in {member.name for member in own} for pledge in of.charter.pledge
        )
        if (
            own
            and (row.votes or gives)
            and row.name not in vetoes
            and not any(group_of(of.charter, one) in heard for one in own)
        ):
            what = f"members of {row.name} {'pay and ' if gives else ''}never have a vote"
            yield Found(
                f"membership.{at}", what, "give the class a seat or votes, or say votes = false and ask nothing of it"
            )


def group_above_seats(of: Subject) -> Iterator[Found]:
    charter = of.charter
    if charter.affiliates is None or charter.power is None or charter.power.basis != "seat":
        return
    alone = votes(charter.model_copy(update={"affiliates": None}), days(charter)[0])
    groups = sorted((member.group, member.name) for member in charter.member if member.group is not None)
    for group, rows in itertools.groupby(groups, key=lambda row: row[0]):
        names = [name for _, name in rows]
        seats = sum((alone[name] for name in names), Fraction(0))
        if len(names) > 1 and seats > charter.affiliates.seats_most:
            most = charter.affiliates.seats_most
            what = f"{', '.join(names)} of group {group} have {seats} seats by class and at most {most} together"
            yield Found("affiliates.seats_most", what, "let one of them be the member, or raise seats_most")


def _percent(share: Fraction) -> str:
    return f"{float(share):.1%}"

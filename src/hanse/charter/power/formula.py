"""Voting power as one pure function of (charter, standing members, day). Fractions only.

    each voting member          1 | its seats | its share of the pledges of that year, times the number of voters
    floor, then cap             shares of all votes; the excess goes where the charter says
    sunset                      a founder's row of that day, in place of what the formula gives it

Members of one group are one member where the charter has the clause `affiliates`: the first of them named that votes speaks for
all, with their pledges together and at most `seats_most` seats. A seat that several elect is counted as the equal part that each
elector has of it. Power by delivery is what the pledges give, since deliveries are not known beforehand: a forecast. In a year
without any pledge all have one vote.
"""

from __future__ import annotations

from collections.abc import Collection
from fractions import Fraction
from typing import Literal

from hanse.charter.schema import Charter, Member
from hanse.charter.worth import worth, years

ZERO = Fraction(0)
Excess = Literal["pro_rata", "equal", "lapses"]


def shares(charter: Charter, day: str, standing: Collection[str] | None = None) -> dict[str, Fraction]:
    """By member: its share of all votes on `day`; they add up to 1, unless nobody has any. See `votes`."""
    had = votes(charter, day, standing)
    total = sum(had.values())
    return {name: count / total if total else ZERO for name, count in had.items()}


def votes(charter: Charter, day: str, standing: Collection[str] | None = None) -> dict[str, Fraction]:
    """By member: its votes on `day` (ISO 8601; "" is before every day), on the scale of one vote a member or a seat.

    Only `standing` members are counted. Off: None (all). Raises CharterError when votes follow pledges and the charter has no term,
    or a pledge no price.
    """
    members = [member for member in charter.member if standing is None or member.name in standing]
    blocs = _blocs(charter, members)
    basis = charter.power.basis if charter.power is not None else "member"
    if basis == "member":
        given = dict.fromkeys(blocs, Fraction(1))
    elif basis == "seat":
        given = _by_seat(charter, blocs)
    else:
        given = _by_pledge(charter, blocs, day)
    for name, bloc in blocs.items():
        names = {member.name for member in bloc}
        rows = [row.votes for row in charter.sunset if row.member in names and row.start <= day < row.end]
        if rows:
            given[name] = Fraction(rows[0])
    return {member.name: given.get(member.name, ZERO) for member in members}


def is_voting(charter: Charter, member: Member) -> bool:
    """Whether its class has votes; without classes all have."""
    return all(row.votes for row in charter.membership if row.name == member.membership)


def group_of(charter: Charter, member: Member) -> str:
    """What counts as one member: its group where affiliates count as one, or itself. Names of groups and members may be equal."""
    return f"group {member.group}" if charter.affiliates is not None and member.group is not None else member.name


def _blocs(charter: Charter, members: list[Member]) -> dict[str, list[Member]]:
    """Voting members by the one that speaks for them."""
    groups: dict[str, list[Member]] = {}
    for member in members:
        if is_voting(charter, member):
            groups.setdefault(group_of(charter, member), []).append(member)
    return {bloc[0].name: bloc for bloc in groups.values()}


def _by_seat(charter: Charter, blocs: dict[str, list[Member]]) -> dict[str, Fraction]:
    entitled = [member for bloc in blocs.values() for member in bloc]
    parts = {member.name: ZERO for member in entitled}
    for row in charter.membership:
        own = [member.name for member in entitled if member.membership == row.name]
        if row.seats is None or not own:
            continue
        electors = own if row.seats.elected_by == "class" else list(parts)
        for name in electors:
            parts[name] += Fraction(row.seats.of(len(own)), len(electors))
    found = {name: sum((parts[member.name] for member in bloc), ZERO) for name, bloc in blocs.items()}
    most = charter.affiliates.seats_most if charter.affiliates is not None else None
    return {name: seats if most is None or len(blocs[name]) == 1 else min(seats, Fraction(most))
            for name, seats in found.items()}  # fmt: skip


def _by_pledge(charter: Charter, blocs: dict[str, list[Member]], day: str) -> dict[str, Fraction]:
    assert charter.power is not None
    values = worth(charter)
    year = max(0, sum(start <= day for start in years(charter)) - 1)
    paid = {name: sum((values[member.name][year].total for member in bloc), ZERO) for name, bloc in blocs.items()}
    total = sum(paid.values())
    part = {name: value / total if total else Fraction(1, len(paid)) for name, value in paid.items()}
    if charter.power.floor is not None:
        part = raised(part, charter.power.floor.value)
    if charter.power.cap is not None:
        part = capped(part, charter.power.cap.value, charter.power.excess or "lapses")
    return {name: share * len(blocs) for name, share in part.items()}


def raised(part: dict[str, Fraction], floor: Fraction) -> dict[str, Fraction]:
    """Nobody below the floor; those above share what is left in proportion. A floor that all together cannot have makes all
    equal."""
    floor = min(floor, Fraction(1, max(1, len(part))))
    low: set[str] = set()
    while True:
        rest = sum((share for name, share in part.items() if name not in low), ZERO)
        left = 1 - floor * len(low)
        found = {name: floor if name in low or not rest else share * left / rest for name, share in part.items()}
        below = {name for name, share in found.items() if share < floor}
        if not below:
            return found
        low |= below


def capped(part: dict[str, Fraction], cap: Fraction, excess: Excess) -> dict[str, Fraction]:
    """Nobody above the cap. What is above it goes to those below, in proportion to theirs (pro_rata) or by heads (equal), until
    nobody is above; what finds nobody lapses, as everything above does under lapses."""
    part = dict(part)
    full: set[str] = set()
    while above := {name for name, share in part.items() if share > cap}:
        over = sum((part[name] - cap for name in above), ZERO)
        full |= above
        part |= dict.fromkeys(above, cap)
        below = {name: share if excess == "pro_rata" else Fraction(1) for name, share in part.items() if name not in full}
        measure = sum(below.values())
        if excess == "lapses" or not measure:
            break
        part |= {name: part[name] + over * own / measure for name, own in below.items()}
    return part

"""Classes, affiliates, handing on, admission, attendance."""

from __future__ import annotations

from hanse.charter.clauses.membership import Membership, Seats
from hanse.charter.render.article import Part
from hanse.charter.render.words import PLEDGES, decided, listed, many, money, share
from hanse.charter.schema import Charter


def membership(charter: Charter) -> list[Part]:
    parts: list[Part] = [f"The consortium has {many(len(charter.membership), 'class', 'classes')} of members."]
    return parts + [_class(item) for item in charter.membership]


def _class(item: Membership) -> str:
    dues = f"each pays dues of {money(item.dues)} for a year, where dues go by class" if item.dues is not None else ""
    least = f"each must pledge at least {money(item.pledge_least)} for every year, at the price table" if item.pledge_least else ""
    if item.pledge_least is not None and not item.pledge_least.amount:
        least = f"the least each must pledge for a year is {money(item.pledge_least)}"
    most = f"the class takes {many(item.members_most, 'member')} at most" if item.members_most is not None else ""
    said = [
        "its members vote" if item.votes else "its members are heard and do not vote",
        _seats(item.seats) if item.seats is not None else "it has no rule of seats",
        f"they may pledge {listed((PLEDGES[kind] for kind in item.brings), 'or')} only" if item.brings else
        "they may make pledges of any kind",
        least or "no least pledge is asked of them",
        dues or "it has no dues of its own",
        most or "the number of its members has no limit",
    ]  # fmt: skip
    return f"Class “{item.name}”: {'; '.join(said)}."


def _seats(seats: Seats) -> str:
    elected = "the class elects" if seats.elected_by == "class" else "all members together elect"
    idle = f" (the figure of {many(seats.count, 'seat')} has no effect under this rule)" if seats.count != 1 else ""
    if seats.rule == "each":
        said = f"every member has {many(seats.count, 'seat')} on the board"
    elif seats.rule == "together":
        said = f"all its members together have {many(seats.count, 'seat')} on the board"
    elif seats.rule == "none":
        said = f"it has no seat on the board{idle}"
    else:
        assert seats.per is not None
        least = f", at least {seats.least:,} as soon as it has a member" if seats.least is not None else ", with no least number"
        most = f" and at most {seats.most:,}" if seats.most is not None else " and without limit"
        said = f"it has one seat on the board for every full {many(seats.per, 'member')}{least}{most}{idle}"
    return f"{said}, and {elected} who sits there"


def affiliates(charter: Charter) -> list[Part]:
    found = charter.affiliates
    assert found is not None
    return [
        f"Control of more than {share(found.control_over)} of an organization makes an affiliate; the affiliates of one group "
        "count as one member.",
        f"One group holds {many(found.seats_most, 'seat')} at most.",
    ]


def transfer(charter: Charter) -> list[Part]:
    assert charter.transfer is not None
    to = {
        "nobody": "A membership cannot be handed on.",
        "successor": "A membership can be handed on to the successor of the member's whole business, and to nobody else.",
        "anybody": "A membership can be handed on to anybody.",
    }
    return [to[charter.transfer.to]]


def admission(charter: Charter) -> list[Part]:
    found = charter.admission
    assert found is not None
    start = {"start_of_year": "the start of the year in which it joins", "day_of_joining": "the day on which it joins"}
    back = "It also pays what founders paid before." if found.back_dues else "It does not pay what founders paid before."
    admits = f"A new member is admitted by {decided(charter, found.decided_by)}."
    return [admits, f"It pays dues from {start[found.pays_from]}. {back}"]


def attendance(charter: Charter) -> list[Part]:
    found = charter.attendance
    assert found is not None
    missed = many(found.misses, "vote") + (f" of the last {found.of:,}" if found.of is not None else " in a row")
    affirm = "A member need not affirm that it is there."
    if found.affirm_days is not None:
        days = many(found.affirm_days, "day")
        affirm = f"A member that has not affirmed for {days} that it is there no longer counts in the roll."
    back = f"It counts again after it has taken part in {many(found.back_after, 'vote')}."
    return [f"A member that misses {missed} no longer counts in the roll. {back}", affirm]

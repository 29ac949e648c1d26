"""What each member may do under a charter, as sentences without a subject: rights that can be given and taken."""

from __future__ import annotations

from collections.abc import Iterator

from hanse.charter.clause import KINDS as ALL
from hanse.charter.power.formula import is_voting
from hanse.charter.render.words import KINDS, PLEDGES, day
from hanse.charter.schema import Charter, Member


def rights(charter: Charter) -> dict[str, tuple[str, ...]]:
    """By member, in a fixed order."""
    return {member.name: tuple(_rights(charter, member)) for member in charter.member}


def _rights(charter: Charter, member: Member) -> Iterator[str]:
    yield from _voting(charter, member)
    classes = [row for row in charter.membership if row.name == member.membership]
    for kind, words in PLEDGES.items():
        if all(not row.brings or kind in row.brings for row in classes):
            yield f"may pledge {words}"
    if charter.release is not None and charter.release.embargo_days != 0:
        early = charter.release.early_access
        if not early or member.membership in early:
            yield "has a release before the public"
    if charter.withdrawal is None or charter.withdrawal.owed == "nothing":
        yield "leaves without owing anything"
    if charter.expulsion is None:
        yield "cannot be expelled"
    if charter.transfer is not None and charter.transfer.to != "nobody":
        to = "to its successor" if charter.transfer.to == "successor" else "to anybody"
        yield f"may hand its membership on {to}"
    if charter.assurance is not None and charter.assurance.refund:
        yield "has back what it paid when too few pledges come together"
    if charter.dissolution is not None and charter.dissolution.surplus != "to_heir":
        yield "has a part in what is left at the end"


def _voting(charter: Charter, member: Member) -> Iterator[str]:
    committee = charter.technical.decides if charter.technical is not None else ()
    voting = is_voting(charter, member)
    for kind in ALL:
        if voting and kind in charter.decision and kind not in committee:
            yield f"votes on {KINDS[kind]}"
    for row in charter.veto:
        if member.name == row.member or (row.membership is not None and member.membership == row.membership):
            until = f" before {day(row.until)}" if row.until is not None else ""
            yield from (f"may stop a decision on {KINDS[kind]}{until}" for kind in row.kinds)
    if charter.amendment is not None and charter.amendment.class_consent and charter.membership and voting:
        yield "is asked apart, with its class, when the class is to lose a right"

"""The rule about rights that a new charter takes away from members of the one before."""

from __future__ import annotations

from collections.abc import Iterator

from hanse.charter.clauses.votes import Veto
from hanse.charter.lint.subject import Found
from hanse.charter.power.formula import votes
from hanse.charter.power.table import days
from hanse.charter.schema import Charter
from hanse.errors import InputError

CONSENT = "let the members concerned agree, by more than half of their own votes, or leave the right"


def right_removed(before: Charter, after: Charter) -> Iterator[Found]:
    """Votes, seats, vetoes, early access, class consent, and clauses that were not to change."""
    for where, what in (
        *_votes(before, after),
        *_classes(before, after),
        *_vetoes(before, after),
        *_fixed(before, after),
    ):
        yield Found(where, what, CONSENT)


def _votes(before: Charter, after: Charter) -> Iterator[tuple[str, str]]:
    try:
        had, has = votes(before, days(before)[0]), votes(after, days(after)[0])
    except InputError:
        return
    for name, count in had.items():
        if count and name in has and not has[name]:
            yield "member", f"{name} had a vote and has none"


def _classes(before: Charter, after: Charter) -> Iterator[tuple[str, str]]:
    now = {row.name: row for row in after.membership}
    for row in before.membership:
        if row.name not in now:
            yield "membership", f"the class {row.name} is gone"
            continue
        new = now[row.name]
        if row.votes and not new.votes:
            yield "membership", f"members of {row.name} had votes and are only heard"
        members = sum(member.membership == row.name for member in after.member)
        seats = [one.seats.of(members) if one.seats is not None else 0 for one in (row, new)]
        if seats[1] < seats[0]:
            yield "membership", f"{row.name} had {seats[0]} seats and has {seats[1]}"
    if before.release is not None and after.release is not None and after.release.early_access:
        for name in (
            *before.release.early_access,
            *(row.name for row in before.membership if not before.release.early_access),
        ):
            if name not in after.release.early_access:
                yield "release.early_access", f"members of {name} had releases early and no longer have"


def _vetoes(before: Charter, after: Charter) -> Iterator[tuple[str, str]]:
    for old in before.veto:
        kept = {kind for new in after.veto if _holds(old, new) for kind in new.kinds}
        lost = [kind for kind in old.kinds if kind not in kept]
        if lost:
            yield (
                "veto",
                f"{old.member or old.membership} could stop {', '.join(lost)} until {old.until or 'the end'} and no longer can",
            )


def _holds(old: Veto, new: Veto) -> bool:
    """The same holder, for as long at least."""
    return (old.member, old.membership) == (new.member, new.membership) and (
        new.until is None or (old.until is not None and old.until <= new.until)
    )


def _fixed(before: Charter, after: Charter) -> Iterator[tuple[str, str]]:
    if before.amendment is None:
        return
    if before.amendment.class_consent and (after.amendment is None or not after.amendment.class_consent):
        yield "amendment.class_consent", "a class that loses a right was asked and is no longer"
    for key in before.amendment.fixed:
        if key in Charter.model_fields and getattr(before, key) != getattr(after, key):
            yield key, f"{key} was not to change within the term"

"""Rules about decisions: who can pass them, what they count, what they refer to."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from hanse.charter.clause import DecisionKind
from hanse.charter.lint.subject import Found, Subject
from hanse.charter.power.outcome import is_quorate, roll_of
from hanse.charter.power.table import Row
from hanse.charter.schema import Charter

BINDING = frozenset({"plan", "release", "admit", "expel", "dues", "charter", "dissolve"})
"""Kinds that bind members for long; a third of them is the least that may take one."""
UNOPPOSED = frozenset({"routine", "stop"})
"""Kinds that one member may take until another objects, or that lapse."""


def coalition_single(of: Subject) -> Iterator[Found]:
    for row in _first(
        row for row in of.rows if row.kind not in UNOPPOSED and row.voters > 1 and len(row.fewest_pass or ()) == 1
    ):
        assert row.fewest_pass is not None
        quorum = f"a quorum of {row.quorum}" if row.quorum else "no quorum"
        what = f"{row.fewest_pass[0]} passes it{_from(row)} against others that just make the quorum: {row.passes}, {quorum}"
        yield Found(
            f"decision.{row.kind}", what, "raise quorum or passes, ask for heads, or give the member fewer votes"
        )


def coalition_too_small(of: Subject) -> Iterator[Found]:
    for row in _first(
        row for row in of.rows if row.kind in BINDING and len(row.fewest_pass or ()) > 1 and _is_small(of, row)
    ):
        few = row.fewest_pass or ()
        what = f"{len(few)} of {row.voters} members pass it{_from(row)} when just a quorum comes: {', '.join(few)}"
        yield Found(
            f"decision.{row.kind}", what, "raise quorum or passes until a third of members or votes must be for it"
        )


def _is_small(of: Subject, row: Row) -> bool:
    held, few = of.votes[row.day], row.fewest_pass or ()
    return 3 * len(few) < row.voters and 3 * sum((held[name] for name in few), Fraction(0)) < row.votes


def support_under_half(of: Subject) -> Iterator[Found]:
    for kind, rule in of.charter.decision.items():
        if not rule.passes.more_than_half:
            what = f"{rule.passes} lets a decision and its contrary both pass"
            yield Found(f"decision.{kind}.passes", what, f"write '> 1/2 of {rule.passes.denominator}' or more")


def unreachable_quorum(of: Subject) -> Iterator[Found]:
    for row in _first(row for row in of.rows if not row.voters):
        yield Found(f"decision.{row.kind}", f"nobody has a vote{_from(row)}", "give votes by class, seats or pledges")
    for row in _first(row for row in of.rows if row.voters > 2 and _needs_all(of, row)):
        what = f"{row.quorum} needs all {row.voters} members{_from(row)}: one that is silent stops every decision"
        yield Found(f"decision.{row.kind}.quorum", what, "lower it, and write unanimity into passes where it is meant")


def _needs_all(of: Subject, row: Row) -> bool:
    roll = roll_of(of.charter, {name: count for name, count in of.votes[row.day].items() if count})
    return not is_quorate(roll, of.charter.decision[row.kind], roll.total - min(roll.votes), len(roll.names) - 1)


def amendment_by_inactive(of: Subject) -> Iterator[Found]:
    amendment = of.charter.amendment
    if amendment is None or of.charter.attendance is not None or amendment.decided_by not in of.charter.decision:
        return
    rule = of.charter.decision[amendment.decided_by]
    for key, value in (("quorum", rule.quorum), ("passes", rule.passes), ("heads", rule.heads)):
        if value is not None and value.denominator in ("roll", "members"):
            what = f"{value} counts members that have gone silent, and nothing takes them from the roll"
            yield Found(
                f"decision.{amendment.decided_by}.{key}",
                what,
                "add [attendance], so that misses or affirmation define the roll",
            )
            return


def tie_without_end(of: Subject) -> Iterator[Found]:
    for kind, rule in of.charter.decision.items():
        if rule.tie[-1:] not in (("lot",), ("status_quo",)):
            what = f"ends with {rule.tie[-1]!r}, who may be absent or abstain" if rule.tie else "is empty"
            yield Found(f"decision.{kind}.tie", what, "end it with 'status_quo' or 'lot'")


def veto_without_end(of: Subject) -> Iterator[Found]:
    for at, veto in enumerate(of.charter.veto):
        if veto.until is None:
            what = f"{veto.member or veto.membership} can stop {', '.join(veto.kinds)} for good"
            yield Found(f"veto.{at}.until", what, "write the first day on which it no longer holds")


def kind_without_rule(of: Subject) -> Iterator[Found]:
    for where, kind in named_kinds(of.charter):
        if kind not in of.charter.decision:
            yield Found(where, f"{kind} has no rule, so it can never be decided", f"add [decision.{kind}]")


def named_kinds(charter: Charter) -> Iterator[tuple[str, DecisionKind]]:
    """Kinds of decision that clauses name, with the key that names them."""
    single = (
        "admission.decided_by",
        "breach.declared_by",
        "in_kind.revised_by",
        "amendment.decided_by",
        "expulsion.decided_by",
        "dissolution.decided_by",
        "release.exceptions_by",
        "bucket.replaced_by",
    )
    for where in single:
        clause, key = where.split(".")
        kind: DecisionKind | None = getattr(getattr(charter, clause), key, None)
        if kind is not None:
            yield where, kind
    if charter.term is not None and charter.term.renewal == "vote":
        yield "term.renewal", "charter"
    for kind in charter.technical.decides if charter.technical is not None else ():
        yield "technical.decides", kind
    for at, veto in enumerate(charter.veto):
        for kind in veto.kinds:
            yield f"veto.{at}.kinds", kind


def _first(rows: Iterator[Row]) -> Iterator[Row]:
    """The earliest of each kind: the same mistake on a later day is one mistake."""
    seen = set()
    for row in rows:
        if row.kind not in seen:
            seen.add(row.kind)
            yield row


def _from(row: Row) -> str:
    return f" from {row.day} on" if row.day else ""

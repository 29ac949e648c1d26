"""Whether a vote carries: the rule of its kind, with every count exact."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from fractions import Fraction

from hanse.charter.clause import DecisionKind
from hanse.charter.clauses.votes import Rule
from hanse.charter.power.formula import group_of, votes
from hanse.charter.schema import Charter
from hanse.charter.threshold import Threshold
from hanse.errors import CharterError


@dataclass(frozen=True)
class Roll:
    """Those entitled to vote, with integer votes on one common scale, in the charter's order."""

    names: tuple[str, ...]
    votes: tuple[int, ...]
    classes: tuple[str, ...]
    """Membership class of each; empty text without classes."""

    @property
    def total(self) -> int:
        return sum(self.votes)


def voters(
    charter: Charter, kind: DecisionKind, day: str, standing: Collection[str] | None = None, party: str | None = None
) -> dict[str, Fraction]:
    """Votes of those entitled to vote about `kind` on `day`. `party` is the member it is about: it and its group have none where
    the rule says so. Raises CharterError for a kind without a rule, and as `formula.votes` does."""
    rule = rule_of(charter, kind)
    found = {name: count for name, count in votes(charter, day, standing).items() if count}
    if party is None or not rule.excludes_party:
        return found
    groups = {member.name: group_of(charter, member) for member in charter.member}
    return {name: count for name, count in found.items() if groups[name] != groups.get(party)}


def rule_of(charter: Charter, kind: DecisionKind) -> Rule:
    """Raises CharterError for a kind that cannot be decided."""
    if kind not in charter.decision:
        raise CharterError(f"charter {charter.name!r}: decision.{kind}: missing; without its rule it cannot be decided")
    return charter.decision[kind]


def roll_of(charter: Charter, held: dict[str, Fraction]) -> Roll:
    """Those votes as integers."""
    scale = math.lcm(*(count.denominator for count in held.values()))
    counts = [int(count * scale) for count in held.values()]
    common = math.gcd(*counts) or 1
    classes = {member.name: member.membership or "" for member in charter.member}
    return Roll(tuple(held), tuple(count // common for count in counts), tuple(classes[name] for name in held))


def carries(
    charter: Charter, kind: DecisionKind, day: str, yes: Collection[str], no: Collection[str], present: Collection[str] = (),
    standing: Collection[str] | None = None, party: str | None = None,
) -> bool:  # fmt: skip
    """Whether `yes` against `no` carries it. Those `present` who do neither abstain: they count for the quorum and in thresholds of
    those present. Names without a vote do not count. A tie is not carried here, nor is what nobody is for. Raises CharterError."""
    both = sorted({*yes} & {*no})
    if both:
        raise CharterError(f"decision.{kind}: {both[0]} is for and against; a member has one voice")
    roll = roll_of(charter, voters(charter, kind, day, standing, party))
    at = {name: index for index, name in enumerate(roll.names)}
    fors, against, here = ({at[name] for name in names if name in at} for names in (yes, no, {*yes, *no, *present}))
    return is_carried(roll, rule_of(charter, kind), fors, against, here)


def is_carried(roll: Roll, rule: Rule, yes: Collection[int], no: Collection[int], present: Collection[int]) -> bool:
    """`carries` by index into the roll."""
    count = {who: sum(roll.votes[at] for at in members) for who, members in (("yes", yes), ("no", no), ("present", present))}
    cast = count["yes"] + count["no"]
    if not count["yes"] or not is_quorate(roll, rule, count["present"], len(present)):
        return False
    total = {"roll": roll.total, "present": count["present"], "cast": cast}[rule.passes.denominator]
    if not rule.passes.passes(count["yes"], total):
        return False
    if rule.heads is not None and not rule.heads.passes(len(yes), len(roll.names)):
        return False
    return rule.classes is None or all(_class_agrees(roll, rule.classes, name, yes, no) for name in {*roll.classes})


def is_quorate(roll: Roll, rule: Rule, votes_there: int, heads_there: int) -> bool:
    """Whether enough take part, by votes or by heads, as the quorum counts."""
    if rule.quorum is None:
        return True
    if rule.quorum.denominator == "members":
        return rule.quorum.passes(heads_there, len(roll.names))
    return rule.quorum.passes(votes_there, roll.total)


def _class_agrees(roll: Roll, threshold: Threshold, name: str, yes: Collection[int], no: Collection[int]) -> bool:
    """A class none of whose members is for it does not agree."""
    own = sum(roll.votes[at] for at in yes if roll.classes[at] == name)
    return own > 0 and threshold.passes(own, own + sum(roll.votes[at] for at in no if roll.classes[at] == name))

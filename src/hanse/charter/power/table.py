"""The power table: for each kind of decision, who can pass and who can block it, at each date on which that changes."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from typing import Any

from hanse.charter.clause import KINDS, DecisionKind
from hanse.charter.clauses.votes import Rule
from hanse.charter.power.coalition import blocks, fewest_blocking, fewest_passing, fewest_winning, wins
from hanse.charter.power.formula import votes
from hanse.charter.power.outcome import Roll, roll_of
from hanse.charter.schema import Charter
from hanse.charter.worth import years


@dataclass(frozen=True)
class Row:
    """One kind of decision from one day on. `coalition` says what winning, blocking and passing mean; vetoes, ties, the gate and a
    party that is excluded are left aside."""

    kind: DecisionKind
    day: str
    """First day, ISO 8601; empty for a charter without dates."""
    voters: int
    """Members with a vote; a group of affiliates is one."""
    votes: Fraction
    """All votes of the roll."""
    quorum: str
    """As the charter has it. Empty: none."""
    passes: str
    pass_alone: tuple[str, ...]
    """Members that win alone."""
    pass_pairs: tuple[tuple[str, str], ...]
    """Pairs that win, of members that do not win alone."""
    block_alone: tuple[str, ...]
    block_pairs: tuple[tuple[str, str], ...]
    fewest_pass: tuple[str, ...] | None
    """A smallest coalition that can pass, with others present and against; None when nothing passes."""
    fewest_win: tuple[str, ...] | None
    """A smallest coalition that wins whatever the others do."""
    fewest_block: tuple[str, ...]
    """A smallest coalition that blocks; empty when nothing passes anyway."""
    lazy_hours: int | None
    any_members: int | None
    vetoes: tuple[str, ...]
    """Members that can stop what has passed."""


def power_table(charter: Charter) -> tuple[Row, ...]:
    """Rows by kind, then by day; a row stands until the next of its kind. Kinds that a technical committee decides alone, and kinds
    without a rule, have none. Raises CharterError when votes follow pledges and the charter has no term, or a pledge no price."""
    committee = charter.technical.decides if charter.technical is not None else ()
    held = {day: {name: count for name, count in votes(charter, day).items() if count} for day in days(charter)}
    rows: list[Row] = []
    for kind in KINDS:
        if kind not in charter.decision or kind in committee:
            continue
        last: Row | None = None
        for day, roll in held.items():
            row = _row(charter, kind, day, roll)
            if last is None or replace(row, day=last.day) != last:
                rows.append(row)
                last = row
    return tuple(rows)


def days(charter: Charter) -> tuple[str, ...]:
    """Days on which votes may change: the start, each year of the term, edges of sunsets, ends of vetoes."""
    start, end = (charter.term.start, charter.term.end) if charter.term is not None else ("", "9999-99-99")
    edges = {start, *(years(charter) if charter.term is not None else ())}
    for row in charter.sunset:
        edges |= {row.start, row.end}
    edges |= {row.until for row in charter.veto if row.until is not None}
    return tuple(sorted(day for day in edges if start <= day < end))


def _row(charter: Charter, kind: DecisionKind, day: str, held: dict[str, Fraction]) -> Row:
    rule = charter.decision[kind]
    holders = {row.member or row.membership for row in charter.veto
               if kind in row.kinds and (row.until is None or day < row.until)}  # fmt: skip
    return Row(
        kind=kind, day=day, voters=len(held), votes=sum(held.values(), Fraction(0)),
        quorum=str(rule.quorum or ""), passes=str(rule.passes), lazy_hours=rule.lazy_hours, any_members=rule.any_members,
        vetoes=tuple(member.name for member in charter.member if {member.name, member.membership} & holders),
        **_who(roll_of(charter, held), rule),
    )  # fmt: skip


@lru_cache(maxsize=64)
def _who(roll: Roll, rule: Rule) -> dict[str, Any]:
    """The columns that hold names; kinds and days often share roll and rule."""
    winning, blocking = fewest_winning(roll, rule), fewest_blocking(roll, rule)
    pass_alone, pass_pairs = _small(roll, lambda some: wins(roll, rule, some), 3 if winning is None else len(winning))
    block_alone, block_pairs = _small(roll, lambda some: blocks(roll, rule, some), len(blocking))
    return {
        "pass_alone": pass_alone, "pass_pairs": pass_pairs, "block_alone": block_alone, "block_pairs": block_pairs,
        "fewest_pass": named(roll, fewest_passing(roll, rule)), "fewest_win": named(roll, winning),
        "fewest_block": named(roll, blocking) or (),
    }  # fmt: skip


def named(roll: Roll, coalition: tuple[int, ...] | None) -> tuple[str, ...] | None:
    """Names for indexes."""
    return None if coalition is None else tuple(roll.names[at] for at in coalition)


def _small(
    roll: Roll, does: Callable[[frozenset[int]], bool], fewest: int
) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...]]:
    """Members that do it alone, and pairs of the others; when it takes more than that, none is looked for."""
    everybody = range(len(roll.names))
    alone = [at for at in everybody if does(frozenset((at,)))] if fewest <= 1 else []
    pairs = [pair for pair in itertools.combinations([at for at in everybody if at not in alone], 2)
             if fewest <= 2 and does(frozenset(pair))]  # fmt: skip
    return tuple(roll.names[at] for at in alone), tuple((roll.names[a], roll.names[b]) for a, b in pairs)

"""What changes from one charter to another: in the words of each clause, for each member, and in who can pass and block what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from fractions import Fraction
from typing import Any, Literal, TypeAlias, TypeVar

from hanse.charter.clause import KINDS, DecisionKind
from hanse.charter.diff.rights import rights
from hanse.charter.dues import dues
from hanse.charter.power.formula import shares
from hanse.charter.power.table import Row, days, power_table
from hanse.charter.render.article import Article, Quote, Table
from hanse.charter.render.articles import WORDS, referring, unnumbered
from hanse.charter.render.silence import SILENT
from hanse.charter.schema import Charter
from hanse.charter.worth import Worth, worth
from hanse.errors import InputError

_TITLES = {key: f"“{words.title}”" for words in WORDS for key in words.keys}
T = TypeVar("T")
Sides: TypeAlias = tuple[dict[str, T], dict[str, T]]
"""By member, before and after."""


@dataclass(frozen=True)
class ClauseChange:
    """One article: paragraphs and rows that only one of both charters has, in the words of `hanse charter render`."""

    title: str
    was: tuple[str, ...]
    becomes: tuple[str, ...]
    """Both empty: the same in another order."""


@dataclass(frozen=True)
class Pays:
    """Due from a member in one year, in the charter's currency."""

    cash: Fraction = Fraction(0)
    in_kind: Fraction = Fraction(0)
    dues: Fraction = Fraction(0)

    @property
    def total(self) -> Fraction:
        return self.cash + self.in_kind + self.dues


@dataclass(frozen=True)
class YearChange:
    """A year of the term, from 1, in which a member pays something else."""

    year: int
    was: Pays | None
    """None: the charter has no such year, or no such member."""
    becomes: Pays | None


@dataclass(frozen=True)
class VotesChange:
    """A day from which a member has another share of all votes."""

    day: str
    """ISO 8601; empty for charters without dates."""
    was: Fraction | None
    """None: the term does not cover the day, or there is no such member."""
    becomes: Fraction | None


@dataclass(frozen=True)
class MemberChange:
    """What changes for one member."""

    name: str
    status: Literal["stays", "joins", "leaves"]
    pays: tuple[YearChange, ...]
    votes: tuple[VotesChange, ...]
    gains: tuple[str, ...]
    """Rights, without a subject: "votes on a run plan"."""
    loses: tuple[str, ...]


@dataclass(frozen=True)
class PowerChange:
    """A kind of decision whose rows of the power table differ."""

    kind: DecisionKind
    was: tuple[Row, ...]
    becomes: tuple[Row, ...]


@dataclass(frozen=True)
class Changes:
    """All that changes."""

    same: bool
    """Whether both have one canonical form; nothing else is there then."""
    clauses: tuple[ClauseChange, ...]
    members: tuple[MemberChange, ...]
    power: tuple[PowerChange, ...]
    currencies: tuple[str | None, str | None]
    unknown: tuple[str, ...]
    """What could not be computed, and why: payments without a term, votes by pledges without a price."""


def compare(before: Charter, after: Charter) -> Changes:
    """Pure: the same charters give the same changes."""
    unknown: list[str] = []

    def both(what: str, find: Callable[[Charter], T]) -> tuple[T, T] | None:
        try:
            return find(before), find(after)
        except InputError as error:
            unknown.append(f"{what}: {error}")
            return None

    paid = _paid(both("pledges", worth), both("dues", dues))
    held: Sides[dict[str, Fraction]] = both("votes", lambda charter: _held(charter, {*days(before), *days(after)})) or ({}, {})
    table = both("who can pass and who can block", power_table) or ((), ())
    names = list(dict.fromkeys(member.name for charter in (before, after) for member in charter.member))
    may = rights(before), rights(after)
    members = (_member(name, may, paid, held) for name in names)
    return Changes(
        same=before.document() == after.document(),
        clauses=tuple(_clauses(before, after)),
        members=tuple(item for item in members if item.status != "stays" or item.pays or item.votes or item.gains or item.loses),
        power=tuple(_power(*table)),
        currencies=(before.currency, after.currency),
        unknown=tuple(unknown),
    )


def _clauses(before: Charter, after: Charter) -> list[ClauseChange]:
    old, new = ({item.title: item for item in unnumbered(charter)[:-1]} for charter in (before, after))
    found = []
    for title, key in ((words.title, words.keys[0]) for words in WORDS):
        was, becomes = (lines(side[title]) if title in side else [SILENT[key][1]] for side in (old, new))
        if was != becomes:
            gone, come = Counter(was) - Counter(becomes), Counter(becomes) - Counter(was)
            found.append(ClauseChange(title, _kept(was, gone), _kept(becomes, come)))
    return found


def document(value: Any) -> Any:
    """Changes, or a part of them, as plain JSON values; fractions as text."""
    if is_dataclass(value):
        return {item.name: document(getattr(value, item.name)) for item in fields(value)}
    if isinstance(value, tuple):
        return [document(item) for item in value]
    return str(value) if isinstance(value, Fraction) else value


def lines(article: Article) -> list[str]:
    """One line for each paragraph, quote and row."""
    found: list[str] = []
    for part in article.parts:
        if isinstance(part, Table):
            found += [", ".join(f"{head}: {cell}" for head, cell in zip(part.heads, row, strict=True)) for row in part.rows]
        else:
            found.append(f"“{part.text}”" if isinstance(part, Quote) else part)
    return found


def _kept(rows: list[str], wanted: Counter[str]) -> tuple[str, ...]:
    """The wanted rows in their order; references by title, since numbers shift."""
    left = wanted.copy()
    kept = []
    for row in rows:
        if left[row] > 0:
            left[row] -= 1
            kept.append(referring(row, _TITLES))
    return tuple(kept)


def _paid(pledges: Sides[tuple[Worth, ...]] | None, asked: Sides[tuple[Fraction, ...]] | None) -> Sides[tuple[Pays, ...]]:
    """What of it is known; without pledges nothing is said of dues, which are paid beside them."""
    if pledges is None:
        return {}, {}
    found: list[dict[str, tuple[Pays, ...]]] = []
    for side, rows in enumerate(pledges):
        own = asked[side] if asked is not None else {name: (Fraction(0),) * len(row) for name, row in rows.items()}
        found.append({name: tuple(Pays(due.cash, due.in_kind, ask) for due, ask in zip(row, own[name], strict=True))
                      for name, row in rows.items()})  # fmt: skip
    return found[0], found[1]


def _held(charter: Charter, edges: set[str]) -> dict[str, dict[str, Fraction]]:
    """By member, then by day the term covers."""
    term = charter.term
    covered = [day for day in sorted(edges) if term is None or term.start <= day < term.end]
    found: dict[str, dict[str, Fraction]] = {member.name: {} for member in charter.member}
    for day in covered:
        for name, share in shares(charter, day).items():
            found[name][day] = share
    return found


def _member(
    name: str, may: Sides[tuple[str, ...]], paid: Sides[tuple[Pays, ...]], held: Sides[dict[str, Fraction]]
) -> MemberChange:
    status: Literal["stays", "joins", "leaves"] = "stays"
    if name not in may[0] or name not in may[1]:
        status = "joins" if name in may[1] else "leaves"
    old, new = (side.get(name, ()) for side in may)
    rows = [side.get(name, ()) for side in paid]
    longest = max(map(len, rows))
    was, becomes = ([*row, *[None] * (longest - len(row))] for row in rows)
    years = (YearChange(year, a, b) for year, (a, b) in enumerate(zip(was, becomes, strict=True), 1))
    votes = [side.get(name, {}) for side in held]
    moved = (VotesChange(day, votes[0].get(day), votes[1].get(day)) for day in sorted({*votes[0], *votes[1]}))
    return MemberChange(
        name,
        status,
        pays=tuple(item for item in years if item.was != item.becomes),
        votes=tuple(item for item in moved if item.was != item.becomes),
        gains=tuple(item for item in new if item not in old),
        loses=tuple(item for item in old if item not in new),
    )


def _power(before: tuple[Row, ...], after: tuple[Row, ...]) -> list[PowerChange]:
    found = []
    for kind in KINDS:
        was, becomes = (tuple(row for row in side if row.kind == kind) for side in (before, after))
        if was != becomes:
            found.append(PowerChange(kind, was, becomes))
    return found

"""Changes as prose and as power tables, in Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import groupby

from hanse.charter.diff.compare import Changes, MemberChange, Pays, PowerChange, VotesChange, YearChange
from hanse.charter.power.table import Row
from hanse.charter.render.article import Table
from hanse.charter.render.markdown import escaped, table
from hanse.charter.render.words import KINDS, amount, day, listed, many, sentence
from hanse.charter.threshold import Threshold

_HEADS = (
    "", "From", "Voters", "Threshold", "Carry it alone", "Carry it in pairs", "Block it alone", "Block it in pairs",
    "Fewest to pass", "Fewest to carry whatever others do", "Fewest to block", "Silence, few members, vetoes",
)  # fmt: skip


def say(changes: Changes) -> str:
    """The whole comparison."""
    if changes.same:
        return "Nothing changes: both charters are the same.\n"
    blocks = ["## What changes"]
    for item in changes.clauses:
        blocks += [f"### {item.title}", *_sides(item.was, item.becomes)]
    blocks += ["## For whom", *_members(changes)]
    blocks += ["## Power", *(_power(changes) or ["Who can pass and who can block what stays the same."])]
    if changes.unknown:
        blocks += ["## What cannot be computed", *(escaped(sentence(item)) for item in changes.unknown)]
    return "\n\n".join(blocks) + "\n"


def _sides(was: Sequence[str], becomes: Sequence[str]) -> Iterator[str]:
    if not was and not becomes:
        yield "The same in another order."
    for label, rows in (("Was:", was), ("Becomes:", becomes)):
        if rows:
            yield label
            yield "\n".join(f"- {escaped(row).replace(chr(10), chr(10) + '  ')}" for row in rows)


def _members(changes: Changes) -> list[str]:
    """Members for whom the same changes stand together."""
    found: dict[tuple[str, ...], list[str]] = {}
    for item in changes.members:
        found.setdefault(tuple(_member(item, changes.currencies)), []).append(item.name)
    if not found:
        return ["No member pays, votes or may do anything else than before."]
    return [f"### {escaped(listed(names))}\n\n" + "\n".join(f"- {escaped(line)}" for line in said) for said, names in found.items()]


def _member(item: MemberChange, currencies: tuple[str | None, str | None]) -> Iterator[str]:
    if item.status != "stays":
        yield "Is a member only in the charter after." if item.status == "joins" else "Is a member only in the charter before."
    for (was, becomes), alike in groupby(item.pays, lambda row: (row.was, row.becomes)):
        years = list(alike)
        yield f"Pays in {_years(years)}: {_pays(becomes, currencies[1])}; was {_pays(was, currencies[0])}."
    for key, run in groupby(item.votes, lambda row: (row.was, row.becomes)):
        yield f"Has {_share(key[1])} of all votes{_from(list(run))}; was {_share(key[0])}."
    if item.gains:
        yield f"Gains: {'; '.join(item.gains)}."
    if item.loses:
        yield f"Loses: {'; '.join(item.loses)}."


def _years(years: list[YearChange]) -> str:
    first, last = years[0].year, years[-1].year
    return f"year {first}" if first == last else f"each of the years {first} to {last}"


def _pays(pays: Pays | None, currency: str | None) -> str:
    if pays is None or not pays.total:
        return "nothing"
    parts = {"in cash": pays.cash, "in kind": pays.in_kind, "as dues": pays.dues}
    given = {how: value for how, value in parts.items() if value}
    said = listed(f"{amount(value, None)} {how}" for how, value in given.items())
    return f"{amount(pays.total, currency)} ({said})"


def _share(share: Fraction | None) -> str:
    if not share:
        return "none"
    tenths = round(share * 1000)
    return f"{'' if tenths == share * 1000 else 'about '}{tenths // 10}.{tenths % 10}% ({share})"


def _from(run: list[VotesChange]) -> str:
    return f" from {day(run[0].day)}" if run[0].day else ""


def _power(changes: Changes) -> list[str]:
    """Kinds of decision with the same rows stand together."""
    found: dict[Table, list[str]] = {}
    for item in changes.power:
        found.setdefault(power_rows(item), []).append(KINDS[item.kind])
    return [f"### On {listed(kinds)}\n\n{table(rows)}" for rows, kinds in found.items()]


def power_rows(item: PowerChange) -> Table:
    """Rows before and after of one kind of decision, without columns that tell nothing."""
    rows = [(label, *_cells(row)) for label, side in (("was", item.was), ("becomes", item.becomes)) for row in side]
    rows += [(label, *["cannot be decided by vote"], *["–"] * (len(_HEADS) - 2))
             for label, side in (("was", item.was), ("becomes", item.becomes)) if not side]  # fmt: skip
    rows.sort(key=lambda row: row[0] != "was")
    told = [at for at in range(len(_HEADS)) if any(row[at] != "–" for row in rows)]
    return Table(tuple(_HEADS[at] for at in told), tuple(tuple(row[at] for at in told) for row in rows))


def _cells(row: Row) -> tuple[str, ...]:
    quorum = f"; quorum {Threshold.parse(row.quorum)}" if row.quorum else ""
    other = [f"{many(row.lazy_hours, 'hour')} of silence"] if row.lazy_hours is not None else []
    other += [f"any {row.any_members} at once"] if row.any_members is not None else []
    other += [f"veto of {listed(row.vetoes)}"] if row.vetoes else []
    pairs = row.voters * (row.voters - 1) // 2
    return (
        day(row.day) if row.day else "the start", str(row.voters), f"{row.passes}{quorum}", _names(row.pass_alone, row.voters),
        _names([" with ".join(pair) for pair in row.pass_pairs], pairs), _names(row.block_alone, row.voters),
        _names([" with ".join(pair) for pair in row.block_pairs], pairs), _fewest(row.fewest_pass), _fewest(row.fewest_win),
        _fewest(row.fewest_block), "; ".join(other) or "–",
    )  # fmt: skip


def _names(names: Sequence[str], everybody: int) -> str:
    """At most six of them; `everybody` is how many there could be."""
    if len(names) == everybody > 1:
        return f"any of {everybody}"
    return f"{len(names)}: {', '.join(names[:6])} …" if len(names) > 6 else ", ".join(names) or "–"


def _fewest(names: tuple[str, ...] | None) -> str:
    return "none can" if names is None else str(len(names))

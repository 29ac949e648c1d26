"""Epoch's Capabilities Index: scores and the benchmark results behind them. A table is replaced whole or not at all.

The index is refitted at each update, so scores of two vintages are never mixed.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from hanse.errors import CatalogueError
from hanse.outlook.catalogue.schema import Access, Benchmark, Release, Score
from hanse.outlook.catalogue.tables import Catalogue
from hanse.outlook.importers import provenance
from hanse.outlook.importers.cells import days_of, needed_number, number, row
from hanse.outlook.importers.delimited import Record, Table, form_of, read_all, shorten
from hanse.outlook.importers.names import normalized
from hanse.outlook.importers.outcome import Account, Imported, Reject, Unusable

_INTERVAL = ("eci", "eci_ci_low", "eci_ci_high")
_FORMS = {
    "epoch-benchmarked": ("model_group", *_INTERVAL, "Version release date", "Organization", "Model accessibility"),
    "epoch-eci": ("Model", *_INTERVAL, "date", "Organization", "Model accessibility"),
    "epoch-benchmarks": ("model", "benchmark", "performance", "date"),
}
UNKNOWN = "unknown"
"""Organization of a row that names none: some scored models have none, and a score is needed all the same."""
_CLOSED = ("API access", "Hosted access (no API)", "Unreleased")


@dataclass(frozen=True)
class _Rated:
    """A row that has a score."""

    record: Record
    score: Score

    @property
    def value(self) -> tuple[float, float | None, float | None]:
        return self.score.eci, self.score.low, self.score.high


def import_eci(catalogue: Catalogue, paths: Sequence[Path], vintage: date) -> Imported:
    """Replace `scores` by one file of scores (eci_scores.csv or benchmarked models), `benchmarks` by eci_benchmarks.csv.

    Releases keep their score under its new name; a name that is gone is emptied, and a release without a score gets the
    one that has its name: the notes say which. A file without a usable row leaves its table as it was.
    Raises CatalogueError for a file that is no such table and for two files of scores.
    """
    account, notes = Account(), list[str]()
    tables = read_all(paths, account)
    forms = [form_of(table, _FORMS) for table in tables]
    scored = [table.file for table, form in zip(tables, forms, strict=True) if form != "epoch-benchmarks"]
    if len(scored) > 1:
        raise CatalogueError(f"{' and '.join(scored)}: two files of scores; give one, for vintages must not be mixed")
    made = catalogue
    for form in _FORMS:
        those = [table for table, its in zip(tables, forms, strict=True) if its == form]
        if those and form == "epoch-benchmarks":
            made = _benchmarks(made, those, vintage, account, notes)
        elif those:
            made = _scores(made, those[0], form, vintage, account, notes)
    return Imported(made, account.close(sum(table.read for table in tables)), tuple(notes))


def access_of(accessibility: str) -> Access:
    """Epoch's accessibility in three words."""
    if accessibility.startswith("Open weights"):
        return "open"
    return "closed" if accessibility in _CLOSED else "unknown"


def _scores(
    catalogue: Catalogue, table: Table, form: str, vintage: date, account: Account, notes: list[str]
) -> Catalogue:
    new = provenance.source(form, vintage)
    name, day = (_FORMS[form][at] for at in (0, 4))
    groups = defaultdict[str, list[_Rated]](list)
    days = days_of(table, day)
    for record in table.records:
        if not record["eci"]:
            account.keep("unscored")
            continue
        try:
            score = row(
                Score,
                name=record.text(name),
                organization=record.text("Organization", UNKNOWN),
                date=days.of_or_before(record, vintage) if record[day] else vintage,  # another version may have one
                access=access_of(record["Model accessibility"]),
                **_interval(record),
                source=new.id,
            )
        except Unusable as why:
            account.refuse(record.reject(why))
        else:
            groups[score.name].append(_Rated(record, score))
    groups_scores = (_one_of(group, day, catalogue.score, account) for group in groups.values())
    found = [score for score in groups_scores if score is not None]
    if not found:
        notes.append(f"{table.file}: no row with a usable score; scores left as they were")
        return catalogue
    notes += _replaced("scores", {s.name for s in catalogue.scores}, {s.name for s in found})
    before = {source.id: source.vintage for source in catalogue.sources}
    newest = max((before[s.source] for s in catalogue.scores if s.source in before), default=vintage)
    if newest > vintage:
        notes.append(f"scores of {vintage} replace newer ones of {newest}")
    return replace(
        catalogue,
        scores=tuple(sorted(found, key=lambda score: (score.date, score.name))),
        releases=relinked(catalogue.releases, found, notes),
        sources=provenance.with_source(catalogue, new),
    )


def _interval(record: Record) -> dict[str, float | None]:
    """A score with its interval. Raises Unusable when they do not go together."""
    eci, low, high = needed_number(record, "eci"), number(record, "eci_ci_low"), number(record, "eci_ci_high")
    said = f"eci {eci:g}, eci_ci_low {record['eci_ci_low']}, eci_ci_high {record['eci_ci_high']}"
    if low is not None and high is not None and low > high:
        raise Unusable("interval reversed", said)
    if (low is not None and low > eci) or (high is not None and high < eci):
        raise Unusable("score outside its interval", said)
    return {"eci": eci, "low": low, "high": high}


def _one_of(group: Sequence[_Rated], day: str, before: Mapping[str, Score], account: Account) -> Score | None:
    """The score of a model's versions, dated as the first; None when they contradict each other or none has a date."""
    values = sorted({rated.value for rated in group}, key=str)
    dated = [rated for rated in group if rated.record[day]]
    if len(values) > 1:
        shown = ", ".join(f"{eci:g} [{low}, {high}]" for eci, low, high in values)
        why = Unusable("contradictory scores", f"{group[0].score.name}: {shown}")
    elif not dated:
        why = Unusable("no date", f"column '{day}' is empty in every row of {group[0].score.name}")
    else:
        first = min(dated, key=lambda rated: rated.score.date).score
        account.keep(_change(before.get(first.name), first))
        account.keep("other version of a scored model", len(group) - 1)
        return first
    for rated in group:
        account.refuse(rated.record.reject(why))
    return None


def _change(old: Score | Benchmark | None, new: Score | Benchmark) -> str:
    if old is None:
        return "new"
    return "same" if old.model_copy(update={"source": new.source}) == new else "updated"


def _replaced(table: str, old: set[str], new: set[str]) -> list[str]:
    """Sentences about what a replaced table no longer has."""
    gone = sorted(old - new)
    notes = [f"{table}: {len(gone)} gone: {', '.join(gone)}"] if gone else []
    if 2 * len(new) < len(old):
        notes.append(f"{table}: {len(new)} replace {len(old)}; is the file complete?")
    return notes


def relinked(releases: Iterable[Release], scores: Sequence[Score], notes: list[str]) -> tuple[Release, ...]:
    """Releases with names that are in `scores`, or none; what changed is noted.

    A name that is gone is looked for by its letters and digits. So is the model of a release without a score.
    """
    names = {score.name for score in scores}
    times = Counter(normalized(name) for name in names)
    unique = {normalized(name): name for name in names if times[normalized(name)] == 1}
    made = []
    for release in releases:
        if release.score in names:
            made.append(release)
            continue
        found = unique.get(normalized(release.score or release.model), "")
        if release.score:
            what = f"now {found!r}" if found else "gone, left empty"
            notes.append(f"{release.id}: score {release.score!r} {what}")
        elif found:
            notes.append(f"{release.id}: scored as {found!r}")
        made.append(release.model_copy(update={"score": found}))
    return tuple(made)


def _benchmarks(
    catalogue: Catalogue, tables: Sequence[Table], vintage: date, account: Account, notes: list[str]
) -> Catalogue:
    new = provenance.source("epoch-benchmarks", vintage)
    groups = defaultdict[tuple[str, str], list[tuple[Record, Benchmark]]](list)
    for table in tables:
        days = days_of(table, "date")
        for record in table.records:
            try:
                result = row(
                    Benchmark,
                    model=record.text("model"),
                    benchmark=record.text("benchmark"),
                    performance=_share(record),
                    date=days.of_or_before(record, vintage),
                    source=new.id,
                )
            except Unusable as why:
                account.refuse(record.reject(why))
            else:
                groups[result.model, result.benchmark].append((record, result))
    before = {(old.model, old.benchmark): old for old in catalogue.benchmarks}
    found = []
    for pair, group in groups.items():
        results = {result for _, result in group}
        if len(results) > 1:
            shown = ", ".join(f"{result.performance:g} of {result.date}" for _, result in group)
            for record, _ in group:
                account.refuse(_contradiction(record, f"{pair[0]} on {pair[1]}: {shown}"))
            continue
        account.keep(_change(before.get(pair), group[0][1]))
        account.keep("same result again", len(group) - 1)
        found.append(group[0][1])
    if not found:
        notes.append(f"{tables[0].file}: no usable result; benchmarks left as they were")
        return catalogue
    notes += _replaced(
        "benchmarks", {" on ".join(pair) for pair in before}, {f"{b.model} on {b.benchmark}" for b in found}
    )
    return replace(
        catalogue,
        benchmarks=tuple(sorted(found, key=lambda result: (result.benchmark, result.date, result.model))),
        sources=provenance.with_source(catalogue, new),
    )


def _share(record: Record) -> float:
    """A share of the best possible, which the whole is at most. Raises Unusable."""
    value = round(needed_number(record, "performance"), 4)
    if value > 1:
        raise Unusable(
            "above the best possible", f"column 'performance': {shorten(record['performance'])}, expected at most 1"
        )
    return value


def _contradiction(record: Record, text: str) -> Reject:
    return record.reject(Unusable("contradictory results", text))

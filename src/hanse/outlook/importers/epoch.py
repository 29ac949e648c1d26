"""Epoch's tables of notable and of large-scale models: training runs, and open releases that we may have missed."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import groupby
from pathlib import Path

from hanse.outlook.catalogue.schema import Compute, Lab, Release
from hanse.outlook.catalogue.tables import Catalogue
from hanse.outlook.importers import provenance
from hanse.outlook.importers.cells import Days, days_of, number, rounded, row
from hanse.outlook.importers.delimited import Record, Table, form_of, read_all
from hanse.outlook.importers.eci import UNKNOWN, access_of
from hanse.outlook.importers.names import ReleaseIndex, labs_called, labs_within, normalized
from hanse.outlook.importers.outcome import Account, Imported, Unusable
from hanse.outlook.importers.proposals import described, license_notes, propose

SINCE = date(2016, 1, 1)
"""Runs before it are left out."""
TOP_RANK = 10
"""A run among so many of the largest since `SINCE`, at its release, counts whatever it was for."""
LARGE_FLOP = 1e23
"""A language model's run of this size counts without being among the largest."""
RELEASES_SINCE = date(2023, 1, 1)
UNRESTRICTED = "open weights, unrestricted per Epoch"
UNCHECKED = "open weights, terms not checked"
NO_LAB = "organization not in labs.csv"
SEVERAL_LABS = "organization names several labs"
DERIVED = "derived from a model of others"
_FLOP, _COST, _CODE = "Training compute (FLOP)", "Training compute cost (2023 USD)", "Training code accessibility"
_COMMON = (
    "Model", "Organization", "Publication date", "Domain", "Task", "Parameters", _FLOP, "Confidence",
    "Model accessibility", "Base model", _CODE,
)  # fmt: skip
_FORMS = {"notable": (*_COMMON, "Notability criteria", _COST), "large-scale": _COMMON}
_CODE_GIVEN = {"Open source": "full", "Open (non-commercial)": "partial", "Open (restricted use)": "partial"}
_CONFIDENCE = ("confident", "likely", "speculative")


@dataclass(frozen=True)
class _Entry:
    """A row of either table, read."""

    record: Record
    model: str
    organization: str
    day: date
    flop: float | None
    cost: float | None
    params_b: float | None

    @property
    def named(self) -> tuple[str, date]:
        """What makes two rows the same model."""
        return self.model, self.day

    @property
    def language(self) -> bool:
        """About language in any way: what the size limit of runs asks."""
        return "Language" in self.record["Domain"] or "Language" in self.record["Task"]

    @property
    def release(self) -> bool:
        """An open language model, recent, and more than an exercise."""
        domains = [domain.strip() for domain in self.record["Domain"].split(",")]
        open_ = access_of(self.record["Model accessibility"]) == "open"
        known = self.params_b is not None or (self.flop is not None and self.flop >= LARGE_FLOP)
        return open_ and "Language" in domains and known and self.day >= RELEASES_SINCE


def import_epoch(catalogue: Catalogue, paths: Sequence[Path], vintage: date) -> Imported:
    """Replace `compute` by the reduced union of the given tables, and add open language models not yet in `releases`.

    A row is counted once: by its run ("run", "smaller run", "before 2016", "no compute") and, behind a comma, by what
    became of it as a release. An open model that cannot be added is a reject unless its run was taken. Without a run
    `compute` stays as it was. Raises CatalogueError for files that are neither table.
    """
    account, notes = Account(), list[str]()
    tables = read_all(paths, account)
    forms = {table.file: form_of(table, _FORMS) for table in tables}
    notes += [f"no {form} table given: the union is not whole" for form in _FORMS if form not in forms.values()]
    new = provenance.source("epoch-models", vintage)
    # the notable table first: it alone has costs
    entries = _union(sorted(tables, key=lambda table: forms[table.file] != "notable"), vintage, account, notes)
    runs = {entry.named: _run(entry, entry.flop, new.id) for entry in _taken(entries) if entry.flop is not None}
    releases = _releases(catalogue, entries, runs, new.id, account, notes)
    made = replace(catalogue, releases=(*catalogue.releases, *releases))
    if runs:
        made = replace(made, compute=tuple(sorted(runs.values(), key=lambda run: (run.date, run.model))))
        if 2 * len(runs) < len(catalogue.compute):
            notes.append(f"compute: {len(runs)} runs replace {len(catalogue.compute)}; are the files complete?")
    else:
        notes.append("no run to take; compute was left as it was")
    if runs or releases:
        made = replace(made, sources=provenance.with_source(catalogue, new))
    return Imported(made, account.close(sum(table.read for table in tables)), tuple(notes))


def _union(tables: Iterable[Table], vintage: date, account: Account, notes: list[str]) -> list[_Entry]:
    """Every model once, in order of date; what a second row of it adds is kept."""
    found: dict[tuple[str, date], _Entry] = {}
    for table in tables:
        days = days_of(table, "Publication date")
        for record in table.records:
            try:
                entry = _entry(record, days, vintage)
            except Unusable as why:
                account.refuse(record.reject(why))
                continue
            if (first := found.get(entry.named)) is None:
                found[entry.named] = entry
                continue
            account.keep("same")
            if None not in (first.flop, entry.flop) and first.flop != entry.flop:
                notes.append(
                    f"{entry.model} of {entry.day}: {first.flop:g} FLOP, not {entry.flop:g} as in line {record.line}"
                )
            found[entry.named] = replace(
                first,
                flop=entry.flop if first.flop is None else first.flop,
                cost=entry.cost if first.cost is None else first.cost,
                params_b=entry.params_b if first.params_b is None else first.params_b,
            )
    return [found[named] for named in sorted(found, key=lambda named: (named[1], named[0]))]


def _entry(record: Record, days: Days, vintage: date) -> _Entry:
    params = number(record, "Parameters", positive=True)
    entry = _Entry(
        record=record,
        model=record.text("Model"),
        organization=record.text("Organization", UNKNOWN),
        day=days.of_or_before(record, vintage),
        flop=number(record, _FLOP, positive=True),
        cost=number(record, _COST, positive=True),
        params_b=None if params is None else rounded(params / 1e9),
    )
    if entry.flop is not None:
        _run(entry, entry.flop, "source")  # what does not fit is refused here, row by row
    return entry


def _run(entry: _Entry, flop: float, source: str) -> Compute:
    confidence = entry.record["Confidence"].casefold()
    return row(
        Compute,
        model=entry.model,
        organization=entry.organization,
        date=entry.day,
        flop=rounded(flop),
        cost_usd_2023=None if entry.cost is None else rounded(entry.cost, 6),
        access=access_of(entry.record["Model accessibility"]),
        confidence=confidence if confidence in _CONFIDENCE else "unknown",
        source=source,
    )


def _taken(entries: Iterable[_Entry]) -> list[_Entry]:
    """Runs since 2016 among the ten largest of those dated before them, and large ones of language models.

    Runs of one day do not compete with each other: nobody knows which came first.
    """
    taken, before = list[_Entry](), list[float]()
    recent = (entry for entry in entries if entry.day >= SINCE and entry.flop is not None)
    for _, same_day in groupby(recent, key=lambda entry: entry.day):
        group = [(entry, entry.flop) for entry in same_day if entry.flop is not None]
        for entry, flop in group:
            larger = len(before) - bisect_right(before, flop)
            if larger < TOP_RANK or (flop >= LARGE_FLOP and entry.language):
                taken.append(entry)
        for _, flop in group:
            insort(before, flop)
    return taken


def _releases(
    catalogue: Catalogue,
    entries: Sequence[_Entry],
    runs: Mapping[tuple[str, date], Compute],
    source: str,
    account: Account,
    notes: list[str],
) -> list[Release]:
    """New releases, and the count of every entry."""
    index, added = ReleaseIndex(catalogue), list[Release]()
    makers = {normalized(entry.model): labs_called(catalogue, entry.organization) for entry in entries}
    for entry in entries:
        kind = _kind(entry, runs)
        labs = labs_called(catalogue, entry.organization)
        if not entry.release or index.find([entry.model], labs_within(catalogue, entry.organization), entry.params_b):
            account.keep(kind)
            continue
        try:
            if not labs:
                raise Unusable(NO_LAB, f"{entry.model}: {entry.organization}")
            if len(labs) > 1:
                raise Unusable(SEVERAL_LABS, f"{entry.model}: {', '.join(lab.id for lab in labs)}")
            if not _own(entry.record["Base model"], labs[0], index, makers):
                notes.append(
                    f"not added: {entry.model} ({labs[0].id}, {entry.day}), made from {entry.record['Base model']}"
                )
                account.keep(f"{kind}, {DERIVED}")
                continue
            release = _release(entry, labs[0], index, catalogue, source)
        except Unusable as why:
            if kind == "run":
                account.keep(f"{kind}, {why.reason}")
                notes.append(f"not added as a release: {why.text} ({why.reason})")
            else:
                account.refuse(entry.record.reject(why))
            continue
        account.keep(f"{kind}, new release")
        notes.append(described(release, labs[0], [*catalogue.releases, *added]))
        added.append(release)
    notes += license_notes(catalogue, added)
    return added


def _kind(entry: _Entry, runs: Mapping[tuple[str, date], Compute]) -> str:
    if entry.named in runs:
        return "run"
    if entry.day < SINCE:
        return "before 2016"
    return "no compute" if entry.flop is None else "smaller run"


def _own(base: str, lab: Lab, index: ReleaseIndex, makers: Mapping[str, Sequence[Lab]]) -> bool:
    """Is one of the models it was made from the lab's own? A fine-tune of another lab's model is no supply of this one."""
    if not base:
        return True
    known = index.of(lab.id)
    for name in (part.strip() for part in base.split(",")):
        if index.find([name], [lab], None) in known or lab in makers.get(normalized(name), ()):
            return True
        if any(normalized(name).startswith(normalized(release.family)) for release in known):
            return True
    return False


def _release(entry: _Entry, lab: Lab, index: ReleaseIndex, catalogue: Catalogue, source: str) -> Release:
    unrestricted = entry.record["Model accessibility"] == "Open weights (unrestricted)"
    stated = {
        "total_params_b": entry.params_b,
        "code": _CODE_GIVEN.get(entry.record[_CODE], "none"),
        "compute_flop": None if entry.flop is None else rounded(entry.flop),
    }
    license_ = UNRESTRICTED if unrestricted else UNCHECKED
    return propose(index, catalogue, lab, entry.model, entry.day, license_, source, stated)

"""The ATOM Project's list of tracked models: ids on the hub, their sizes and the regions of their organizations."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

from hanse.outlook.catalogue.schema import SMALL_PARAMS_B, Lab, Release
from hanse.outlook.catalogue.tables import Catalogue
from hanse.outlook.importers import provenance
from hanse.outlook.importers.cells import days_of, number
from hanse.outlook.importers.delimited import Record, Table, form_of, read_all, shorten
from hanse.outlook.importers.names import ReleaseIndex, labs_by_slug, near, normalized
from hanse.outlook.importers.outcome import Account, Imported, Unusable

_FORMS = {
    "models": ("org", "model", "modelId"),
    "sizes": ("model_id", "total_params_b", "active_params_b"),
    "regions": ("hf_org", "region"),
    "corrections": ("model_id", "actual_release_date"),
}
_ORG = re.compile(r"[A-Za-z0-9._-]+")
_ID = re.compile(r"[A-Za-z0-9._-]+/[A-Za-z0-9._-]+")
NO_LAB = "organization not in labs"
Size = tuple[float | None, float | None]
"""Total and active parameters in billions."""


def import_atom(catalogue: Catalogue, paths: Sequence[Path], vintage: date) -> Imported:
    """Learn organizations of labs on the hub and sizes of releases; count tracked ids.

    The files may be any of models.csv, extra_models.csv, model_parameters.csv, organization_regions.csv and
    release_date_corrections.csv. Only empty sizes are filled, dates that differ are noted. The tallies count distinct ids
    by lab and by region, and those known to have at most 40 billion parameters. Raises CatalogueError for other files.
    """
    account, notes = Account(), list[str]()
    tables = read_all(paths, account)
    of_form: dict[str, list[Table]] = {form: [] for form in _FORMS}
    for table in tables:
        of_form[form_of(table, _FORMS)].append(table)
    labs = labs_by_slug(catalogue.labs)
    regions = _regions(of_form["regions"], labs, account)
    tracked = _tracked(of_form["models"], labs, account)
    sizes = _sizes(of_form["sizes"], account)
    index, new = ReleaseIndex(catalogue), provenance.source("atom-tracked", vintage)
    filled = _filled(index, labs, sizes, new.id, account, notes)
    _corrections(of_form["corrections"], index, labs, vintage, account, notes)
    learned = _learned(catalogue.labs, labs, [*tracked.values(), *regions], notes)
    made = replace(
        catalogue,
        labs=learned,
        releases=tuple(filled.get(release.id, release) for release in catalogue.releases),
        sources=provenance.with_source(catalogue, new),
    )
    outcome = account.close(sum(table.read for table in tables))
    return Imported(made, outcome, tuple(notes), _tallies(tracked, regions, labs, sizes))


def _id(record: Record, column: str) -> str:
    """An id on the hub. Raises Unusable."""
    value = record.text(column)
    if not _ID.fullmatch(value):
        raise Unusable("not an id on the hub", f"column '{column}': {shorten(value)}, expected organization/model")
    return value


def _org(record: Record, column: str) -> str:
    """An organization on the hub. Raises Unusable."""
    value = record.text(column)
    if not _ORG.fullmatch(value):
        raise Unusable("not an organization on the hub", f"column '{column}': {shorten(value)}")
    return value


def _regions(tables: Iterable[Table], labs: Mapping[str, Lab], account: Account) -> dict[str, str]:
    """Region of each organization, by the organization as written; the first row counts."""
    found: dict[str, str] = {}
    for table in tables:
        for record in table.records:
            try:
                org, region = _org(record, "hf_org"), record.text("region")
                if found.setdefault(org, region) != region:
                    raise Unusable("contradictory regions", f"{org}: {found[org]}, then {region}")
            except Unusable as why:
                account.refuse(record.reject(why))
            else:
                account.keep("region" if normalized(org) in labs else f"region, {NO_LAB}")
    return found


def _tracked(tables: Iterable[Table], labs: Mapping[str, Lab], account: Account) -> dict[str, str]:
    """Organization of each tracked id, by the id in lower case, as the hub compares them."""
    found: dict[str, str] = {}
    for table in tables:
        for record in table.records:
            try:
                name, org = _id(record, "modelId"), _org(record, "org")
            except Unusable as why:
                account.refuse(record.reject(why))
                continue
            if name.casefold() in found:
                account.keep("same id again")
                continue
            found[name.casefold()] = org
            account.keep("tracked" if normalized(org) in labs else NO_LAB)
    return found


def _sizes(tables: Iterable[Table], account: Account) -> dict[str, tuple[Record, Size]]:
    """Size of each id by the id in lower case. What contradicts an earlier row is refused."""
    found: dict[str, tuple[Record, Size]] = {}
    for table in tables:
        for record in table.records:
            try:
                name = _id(record, "model_id").casefold()
                total = number(record, "total_params_b", positive=True)
                size = (total, number(record, "active_params_b", positive=True))
                if total is not None and size[1] is not None and size[1] > total:
                    raise Unusable("more active than total parameters", f"{name}: {size[1]:g} of {total:g} billion")
                if name in found and found[name][1] != size:
                    raise Unusable("contradictory sizes", f"{name}: also in line {found[name][0].line}")
            except Unusable as why:
                account.refuse(record.reject(why))
                continue
            if name in found:
                account.keep("same size again")
            else:
                found[name] = (record, size)
    return found


def _filled(
    index: ReleaseIndex,
    labs: Mapping[str, Lab],
    sizes: Mapping[str, tuple[Record, Size]],
    source: str,
    account: Account,
    notes: list[str],
) -> dict[str, Release]:
    """Releases whose empty sizes are known now, by id; every size is counted."""
    found: defaultdict[str, list[tuple[str, Size]]] = defaultdict(list)
    of: dict[str, Release] = {}
    for name, (_, size) in sizes.items():
        release = _release_of(name, size[0], index, labs)
        if release is None:
            account.keep("size without a release")
        else:
            of[release.id] = release
            found[release.id].append((name, size))
    filled = {}
    for id_, named in found.items():
        release, different = of[id_], {size for _, size in named}
        total, active = next(iter(different)) if len(different) == 1 else (None, None)
        new = {
            column: value
            for column, value in (("total_params_b", total), ("active_params_b", active))
            if value is not None and getattr(release, column) is None
        }
        if new:
            said = ", ".join(f"{column} {value:g}" for column, value in new.items())
            notes.append(f"{id_}: {said} billion from {named[0][0]}")
            # its own source does not say so: without a note of its own, the row says where the size is from
            update = new if release.note else {**new, "note": f"size from {source}"}
            filled[id_] = release.model_copy(update=update)
        for name, size in named:
            account.keep(_size_kind(name, size, release, bool(new), notes))
    return filled


def _size_kind(name: str, size: Size, release: Release, new: bool, notes: list[str]) -> str:
    total = size[0]
    if total is not None and release.total_params_b is not None and not near(total, release.total_params_b):
        notes.append(f"{release.id}: {release.total_params_b:g} billion parameters here, {total:g} for {name}")
        return "size differs"
    return "size filled" if new else "size known"


def _release_of(name: str, total: float | None, index: ReleaseIndex, labs: Mapping[str, Lab]) -> Release | None:
    owner, _, model = name.partition("/")
    lab = labs.get(normalized(owner))
    return None if lab is None else index.find([model], [lab], total)


def _corrections(
    tables: Iterable[Table],
    index: ReleaseIndex,
    labs: Mapping[str, Lab],
    vintage: date,
    account: Account,
    notes: list[str],
) -> None:
    """Compare release dates that somebody looked up with ours."""
    for table in tables:
        days = days_of(table, "actual_release_date")
        for record in table.records:
            try:
                name, day = _id(record, "model_id"), days.of_or_before(record, vintage)
            except Unusable as why:
                account.refuse(record.reject(why))
                continue
            release = _release_of(name, None, index, labs)
            if release is None:
                account.keep("date without a release")
            elif release.date == day:
                account.keep("same date")
            else:
                account.keep("date differs")
                notes.append(f"{release.id}: dated {release.date} here, {day} for {name}")


def _learned(labs: Sequence[Lab], known: Mapping[str, Lab], orgs: Iterable[str], notes: list[str]) -> tuple[Lab, ...]:
    """Labs with the organizations that go by one of their names."""
    new: defaultdict[str, list[str]] = defaultdict(list)
    for org in sorted(set(orgs)):
        lab = known.get(normalized(org))
        if lab is not None and normalized(org) not in {normalized(its) for its in lab.orgs}:
            new[lab.id].append(org)
            notes.append(f"{lab.id}: organization {org} on the hub")
    return tuple(
        lab.model_copy(update={"hub_orgs": ";".join([*lab.orgs, *new[lab.id]])}) if lab.id in new else lab
        for lab in labs
    )


def _tallies(
    tracked: Mapping[str, str],
    regions: Mapping[str, str],
    labs: Mapping[str, Lab],
    sizes: Mapping[str, tuple[Record, Size]],
) -> dict[str, dict[str, int]]:
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for name, org in tracked.items():
        lab = labs.get(normalized(org))
        who, where = lab.id if lab else NO_LAB, regions.get(org, "no region")
        known = name in sizes and sizes[name][1][0] is not None
        total = sizes[name][1][0] if known else None
        counts["ids by lab"][who] += 1
        counts["ids by region"][where] += 1
        if total is not None:
            counts["ids of known size by lab"][who] += 1
            counts["ids of known size by region"][where] += 1
            if total <= SMALL_PARAMS_B:
                counts[f"ids of at most {SMALL_PARAMS_B:g}B by lab"][who] += 1
                counts[f"ids of at most {SMALL_PARAMS_B:g}B by region"][where] += 1
    return {title: dict(sorted(counter.items())) for title, counter in counts.items()}

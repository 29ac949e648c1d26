"""models.dev, the community's list of models: release dates and open flags, which are sometimes wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from urllib.parse import urlsplit

from hanse.outlook.catalogue.schema import Lab, Release
from hanse.outlook.catalogue.tables import Catalogue
from hanse.outlook.importers import provenance
from hanse.outlook.importers.cells import NO_DAY, Days, days_of, number
from hanse.outlook.importers.delimited import Record, read_all, shorten
from hanse.outlook.importers.epoch import NO_LAB
from hanse.outlook.importers.names import ReleaseIndex, labs_by_slug, normalized
from hanse.outlook.importers.outcome import Account, Imported, Unusable
from hanse.outlook.importers.proposals import described, license_notes, propose

DIFFERS_DAYS = 45
"""A date further from ours is listed. Some dates here have only a month, or are those of a hosted version."""
UNCHECKED = "not checked"
_COLUMNS = ("model_id", "name", "family", "release_date", "open_weights", "context", "license", "weights_url")
_FLAGS = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}


def import_modelsdev(catalogue: Catalogue, paths: Sequence[Path], vintage: date) -> Imported:
    """Add open models of known labs that are not in `releases`; compare the dates of those that are.

    Kinds: "new", "same", "date differs", "same weights" (as another new row links to), "closed", "open flag missing".
    Raises CatalogueError for files that are not this list.
    """
    account = Account()
    tables = read_all(paths, account)
    for table in tables:
        table.require(*_COLUMNS)
    new = provenance.source("models-dev", vintage)
    reading = _Reading(catalogue, new.id, vintage, ReleaseIndex(catalogue), labs_by_slug(catalogue.labs))
    for table in tables:
        for record in table.records:
            reading.recognize(record)
    for table in tables:
        days = days_of(table, "release_date")
        for record in table.records:
            try:
                account.keep(reading.take(record, days))
            except Unusable as why:
                account.refuse(record.reject(why))
    notes = (*reading.notes, *license_notes(catalogue, reading.added))
    made = catalogue
    if reading.added:
        releases, sources = (*catalogue.releases, *reading.added), provenance.with_source(catalogue, new)
        made = replace(catalogue, releases=releases, sources=sources)
    return Imported(made, account.close(sum(table.read for table in tables)), notes)


@dataclass
class _Reading:
    """What is known while rows are read."""

    catalogue: Catalogue
    source: str
    vintage: date
    index: ReleaseIndex
    labs: dict[str, Lab]
    added: list[Release] = field(default_factory=list)
    of_weights: dict[str, Release] = field(default_factory=dict)
    """The release of each link to weights."""
    notes: list[str] = field(default_factory=list)

    def recognize(self, record: Record) -> None:
        """Remember which weights the known releases are: other rows may link to them under a name of their own."""
        if (old := self._found(record)) is not None:
            self.of_weights |= dict.fromkeys(_weights(record), old)

    def take(self, record: Record, days: Days) -> str:
        """The kind of a row; a new release is added. Raises Unusable."""
        if (kind := _not_open(record)) is not None:
            return kind
        weights, day = _weights(record), self._day(record, days)
        if (old := self._found(record)) is not None:
            return "same" if old in self.added else self._compared(old, day)
        if repeated := [self.of_weights[url] for url in weights if url in self.of_weights]:
            self.notes.append(f"{record['model_id']}: the weights of {repeated[0].id}, not added")
            return "same weights"
        if (lab := self._lab(record)) is None:
            raise Unusable(NO_LAB, record["model_id"])
        release = self._release(record, lab, days.of(record))
        self.notes.append(described(release, lab, [*self.catalogue.releases, *self.added]))
        self.added.append(release)
        self.of_weights |= dict.fromkeys(weights, release)
        return "new"

    def _found(self, record: Record) -> Release | None:
        """The release that has this row's name, its id's or that of its weights."""
        names = [_plain(record["name"]), *(_last(address) for address in (record["model_id"], *_weights(record)))]
        lab = self._lab(record)
        return self.index.find([name for name in names if name], [lab] if lab else [], None)

    def _lab(self, record: Record) -> Lab | None:
        """By the first part of the id, else by the organization on the hub that has the weights."""
        owners = [record["model_id"].partition("/")[0], *(_owner(url) for url in _weights(record))]
        return next((self.labs[normalized(owner)] for owner in owners if normalized(owner) in self.labs), None)

    def _day(self, record: Record, days: Days) -> date | None:
        """The date, None when it has no day: enough to know a release again, not to add one. Raises Unusable."""
        try:
            return days.of_or_before(record, self.vintage)
        except Unusable as why:
            if why.reason == NO_DAY:
                return None
            raise

    def _compared(self, old: Release, day: date | None) -> str:
        if day is None or abs((day - old.date).days) <= DIFFERS_DAYS:
            return "same"
        self.notes.append(f"{old.id}: dated {old.date} here, {day} at models.dev")
        return "date differs"

    def _release(self, record: Record, lab: Lab, day: date) -> Release:
        license_ = record["license"] if record["license"] in self.catalogue.license_of else UNCHECKED
        stated: dict[str, object] = {"context_tokens": _context(record)}
        if record["family"]:
            stated["family"] = record["family"]
        return propose(self.index, self.catalogue, lab, _plain(record.text("name")), day, license_, self.source, stated)


def _not_open(record: Record) -> str | None:
    """The kind of a row whose weights are not said to be open, None for others. Raises Unusable."""
    flag = record["open_weights"]
    if not flag:
        return "open flag missing"
    if flag.casefold() not in _FLAGS:
        raise Unusable("open flag not understood", f"column 'open_weights': {shorten(flag)}, expected 1 or 0")
    return None if _FLAGS[flag.casefold()] else "closed"


def _plain(name: str) -> str:
    """The model's name. "(latest)" says where an address points today, not what the model is called."""
    return name.removesuffix("(latest)").strip() or name


def _weights(record: Record) -> list[str]:
    return [url.strip() for url in record["weights_url"].split(";") if url.strip()]


def _last(address: str) -> str:
    return address.rstrip("/").rpartition("/")[2]


def _owner(url: str) -> str:
    return urlsplit(url).path.strip("/").partition("/")[0]


def _context(record: Record) -> int | None:
    """Tokens, None when unknown. Raises Unusable."""
    tokens = number(record, "context")
    if tokens is not None and (tokens < 0 or not tokens.is_integer()):
        raise Unusable("not a number of tokens", f"column 'context': {shorten(record['context'])}")
    return int(tokens) if tokens else None

"""New rows of the `releases` table from a publisher's row: one source, nothing filled in that it does not say."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from hanse.outlook.catalogue.schema import Lab, Release, Score
from hanse.outlook.catalogue.tables import Catalogue
from hanse.outlook.importers.cells import row
from hanse.outlook.importers.names import ReleaseIndex, key, near, normalized

_CLOSE_DAYS = 60
"""A release of one lab and size this near to another is worth a look: it may be the same under another name."""


def slug(name: str, taken: Iterable[str] = ()) -> str:
    """An id from a name, numbered when it is taken."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower().replace("+", " plus ")
    made = re.sub(r"[^a-z0-9]+", "-", plain).strip("-") or "release"
    used, count, unique = set(taken), 1, made
    while unique in used:
        count += 1
        unique = f"{made}-{count}"
    return unique


def family(model: str, known: Sequence[Release]) -> str:
    """A family of the lab that the name begins with, else the name's first letters."""
    fits = {r.family for r in known if normalized(model).startswith(normalized(r.family)) and normalized(r.family)}
    if fits:
        return max(fits, key=lambda name: (len(name), name))
    letters = re.match(r"[^\W\d_]+", model)
    return letters[0] if letters else model


def score_called(scores: Sequence[Score], model: str) -> str:
    """The one score whose name equals the model's, letters and digits only; empty when none or several do."""
    found = [score.name for score in scores if normalized(score.name) == normalized(model)]
    return found[0] if len(found) == 1 else ""


def propose(
    index: ReleaseIndex,
    catalogue: Catalogue,
    lab: Lab,
    model: str,
    day: date,
    license_: str,
    source: str,
    stated: Mapping[str, object],
) -> Release:
    """A release nobody has checked yet, added to the index; `stated` are the cells its publisher fills.

    Raises Unusable when it does not fit the table.
    """
    unstated = {"total_params_b": None, "active_params_b": None, "context_tokens": None, "compute_flop": None}
    cells = unstated | {"family": family(model, index.of(lab.id)), "data": "none", "code": "none"} | dict(stated)
    release = row(
        Release,
        id=slug(model, index.ids),
        lab=lab.id,
        model=model,
        date=day,
        license=license_,
        weights="open",
        score=score_called(catalogue.scores, model),
        note="imported",
        confidence="single source",
        source=source,
        **cells,
    )
    index.add(release)
    return release


def described(release: Release, lab: Lab, known: Sequence[Release]) -> str:
    """A sentence about a new release, naming an older one that it may repeat."""
    said = f"new release: {release.model} ({release.lab}, {release.date})"
    for other in known:
        close = other.lab == release.lab and abs((other.date - release.date).days) <= _CLOSE_DAYS
        if close and any(near(a, b) for a in _sizes(release, lab) for b in _sizes(other, lab)):
            return f"{said}; may be {other.id} of {other.date} under another name"
    return said


def _sizes(release: Release, lab: Lab) -> tuple[float, ...]:
    """Total size as the row or, without one, the name has it."""
    return key(release.model, lab).sizes[:1] if release.total_params_b is None else (release.total_params_b,)


def license_notes(catalogue: Catalogue, releases: Iterable[Release]) -> list[str]:
    """A sentence for every license of the new releases that nobody has classified."""
    missing = {release.license for release in releases} - set(catalogue.license_of)
    return [f"license {name!r} is not in licenses.csv; classify it there" for name in sorted(missing)]

"""What the rules find, gathered by place and name, and which of it another rule overrules."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from hanse.hedge.scan.code import texts
from hanse.hedge.scan.code.values import Origin, Text
from hanse.hedge.scan.finding import Hit
from hanse.hedge.scan.looks import Look

EXPRESSION = 160
"""Characters of an unresolved expression that are shown at most."""


@dataclass(frozen=True, eq=False)
class Sighting:
    """A hit, and whether only a name or a shape speaks for it (a call that uses it as a piece or an output then overrules it)."""

    origin: Origin
    hit: Hit
    soft: bool = False


@dataclass(eq=False)
class Sightings:
    """What the rules find, by place and name; the first rule to see a name tells how."""

    found: dict[tuple[str, int, str], Sighting] = field(default_factory=dict)
    pieces: set[tuple[Origin, str]] = field(default_factory=set)
    """Literals that are parts of names put together elsewhere."""
    outputs: set[Origin] = field(default_factory=set)
    """Literals that name what is written."""

    def add(self, origin: Origin, hit: Hit, soft: bool = False) -> None:
        """One more sighting."""
        key = (origin.file, hit.line, hit.ref)
        known = self.found.get(key)
        if known is None:
            self.found[key] = Sighting(origin, hit, soft)
        elif known.hit.revision is None and hit.revision is not None:
            merged = Hit(hit.line, hit.ref, hit.revision, known.hit.how, known.hit.kind, known.hit.resolved)
            self.found[key] = Sighting(origin, merged, known.soft and soft)
        elif known.soft and not soft:
            self.found[key] = Sighting(origin, known.hit, False)

    def report(self, text: Text, look: Look, how: str, revisions: Sequence[Text] = (), soft: bool = False) -> None:
        """A text that is a model, with the revisions that may be meant: the nearest is. Its parts are none of their own; but an
        address or a version around a name that stands elsewhere leaves the finding there."""
        self.put_together(text.pieces)
        whole = [piece for piece in text.pieces if piece.value == look.ref]
        if whole:
            text = min(whole, key=lambda piece: (piece.origin.file, piece.origin.line))
            soft = False
        origin, value = text.origin, text.value
        line = origin.line + value[: len(value) - len(value.lstrip())].count("\n")  # a string over several lines
        origin = Origin(origin.file, line, origin.column)
        revision = texts.nearest(text, [option for option in revisions if option.value.strip()])
        given = revision.value.strip() if revision is not None else look.revision
        self.add(origin, Hit(line, look.ref, given, how, look.kind), soft)

    def put_together(self, pieces: frozenset[Text]) -> None:
        """Literals that are parts of a name which is not known as a whole."""
        self.pieces |= {(piece.origin, piece.value) for piece in pieces}

    def unresolved(self, origin: Origin, expression: str, how: str) -> None:
        """A name that only the running program has."""
        self.add(origin, Hit(origin.line, shortened(expression), None, how, "unknown", False))


def shortened(text: str) -> str:
    """At most EXPRESSION characters on one line."""
    text = " ".join(text.split())
    return text if len(text) <= EXPRESSION else text[: EXPRESSION - 1] + "…"


def final(parts: Iterable[Sightings]) -> dict[str, list[Hit]]:
    """The hits of several readings by file: in order, each once, without pieces of names put together and without outputs."""
    whole = Sightings()
    for part in parts:
        whole.pieces |= part.pieces
        whole.outputs |= part.outputs
        for sighting in part.found.values():
            whole.add(sighting.origin, sighting.hit, sighting.soft)
    by_file: dict[str, list[Hit]] = {}
    for sighting in whole.found.values():
        if not (sighting.soft and _overruled(sighting, whole)):
            by_file.setdefault(sighting.origin.file, []).append(sighting.hit)
    return {file: sorted(hits, key=lambda hit: (hit.line, hit.ref)) for file, hits in by_file.items()}


def _overruled(sighting: Sighting, whole: Sightings) -> bool:
    return (sighting.origin, sighting.hit.ref) in whole.pieces or sighting.origin in whole.outputs

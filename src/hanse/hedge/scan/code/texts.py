"""Strings put together: f-strings, '+', '%', format, paths. Each has its place where it is put together."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice, product

from hanse.hedge.scan.code.values import Origin, Plain, Text, Unknown, Value, Values

LIMIT = 64
"""Values of one expression at most; the rest is left out."""
LENGTH = 2000
"""Characters of a string put together at most."""
_FIELD = re.compile(r"\{(\w*)(?:![rsa])?(?::[^{}]*)?\}")
_PERCENT = re.compile(r"%(?:\((\w+)\))?[#0 +-]*\d*(?:\.\d+)?[sdifgr]")


def texts(values: Iterable[Value]) -> list[Text]:
    """The strings among values."""
    return [value for value in values if isinstance(value, Text)]


def unknown(values: Iterable[Value]) -> Unknown | None:
    """The first value that is not known."""
    return next((value for value in values if isinstance(value, Unknown)), None)


def unsettled(values: Values) -> Unknown | None:
    """The first value that leaves a name unresolved. What may be given from outside does not when there is a default."""
    found = [value for value in values if isinstance(value, Unknown)]
    if any(isinstance(value, Text) and value.value.strip() for value in values):
        found = [value for value in found if value.why not in ("input", "optional")]
    return found[0] if found else None


def either(values: Values) -> Values:
    """Alternatives in one expression: a known one is the default for what is not known."""
    if not any(isinstance(value, Text) for value in values):
        return values
    return tuple(Unknown("optional", value.pieces) if isinstance(value, Unknown) else value for value in values)


def nearest(text: Text, candidates: Sequence[Text]) -> Text | None:
    """Of several candidates the one that stands next to a text: in its row of a table, its dictionary, its line."""
    at = text.origin

    def distance(other: Text) -> tuple[bool, int, int]:
        place = other.origin
        return place.file != at.file, abs(place.line - at.line), abs(place.column - at.column)

    return min(candidates, key=distance, default=None)


def paired(names: Sequence[Text], revisions: Sequence[Text]) -> Iterator[tuple[Text, Sequence[Text]]]:
    """Each name with the revisions that may be its own: as many revisions as names come from the same rows."""
    rows = len(names) == len(revisions)
    for index, name in enumerate(names):
        yield name, revisions[index : index + 1] if rows else revisions


def distinct(values: Iterable[Value]) -> Values:
    """Without repetitions, LIMIT at most."""
    return tuple(islice(dict.fromkeys(values), LIMIT))


def parts_of(values: Values, at: Origin) -> list[Text]:
    """Values as pieces of a string: numbers are written out."""
    found = []
    for value in values:
        if isinstance(value, Text):
            found.append(value)
        elif isinstance(value, Plain) and isinstance(value.value, int | float) and not isinstance(value.value, bool):
            found.append(Text(str(value.value), at))
    return found


def joined(parts: Sequence[Values], at: Origin, glue: Callable[[Sequence[str]], str] = "".join) -> Values:
    """Every way to put the parts together; unknown as soon as one of them is."""
    choices = [parts_of(part, at) for part in parts]
    gaps = [unknown(part) for part, choice in zip(parts, choices, strict=True)]
    gap = next((gap for gap in gaps if gap is not None), None)
    if not all(choices):
        known = _flat([text for choice in choices for text in choice])
        return (Unknown(gap.why if gap is not None else "other", known | (gap.pieces if gap is not None else known)),)
    found: list[Value] = []
    for combination in islice(product(*choices), LIMIT):
        if sum(len(part.value) for part in combination) > LENGTH:
            return (Unknown("other"),)
        found.append(_put_together(combination, glue([part.value for part in combination]), at))
    return distinct([*found, *([gap] if gap is not None else [])])


def _put_together(combination: Sequence[Text], value: str, at: Origin) -> Text:
    for part in combination:
        if part.value == value:  # the others are empty: the name stands where this part stands
            return part
    return Text(value, at, _flat(combination))


def _flat(parts: Iterable[Text]) -> frozenset[Text]:
    """Literals among the parts."""
    found: set[Text] = set()
    for part in parts:
        if part.value:
            found |= part.pieces or {part}
    return frozenset(found)


def path(parts: Sequence[Values], at: Origin) -> Values:
    """os.path.join and Path / Path."""
    return joined(parts, at, _join_path)


def _join_path(parts: Sequence[str]) -> str:
    """As posixpath.join, without './' that nobody wrote; an address keeps its '//'."""
    found = ""
    for part in parts:
        found = part if part.startswith("/") or not found else f"{found.rstrip('/')}/{part}" if part else found
    return re.sub(r"(?<=/)\.\./?(?=$)", "..", found)


def parent(text: Text, levels: int = 1) -> Text:
    """The folder above; above the file itself it is nothing, so that what follows is as seen from there."""
    value = text.value
    for _ in range(levels):
        value = posixpath.dirname(value.rstrip("/"))
    return text if value == text.value else Text(value, text.origin, text.pieces)


def changed(text: Text, value: str, at: Origin | None = None) -> Text:
    """The same string after a method such as strip: it still stands where it stood, unless `at` is where it became another."""
    if value == text.value:
        return text
    return Text(value, text.origin, text.pieces) if at is None else Text(value, at, frozenset(), True)


def formatted(template: Text, positional: Sequence[Values], named: dict[str, Values], at: Origin) -> Values:
    """template.format(...)."""
    return _filled(template, _FIELD, positional, named, at)


def percent(template: Text, positional: Sequence[Values], named: dict[str, Values], at: Origin) -> Values:
    """template % values."""
    return _filled(template, _PERCENT, positional, named, at)


def _filled(
    template: Text, pattern: re.Pattern[str], positional: Sequence[Values], named: dict[str, Values], at: Origin
) -> Values:
    parts: list[Values] = []
    end = count = 0
    for match in pattern.finditer(template.value):
        parts.append((Text(template.value[end : match.start()], template.origin),))
        end = match.end()
        field = match[1] or ""
        if field and not field.isdigit():
            parts.append(named.get(field, (Unknown("other"),)))
        else:
            index = int(field) if field else count
            count += 1
            parts.append(positional[index] if index < len(positional) else (Unknown("other"),))
    if not parts:
        return (template,)
    parts.append((Text(template.value[end:], template.origin),))
    return joined(parts, at)

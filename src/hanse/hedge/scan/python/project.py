"""All Python files of a scan. Each is read alone first; then those again that use a name of another file, or define what
another file calls: a constant stands in one file and is loaded in another, a finding stands at the constant, once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from hanse.hedge.scan.code import texts
from hanse.hedge.scan.code.sightings import Sightings, final
from hanse.hedge.scan.code.values import Origin
from hanse.hedge.scan.finding import Hit, Reader
from hanse.hedge.scan.python import tolerant
from hanse.hedge.scan.python.collect import collect
from hanse.hedge.scan.python.linked import Linked, Loaded
from hanse.hedge.scan.python.prefilter import worth_parsing
from hanse.hedge.scan.python.reading import Reading
from hanse.hedge.scan.python.resolve import Resolver
from hanse.hedge.scan.python.tokens import read_tokens
from hanse.hedge.scan.python.values import Module, Scope, Site

_IMPORT = re.compile(
    r"^[ \t]*(?:from[ \t]+[\w.]+[ \t]+import[ \t]+(\([^)]*\)|[^\n\\]+)|import[ \t]+([\w., \t]+))", re.M
)

Spread = Callable[[Callable[[Any], Any], Iterable[Any]], Iterable[Any]]
"""map, or what maps over several processes in order."""


@dataclass(eq=False)
class Glance:
    """A file as read alone. Plain values: it may come from another process."""

    sightings: Sightings
    needs: frozenset[tuple[str, int]] = frozenset()
    """Modules it takes names of models from, with their level."""
    opened: frozenset[str] = frozenset()
    """Functions and classes whose parameters take names of models."""
    imports: frozenset[str] = frozenset()
    """Names it imports."""


@dataclass
class _Alone:
    """No other file: notes what would be asked of them."""

    needs: set[tuple[str, int]] = field(default_factory=set)
    opened: set[str] = field(default_factory=set)

    def module(self, name: str, level: int, file: str) -> Module | None:
        self.needs.add((name, level))
        return None

    def callers(self, scope: Scope, names: Sequence[str]) -> Iterable[Site]:
        self.opened.update(names)
        return ()


def read_python(text: str, shell: Reader | None = None) -> Iterator[Hit]:
    """Models that one Python file depends on. `shell` reads commands it starts."""
    yield from final([glance(("", text), shell).sightings]).get("", [])


def read_python_project(
    files: Mapping[str, str], shell: Reader | None = None, spread: Spread = map
) -> dict[str, list[Hit]]:
    """Models that Python files depend on, by path. Paths are relative with '/'; `spread` runs the part that takes files one
    by one, and may do so in several processes. Files without a model are left out."""
    glances: dict[str, Glance] = dict(zip(files, spread(partial(glance, shell=shell), files.items()), strict=True))
    linked = Linked(files, {file: found.imports for file, found in glances.items()}, load)
    parts: list[Sightings] = []
    for file, found in glances.items():
        again = linked.loaded(file) if linked.concern(file, found.needs, found.opened) else None
        if again is None:
            parts.append(found.sightings)
            continue
        linked.begin()
        parts.append(_read(file, files[file], again, Resolver(linked), shell))
        if again[0] is not None:
            again[0].known.clear()  # what was evaluated without regard to other files is not for them
    return final(parts)


def constants_of(text: str, names: Iterable[str]) -> dict[str, list[tuple[str, int]]]:
    """The strings that global names of a text can be, each with its line."""
    module = load("", text)[0]
    found: dict[str, list[tuple[str, int]]] = {}
    if module is None:
        return found
    resolver = Resolver(_Alone())
    for name in names:
        try:
            values = resolver.of_module(module, name)
        except RecursionError:
            values = ()
        found[name] = [(value.value, value.origin.line) for value in texts.texts(values)]
    return found


def glance(given: tuple[str, str], shell: Reader | None = None) -> Glance:
    """One file, alone."""
    file, text = given
    imports = frozenset(_imported_names(text))
    if not worth_parsing(text):
        return Glance(Sightings(), imports=imports)
    alone = _Alone()
    sightings = _read(file, text, load(file, text), Resolver(alone), shell)
    return Glance(sightings, frozenset(alone.needs), frozenset(alone.opened), imports)


def load(file: str, text: str) -> Loaded:
    """A file's module, and the lines that had to be left out; None when it cannot be parsed at all."""
    text = tolerant.normalized(text)
    tree, lost = tolerant.parse(text)
    if tree is None:
        return None, []
    try:
        return collect(tree, text, file), lost
    except RecursionError:
        return None, []


def _read(file: str, text: str, loaded: Loaded, resolver: Resolver, shell: Reader | None) -> Sightings:
    module, lost = loaded
    found = read_module(module, resolver, shell) if module is not None else Sightings()
    if module is None or lost:
        for hit in read_tokens(tolerant.normalized(text), None if module is None else set(lost)):
            found.add(Origin(file, hit.line, -1), hit)
    return found


def read_module(module: Module, resolver: Resolver, shell: Reader | None) -> Sightings:
    """The rules over a module. What is nested too deeply to be evaluated is left out."""
    found = Sightings()
    try:
        Reading(module, resolver, found, shell).run()
    except RecursionError:
        for hit in read_tokens("\n".join(module.lines)):
            found.add(Origin(module.file, hit.line, -1), hit)
    return found


def _imported_names(text: str) -> Iterator[str]:
    for match in _IMPORT.finditer(text):
        for part in (match[1] or match[2]).strip("()").split(","):
            words = part.split("#")[0].split()
            if words:
                yield words[0].rpartition(".")[2]

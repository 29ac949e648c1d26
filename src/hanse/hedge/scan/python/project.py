"""All Python files of a scan. Each is read alone first; then those again that use a name of another file, or define what
another file calls: a constant stands in one file and is loaded in another, a finding stands at the constant, once."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from hanse.hedge.scan.finding import Hit, Reader
from hanse.hedge.scan.python import texts, tolerant
from hanse.hedge.scan.python.collect import collect
from hanse.hedge.scan.python.prefilter import worth_parsing
from hanse.hedge.scan.python.reading import Reading
from hanse.hedge.scan.python.resolve import Resolver
from hanse.hedge.scan.python.sightings import Sighting, Sightings
from hanse.hedge.scan.python.tokens import read_tokens
from hanse.hedge.scan.python.values import Module, Origin, Scope, Site

KEPT = 256
"""Parsed files that are kept in memory while files are linked."""
CALLERS = 24
"""Files that are searched for calls of one function at most."""
PARSED = 6_000
"""Files that are parsed for links at most in one scan; beyond, files stay as they were read alone."""
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
    linked = _Linked(files, glances)
    parts: list[Sightings] = []
    for file, found in glances.items():
        if linked.concerns(file, found):
            again = linked.read(file, shell)
            parts.append(again if again is not None else found.sightings)
        else:
            parts.append(found.sightings)
    return final(parts)


def constants_of(text: str, names: Iterable[str]) -> dict[str, list[tuple[str, int]]]:
    """The strings that global names of a text can be, each with its line."""
    module = load("", tolerant.normalized(text))[0]
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
    return sighting.origin in whole.pieces or sighting.origin in whole.outputs


def glance(given: tuple[str, str], shell: Reader | None = None) -> Glance:
    """One file, alone."""
    file, text = given
    imports = frozenset(_imported_names(text))
    if not worth_parsing(text):
        return Glance(Sightings(), imports=imports)
    alone = _Alone()
    sightings = _read(file, text, Resolver(alone), shell)
    return Glance(sightings, frozenset(alone.needs), frozenset(alone.opened), imports)


def load(file: str, text: str) -> tuple[Module | None, list[int]]:
    """A file's module, and the lines that had to be left out; None when it cannot be parsed at all."""
    tree, lost = tolerant.parse(text)
    if tree is None:
        return None, []
    try:
        return collect(tree, text, file), lost
    except RecursionError:
        return None, []


def _read(file: str, text: str, resolver: Resolver, shell: Reader | None) -> Sightings:
    text = tolerant.normalized(text)
    module, lost = load(file, text)
    found = Sightings()
    if module is not None:
        found = read_module(module, resolver, shell)
    if module is None or lost:
        for hit in read_tokens(text, None if module is None else set(lost)):
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


class _Linked:
    """The files of a scan as each other's modules."""

    def __init__(self, files: Mapping[str, str], glances: Mapping[str, Glance]) -> None:
        self._files = files
        self._by_stem: dict[str, list[str]] = {}
        self._importers: dict[str, list[str]] = {}
        self._modules: OrderedDict[str, Module | None] = OrderedDict()
        self._parsed = 0
        for file in files:
            self._by_stem.setdefault(_stem(file), []).append(file)
        for file, found in glances.items():
            for name in found.imports:
                self._importers.setdefault(name, []).append(file)

    def concerns(self, file: str, found: Glance) -> bool:
        """Whether other files can change what was read of this one alone."""
        if any(self.find(name, level, file) not in (None, file) for name, level in found.needs):
            return True
        return bool(found.opened) and any(self._candidates(file, found.opened))

    def read(self, file: str, shell: Reader | None) -> Sightings | None:
        """A file once more, with the others; None when there have been too many."""
        if self._parsed > PARSED:
            return None
        return _read(file, self._files[file], Resolver(self), shell)

    # What a resolver asks

    def module(self, name: str, level: int, file: str) -> Module | None:
        """The file that `file` means by a module."""
        found = self.find(name, level, file)
        return self._load(found) if found is not None else None

    def callers(self, scope: Scope, names: Sequence[str]) -> Iterable[Site]:
        """Calls from other files that import one of these names from this scope's file, or the file itself."""
        target = scope.module.file
        if scope.parent is not None and scope.parent.kind == "class" and scope.name != "__init__":
            return
        for file in list(self._candidates(target, names))[:CALLERS]:
            module = self._load(file)
            for name, imported in module.imports if module is not None else ():
                meant = imported.name in names and self._leads_to(imported.module, imported.level, file, target)
                inner = f"{imported.module}.{imported.name}".strip(".") if imported.name else imported.module
                if module is not None and meant:
                    yield from module.called.get(name, ())
                elif module is not None and self.find(inner, imported.level, file) == target:
                    yield from self._through(module, name, names)

    def _through(self, module: Module, local: str, names: Sequence[str]) -> Iterator[Site]:
        """loader.load(...)"""
        for wanted in names:
            for site in module.called.get(wanted, ()):
                receiver = getattr(site.node.func, "value", None)
                if getattr(receiver, "id", None) == local:
                    yield site

    def _leads_to(self, name: str, level: int, file: str, target: str) -> bool:
        """Whether a module is a file, or a package that hands on what it imports from it."""
        found = self.find(name, level, file)
        if found is None or found == target:
            return found == target
        if not found.endswith("__init__.py"):
            return False
        package = self._load(found)
        return package is not None and any(
            self.find(part.module, part.level, found) == target for _, part in package.imports
        )

    def _candidates(self, target: str, names: Iterable[str]) -> Iterator[str]:
        """Files that import one of these names, or the file that defines it, and call it."""
        seen: set[str] = {target}
        for name in names:
            for importers, call in (
                (self._importers.get(name, ()), name),
                (self._importers.get(_stem(target), ()), f".{name}("),
            ):
                for file in importers:
                    if file not in seen and call in self._files[file]:
                        seen.add(file)
                        yield file

    def _load(self, file: str) -> Module | None:
        if file in self._modules:
            self._modules.move_to_end(file)
            return self._modules[file]
        self._parsed += 1
        module = load(file, tolerant.normalized(self._files[file]))[0] if self._parsed <= PARSED else None
        self._modules[file] = module
        if len(self._modules) > KEPT:
            self._modules.popitem(last=False)
        return module

    def find(self, name: str, level: int, file: str) -> str | None:
        """The path of a module as `file` imports it: relative, beside it, or the nearest whose path ends so."""
        folders = file.split("/")[:-1]
        parts = [part for part in name.split(".") if part]
        if level:
            base = folders[: len(folders) - (level - 1)] if level > 1 else folders
            return self._at([*base, *parts])
        if not parts:
            return None
        beside = self._at([*folders, *parts])
        if beside is not None:
            return beside
        best, shared = None, -1
        for path in self._by_stem.get(parts[-1], ()):
            place = _as_module(path)
            if place[-len(parts) :] == parts and path != file:
                common = _common(folders, place)
                if common > shared:
                    best, shared = path, common
        if best is None and len(parts) > 1:
            return self._at(parts[1:])
        return best

    def _at(self, parts: list[str]) -> str | None:
        path = "/".join(parts)
        for candidate in (f"{path}.py", f"{path}/__init__.py" if path else "__init__.py"):
            if candidate in self._files:
                return candidate
        return None


def _as_module(path: str) -> list[str]:
    parts = path.removesuffix(".py").split("/")
    return parts[:-1] if parts[-1] == "__init__" else parts


def _stem(path: str) -> str:
    return (_as_module(path) or [""])[-1]


def _common(left: Sequence[str], right: Sequence[str]) -> int:
    count = 0
    for one, other in zip(left, right, strict=False):
        if one != other:
            break
        count += 1
    return count

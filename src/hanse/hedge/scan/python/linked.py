"""The files of a scan as each other's modules: what an import means, and who calls a function."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from hanse.hedge.scan.python.values import Module, Scope, Site

KEPT = 256
"""Parsed files that are kept in memory."""
TOUCHED = 32
"""Other files that are looked into on behalf of one, at most: what is further away stays unknown."""
LETTERS = 1_000_000
"""Characters of these at most."""
CALLERS = 24
"""Files that are searched for calls of one function at most."""
PARSED = 6_000
"""Files that are parsed at most in one scan; beyond, files stay as they were read alone."""

Loaded = tuple[Module | None, list[int]]
"""A file's module (None when it cannot be parsed at all), and its lines that had to be left out."""
Load = Callable[[str, str], Loaded]


class Linked:
    """The files of a scan as each other's modules."""

    def __init__(self, files: Mapping[str, str], imports: Mapping[str, Iterable[str]], load: Load) -> None:
        """`imports` are the names each file imports; `load` parses a file."""
        self._files = files
        self._load_file = load
        self._by_stem: dict[str, list[str]] = {}
        self._importers: dict[str, list[str]] = {}
        self._loaded: OrderedDict[str, Loaded] = OrderedDict()
        self._parsed = 0
        self._touched: set[str] = set()
        self._letters = 0
        for file in files:
            self._by_stem.setdefault(_stem(file), []).append(file)
        for file, names in imports.items():
            for name in names:
                self._importers.setdefault(name, []).append(file)

    def concern(self, file: str, needs: Iterable[tuple[str, int]], opened: Iterable[str]) -> bool:
        """Whether other files can change what was read of this one alone: modules it takes names from, and functions and
        classes of its own that others may call."""
        if any(self.find(name, level, file) not in (None, file) for name, level in needs):
            return True
        return any(True for _ in self._candidates(file, opened))

    def loaded(self, file: str) -> Loaded | None:
        """A file, parsed; None when there have been too many."""
        if file in self._loaded:
            self._loaded.move_to_end(file)
            return self._loaded[file]
        if self._parsed >= PARSED:
            return None
        self._parsed += 1
        self._loaded[file] = self._load_file(file, self._files[file])
        if len(self._loaded) > KEPT:
            self._loaded.popitem(last=False)
        return self._loaded[file]

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

    def begin(self) -> None:
        """From here on another file is read: it may look into as many others again."""
        self._touched.clear()
        self._letters = 0

    def _load(self, file: str) -> Module | None:
        if file not in self._touched:
            if len(self._touched) >= TOUCHED or self._letters > LETTERS:
                return None
            self._touched.add(file)
            self._letters += len(self._files[file])
        found = self.loaded(file)
        return found[0] if found is not None else None

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

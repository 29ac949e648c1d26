"""JavaScript files, one by one or all of a scan: a constant may be imported from a file beside it."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from hanse.hedge.scan.code.sightings import Sightings, final
from hanse.hedge.scan.code.values import Origin, Unknown, Values
from hanse.hedge.scan.finding import Hit, unread
from hanse.hedge.scan.javascript.collect import collect
from hanse.hedge.scan.javascript.lexer import TooManyTokens, lex
from hanse.hedge.scan.javascript.reading import Reading
from hanse.hedge.scan.javascript.resolve import Resolver
from hanse.hedge.scan.javascript.tree import Name, Tree

SIZE = 4_000_000
"""Characters; larger texts are bundles."""
DEPTH = 6
"""Files a name is followed through at most."""
_WORTH = re.compile(
    r"transformers|from_pretrained|openai|anthropic|ollama|langchain|ai-sdk|huggingface|hf\.co|replicate|bedrock|web-llm|mlc|"
    r"[mM]odel|MODEL|llm|LLM|embed|EMBED|\.gguf|\.onnx|\.safetensors|\.tflite|generateText|streamText|tiktoken|rerank|checkpoint"
)
_SCRIPT = re.compile(r"<script\b[^<>]*>(.*?)(?:</script\s*>|\Z)", re.DOTALL | re.IGNORECASE)
_MARKUP = re.compile(
    r"\A\s*(?:<(?:script|template|style|svelte|!--|!doctype|html|i18n)\b|<!--)|^<script\b[^<>]*>\s*$",
    re.IGNORECASE | re.MULTILINE,
)
_ENDINGS = (
    "",
    ".ts",
    ".tsx",
    ".js",
    ".jsx",
    ".mjs",
    ".cjs",
    ".mts",
    ".vue",
    ".svelte",
    "/index.ts",
    "/index.js",
    "/index.tsx",
    "/index.mjs",
)


def read_javascript(text: str) -> Iterator[Hit]:
    """Models that one JavaScript or TypeScript file depends on; of Vue and Svelte files their scripts."""
    yield from final([_read("", text, None)]).get("", [])


def read_javascript_project(
    files: Mapping[str, str], spread: Callable[[Callable[[Any], Any], Iterable[Any]], Iterable[Any]] = map
) -> dict[str, list[Hit]]:
    """Models that JavaScript files depend on, by path: relative, with '/'. A finding for an imported constant stands at the
    constant. `spread` runs the part that takes files one by one."""
    parts = list(spread(_alone, files.items()))
    linked = _Linked(files)
    again = [
        _read(file, files[file], linked) if any(linked.find(path, file) for path in paths) else found
        for file, (found, paths) in zip(files, parts, strict=True)
    ]
    return final(again)


def _alone(given: tuple[str, str]) -> tuple[Sightings, list[str]]:
    """A file by itself, and the paths from which it takes names that turned out to matter."""
    file, text = given
    asked = _Asked()
    return _read(file, text, asked), asked.paths


class _Asked:
    """No other file: notes which would be asked."""

    def __init__(self) -> None:
        self.paths: list[str] = []

    def imported(self, path: str, name: str) -> Values:
        self.paths.append(path)
        return ()


class _Linked:
    """The files of a scan as each other's modules."""

    def __init__(self, files: Mapping[str, str]) -> None:
        self.files = files
        self.trees: dict[str, Resolver | None] = {}
        self.depth = 0

    def find(self, path: str, file: str) -> str | None:
        """The file an import's path means."""
        if path.startswith("."):
            starts = [posixpath.normpath(posixpath.join(posixpath.dirname(file), path))]
        elif path.startswith(("@/", "~/", "$lib/", "#/", "src/")):
            rest = path.partition("/")[2]
            folders = file.split("/")[:-1]
            above = ["/".join(folders[:count]) for count in range(len(folders), -1, -1)]
            starts = [
                posixpath.join(folder, inner, rest)
                for folder in above
                for inner in ("", "src", "src/lib", "app", "lib")
            ]
        else:
            return None
        for start in starts:
            bases = [start, re.sub(r"\.(?:m|c)?jsx?$", "", start)]
            for base in dict.fromkeys(bases):
                for ending in _ENDINGS:
                    if base + ending in self.files and base + ending != file:
                        return base + ending
        return None

    def at(self, file: str) -> _From:
        """The others as one file sees them."""
        return _From(self, file)

    def of(self, file: str, name: str) -> Values:
        """What a file exports under a name."""
        if self.depth > DEPTH:
            return ()
        if file not in self.trees:
            text = _script(self.files[file])
            try:
                tree = collect(text, lex(text)) if len(text) <= SIZE else None
            except TooManyTokens:
                tree = None
            self.trees[file] = Resolver(tree, file, self.at(file)) if tree is not None else None
        resolver = self.trees[file]
        if resolver is None:
            return ()
        self.depth += 1
        try:
            return _exported(resolver, name)
        finally:
            self.depth -= 1


class _From:
    """The other files, as seen from one."""

    def __init__(self, linked: _Linked, file: str) -> None:
        self.linked = linked
        self.file = file

    def imported(self, path: str, name: str) -> Values:
        """What a name of another file is."""
        found = self.linked.find(path, self.file)
        return self.linked.of(found, name) if found is not None else ()


def _exported(resolver: Resolver, name: str) -> Values:
    tree: Tree = resolver.tree
    if name == "*":
        return resolver.everything()
    local = tree.exported.get(name, name)
    if not any(isinstance(found, Name) for found in tree.root.names.get(local, ())):
        return ()
    values = resolver.name(local, tree.root)
    return () if values and all(isinstance(value, Unknown) for value in values) else values


def _read(file: str, text: str, other: _Linked | _Asked | None) -> Sightings:
    if len(text) > SIZE or _WORTH.search(text) is None:
        return Sightings()
    text = _script(text)
    links = other.at(file) if isinstance(other, _Linked) else other
    try:
        tree = collect(text, lex(text))
        return Reading(tree, Resolver(tree, file, links), file).run()
    except (RecursionError, TooManyTokens) as error:
        deep = isinstance(error, RecursionError)
        found = Sightings()
        found.add(Origin(file, 1, 0), unread("nested too deeply: not read" if deep else "generated or minified: not read"))
        return found


def _script(text: str) -> str:
    """What is program in a file: all of it, or its scripts with everything else blank, so that lines stay."""
    text = text.removeprefix("\ufeff").replace("\0", " ")
    if text.startswith("#!"):
        text = "//" + text[2:]
    if _MARKUP.search(text) is None or "<script" not in text.lower():
        return text
    found = []
    end = 0
    for match in _SCRIPT.finditer(text):
        found.append(re.sub(r"[^\r\n]", " ", text[end : match.start(1)]))
        found.append(match[1])
        end = match.end(1)
    return "".join([*found, re.sub(r"[^\r\n]", " ", text[end:])])

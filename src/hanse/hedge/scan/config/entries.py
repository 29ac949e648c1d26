"""A configuration tree to hits: keys that ask for a model, environments, commands, values that give themselves away."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from hanse.hedge.scan import expressions, keys, looks, packages
from hanse.hedge.scan.config.commands import Commands
from hanse.hedge.scan.config.nodes import Entry, Mapping, Node, Scalar, Sequence
from hanse.hedge.scan.finding import Hit, unread
from hanse.hedge.scan.judge import HUB_SERVERS, SPEECH, judged, keyed_look, several
from hanse.hedge.scan.shell.variables import Value
from hanse.hedge.scan.vocabulary import PROVIDERS, word_lists

DEEPEST = 60
"""Levels of a tree."""
MANY = 400
"""Entries of a mapping above which only those nearer than about `NEAR` count as beside a key."""
NEAR = 30
_WORDS = word_lists("entries")
_PROSE = _WORDS["prose"]
_OUTPUT = re.compile(
    r"(^|_)(out|outs|output|outputs|save|saved|export|dest|destination|target|push|upload|result|results|hub_model_id)(_|$)"
)
_PROVIDER = ("provider", "model_provider", "llm_provider", "embedding_provider", "api_type", "backend", "engine", "framework",
             "model_type", "type", "vendor", "service", "runtime", "client", "kind", "api")  # fmt: skip
_THINGS = _WORDS["things"]
_PRODUCT = ("make", "manufacturer", "serial", "serial_number", "vin", "brand", "mileage", "horsepower")
"""Beside these a model is a thing's."""
_PAIR_NAMES = ("name", "key")
_PAIR_VALUES = ("value", "default", "defaultValue", "values")
_REPOSITORY = frozenset(
    {"repo", "hf_repo", "model", "repository", "hf", "hub", "hub_repo", "model_repo", "hf_model", "repo_id"}
)
_MAIN = frozenset(
    {"model", "base_model", "repo", "hf_repo", "repo_id", "hf_model", "pretrained", "pretrained_model", "storage"}
)
_PARTS = ("tokenizer", "adapter", "adapters", "lora", "draft")
_PRICE = frozenset({"cost", "price", "prices", "usd", "pricing", "input", "output"})
_ALIASES = {"model_name": "litellm_params"}
_ADDRESS = re.compile(r"(?:https?://(?:www\.)?(?:huggingface\.co|hf\.co)/[\w.-]+/[\w.-]+/resolve/|hf://)[^\s\"'<>)]+")


@dataclass
class Tree:
    """Reads one document."""

    commands: Commands
    references: Callable[[str], list[Value]] = lambda _name: []
    """Values of ${{ name }} and ${name} that the document itself sets."""
    embedded: Callable[[str, str, int], Iterator[Hit]] = lambda _name, _text, _line: iter(())
    """Reads a file that stands in a value: its name, text, first line."""

    def __post_init__(self) -> None:
        self._seen: set[tuple[int, str, bool]] = set()

    def read(self, node: Node) -> Iterator[Hit]:
        """Every hit of a document."""
        yield from self._node(node, (), False, 0)

    def _node(self, node: Node, above: tuple[str, ...], data: bool, depth: int) -> Iterator[Hit]:
        seen = (id(node), above[-1] if above else "", data)
        if depth > DEEPEST:
            yield unread(f"nested deeper than {DEEPEST} levels: not read below")
            return
        if seen in self._seen:  # an alias is read once under a key
            return
        if not isinstance(node, Scalar):
            self._seen.add(seen)
        if isinstance(node, Mapping):
            yield from self._mapping(node, above, data, depth)
        elif isinstance(node, Sequence):
            pairs = [pair for item in node.items if isinstance(item, Mapping) and (pair := _as_pair(item)) is not None]
            together = Mapping(node.line, pairs)
            for pair in pairs:
                yield from self._entry(pair, together, above, data, depth)
            for item in node.items:
                if not (isinstance(item, Mapping) and _as_pair(item) is not None):
                    yield from self._node(item, above, data, depth + 1)

    def _mapping(self, node: Mapping, above: tuple[str, ...], data: bool, depth: int) -> Iterator[Hit]:
        pair = _as_pair(node)
        if pair is not None:
            yield from self._entry(pair, Mapping(node.line, [pair]), above, data, depth)
            return
        data = data or node.text("repo_type", "repoType") in ("dataset", "space")
        yield from self.commands.of_container(node)
        beside = node
        for index, entry in enumerate(node.entries):
            if len(node.entries) > MANY and index % NEAR == 0:
                beside = Mapping(node.line, node.entries[max(0, index - NEAR) : index + 2 * NEAR])
            if entry.key in _ALIASES and node.get(_ALIASES[entry.key]) is not None:
                continue
            yield from self._entry(entry, beside, above, data, depth)

    def _entry(self, entry: Entry, among: Mapping, above: tuple[str, ...], data: bool, depth: int) -> Iterator[Hit]:
        key, value = entry.key, entry.value
        name = "_".join(keys.words(key))
        data = data or (keys.strength(key) == "no" and keys.of_data(key))
        if isinstance(value, Scalar):
            yield from self._scalar(entry, value, among, above, data)
            return
        handled = False
        if not data and not _OUTPUT.search(name):
            found = list(self.commands.of_key(name, value, among))
            handled = bool(found) or self.commands.takes(name, value)
            yield from found
        if handled:
            return
        under = above[-1] if above else ""
        if isinstance(value, Sequence):
            yield from self._items(entry, value, among, under, data, depth)
        elif keys.strength(key) != "no" or key in keys.PLURAL:
            yield from self._names_as_keys(value, name, data)
        deeper = key if keys.strength(key) != "no" or name in keys.PLURAL else under if name in keys.INHERIT else name
        yield from self._node(value, (*above, deeper), data, depth + 1)

    def _items(
        self, entry: Entry, value: Sequence, among: Mapping, under: str, data: bool, depth: int
    ) -> Iterator[Hit]:
        """Scalars of a list: each as if it stood under the key alone; NAME=value in environments; packages in requirements."""
        name = "_".join(keys.words(entry.key))
        for item in value.items:
            if not isinstance(item, Scalar):
                continue
            if (
                "requires" in name
                or "dependenc" in name
                or name in ("dev", "test", "docs", "all")
                or "extras" in under
                or name == "pip"
            ):
                yield from packages.requirement(item.value, item.line, "requirement")
            left, equals, right = item.value.partition("=")
            if equals and re.fullmatch(r"[A-Za-z_][\w.-]*", left):
                pair = Entry(left, item.line, Scalar(right, item.line))
                if keys.strength(left) != "no":
                    yield from self._scalar(pair, pair.value, self._pairs(value), ("environment",), data)  # type: ignore[arg-type]
                    continue
                if keys.strength(entry.key) != "no":
                    item = Scalar(right, item.line)
            yield from self._scalar(Entry(entry.key, item.line, item), item, among, (under,), data)

    def _pairs(self, value: Sequence) -> Mapping:
        """A list of NAME=value as a mapping, for revisions."""
        found = [(i, *i.value.partition("=")) for i in value.items if isinstance(i, Scalar)]
        return Mapping(value.line, [Entry(left, item.line, Scalar(right, item.line)) for item, left, _, right in found])

    def _names_as_keys(self, value: Node, name: str, data: bool) -> Iterator[Hit]:
        """models: {org/name: {...}}."""
        if data or name not in keys.PLURAL or not isinstance(value, Mapping):
            return
        for entry in value.entries:
            priced = isinstance(entry.value, Mapping) and any(
                _PRICE & set(keys.words(e.key)) for e in entry.value.entries
            )
            found = looks.keyed(entry.key) if isinstance(entry.value, Mapping) and not priced else None
            if found is not None and found.kind in ("hub", "hosted", "ollama") and re.search(r"[/:\d]", entry.key):
                yield found.hit(entry.line, f"key below {name}")

    def _scalar(self, entry: Entry, value: Scalar, among: Mapping, above: tuple[str, ...], data: bool) -> Iterator[Hit]:
        key, name = entry.key, "_".join(keys.words(entry.key))
        if value.text is not None and "." in key:
            yield from self.embedded(key, value.text, value.line)
        if data or (_OUTPUT.search(name) and keys.strength(key) != "sure"):
            return
        taken = list(self.commands.of_key(name, value, among))
        yield from taken
        if taken or (self.commands.takes(name, value)):
            return
        under = above[-1] if above else ""
        strength, asking = keys.strength(key), key
        if strength == "no" and under:
            if name in keys.INHERIT and keys.strength(under) != "no" and not _named_elsewhere(among, key):
                strength, asking = keys.strength(under), under
            elif "_".join(keys.words(under)) in keys.PLURAL and name not in _PROSE and name not in _PROVIDER:
                strength = "vague"
        if strength != "no" and not _file_of_repository(among, key, value.value):
            yield from self._asked(asking, entry, value, among, above)
        elif (
            strength == "no"
            and name not in _PROSE
            and not _file_of_repository(among, key, value.value)
            and not _OUTPUT.search(name)
        ):
            yield from self._anywhere(name, value)

    def _asked(self, asking: str, entry: Entry, value: Scalar, among: Mapping, above: tuple[str, ...]) -> Iterator[Hit]:
        key, sure = entry.key, keys.strength(asking) == "sure"
        if not value.string or value.value.startswith("$ref") or _of_a_thing(among, above):
            return
        told = [text for name in _PROVIDER if (text := among.text(name))]
        provider = next((text for text in told if _known_provider(text)), "")
        if any(SPEECH.search(word) for word in (*above, asking, *told)):
            provider = provider or "whisper"
        look = keyed_look(asking if sure else key, provider)
        revision = _revision(among, key)
        for text in several(value.value, look):
            yield from self.judge(text, value.line, f"key {key}", look, revision, sure)

    def judge(
        self, text: str, line: int, how: str, look: Callable[[str], looks.Look | None], revision: str | None, sure: bool
    ) -> Iterator[Hit]:
        """A value, with what the document sets for its expressions."""
        filled = expressions.with_defaults(text.strip())
        if looks.holes(filled):
            name = re.fullmatch(r"\$\{\{?\s*([\w.-]+)\s*\}?\}|\$([A-Za-z_]\w*)", filled)
            known = self.references(name[1] or name[2]) if name else []
            for value in known:
                yield from judged(value, how, look, revision, sure)
            if known or not (re.search(r"[\w/:.-]*[$@{%_]", filled) and "\n" not in filled):
                return
        yield from judged(Value(text.strip(), line), how, look, revision, sure)

    def _anywhere(self, name: str, value: Scalar) -> Iterator[Hit]:
        text = value.value
        found = looks.anywhere(text)
        if found is not None:
            yield found.hit(value.line, f"value of {name}")
            return
        if len(text) > 20 and ("huggingface.co/" in text or "hf://" in text or "hf.co/" in text):
            for match in _ADDRESS.finditer(text):
                look = looks.anywhere(match[0].rstrip(".,;"))
                if look is not None:
                    below = (value.text or "").count("\n", 0, max(0, (value.text or "").find(match[0])))
                    yield look.hit(value.line + below, f"address in {name}")


def _as_pair(node: Mapping) -> Entry | None:
    """{name: MODEL_ID, value: ...} as MODEL_ID: ..."""
    name = node.text(*_PAIR_NAMES)
    value = next((found for key in _PAIR_VALUES if (found := node.get(key)) is not None), None)
    if not name or value is None or isinstance(value, Mapping) or len(node.entries) > 6:
        return None
    if keys.strength(name) == "no" and not keys.is_revision(name) and not re.fullmatch(r"[A-Z][A-Z0-9_]*", name):
        return None
    return Entry(name, node.line, value)


def _named_elsewhere(among: Mapping, key: str) -> bool:
    """Whether a key beside this one names the model better: then this is an alias."""
    if key not in ("name", "id", "default", "slug", "identifier"):
        return False
    other = [
        e
        for e in among.entries
        if e.key != key and (keys.strength(e.key) == "sure" or e.key in ("path", "uri", "repo", "source"))
    ]
    return any(isinstance(e.value, (Scalar, Mapping)) for e in other)


def _of_a_thing(among: Mapping, above: tuple[str, ...]) -> bool:
    """Whether a model is that of a machine, a car, a printer."""
    if among.get(*_PRODUCT) is not None or (above and _THINGS & set(keys.words(above[-1]))):
        return True
    vendor = among.text("vendor")
    return bool(vendor) and not _known_provider(vendor)


def _file_of_repository(among: Mapping, key: str, value: str) -> bool:
    """Whether a value is a file inside the repository that stands beside it: the repository is the model."""
    if "/" in value or not looks.weights(value) or not {"file", "filename", "gguf"} & set(keys.words(key)):
        return False
    others = [e.value.value for e in among.entries if isinstance(e.value, Scalar) and keys.stem(e.key) in _REPOSITORY]
    return any((found := looks.keyed(other)) is not None and found.kind == "hub" for other in others)


def _known_provider(text: str) -> bool:
    low = text.lower()
    return low in ("ollama", "openai", "lmstudio") or low in HUB_SERVERS or low in PROVIDERS


def _main(among: Mapping, key: str, stem: str) -> bool:
    """Whether a bare `revision` speaks of this key: it is the model, or the first one that is no tokenizer and no adapter."""
    if "_".join(keys.words(key)) in keys.INHERIT or stem in _MAIN:
        return True
    named = (e.key for e in among.entries if isinstance(e.value, Scalar) and keys.strength(e.key) == "sure")
    return next((one for one in named if keys.stem(one).split("_")[-1] not in _PARTS), None) == key


def _revision(among: Mapping, key: str) -> str | None:
    """The revision that stands beside a key: NAME_revision, else revision (a tokenizer's or adapter's must name it)."""
    stem = keys.stem(key)
    given = {
        "_".join(keys.words(e.key)): e.value.value
        for e in among.entries
        if keys.is_revision(e.key) and isinstance(e.value, Scalar) and e.value.value not in ("null", "~")
    }
    if not given:
        return None
    for name in (f"{stem}_revision", f"{stem}_commit", f"{stem}_sha", f"revision_of_{stem}", f"{stem}_commit_hash"):
        if name in given:
            return given[name] or None
    if not _main(among, key, stem):
        return None
    owned = {keys.stem(e.key) for e in among.entries if e.key != key and keys.strength(e.key) != "no"}
    for name in (
        "revision",
        "model_revision",
        "hf_revision",
        "commit",
        "sha",
        "commit_hash",
        "revision_of_model",
        "repo_revision",
    ):
        if name in given and name.removesuffix("_revision") not in owned:
            return given[name] or None
    return None

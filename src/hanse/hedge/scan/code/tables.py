"""Texts in values and in their lists and dictionaries, under a name that speaks of models. For every language alike."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Protocol

from hanse.hedge.scan import keys as words
from hanse.hedge.scan import looks
from hanse.hedge.scan.code import judging, texts
from hanse.hedge.scan.code.sightings import Sightings
from hanse.hedge.scan.code.values import Element, Many, Table, Text, Values

PAYLOAD = frozenset({"messages", "prompt", "input", "inputs", "contents"})
"""Keys that stand beside `model` in what is sent to a service."""
DEPTH = 3
"""Dictionaries in dictionaries, and lists in lists, that are looked into."""
_INNER = frozenset({"name", "id", "path", "repo", "uri", "url", "source", "hf", "file", "hub", "slug", "default", "primary",
                    "fallback", "base", "small", "large", "fast", "chat", "weights", "gguf", "local", "value"})  # fmt: skip
"""Keys below a name that speaks of models: MODELS = {"small": {"repo": ...}}."""


class Items(Protocol):
    """What evaluates items of containers."""

    def later(self, item: Element) -> Values:
        """An item's values."""


def flat(items: Items, values: Values, depth: int = 0) -> Iterator[Text]:
    """Texts among values and in their lists."""
    for value in values:
        if isinstance(value, Text):
            yield value
        elif isinstance(value, Many) and depth < DEPTH:
            for item in value.items:
                yield from flat(items, items.later(item), depth + 1)


def report(sightings: Sightings, name: str, text: Text, how: str, revisions: Sequence[Text]) -> bool:
    """A text under a name, if it is a model; whether it is."""
    look = judging.by_name(name, text.value)
    if look is None or text.derived or looks.holes(text.value):
        return False
    sightings.report(text, look, how, revisions, soft=True)
    return True


def speaks(keys: Collection[str]) -> bool:
    """Whether a dictionary with these keys may choose a model: prices, goods and what a service answered do not."""
    asks = any(judging.strength(key) != "no" for key in keys)
    return asks and not (prices(keys) or judging.goods(keys) or answers(keys))


def aliased(key: str, keys: Collection[str]) -> bool:
    """Whether a key is what a proxy calls the model that stands beside it."""
    return key == "model_name" and "litellm_params" in keys


def entry(sightings: Sightings, key: str, keys: Collection[str], text: Text, revisions: Sequence[Text]) -> bool:
    """A text under one of a dictionary's keys, if it is a model or part of one; whether it is."""
    if text.origin in sightings.outputs or report(sightings, key, text, f"key {key}", revisions):
        return True
    if key in ("model", "modelId") and "messages" in keys and not looks.holes(text.value):
        look = judging.by_call(text.value, "hosted", "hosted")
        if look is not None:
            sightings.report(text, look, f"key {key}", revisions, soft=True)
            return True
    return False


def named(items: Items, sightings: Sightings, name: str, values: Values, revisions: Sequence[Text]) -> None:
    """Everything under a name that speaks of models: texts, lists of texts, dictionaries of them, lists of dictionaries."""
    for value in values:
        if isinstance(value, Many):
            _files_inside(items, sightings, value, 0)
    for text in flat(items, values):
        report(sightings, name, text, f"name {name}", revisions)
    for value in values:
        if isinstance(value, Table):
            below(items, sightings, value, name, 0)
        elif isinstance(value, Many):
            for item in value.items:
                for inner in items.later(item):
                    if isinstance(inner, Table):
                        below(items, sightings, inner, name, 1)


def _files_inside(items: Items, sightings: Sightings, row: Many, depth: int) -> None:
    """("org/name", "file.gguf"): the file is one of the repository beside it."""
    inside = [value for item in row.items for value in items.later(item)]
    found = texts.texts(inside)
    files_inside(sightings, found)
    for value in inside:
        if isinstance(value, Many) and depth < DEPTH:
            _files_inside(items, sightings, value, depth + 1)


def files_inside(sightings: Sightings, found: Sequence[Text]) -> None:
    """Overrules files that are inside a repository which stands in the same row."""
    beside = [text.value for text in found]
    sightings.outputs |= {text.origin for text in found if judging.inner_file(text.value, beside)}


def below(items: Items, sightings: Sightings, table: Table, name: str, depth: int) -> None:
    """Values of a dictionary whose own name speaks of models."""
    pairs = [(key.value, items.later(item)) for keys, item in table.pairs for key in texts.texts(keys or ())]
    if depth > DEPTH or prices(key for key, _ in pairs) or judging.goods(key for key, _ in pairs):
        return
    revisions = [text for key, values in pairs if words.is_revision(key) for text in texts.texts(values)]
    files_inside(sightings, [text for _, values in pairs for text in texts.texts(values)])
    for key, values in pairs:
        for value in values:
            if isinstance(value, Table):
                below(items, sightings, value, name, depth + 1)
        inner = depth == 0 or key in _INNER
        if inner or judging.strength(key) != "no":
            for text in flat(items, values):
                report(sightings, name if inner else key, text, f"name {name}", revisions)


def prices(keys: Iterable[str]) -> bool:
    """Whether a dictionary with these keys tells what a model costs or bears instead of choosing it."""
    return any(re.search(r"price|cost|per_token|per_1k|per_million|usd", key, re.IGNORECASE) for key in keys)


def answers(keys: Collection[str]) -> bool:
    """Whether a dictionary with these keys is what a service answered."""
    return "choices" in keys or ("object" in keys and "created" in keys)

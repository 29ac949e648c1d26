"""Calls that load, fetch or use a model: which argument names it, and how strongly.

A spec is found by the last part of a callee's dotted name. `modules` tells which libraries it must come from where the
name alone is too common; a callee of unknown origin then only counts when its argument looks like a model.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from importlib.resources import files
from typing import cast

from hanse.hedge.scan.code.judging import Ask
from hanse.hedge.scan.finding import Kind
from hanse.hedge.scan.python import naming


@dataclass(frozen=True)
class Spec:
    """What of a call names models."""

    position: int | None
    """Which positional argument does; None when none does."""
    keywords: tuple[str, ...]
    ask: Ask = "any"
    kind: Kind = "hub"
    """Of a name without a shape."""
    objects: bool = False
    """Whether a loaded model may stand there too, so that only a value that is meant as a name is unresolved."""
    modules: frozenset[str] = frozenset()
    """First parts of dotted names it must have; empty when the name is enough."""
    silent: bool = False
    """Never unresolved: too much else stands there."""


def _table() -> dict[str, list[Spec]]:
    """Specs by the last part of a callee's name, as calls.csv has them. Cells with several words have spaces between them."""
    found: dict[str, list[Spec]] = {}
    text = (files("hanse.hedge.scan.python") / "calls.csv").read_text(encoding="utf-8")
    for row in csv.DictReader(text.splitlines()):
        spec = Spec(
            position=int(row["position"]) if row["position"] else None,
            keywords=tuple(row["keywords"].split()),
            ask=row["ask"],
            kind=cast(Kind, row["kind"]),
            objects="objects" in row["flags"],
            modules=frozenset(row["modules"].split()),
            silent="silent" in row["flags"],
        )
        for name in row["callees"].split():
            found.setdefault(name, []).append(spec)
    return found


_TABLE = _table()

_SERVED = Spec(None, ("model", "engine", "deployment_id"), "hosted", "hosted")
_SERVICE_VERBS = frozenset(
    {"create", "acreate", "stream", "parse", "generate", "edit", "create_variation", "create_and_poll", "count_tokens"}
)
_SERVICE_PATH = re.compile(
    r"\b(?:completions|chat|responses|embeddings|messages|images|transcriptions|translations|speech|moderations|assistants|runs|jobs|"
    r"ChatCompletion|Completion|Embedding|Image|Audio|Moderation|realtime|beta|batches)\.\w+$"
)
_COMMON = frozenset({"run", "submit", "subscribe", "stream", "load", "show", "pull", "chat", "generate", "embed", "embeddings",
                     "download", "completion", "embedding", "rerank", "speech", "responses", "transcription", "chat_stream",
                     "complete"})  # fmt: skip
"""Names so common that of a callee of unknown origin only keywords count."""


def specs(name: str) -> Iterable[Spec]:
    """What a callee of this dotted name asks for."""
    last = naming.last(name)
    if last in _SERVICE_VERBS and _SERVICE_PATH.search(name):
        yield _SERVED
    root = naming.root(name)
    for spec in _TABLE.get(last, ()):
        if not spec.modules or _comes_from(name, root, spec.modules):
            yield spec
        elif not root:  # a variable, or a star import: only what looks like a model counts
            position = None if last in _COMMON else spec.position
            yield replace(spec, position=position, ask=spec.ask if spec.ask == "weights" else "shape", silent=True)


def known(last: str) -> bool:
    """Whether some callee with this last part loads a model."""
    return last in _TABLE or last in _SERVICE_VERBS


def loads_something(name: str) -> bool:
    """Whether what a call gives is a loaded model, or a path in a cache, and so no name."""
    return any(
        not spec.modules or _comes_from(name, naming.root(name), spec.modules)
        for spec in _TABLE.get(naming.last(name), ())
    )


def _comes_from(name: str, root: str, modules: frozenset[str]) -> bool:
    if root in modules:
        return True
    first = root.partition("_")[0]
    return (first in ("langchain", "google") and first in modules) or (root == "optimum" and "transformers" in modules)

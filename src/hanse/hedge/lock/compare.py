"""What moved: a locked model against the same model as its source has it now. Terms come first: a file that changed can be
refused, terms that changed bind whoever takes the next revision.

`changes` is pure. `ask` asks a source, and makes of a refusal what it means: withdrawn, gated since, or not to be told now.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from hanse.errors import InputError, NotFound, Unavailable
from hanse.hedge.lock.schema import LockedModel
from hanse.hedge.lock.take import Taken, Wanted, take
from hanse.hedge.source.base import Source, kind_of

Kind = Literal[
    "withdrawn", "refused", "gated", "license", "license text", "moved", "base", "relation", "statement", "tokenizer",
    "revision", "removed", "changed", "renamed", "added",
]  # fmt: skip
ORDER: tuple[Kind, ...] = (
    "license", "license text", "withdrawn", "refused", "gated", "moved", "base", "relation", "statement", "tokenizer",
    "revision", "removed", "changed", "renamed", "added",
)  # fmt: skip
"""How changes are shown."""


@dataclass(frozen=True)
class Change:
    """One thing that is not what it was."""

    kind: Kind
    path: str
    """Of a file; empty for the rest."""
    before: str
    after: str
    text: str
    """For people."""

    def as_json(self) -> dict[str, str]:
        """Plain values; the keys are a public format."""
        return asdict(self)


@dataclass(frozen=True)
class Upstream:
    """One model as its source has it now."""

    model: str
    source: str
    changes: tuple[Change, ...]
    """Terms first."""
    taken: Taken | None
    """The new entry; None when there is none to be had."""
    untold: str = ""
    """Why nothing can be told now; empty when it can."""

    def as_json(self) -> dict[str, Any]:
        """Plain values; the keys are a public format."""
        changes = [item.as_json() for item in self.changes]
        return {"model": self.model, "source": self.source, "changes": changes, "untold": self.untold or None}


def upstream(model: LockedModel) -> str:
    """The source that is its publisher's: the hub, else the first that is no bucket, else the first. Raises InputError for none."""
    if not model.sources:
        raise InputError(f"{model.name}: the lock names no source for it; give one with --source")
    if "hub" in model.sources:
        return "hub"
    return next((text for text in model.sources if kind_of(text) != "bucket"), model.sources[0])


def ask(
    model: LockedModel,
    source: Source,
    today: str,
    revision: str = "",
    license_text: bytes = b"",
    progress: Callable[[int], None] | None = None,
) -> Upstream:
    """What `source` has now (at `revision`: a branch, a tag, a commit; empty is the newest). `license_text` is the text that was
    had elsewhere, which stays. Raises DigestMismatch for a source that states what its bytes are not."""
    wanted = Wanted(model.name, model.repository, revision, model.sources, today, license_text)
    try:
        taken = take(wanted, source, progress=progress)
    except NotFound as error:
        return Upstream(model.name, source.text, (Change("withdrawn", "", "available", "gone", str(error)),), None)
    except Unavailable as error:
        return Upstream(model.name, source.text, (), None, str(error))
    except InputError as error:
        if model.gated:  # it was when it was locked: this only says that the terms are not accepted on this machine
            return Upstream(model.name, source.text, (), None, str(error))
        return Upstream(model.name, source.text, (Change("refused", "", "open", "refused", str(error)),), None)
    new = taken.model
    if model.statement and model.file == new.file:
        new = new.model_copy(update={"statement": model.statement}).sealed()
    found = list(changes(model, new))
    if taken.moved:
        text = f"{model.repository} is called {taken.moved} there now; add it under that name"
        found.append(Change("moved", "", model.repository, taken.moved, text))
    if model.revision and new.revision != model.revision and _is_gone(model, source):
        text = f"the locked revision {model.revision} is gone from the repository: keep your copy"
        found.append(Change("withdrawn", "", model.revision, "gone", text))
    return Upstream(model.name, source.text, _sorted(found), Taken(new, taken.texts, taken.notes, taken.moved))


def _is_gone(model: LockedModel, source: Source) -> bool:
    try:
        source.listing(model.repository, model.revision)
    except NotFound:
        return True
    except Unavailable:
        return False
    return False


def changes(old: LockedModel, new: LockedModel) -> tuple[Change, ...]:
    """From one entry of a model to another, terms first."""
    found: list[Change] = []

    def say(kind: Kind, before: str, after: str, text: str) -> None:
        if before != after:
            found.append(Change(kind, "", before, after, text))

    say("license", old.license.id, new.license.id, f"license: {old.license.id or 'none'} -> {new.license.id or 'none'}")
    text = "license text: changed" if new.license.sha256 and old.license.sha256 else "license text: was there, is gone"
    say(
        "license text",
        old.license.sha256,
        new.license.sha256,
        text if old.license.sha256 else "license text: there is one now",
    )
    gate = {True: "only for who accepts its terms", False: "open to all"}
    say("gated", gate[old.gated], gate[new.gated], f"access: {gate[old.gated]} -> {gate[new.gated]}")
    before, after = ", ".join(old.base), ", ".join(new.base)
    say("base", before, after, f"made from: {before or 'not said'} -> {after or 'not said'}")
    say(
        "relation", old.relation, new.relation, f"made by: {old.relation or 'not said'} -> {new.relation or 'not said'}"
    )
    say("tokenizer", old.tokenizer, new.tokenizer, "tokenizer: its files changed")
    say("statement", old.statement, new.statement, "release statement: does not speak of the new files; it is left out")
    say("revision", old.revision, new.revision, f"revision: {old.revision or 'none'} -> {new.revision or 'none'}")
    return _sorted([*found, *_files(old, new)])


def _files(old: LockedModel, new: LockedModel) -> list[Change]:
    before = {item.path: item for item in old.file}
    after = {item.path: item for item in new.file}
    found: list[Change] = []
    added = {path: item for path, item in after.items() if path not in before}
    for path, item in before.items():
        if path not in after:
            again = next((p for p, other in sorted(added.items()) if other.sha256 == item.sha256), None)
            if again is None:
                found.append(Change("removed", path, item.sha256, "", f"removed {path} ({item.size} bytes)"))
            else:
                del added[again]
                found.append(Change("renamed", path, path, again, f"renamed {path} to {again}"))
        elif after[path].sha256 != item.sha256:
            text = f"changed {path} ({item.size} -> {after[path].size} bytes)"
            found.append(Change("changed", path, item.sha256, after[path].sha256, text))
    return found + [Change("added", p, "", item.sha256, f"added {p} ({item.size} bytes)") for p, item in added.items()]


def _sorted(found: Sequence[Change]) -> tuple[Change, ...]:
    return tuple(sorted(found, key=lambda item: (ORDER.index(item.kind), item.path)))


def text_diff(old: bytes, new: bytes, lines_max: int) -> list[str]:
    """How a license text changed, as a unified diff of at most so many lines."""
    before, after = (_printable(data).splitlines() for data in (old, new))
    lines = list(difflib.unified_diff(before, after, "locked", "now", lineterm="", n=1))
    more = len(lines) - lines_max
    return lines if more <= 0 else [*lines[:lines_max], f"... and {more} more lines"]


def _printable(data: bytes) -> str:
    """Somebody else's text for a terminal: no control characters but the ends of lines."""
    text = data.decode("utf-8", "replace").replace("\r\n", "\n")
    return "".join(letter if letter.isprintable() or letter in "\n\t" else "\ufffd" for letter in text)

"""One place where a codebase depends on a model, and what a reader of a format is."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["hub", "ollama", "hosted", "url", "bucket", "path", "package", "weights", "unknown"]
"""hub: a Hugging Face repository; ollama: a name of its registry; hosted: a model behind somebody's API; url, bucket,
path: where it says; package: a distribution that carries weights; weights: a file lying in the tree."""

COMMIT = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
"""A full commit of git (SHA-1 or SHA-256)."""
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True, order=True)
class Finding:
    """One finding. Two places that name one model are two findings."""

    file: str
    """Relative to the scanned folder, with '/'."""
    line: int
    """From 1: where the name stands, so that it is where a person would edit it."""
    ref: str
    """The model as written, without its revision; for an unresolved one the expression that gives it."""
    revision: str | None
    """Commit, tag, branch, digest or version as written; None when there is none."""
    resolved: bool
    """False when the name is made while the program runs: a finding all the same, never skipped."""
    how: str
    """What it was found by, in a few words: 'from_pretrained(...)', 'compose command', 'key model'."""
    kind: Kind
    danger: str | None = None
    """What a pickle in the file would run when it is loaded; None when it is safe or no pickle."""

    @property
    def pinned(self) -> bool:
        """Whether what is used cannot change: a full commit, a digest, an exact package version, or a file in the tree."""
        if self.kind in ("weights", "path"):
            return True
        if self.revision is None:
            return False
        if self.kind == "package":
            return True
        return COMMIT.fullmatch(self.revision) is not None or DIGEST.fullmatch(self.revision) is not None

    def as_json(self) -> dict[str, Any]:
        """Plain values; the keys are a public format."""
        return {
            "file": self.file,
            "line": self.line,
            "ref": self.ref,
            "revision": self.revision,
            "resolved": self.resolved,
            "how": self.how,
            "kind": self.kind,
            "pinned": self.pinned,
            "pickle": self.danger,
        }


@dataclass(frozen=True)
class Hit:
    """What a reader finds in one text: a Finding before it knows its file."""

    line: int
    ref: str
    revision: str | None
    how: str
    kind: Kind | Literal["unread"]
    resolved: bool = True


def unread(why: str) -> Hit:
    """Says that a text, or a part of it, was not read: no finding, but told with what was skipped."""
    return Hit(1, "", None, why, "unread", False)


Reader = Callable[[str], Iterator[Hit]]
"""A reader takes a file's text and yields hits; it never raises for what is in the text."""

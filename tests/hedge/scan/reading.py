"""A text as the scan reads it, for tests."""

from __future__ import annotations

from hanse.hedge.scan.finding import Finding
from hanse.hedge.scan.formats import Formats
from hanse.hedge.scan.tree import attach


def read(name: str, text: str) -> list[Finding]:
    """Findings of one file of this name, in order."""
    reader = Formats().reader(name, text)
    return [] if reader is None else sorted(attach(name, text, reader(text))[0])


def brief(name: str, text: str) -> list[tuple[int, str, str | None]]:
    """Line, name and revision of each; an unresolved name in angle brackets."""
    return [(f.line, f.ref if f.resolved else f"<{f.ref}>", f.revision) for f in read(name, text)]


def refs(name: str, text: str) -> list[str]:
    """Names alone."""
    return [ref for _, ref, _ in brief(name, text)]

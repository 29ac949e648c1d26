"""Ollama's Modelfile: FROM and ADAPTER; what stands in triple quotes is text."""

from __future__ import annotations

import re
from collections.abc import Iterator

from hanse.hedge.scan import looks
from hanse.hedge.scan.finding import Hit

_ROW = re.compile(r"^[ \t]*(FROM|ADAPTER|DRAFT)[ \t]+(\S.*?)[ \t\r]*$", re.IGNORECASE)


def read_modelfile(text: str) -> Iterator[Hit]:
    """Every base and adapter."""
    quoted = False
    for number, row in enumerate(text.split("\n"), 1):
        if row.count('"""') % 2:
            quoted = not quoted
            continue
        match = None if quoted else _ROW.match(row)
        if not match:
            continue
        name = match[2].strip("\"'")
        how = match[1].upper()
        if looks.holes(name):
            yield Hit(number, name, None, how, "unknown", False)
            continue
        found = looks.ollama(name)
        if found is not None and how != "FROM" and found.kind == "ollama":
            found = looks.Look("path", name)
        if found is None and name and not looks.blank(name):
            found = looks.Look("path", name)
        if found is not None:
            yield found.hit(number, how)

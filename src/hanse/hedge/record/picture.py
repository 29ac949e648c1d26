"""The tree of a status as SVG: one row a node, below what it was made from; shape and color by kind, a cross where something is
wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hanse.page.svg import esc, glyph, heading, said, segment, svg, text

WIDE, NARROW = 976.0, 354.0
STEP = 30.0
INDENT = 26.0
Row = Mapping[str, Any]
SHAPES = {
    "lock": ("square", "c-0"), "train": ("square", "c-6"), "tune": ("triangle", "c-6"), "distill": ("down", "c-3"),
    "quantize": ("diamond", "c-1"), "compare": ("circle", "c-2"), "drill": ("star", "c-4"), "route": ("circle", "c-5"),
    "unknown": ("square", "c-7"),
}  # fmt: skip
WORDS = {
    "lock": "locked model", "train": "trained from random weights", "tune": "tuned", "distill": "distilled",
    "quantize": "quantized file", "compare": "verdict",
    "drill": "drill", "route": "route that serves it", "unknown": "no line in the record",
}  # fmt: skip
CSS = """
.hedge svg .link{stroke:var(--rule);stroke-width:1.6}.hedge svg .wrong{stroke:var(--bad);stroke-width:2.4;fill:none}
.hedge svg .label.bad{fill:var(--bad)}.hedge .problems li{color:var(--bad)}
.hedge .legend svg{width:18px;height:18px}
"""


def tree(models: Sequence[Row], width: float) -> str:
    """All models, one tree below the other."""
    rows = list(_placed(models))
    body: list[str] = []
    letters = int((width - 40) / 6.8)
    last_at: dict[int, float] = {}
    for at, (depth, node) in enumerate(rows):
        x, y = 14 + INDENT * depth, 20 + STEP * at
        last_at[depth] = y
        if depth:
            corner = (x - INDENT, y)
            body += [segment((x - INDENT, last_at[depth - 1] + 9), corner, "link"), segment(corner, (x - 9, y), "link")]
        shape, color = SHAPES[node["kind"]]
        mark = glyph(shape, (x, y), 5.5, color)
        if node["problems"]:
            mark += glyph("cross", (x, y), 8, "wrong")
        room = max(8, letters - int(4 * depth) - len(node["name"]))
        about = f"{node['says']} · {node['sha256'][:12]}" if width == WIDE and node["sha256"] else node["says"]
        line = f"{node['name']}: {node['says']}; {node['sha256']}" + "".join(f"; {problem}" for problem in node["problems"])
        kind = "label bad" if node["problems"] else "label"
        body.append(said(line, mark + heading((x + 15, y + 4), node["name"], _cut(about, room), kind)))
    spoken = ". ".join(f"{node['name']}, {WORDS[node['kind']]}" for _, node in rows)
    size = (width, 30 + STEP * max(1, len(rows)))
    return svg(size, "The chain of every model", spoken or "nothing", body or [text((14, 24), "nothing", "label")],
               "wide" if width == WIDE else "narrow")  # fmt: skip


def kinds(models: Sequence[Row]) -> list[str]:
    """Kinds of all nodes."""
    return [node["kind"] for _, node in _placed(models)]


def legend(kinds: Sequence[str]) -> str:
    """What the shapes mean."""
    items = []
    for kind in (kind for kind in SHAPES if kind in kinds):
        shape, color = SHAPES[kind]
        mark = f'<svg viewBox="0 0 18 18" aria-hidden="true">{glyph(shape, (9, 9), 5.5, color)}</svg>'
        items.append(f"<li>{mark}{esc(WORDS[kind])}</li>")
    return f"<ul class='legend'>{''.join(items)}</ul>"


def _placed(models: Sequence[Row], depth: int = 0) -> Iterator[tuple[int, Row]]:
    for node in models:
        yield depth, node
        yield from _placed(node["children"], depth + 1)


def _cut(words: str, most: int) -> str:
    return words if len(words) <= most else f"{words[: most - 1]}…"

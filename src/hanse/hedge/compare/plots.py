"""Pictures of a comparison: the difference as items came in, and the slices on one axis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hanse.page.svg import Point, glyph, said, segment, svg, text, ticks

WIDE, NARROW = 976.0, 354.0
SLICES_MOST = 30
Row = Mapping[str, Any]
CSS = """
.compare .out{fill:var(--c4);opacity:.3}.compare .dot{fill:var(--c0)}.compare .dot.worse{fill:var(--c5)}
.compare .curve{stroke:var(--c0)}.compare .whisker{stroke:var(--c0);stroke-width:2}.compare .whisker.worse{stroke:var(--c5)}
.compare .margin{stroke:var(--bad);stroke-width:1.6;stroke-dasharray:6 4}
.compare .bar0{fill:var(--c0)}.compare .bar1{fill:var(--c1)}
.compare .pair{display:grid;grid-template-columns:1fr 1fr;gap:20px}
@media (max-width:760px){.compare .pair{grid-template-columns:minmax(0,1fr)}}
"""


def sequence(rows: Sequence[Row], margin: float, width: float) -> str:
    """The mean difference with its confidence sequence, the margin dashed."""
    left, right, upper, lower = 54.0, width - 12, 14.0, 300.0 if width == WIDE else 240.0
    last = max(row["items"] for row in rows)
    reach = _reach([*(row["low"] for row in rows[len(rows) // 4 :]), *(row["high"] for row in rows[len(rows) // 4 :])], margin)

    def place(items: float, value: float) -> Point:
        x = left + (items - 1) / max(1, last - 1) * (right - left)
        return x, lower - (min(max(value, -reach), reach) + reach) / (2 * reach) * (lower - upper)

    body = []
    for tick in ticks(-reach, reach, 5):
        y = place(1, tick)[1]
        body += [segment((left, y), (right, y), "grid"), text((left - 8, y + 4), _tick(tick), "tick", "end")]
    for tick in ticks(1, last, 4 if width == WIDE else 3):
        body.append(text((place(tick, 0)[0], lower + 18), f"{tick:g}", "tick", "middle"))
    body.append(text((right, lower + 36), "items", "tick", "end"))
    edge = [place(row["items"], row["high"]) for row in rows] + [place(row["items"], row["low"]) for row in reversed(rows)]
    body.append(f'<polygon points="{_path(edge)}" class="out"/>')
    for value, kind, words, below in ((0.0, "reference", "as good", -5), (-margin, "margin", f"margin {100 * -margin:+g}", 14)):
        y = place(1, value)[1]
        body += [segment((left, y), (right, y), kind), text((right, y + below), words, "tick halo", "end")]
    body.append(f'<polyline points="{_path([place(row["items"], row["difference"]) for row in rows])}" class="curve"/>')
    end = rows[-1]
    line = f"After {end['items']} items: {_said(end)}"
    body.append(said(line, glyph("circle", place(end["items"], end["difference"]), 4.6, "dot")))
    return svg((width, lower + 42), "Difference of mean marks, in points", line, body, "wide" if width == WIDE else "narrow")


def slices(rows: Sequence[Row], margin: float, width: float) -> str:
    """Every slice's mean difference with its interval; those named worse have another shape."""
    rows = rows[:SLICES_MOST]
    left, right, step = (220.0 if width == WIDE else 110.0), width - 26, 30.0
    lower = 14 + step * len(rows)

    def place(value: float, row: int) -> Point:
        return left + (min(max(value, -1), 1) + 1) / 2 * (right - left), 28 + step * row - step / 2

    body, spoken = [], []
    for tick in (-1.0, -0.5, 0.0, 0.5, 1.0):
        x = place(tick, 0)[0]
        body += [segment((x, 10), (x, lower), "grid"), text((x, lower + 18), _tick(tick), "tick", "middle")]
    for value, kind in ((0.0, "reference"), (-margin, "margin")):
        body.append(segment((place(value, 0)[0], 10), (place(value, 0)[0], lower), kind))
    for at, row in enumerate(rows):
        kind = "worse" if row["worse"] else ""
        line = f"{row['name']}, {row['items']} items: {_said(row)}"
        line += "; worse" if row["worse"] else ""
        y = place(0, at)[1]
        name = row["name"] if len(row["name"]) < left / 8 else row["name"][: int(left / 8)] + "…"
        body.append(text((left - 12, y + 4), name, "label", "end"))
        mark = glyph("diamond" if row["worse"] else "circle", place(row["difference"], at), 4.6, f"dot {kind}")
        body.append(said(line, segment(place(row["low"], at), place(row["high"], at), f"whisker {kind}") + mark))
        spoken.append(line)
    kind = "wide" if width == WIDE else "narrow"
    return svg((width, lower + 26), "Difference by slice, in points", ". ".join(spoken), body, kind)


def bars(title: str, values: Sequence[tuple[str, float | None, str]]) -> str:
    """One bar for the incumbent, one for the substitute: (name, value, how it is said). None: not known."""
    width, step = 400.0, 44.0
    top = max((value for _, value, _ in values if value), default=0.0)
    body = []
    for at, (name, value, words) in enumerate(values):
        y = 16 + step * at
        body.append(text((0, y), name, "label"))
        long = (value or 0.0) / top * (width - 110) if top else 0.0
        body.append(f'<rect x="0" y="{y + 6:.1f}" width="{long:.1f}" height="14" rx="2" class="bar{at % 2}"/>')
        body.append(text((long + 8, y + 18), words, "value"))
    return svg((width, 16 + step * len(values)), title, "; ".join(f"{name}: {words}" for name, _, words in values), body)


def _reach(values: Sequence[float], margin: float) -> float:
    return min(1.0, 1.15 * max(2 * margin, *(abs(value) for value in values)))


def _tick(value: float) -> str:
    return f"{100 * value:+g}" if value else "0"


def _said(row: Row) -> str:
    return f"{100 * row['difference']:+.1f} points, between {100 * row['low']:+.1f} and {100 * row['high']:+.1f}"


def _path(points: Sequence[Point]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)

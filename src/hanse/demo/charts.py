"""The demo's own pictures: pure functions from values to markup.

Colors are CSS classes (`k-<kind>`, `c-0` .. `c-7`) that the page defines for light and dark; every series also has a
shape or a label of its own, so that no picture depends on color alone. All text is escaped.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from hanse.page.svg import COLORS, esc, segment, short, svg, text, ticks


@dataclass(frozen=True)
class Mark:
    """One dot of a dot plot; `kind` picks color and shape. `value` in the plot's unit."""

    label: str
    value: float
    kind: str


@dataclass(frozen=True)
class Line:
    """One curve: points (x, y) in ascending x."""

    label: str
    points: Sequence[tuple[float, float]]
    kind: str


@dataclass(frozen=True)
class Cell:
    """One square of a strip: color index, what it says when pointed at, whether it is crossed out."""

    color: int
    text: str
    crossed: bool = False


def shape(kind: str, at: tuple[float, float]) -> str:
    """The mark of a kind: alone hollow, joint full, derivative a diamond, average a cross, pooled a bar."""
    x, y = at
    if kind == "derivative":
        return f'<path d="M{x:.1f} {y - 7:.1f}l7 7l-7 7l-7-7z" class="mark k-derivative"/>'
    if kind == "average":
        return f'<path d="M{x - 5:.1f} {y - 5:.1f}l10 10m0-10l-10 10" class="stroke k-average"/>'
    if kind == "pooled":
        return f'<path d="M{x:.1f} {y - 8:.1f}v16" class="stroke k-pooled"/>'
    if kind == "alone":
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5.2" class="hollow k-alone"/>'
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="6" class="mark k-{kind}"/>'


def dots(title: str, marks: Sequence[Mark], unit: str) -> str:
    """A row per mark, all on one axis; a row far right of the others is drawn at the edge with an arrow."""
    left, right, row, width = 96.0, 396.0, 30.0, 470.0
    values = sorted(mark.value for mark in marks)
    middle = values[len(values) // 2]
    spread = max(middle - values[0], 0.01 * abs(middle), 1e-6)
    high = max(v for v in values if v <= middle + 4 * spread)
    low, pad = values[0], max((high - values[0]) * 0.12, 0.004 * abs(middle), 1e-6)
    low, high = low - pad, high + pad
    bottom = 10 + row * len(marks)

    def x_of(value: float) -> float:
        return left + (min(value, high) - low) / (high - low) * (right - left)

    body = []
    for tick in ticks(low, high):
        body += [segment((x_of(tick), 6), (x_of(tick), bottom), "grid")]
        body += [text((x_of(tick), bottom + 17), f"{tick:g}", "tick", "middle")]
    reference = next((mark for mark in marks if mark.kind == "alone"), None)
    for at, mark in enumerate(marks):
        y = 10 + row * (at + 0.5)
        said = f"{mark.label}: {mark.value:.3f} {unit}"
        beyond = mark.value > high
        body.append(f"<g><title>{esc(said)}</title>{text((left - 14, y + 4.5), mark.label, 'label', 'end')}")
        if reference is not None and mark is not reference:
            body.append(segment((x_of(reference.value), y), (x_of(mark.value), y), f"stem k-{mark.kind}"))
        body.append(shape(mark.kind, (x_of(mark.value), y)))
        if beyond:
            body.append(f'<path d="M{x_of(high) + 9:.1f} {y:.1f}h9m-4-4l4 4l-4 4" class="beyond"/>')
        body.append(text((width - 2, y + 4.5), f"{mark.value:.3f}", "value", "end") + "</g>")
    if reference is not None:
        body.insert(0, segment((x_of(reference.value), 6), (x_of(reference.value), bottom), "reference"))
    body.append(text((left - 14, bottom + 17), unit, "tick", "end"))
    about = "; ".join(f"{mark.label} {mark.value:.3f}" for mark in marks)
    return svg((width, bottom + 24), title, f"{unit}, less is better: {about}", body)


def curves(title: str, series: Sequence[Line], labels: tuple[str, str], level: float | None = None) -> str:
    """Curves over a common x, the end of each marked with its shape; `labels` of x and y; `level` a dashed line.

    The steep start is cut off at the top: the axis spans what happens after the first twelfth of x.
    """
    left, right, top, bottom, width = 46.0, 446.0, 14.0, 190.0, 470.0
    points = [point for line in series for point in line.points]
    x_high = max(x for x, _ in points) or 1.0
    later = [y for x, y in points if x >= x_high / 12] + ([] if level is None else [level])
    low, high = min(later), max(later)
    pad = max((high - low) * 0.06, 1e-6)
    low, high = low - pad, high + pad
    clip = f"clip-{zlib.crc32(title.encode()):08x}"

    def place(point: tuple[float, float]) -> tuple[float, float]:
        return left + point[0] / x_high * (right - left), bottom - (point[1] - low) / (high - low) * (bottom - top)

    box = f'<rect x="{left:g}" y="{top:g}" width="{right - left + 8:g}" height="{bottom - top:g}"/>'
    body = [f'<clipPath id="{clip}">{box}</clipPath>']
    for tick in ticks(low, high):
        y = place((0, tick))[1]
        body += [segment((left, y), (right, y), "grid"), text((left - 8, y + 4), f"{tick:g}", "tick", "end")]
    for tick in ticks(0.0, x_high):
        body.append(text((place((tick, low))[0], bottom + 18), short(tick), "tick", "middle"))
    if level is not None:
        body.append(segment((left, place((0, level))[1]), (right, place((0, level))[1]), "reference"))
    for line in series:
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in map(place, line.points))
        said = f"{line.label}: from {line.points[0][1]:.3f} to {line.points[-1][1]:.3f} {labels[1]}"
        body.append(f"<g><title>{esc(said)}</title>")
        body.append(f'<polyline points="{path}" clip-path="url(#{clip})" class="curve k-{line.kind}"/>')
        body.append(shape(line.kind, place(line.points[-1])) + "</g>")
    body.append(text((right, bottom + 35), f"{labels[0]} →", "tick", "end"))
    body.append(text((0, bottom + 35), labels[1], "tick"))
    about = "; ".join(f"{line.label} ends at {line.points[-1][1]:.3f}" for line in series)
    return svg((width, bottom + 42), title, f"{labels[1]} over {labels[0]}: {about}", body)


def log_bars(title: str, bars: Sequence[tuple[str, float, str]], unit: str) -> str:
    """Horizontal bars (label, value, kind) on a logarithmic axis that starts at the power of ten below the least."""
    left, right, row, width = 168.0, 860.0, 26.0, 960.0
    known = [value for _, value, _ in bars if value > 0]
    low, high = math.floor(math.log10(min(known)) - 0.3), math.log10(max(known)) + 0.02
    bottom = 8 + row * len(bars)

    def x_of(value: float) -> float:
        return left + max(0.0, (math.log10(value) - low) / (high - low)) * (right - left)

    body = []
    for power in range(low, math.floor(high) + 1):
        x = x_of(10.0**power)
        body += [
            segment((x, 4), (x, bottom), "grid"),
            text((x, bottom + 18), f"{short(10.0**power)}{unit}", "tick", "middle"),
        ]
    for at, (label, value, kind) in enumerate(bars):
        y = 8 + row * at
        end = x_of(value) if value > 0 else left
        said = f"{label}: {value:,.0f} {unit}"
        body.append(f"<g><title>{esc(said)}</title>{text((left - 12, y + 17), label, 'label', 'end')}")
        body.append(
            f'<rect x="{left:.1f}" y="{y + 4:.1f}" width="{end - left:.1f}" height="{row - 8:.1f}" rx="2" '
            f'class="{kind}"/>'
        )
        body.append(text((end + 8, y + 17), f"{short(value)}{unit}", "value") + "</g>")
    about = "; ".join(f"{label} {short(value)}{unit}" for label, value, _ in bars)
    return svg((width, bottom + 26), title, f"Logarithmic scale: {about}", body)


def shares(title: str, parts: Sequence[tuple[str, float]]) -> str:
    """One bar cut into named shares that sum to at most one."""
    width, height = 960.0, 74.0
    total = sum(share for _, share in parts) or 1.0
    x, body = 0.0, []
    for at, (label, share) in enumerate(parts):
        span = share / max(total, 1.0) * width
        said = f"{label}: {share:.1%}"
        body.append(f'<g><title>{esc(said)}</title><rect x="{x:.1f}" y="0" width="{max(span - 3, 0):.1f}" ')
        body.append(f'height="34" rx="3" class="c-{at % COLORS}"/>{text((x, 53), label, "label")}')
        body.append(text((x, 70), f"{share:.1%}", "tick") + "</g>")
        x += span
    return svg((width, height), title, "; ".join(f"{label} {share:.1%}" for label, share in parts), body)


def strip(title: str, cells: Sequence[Cell], flags: dict[int, str], about: str) -> str:
    """Cells in reading order, wrapped into rows; a flag stands after the first `size` cells, for a size in `flags`."""
    columns, pitch, row, top = (60, 16.0, 30.0, 12.0) if len(cells) <= 480 else (96, 10.0, 19.0, 8.0)
    side = pitch - (3 if columns == 60 else 2)
    rows = max(1, -(-len(cells) // columns))
    body = []
    for at, cell in enumerate(cells):
        x, y = (at % columns) * pitch, top + (at // columns) * row
        body.append(
            f'<g><title>{esc(cell.text)}</title><rect x="{x:.1f}" y="{y:.1f}" width="{side:g}" height="{side:g}" rx="2" '
        )
        body.append(f'class="c-{cell.color % COLORS}{" void" if cell.crossed else ""}"/>')
        if cell.crossed:
            x, y, arm = x + side / 4, y + side / 4, side / 2
            body.append(f'<path d="M{x:.1f} {y:.1f}l{arm:g} {arm:g}m0 {-arm:g}l{-arm:g} {arm:g}" class="cross"/>')
        body.append("</g>")
    for size, said in sorted(flags.items()):
        if 0 < size <= len(cells):
            x, y = ((size - 1) % columns) * pitch + side + 1.5, top + ((size - 1) // columns) * row
            mark = f'<path d="M{x:.1f} {y - 5:.1f}v{side + 7:g}m0 {-side - 7:g}l-6 3.2l6 3.2" class="flag"/>'
            body.append(f"<g><title>{esc(said)}</title>{mark}</g>")
    return svg((columns * pitch, top + rows * row), title, about, body)


def timeline(title: str, names: Sequence[str], rounds: Sequence[tuple[str, float, Sequence[str]]]) -> str:
    """A column per round (label, seconds, admitted names), a dot where a name was admitted.

    Columns are as wide as the rounds took, but a quarter of the mean at least.
    """
    left, right, row, top, width = 96.0, 950.0, 26.0, 24.0, 960.0
    total = sum(max(seconds, 0.0) for _, seconds, _ in rounds)
    least = max(total, 1e-9) / len(rounds) / 4
    spans = [max(seconds, least) for _, seconds, _ in rounds]
    spans = [span / sum(spans) * (right - left) for span in spans]
    bottom = top + row * len(names)
    x, body, free = left, list[str](), 0.0
    for at, name in enumerate(names):
        body.append(text((left - 14, top + row * (at + 0.5) + 4), name, "label", "end"))
    for at, (label, seconds, admitted) in enumerate(rounds):
        span = spans[at]
        said = f"round {label}: {seconds:.2f} s, admitted {', '.join(admitted) or 'nobody'}"
        body.append(f"<g><title>{esc(said)}</title>")
        body.append(
            f'<rect x="{x:.1f}" y="{top:.1f}" width="{span:.1f}" height="{bottom - top:.1f}" class="band{at % 2}"/>'
        )
        if x + span / 2 >= free:
            body.append(text((x + span / 2, top - 8), label, "tick", "middle"))
            free = x + span / 2 + 34
        for place, name in enumerate(names):
            y = top + row * (place + 0.5)
            kind = f"c-{place % COLORS}" if name in admitted else "absent"
            radius = max(1.4, min(6.0, span * 0.42))
            body.append(f'<circle cx="{x + span / 2:.1f}" cy="{y:.1f}" r="{radius:.1f}" class="{kind}"/>')
        body.append("</g>")
        x += span
    body.append(text((left, bottom + 18), "0 s", "tick"))
    body.append(text((right, bottom + 18), f"{total:.0f} s" if total >= 10 else f"{total:.1f} s", "tick", "end"))
    return svg((width, bottom + 24), title, f"{len(rounds)} rounds of {', '.join(names)} in {total:.0f} seconds", body)


def fingerprint(title: str, digest: str) -> str:
    """A hexadecimal digest as a row of 4-bit heights: two equal digests look equal, two others do not."""
    body = []
    for at, letter in enumerate(digest[:64]):
        value = int(letter, 16) if letter in "0123456789abcdef" else 0
        tall = 3 + value * 1.8
        body.append(f'<rect x="{at * 7:.0f}" y="{32 - tall:.1f}" width="5" height="{tall:.1f}" class="print"/>')
    return svg((446, 32), title, digest, body)

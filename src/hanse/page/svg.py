"""Inline SVG: pure functions from values to markup. All text is escaped here.

Colors are CSS classes that a page defines for light and dark; whoever draws gives every series a shape, a pattern or a
label of its own as well, so that no picture depends on color alone.
"""

from __future__ import annotations

import html
import math
import re
from collections.abc import Iterable

_UNPRINTABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
COLORS = 8
"""Classes `c-0` .. `c-7` of the style sheet."""
Point = tuple[float, float]


def esc(value: object) -> str:
    """Text that is safe in markup and attributes; what XML cannot carry becomes the replacement character."""
    return html.escape(_UNPRINTABLE.sub("\ufffd", str(value)), quote=True)


def svg(size: Point, title: str, about: str, body: Iterable[str], kind: str = "") -> str:
    """The outer element, with the title and description a screen reader speaks; `kind` is a CSS class."""
    width, height = size
    looks = f' class="{kind}"' if kind else ""
    return (
        f'<svg viewBox="0 0 {width:g} {height:g}"{looks} role="img" aria-label="{esc(title)}. {esc(about)}">'
        f"<title>{esc(title)}</title><desc>{esc(about)}</desc>{''.join(body)}</svg>"
    )


def rail(title: str, about: str, body: Iterable[str]) -> str:
    """A picture as wide as its place and as tall as CSS says: x in percent, y and sizes in pixels, so text keeps its size."""
    return (
        f'<svg class="rail" role="img" aria-label="{esc(title)}. {esc(about)}">'
        f"<title>{esc(title)}</title><desc>{esc(about)}</desc>{''.join(body)}</svg>"
    )


def text(at: Point, value: object, kind: str = "", anchor: str = "start") -> str:
    """A text element; `kind` is a CSS class."""
    return f'<text x="{at[0]:.1f}" y="{at[1]:.1f}" class="{kind}" text-anchor="{anchor}">{esc(value)}</text>'


def heading(at: Point, name: object, about: object, kind: str) -> str:
    """A name in the looks of `kind`, and behind it in small print what it means."""
    tail = f'<tspan dx="9" class="about">{esc(about)}</tspan>' if about else ""
    return f'<text x="{at[0]:.1f}" y="{at[1]:.1f}" class="halo"><tspan class="{kind}">{esc(name)}</tspan>{tail}</text>'


def segment(start: Point, end: Point, kind: str) -> str:
    """A straight line."""
    return f'<line x1="{start[0]:.1f}" y1="{start[1]:.1f}" x2="{end[0]:.1f}" y2="{end[1]:.1f}" class="{kind}"/>'


def said(words: object, body: str) -> str:
    """A part that says something when pointed at."""
    return f"<g><title>{esc(words)}</title>{body}</g>"


def hatch(name: str) -> str:
    """A pattern of slanted lines, to be filled with as `url(#name)`; the name must be the page's only one."""
    return (
        f'<pattern id="{name}" width="4" height="4" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
        '<path d="M1 0v4" class="hatch"/></pattern>'
    )


def glyph(shape: str, at: Point, size: float, kind: str) -> str:
    """A mark by its shape: circle, square, diamond, triangle, down, star or cross; `size` is about a radius."""
    x, y = at
    if shape == "circle":
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{size:g}" class="{kind}"/>'
    if shape == "square":
        side = 1.8 * size
        return (
            f'<rect x="{x - side / 2:.1f}" y="{y - side / 2:.1f}" width="{side:g}" height="{side:g}" class="{kind}"/>'
        )
    if shape == "star":
        angles = [math.pi * at / 5 - math.pi / 2 for at in range(10)]
        reach = [1.3 * size if at % 2 == 0 else 0.55 * size for at in range(10)]
        points = [(x + r * math.cos(a), y + r * math.sin(a)) for a, r in zip(angles, reach, strict=True)]
        return f'<path d="M{" ".join(f"{px:.1f},{py:.1f}" for px, py in points)}z" class="{kind}"/>'
    steps = {
        "diamond": [(0, -1.25), (1.25, 0), (0, 1.25), (-1.25, 0)],
        "triangle": [(0, -1.15), (1.15, 0.95), (-1.15, 0.95)],
        "down": [(0, 1.15), (1.15, -0.95), (-1.15, -0.95)],
    }
    if shape in steps:
        corners = " ".join(f"{x + dx * size:.1f},{y + dy * size:.1f}" for dx, dy in steps[shape])
        return f'<path d="M{corners}z" class="{kind}"/>'
    arm = 2 * size
    return f'<path d="M{x - size:.1f} {y - size:.1f}l{arm:g} {arm:g}m0 {-arm:g}l{-arm:g} {arm:g}" class="{kind}"/>'


def ticks(low: float, high: float, wanted: int = 4) -> list[float]:
    """Round values within [low, high], about `wanted` of them."""
    if not high > low:
        return [low]
    raw = (high - low) / wanted
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * m for m in (1, 2, 5, 10) if power * m >= raw * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [round(step * i, 10) for i in range(first, math.floor(high / step + 1e-9) + 1)]


def short(value: float) -> str:
    """A count in few letters: 950, 12 k, 3.4 M."""
    for limit, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= limit:
            return f"{value / limit:.3g} {unit}"
    return f"{value:g}"

"""Pictures over half-years: the two tiers, and lanes of releases by what kind they are.

Each is drawn for a size in pixels, so text keeps its size: wide for a desk, narrow for a phone. What the newest score
cuts off is shaded and said, and a release nobody rated is hatched and stands on a shelf of its own.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from hanse.outlook.rating import TIERS, Tier
from hanse.outlook.report.readings import Tiers
from hanse.outlook.supply import half_end
from hanse.page.svg import Point, esc, glyph, hatch, heading, said, segment, svg, text, ticks
from hanse.page.values import MONTHS, Span, say_day

Scale = Callable[[float], float]
WIDE, NARROW, PANEL = 976.0, 354.0, 400.0
SQUARES_MAX = 240
"""Squares drawn per pile; the number above it is always the whole one."""
TIER_WORDS: dict[Tier, tuple[str, str]] = {
    "near-frontier": ("Near the frontier", "at most {rule:g} months behind, any size"),
    "mid": ("Mid", "rated, large, further behind"),
    "small": ("Small", "at most {small:g}B parameters, further behind or not scored"),
    "unrated": ("Not rated", "large or of unknown size, scored by nobody: may belong to either tier"),
}


@dataclass(frozen=True)
class Columns:
    """Half-years side by side."""

    width: float
    left: float
    halves: Sequence[str]
    until: date | None
    """The last day that counts: what lies after it, or is not over by then, is shaded."""

    @property
    def pitch(self) -> float:
        return (self.width - self.left) / len(self.halves)

    def middle(self, at: int) -> float:
        return self.left + self.pitch * (at + 0.5)

    def partly(self, at: int) -> bool:
        return self.until is not None and half_end(self.halves[at]) > self.until

    def shade(self, top: float, bottom: float) -> str:
        """A band behind what is cut off."""
        first = next((at for at in range(len(self.halves)) if self.partly(at)), None)
        if first is None:
            return ""
        x = self.left + self.pitch * first
        band = (
            f'<rect x="{x:.1f}" y="{top:.1f}" width="{self.width - x:.1f}" height="{bottom - top:.1f}" class="cutoff"/>'
        )
        return band + segment((x, top), (x, bottom), "reference")

    def names(self, y: float) -> str:
        """H1, H2 with the year under its first, and where the scores end."""
        body = []
        for at, half in enumerate(self.halves):
            body.append(text((self.middle(at), y), half[4:], "half", "middle"))
            if at == 0 or half.endswith("1"):
                body.append(text((self.middle(at), y + 14), half[:4], "tick", "middle"))
        return "".join(body)


def tiers(data: Tiers, width: float) -> str:
    """The picture of this page: labs near the frontier with their intervals above, every release as a square below."""
    wide = width > 600
    columns = Columns(width, 26.0 if wide else 18.0, data.halves, data.until)
    body, y = list[str](), 0.0
    if data.near:
        part, y = _labs(data, columns, wide)
        body += [part, columns.names(y + 29)]
        y += 48
    if data.releases:
        part, y = _shelves(data, columns, y + (14 if y else 30), wide)
        body.append(part)
        y += 18
        body.append(columns.names(y))
    shade = columns.shade(30, y - 14)
    if shade and data.until is not None:
        when = say_day(data.until) if wide else f"{data.until.day} {MONTHS[data.until.month - 1][:3]} {data.until.year}"
        shade += text((width, 24), f"scores end {when}", "tick", "end")
    pattern = hatch(_pattern(width))
    return svg((width, y + 22), "Labs and releases per half-year", _spoken(data), [pattern, shade, *body], _form(width))


def _form(width: float) -> str:
    return "wide" if width == WIDE else "narrow" if width == NARROW else ""


def _pattern(width: float) -> str:
    return f"hatch-{width:.0f}"


def _spoken(data: Tiers) -> str:
    parts = []
    for half in data.halves:
        labs = [
            f"{found[half].say(0)} labs within {m:g} months" for m, found in sorted(data.labs.items()) if half in found
        ]
        counts = [f"{data.releases[tier].get(half, 0)} {tier}" for tier in TIERS if data.releases]
        note = " (partly after the newest score)" if data.partly(half) else ""
        parts.append(f"{half}{note}: {', '.join(labs)}{'; releases: ' if counts else ''}{', '.join(counts)}")
    return ". ".join(parts)


def _labs(data: Tiers, columns: Columns, wide: bool) -> tuple[str, float]:
    """Per half-year a dot with its interval for the rule, and lighter ones for the other limits."""
    top, bottom = (66.0, 236.0) if wide else (66.0, 206.0)
    highest = max([s.high for found in data.labs.values() for h, s in found.items() if h in data.halves] + [1.0])

    def y_of(value: float) -> float:
        return bottom - value / highest * (bottom - top)

    body = [text((0, 24), "Labs near the frontier", "shelf")]
    body.append(text((0, 43), "that released weights openly; bars: 90% intervals", "about halo"))
    for tick in ticks(0, highest):
        body += [segment((columns.left, y_of(tick)), (columns.width, y_of(tick)), "grid")]
        body += [text((columns.left - 8, y_of(tick) + 4), f"{tick:g}", "tick", "end")]
    others = sorted(months for months in data.labs if months != data.rule)
    reach = columns.pitch * (0.22 if wide else 0.29)
    for at, half in enumerate(data.halves):
        for place, months in enumerate(others):
            found = data.labs[months].get(half)
            if found is not None:
                side = (place - (len(others) - 1) / 2) * 2 / max(1, len(others) - 1)
                body.append(_other(found, months, months < data.rule, (columns.middle(at) + side * reach, 0), y_of))
        if (found := data.near.get(half)) is not None:
            body.append(_ruled(found, data, half, columns.middle(at), y_of))
    return "".join(body), bottom


def _other(found: Span, months: float, stricter: bool, at: Point, y_of: Scale) -> str:
    bar = segment((at[0], y_of(found.low)), (at[0], y_of(found.high)), "whisker light")
    mark = glyph("down" if stricter else "triangle", (at[0], y_of(found.value)), 4.2, "other")
    return said(f"{found.say(0)} labs within {months:g} months", bar + mark)


def _ruled(found: Span, data: Tiers, half: str, x: float, y_of: Scale) -> str:
    """The dot carries its number; it is hollow where the half-year is cut off."""
    partly = data.partly(half)
    bar = segment((x, y_of(found.low)), (x, y_of(found.high)), "whisker")
    dot = glyph("circle", (x, y_of(found.value)), 9.5, "near hollow" if partly else "near")
    number = text((x, y_of(found.value) + 4), f"{found.value:.0f}", "in" if not partly else "in hollow", "middle")
    note = ", cut off by the newest score" if partly else ""
    return said(f"{half}: {found.say(0)} labs within {data.rule:g} months{note}", bar + dot + number)


def _shelves(data: Tiers, columns: Columns, y: float, wide: bool) -> tuple[str, float]:
    """A shelf per tier, a square per release; what nobody rated stands below a dashed line."""
    side, gap = (13.0, 3.0) if wide else (8.6, 2.2)
    per_row = max(1, int((columns.pitch - (6 if wide else 8)) / (side + gap)))
    per_row = min(per_row, 9)
    body = []
    for tier in TIERS:
        name, about = TIER_WORDS[tier]
        about = about.format(rule=data.rule, small=data.small_b)
        if tier == "unrated":
            y += 12
            body.append(segment((0, y), (columns.width, y), "reference"))
            y += 4
        body.append(heading((0, y + 18), name, about if wide else "", "shelf"))
        lines = [] if wide else _broken(about, 50)
        body += [text((0, y + 34 + 14 * at), line, "about halo") for at, line in enumerate(lines)]
        y += 18 + 14 * len(lines)
        row = data.releases[tier]
        most = max([row.get(half, 0) for half in data.halves] + [1])
        floor = y + 24 + -(-min(most, SQUARES_MAX) // per_row) * (side + gap)
        for at, half in enumerate(data.halves):
            pile = _pile(row.get(half, 0), (columns.middle(at), floor), (side, gap), per_row, tier, columns.width)
            body.append(said(f"{half}: {row.get(half, 0)} releases, {name.lower()}", pile))
        body.append(segment((columns.left, floor + 1), (columns.width, floor + 1), "floor"))
        y = floor + 8
    return "".join(body), y


def _broken(words: str, letters: int) -> list[str]:
    """Lines of at most so many letters."""
    lines = [""]
    for word in words.split():
        if lines[-1] and len(lines[-1]) + len(word) >= letters:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines


def _pile(count: int, at: Point, size: tuple[float, float], per_row: int, tier: str, width: float) -> str:
    """Squares from the shelf upward, and their number on top."""
    side, gap = size
    left = at[0] - (min(max(count, 1), per_row) * (side + gap) - gap) / 2
    path = "".join(
        f"M{left + (n % per_row) * (side + gap):.1f} {at[1] - side - (n // per_row) * (side + gap) - 1:.1f}"
        f"h{side:g}v{side:g}h{-side:g}z"
        for n in range(min(count, SQUARES_MAX))
    )
    drawn = min(count, SQUARES_MAX)
    top = at[1] - -(-drawn // per_row) * (side + gap) - 4
    middle = left + (((drawn - 1) % per_row + 1) * (side + gap) - gap) / 2 if drawn else at[0]  # over the uppermost row
    looks = f'style="fill:url(#{_pattern(width)})"' if tier == "unrated" else ""
    squares = f'<path d="{path}" class="t-{tier}" {looks}/>' if path else ""
    return squares + text((middle, top), count, "value" if count else "tick", "middle")


@dataclass(frozen=True)
class Lane:
    """One row of columns: its name, what it means, and whether it is hatched."""

    key: str
    name: str
    about: str = ""
    hatched: bool = False


def lanes(title: str, table: Mapping[str, Mapping[str, int]], shown: Sequence[Lane], until: date | None) -> str:
    """Releases per half-year, a lane per kind, on the table's scale, also of lanes not shown; columns carry their numbers."""
    halves = list(table)[-12:]
    columns = Columns(PANEL, 0.0, halves, until)
    most = max([count for half in halves for count in table[half].values()] + [1])
    unit = min(9.0, 84.0 / most)
    name = f"hatch-{zlib.crc32(title.encode()):08x}"
    body, y = list[str](), 0.0
    for lane in shown:
        name_at = y + 15
        tallest = max(table[half].get(lane.key, 0) for half in halves)
        y += 40 + tallest * unit
        for at, half in enumerate(halves):
            count = table[half].get(lane.key, 0)
            x, tall, broad = columns.middle(at), count * unit, min(26.0, columns.pitch * 0.6)
            looks = f'style="fill:url(#{name})"' if lane.hatched else ""
            bar = (
                f'<rect x="{x - broad / 2:.1f}" y="{y - tall:.1f}" width="{broad:.1f}" height="{tall:.1f}" '
                f'class="{"unknown" if lane.hatched else "lane"}" {looks}/>'
            )
            number = text((x, y - tall - 4), count, "value" if count else "tick", "middle")
            body.append(said(f"{half}: {count} {lane.name}", (bar if count else "") + number))
        body += [segment((0, y), (PANEL, y), "floor"), heading((0, name_at), lane.name, lane.about, "label strong")]
        y += 8
    y += 12
    spoken = ". ".join(
        f"{h}: {', '.join(f'{table[h].get(lane.key, 0)} {lane.name}' for lane in shown)}" for h in halves
    )
    inside = [hatch(name), columns.shade(0, y - 14), *body, columns.names(y)]
    return svg((PANEL, y + 20), title, spoken, inside)


def key_of(shape: str, kind: str) -> str:
    """A mark as it stands in a legend."""
    return f'<svg viewBox="0 0 20 20" class="key" aria-hidden="true">{glyph(shape, (10, 10), 5.5, esc(kind))}</svg>'

"""Pictures over time and probability: the lag, survival, calibration, and the rails of a list with dots and whiskers."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from hanse.outlook.report.charts import NARROW, PANEL, WIDE
from hanse.outlook.report.readings import Dated, Survival
from hanse.page.svg import Point, glyph, rail, said, segment, svg, text, ticks
from hanse.page.values import Span, number, rows, whole, words

Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""
_LETTER = 6.9
"""Pixels a letter of a small label takes, at most about."""
METHODS = {"cox": ("circle", "near"), "base rate": ("square", "plain"), "last half-year repeats": ("diamond", "plain")}
"""Mark of each method: its shape and its CSS class."""


def lag(line: Sequence[Dated], points: Sequence[Dated], rule: float, width: float) -> str:
    """Open behind closed week by week as a line, and each best small model as a diamond with its name."""
    left, right, top = 26.0, width - 10, 40.0
    bottom = 330.0 if width == WIDE else 300.0
    everything = [*line, *points]
    first, last = min(p.day for p in everything), max(p.day for p in everything)
    days = max(1, (last - first).days)
    highest = max([rule, *(p.value for p in everything)]) * 1.06

    def place(point: Dated) -> Point:
        x = left + (point.day - first).days / days * (right - left)
        return x, bottom - point.value / highest * (bottom - top)

    body = [text((0, 14), "months behind", "tick")]
    for tick in ticks(0, highest):
        y = bottom - tick / highest * (bottom - top)
        body += [segment((left, y), (right, y), "grid"), text((left - 8, y + 4), f"{tick:g}", "tick", "end")]
    for year in range(first.year + 1, last.year + 1)[-12:]:
        x = place(Dated(date(year, 1, 1), 0))[0]
        body += [segment((x, bottom), (x, bottom + 5), "floor"), text((x + 4, bottom + 16), year, "tick")]
    body.append(segment((left, bottom), (right, bottom), "floor"))
    y = bottom - rule / highest * (bottom - top)
    body += [segment((left, y), (right, y), "reference")]
    taken = [(left, y - 16, left + 200, y + 2)]
    body.append(
        text((left + 4, y - 5), f"{rule:g} months{': near the frontier' if width == WIDE else ''}", "tick halo")
    )
    if line:
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in map(place, line))
        floor = f"{place(line[-1])[0]:.1f},{bottom:.1f} {place(line[0])[0]:.1f},{bottom:.1f}"
        body.append(f'<polygon points="{path} {floor}" class="under"/><polyline points="{path}" class="curve lag"/>')
        taken += _along([place(point) for point in line])
        x, y = place(line[-1])
        body += [
            glyph("circle", (x, y), 4.5, "near"),
            text((x, y - 12), f"{line[-1].value:.1f}", "value strong halo", "end"),
        ]
        taken.append((x - 30, y - 26, x + 8, y + 8))
    body += _diamonds([(point, place(point)) for point in points], taken, (left, width, bottom))
    latest = (
        f"open weights {line[-1].value:.1f} months behind on {line[-1].day}" if line else "the lag was not computed"
    )
    least = (
        f", between {min(p.value for p in line):.1f} and {max(p.value for p in line):.1f} since {line[0].day}"
        if line
        else ""
    )
    small = "; ".join(f"{point.label} {point.value:.1f} on {point.day}" for point in points)
    about = f"Months: {latest}{least}. Best small model of its day: {small or 'none'}"
    return svg((width, bottom + 24), "How far open weights are behind", about, body, _form(width))


def _along(path: Sequence[Point]) -> list[Box]:
    """Small boxes along a line, to keep names off it."""
    found = []
    for (x, y), (to_x, to_y) in itertools.pairwise(path):
        steps = 1 + int(math.hypot(to_x - x, to_y - y) / 8)
        for step in range(steps):
            at_x, at_y = x + (to_x - x) * step / steps, y + (to_y - y) * step / steps
            found.append((at_x - 1, at_y - 1, at_x + 1, at_y + 1))
    return found


def _form(width: float) -> str:
    return "wide" if width == WIDE else "narrow" if width == NARROW else ""


def _diamonds(points: Sequence[tuple[Dated, Point]], taken: list[Box], limits: tuple[float, float, float]) -> list[str]:
    """Diamonds, the newest named first; a name that would cover another one is left to the pointer and the table."""
    body = []
    taken += [(x - 6, y - 6, x + 6, y + 6) for _, (x, y) in points]
    for point, (x, y) in reversed(points):
        long = len(point.label) * _LETTER
        label = ""
        for anchor, dx, dy in (
            ("start", 9, 4),
            ("end", -9, 4),
            ("middle", 0, -11),
            ("middle", 0, 20),
        ):
            start = x + dx - (0 if anchor == "start" else long if anchor == "end" else long / 2)
            box = (start, y + dy - 10, start + long, y + dy + 3)
            clear = all(box[2] < o[0] or box[0] > o[2] or box[3] < o[1] or box[1] > o[3] for o in taken)
            if clear and box[0] >= limits[0] and box[2] <= limits[1] and box[3] <= limits[2]:
                taken.append(box)
                label = text((x + dx, y + dy), point.label, "tick halo ink", anchor)
                break
        mark = glyph("diamond", (x, y), 5, "t-small")
        body.append(said(f"{point.label}, {point.day}: {point.value:.1f} months behind", mark + label))
    return body


def survival(curve: Survival) -> str:
    """Share of labs still waiting for their next near-frontier open release, a step at each, with its band."""
    left, right, top, bottom = 34.0, PANEL - 6, 12.0, 232.0
    longest = max(curve.steps[-1][0], 1e-6)

    def place(months: float, share: float) -> Point:
        return left + months / longest * (right - left), bottom - share * (bottom - top)

    body = []
    for share in (0, 0.25, 0.5, 0.75, 1):
        y = place(0, share)[1]
        body += [segment((left, y), (right, y), "grid"), text((left - 6, y + 4), f"{share:.0%}", "tick", "end")]
    for tick in ticks(0, longest):
        body.append(text((place(tick, 0)[0], bottom + 17), f"{tick:g}", "tick", "middle"))
    upper = _stairs([(m, s.high) for m, s in curve.steps], longest)
    lower = _stairs([(m, s.low) for m, s in curve.steps], longest)
    middle = _stairs([(m, s.value) for m, s in curve.steps], longest)
    body.append(f'<polygon points="{_path(place, [*upper, *reversed(lower)])}" class="under"/>')
    body.append(f'<polyline points="{_path(place, middle)}" class="curve lag"/>')
    about = f"{curve.spells} gaps between releases, {curve.ended} of them ended"
    if curve.median is not None and curve.median <= longest:
        x, y = place(curve.median, 0.5)
        body += [segment((left, y), (x, y), "reference"), segment((x, y), (x, bottom), "reference")]
        body += [glyph("circle", (x, y), 4.5, "near")]
        body.append(text((x + 10, y - 8), f"half within {curve.median:.1f} months", "label halo"))
        about += f", half of them within {curve.median:.1f} months"
    last = curve.steps[-1]
    about += f"; after {last[0]:.0f} months {last[1].value:.0%} [{last[1].low:.0%}, {last[1].high:.0%}] had not"
    body.append(text((right, bottom + 34), "months since a near-frontier open release →", "tick", "end"))
    return svg((PANEL, bottom + 40), "How long until the next one", about, body)


def _stairs(points: Sequence[Point], longest: float) -> list[Point]:
    found = [(0.0, 1.0)]
    for x, y in points:
        found += [(x, found[-1][1]), (x, y)]
    return [*found, (longest, found[-1][1])]


def _path(place: Any, points: Sequence[Point]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in (place(*point) for point in points))


def calibration(title: str, methods: Sequence[Mapping[str, Any]]) -> str:
    """What was said against how often it happened: a dot per bin, larger for more forecasts; the diagonal is perfect."""
    left, right, top, bottom = 40.0, 346.0, 12.0, 300.0

    def place(said_: float, happened: float) -> Point:
        return left + said_ * (right - left), bottom - happened * (bottom - top)

    body, spoken = [], []
    for share in (0, 0.25, 0.5, 0.75, 1):
        x, y = place(share, share)
        body += [segment((left, y), (right, y), "grid"), segment((x, top), (x, bottom), "grid")]
        body += [
            text((left - 6, y + 4), f"{share:.0%}", "tick", "end"),
            text((x, bottom + 17), f"{share:.0%}", "tick", "middle"),
        ]
    body.append(segment(place(0, 0), place(1, 1), "reference"))
    body.append(text((left, bottom + 34), "said →", "tick"))
    body.append(text((left + 6, top + 12), "↑ happened", "tick halo"))
    for method in reversed(methods):  # the first one, ours, lies on top
        name = words(method.get("method"))
        shape, kind = METHODS.get(name, ("cross", "plain"))
        bins = []
        for row in rows(method.get("calibration")):
            at, happened, count = number(row.get("said")), number(row.get("happened")), whole(row.get("count"))
            if at is None or happened is None:
                continue
            size = 3.2 + 1.6 * math.sqrt(min(count, 60))
            mark = glyph(shape, place(min(1.0, max(0.0, at)), min(1.0, max(0.0, happened))), size, f"{kind} bin")
            line = f"said {at:.0%}, happened {happened:.0%} of {count}"
            body.append(said(f"{name}: {line}", mark))
            bins.append(line)
        spoken.append(f"{name}: {'; '.join(bins) or 'no forecasts'}")
    return svg((PANEL, bottom + 42), title, ". ".join(spoken), body)


def chance(name: str, found: Span) -> str:
    """A probability with its interval on a rail from 0 to 100%."""
    body = [_percent_line(share, "grid") for share in (0, 25, 50, 75, 100)]
    body.append(f'<line x1="{100 * found.low:.1f}%" x2="{100 * found.high:.1f}%" y1="13" y2="13" class="whisker"/>')
    body.append(f'<circle cx="{100 * found.value:.1f}%" cy="13" r="6.5" class="near"/>')
    return rail(name, f"{found.value:.0%}, 90% interval {found.low:.0%} to {found.high:.0%}", body)


def chance_axis() -> str:
    """The rails' scale."""
    marks = ((0, "start"), (25, "middle"), (50, "middle"), (75, "middle"), (100, "end"))
    body = [f'<text x="{at}%" y="18" class="tick" text-anchor="{anchor}">{at}%</text>' for at, anchor in marks]
    return f'<svg class="rail" aria-hidden="true">{"".join(body)}</svg>'


def ratio(name: str, found: Span, reach: float) -> str:
    """A hazard ratio on a logarithmic rail from 1/reach to reach, 1 in the middle."""

    def at(value: float) -> float:
        inside = min(reach, max(1 / reach, value))
        return 50 + 50 * math.log(inside) / math.log(reach)

    body = [_percent_line(at(tick), "grid") for tick in (1 / reach, reach)] + [_percent_line(50, "reference")]
    body.append(f'<line x1="{at(found.low):.1f}%" x2="{at(found.high):.1f}%" y1="13" y2="13" class="whisker"/>')
    body.append(f'<circle cx="{at(found.value):.1f}%" cy="13" r="6.5" class="near"/>')
    return rail(name, f"times {found.value:.2f}, 90% interval {found.low:.2f} to {found.high:.2f}", body)


def _percent_line(share: float, kind: str) -> str:
    return f'<line x1="{share:.1f}%" x2="{share:.1f}%" y1="0" y2="26" class="{kind}"/>'

"""Pictures over the years: the fan of the lag, and every structure's chance to be near the frontier on one axis."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hanse.case.verdict import short
from hanse.page.svg import Point, glyph, said, segment, svg, text, ticks

WIDE, NARROW, PANEL = 976.0, 354.0, 400.0
SHAPES = ("circle", "square", "diamond", "triangle", "down", "star", "cross")
LAG_MOST = 48.0
"""Months drawn; a model further behind than that is no model for this question."""
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Series:
    """A structure's chance by year, its 90% intervals, and how it is marked."""

    name: str
    shares: Sequence[Row]
    at: int
    rival: bool

    @property
    def shape(self) -> str:
        return SHAPES[self.at % len(SHAPES)]

    @property
    def color(self) -> int:
        return self.at % 7 if self.at < 7 else 7


def highest(bands: Sequence[Row | None]) -> float:
    """Months at the top of a fan: what 19 of 20 draws stay below, within reason."""
    tops = [float(band["p95"]) for band in bands if band is not None]
    return min(LAG_MOST, max([18.0, *tops]) * 1.05)


def fan(title: str, years: Sequence[int], bands: Sequence[Row | None], going: Sequence[Row], top: float,
        near: float) -> str:  # fmt: skip
    """Lag by year of the draws in which it still trains: 5-95 and 25-75% as bands, the median as a line, the limit dashed."""
    left, right, upper, lower = 30.0, PANEL - 8, 26.0, 212.0
    step = (right - left - 24) / max(1, len(years) - 1)

    def place(year: int, months: float) -> Point:
        return left + 12 + year * step, lower - min(months, top) / top * (lower - upper)

    body = [text((0, 12), "months behind", "tick")]
    for tick in ticks(0, top):
        y = place(0, tick)[1]
        body += [segment((left, y), (right, y), "grid"), text((left - 7, y + 4), f"{tick:g}", "tick", "end")]
    there = [(at, band) for at, band in enumerate(bands) if band is not None]
    body += _bands(there, place)
    y = place(0, near)[1]
    body += [segment((left, y), (right, y), "reference"), text((right, y - 5), f"{near:g} months", "tick halo", "end")]
    if not there:
        body.append(text(((left + right) / 2, (upper + lower) / 2), "hardly ever trains", "about", "middle"))
    spoken = []
    for at, band in there:
        line = f"{years[at]}: median {band['p50']:.0f} months, 5th to 95th percentile {band['p5']:.0f} to {band['p95']:.0f}"
        body.append(said(line, glyph("circle", place(at, band["p50"]), 3.6, "middle")))
        spoken.append(line)
    body += [segment((left, lower), (right, lower), "floor"), text((0, lower + 36), "still trains", "tick")]
    for at, year in enumerate(years):
        x = place(at, 0)[0]
        body.append(text((x, lower + 17), f"’{year % 100:02d}", "tick", "middle"))
        body.append(text((x, lower + 52), f"{100 * going[at]['value']:.0f}%", "value", "middle"))
    lives = "; ".join(f"{year} {item['value']:.0%}" for year, item in zip(years, going, strict=True))
    about = f"{'. '.join(spoken) or 'it never trains'}. Still trains: {lives}"
    return svg((PANEL, lower + 60), title, about, body)


def _bands(there: Sequence[tuple[int, Row]], place: Callable[[int, float], Point]) -> list[str]:
    """5-95 and 25-75% as bands, the median as a line."""
    body = []
    for low, high, looks in (("p5", "p95", "out90"), ("p25", "p75", "out50")):
        edge = [place(at, band[high]) for at, band in there] + [place(at, band[low]) for at, band in reversed(there)]
        body.append(f'<polygon points="{_path(edge)}" class="{looks}"/>')
    middles = [place(at, band["p50"]) for at, band in there]
    return [*body, f'<polyline points="{_path(middles)}" class="curve median"/>']


def payments(title: str, years: Sequence[int], bands: Sequence[Row]) -> str:
    """What a member pays each year, as a fan."""
    left, right, upper, lower = 46.0, PANEL - 8, 10.0, 84.0
    top = max([1.0, *(float(band["p95"]) for band in bands)]) * 1.05
    step = (right - left - 24) / max(1, len(years) - 1)

    def place(year: int, amount: float) -> Point:
        return left + 12 + year * step, lower - amount / top * (lower - upper)

    body = []
    for tick in ticks(0, top, 3):
        y = place(0, tick)[1]
        body += [segment((left, y), (right, y), "grid"), text((left - 7, y + 4), short(tick), "tick", "end")]
    there = list(enumerate(bands))
    body += [*_bands(there, place), segment((left, lower), (right, lower), "floor")]
    body += [text((place(at, 0)[0], lower + 17), f"’{year % 100:02d}", "tick", "middle") for at, year in enumerate(years)]
    spoken = "; ".join(f"{years[at]}: median {short(band['p50'])}, 5th to 95th percentile {short(band['p5'])} to "
                       f"{short(band['p95'])} USD" for at, band in there)  # fmt: skip
    return svg((PANEL, lower + 24), title, spoken, body)


def survival(series: Sequence[Series], years: Sequence[int], width: float) -> str:
    """Chance by year that each structure's newest release is near the frontier; a shape and a color each."""
    left, right, upper = 40.0, width - 10, 14.0
    lower = 300.0 if width == WIDE else 250.0
    step = (right - left - 24) / max(1, len(years) - 1)

    def place(year: int, share: float) -> Point:
        return left + 12 + year * step, lower - share * (lower - upper)

    body = []
    for share in (0, 0.25, 0.5, 0.75, 1):
        y = place(0, share)[1]
        body += [segment((left, y), (right, y), "grid"), text((left - 6, y + 4), f"{share:.0%}", "tick", "end")]
    for at, year in enumerate(years):
        body.append(text((place(at, 0)[0], lower + 18), year if width == WIDE else f"’{year % 100:02d}", "tick", "middle"))
    spoken = []
    for one in reversed(series):
        points = [place(at, item["value"]) for at, item in enumerate(one.shares)]
        looks = "rival" if one.rival else ""
        body.append(f'<polyline points="{_path(points)}" class="curve s-{one.color} {looks}"/>')
        for point, item, year in zip(points, one.shares, years, strict=True):
            line = f"{one.name}, {year}: {item['value']:.1%} [{item['low']:.1%}, {item['high']:.1%}]"
            body.append(said(line, glyph(one.shape, point, 4.6, f"dot c-{one.color} {one.shape}")))
        by_year = [f"{year} {item['value']:.0%}" for year, item in zip(years, one.shares, strict=True)]
        spoken.append(f"{one.name}: {', '.join(by_year)}")
    title = "Chance that the newest release is near the frontier"
    return svg((width, lower + 26), title, ". ".join(reversed(spoken)), body, "wide" if width == WIDE else "narrow")


def key(one: Series) -> str:
    """The mark as it stands in a legend."""
    looks = "rival" if one.rival else ""
    line = f'<path d="M0 10h20" class="curve s-{one.color} {looks}"/>'
    mark = glyph(one.shape, (10, 10), 4.6, f"dot c-{one.color} {one.shape}")
    return f'<svg viewBox="0 0 20 20" class="key" aria-hidden="true">{line}{mark}</svg>'


def _path(points: Sequence[Point]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)

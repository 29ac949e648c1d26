"""Rows of a list: a name, a rail, a value. A rail is as wide as its place: x in percent, heights in pixels."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from hanse.page.svg import esc, rail, said, ticks

MIDDLE = 13
"""Pixels from a rail's top to its middle."""
Band = Mapping[str, float]


@dataclass(frozen=True)
class Scale:
    """From values to percent of a rail's width; what lies beyond an end is drawn at it."""

    low: float
    high: float
    log: bool = False

    def at(self, value: float) -> float:
        low, high, value = (math.log10(max(v, 1e-9)) if self.log else v for v in (self.low, self.high, value))
        return 100 * min(1.0, max(0.0, (value - low) / (high - low) if high > low else 0.5))

    @property
    def marks(self) -> list[float]:
        """Round values, few enough to be written under a narrow rail."""
        if not self.log:
            return ticks(self.low, self.high, 4)
        first, last = math.floor(math.log10(self.low)), math.ceil(math.log10(self.high))
        powers = [10.0**at for at in range(first, last + 1) if self.low <= 10.0**at <= self.high]
        return powers[:: max(1, math.ceil(len(powers) / 4))]


def decades(values: Iterable[float], least: float) -> Scale:
    """A logarithmic scale from half a decade to half a decade around positive values, at least one decade wide."""
    found = [max(value, least) for value in values]
    low, high = min(found, default=least), max(found, default=10 * least)
    first, last = math.floor(2 * math.log10(low)) / 2, math.ceil(2 * math.log10(high)) / 2
    return Scale(10**first, 10 ** max(last, first + 1), log=True)


def band(title: str, found: Band, scale: Scale, about: str, kind: str = "") -> str:
    """5th to 95th percentile thin, 25th to 75th thick, a dot at the median."""
    body = [*_grid(scale), f'<g class="{kind}">']
    for low, high, looks in (("p5", "p95", "p90"), ("p25", "p75", "p50")):
        body.append(_line(scale.at(found[low]), scale.at(found[high]), looks))
    body.append(f'<circle cx="{scale.at(found["p50"]):.1f}%" cy="{MIDDLE}" r="5.5" class="middle"/></g>')
    return rail(title, about, body)


def bar(title: str, value: float, scale: Scale, about: str, ends: tuple[float, float] | None = None, kind: str = "") -> str:
    """A bar from zero, with a whisker for its range."""
    zero, end = scale.at(0), scale.at(value)
    body = [*_grid(scale), _rect(min(zero, end), max(zero, end), f"bar {kind}")]
    body.append(f'<line x1="{zero:.1f}%" x2="{zero:.1f}%" y1="0" y2="26" class="reference"/>' if scale.low < 0 else "")
    if ends is not None:
        body.append(_line(scale.at(ends[0]), scale.at(ends[1]), "whisker"))
    return rail(title, about, body)


def twofold(title: str, part: float, whole: float, ends: tuple[float, float], scale: Scale) -> str:
    """A part within a whole: the part full, the rest pale; the whisker is the whole's range."""
    body = [*_grid(scale), _rect(0, scale.at(whole), "bar pale"), _rect(0, scale.at(min(part, whole)), "bar")]
    body.append(_line(scale.at(ends[0]), scale.at(ends[1]), "whisker"))
    about = f"total {whole:.2f}, 90% interval {ends[0]:.2f} to {ends[1]:.2f}; alone {part:.2f}"
    return rail(title, about, body)


def cells(title: str, shares: Sequence[float], years: Sequence[int]) -> str:
    """A cell a year, the darker the likelier, with the chance in it."""
    wide = 100 / len(shares)
    body = []
    for at, (share, year) in enumerate(zip(shares, years, strict=True)):
        left, number = at * wide, f"{100 * share:.0f}"
        box = (
            f'<rect x="{left:.2f}%" y="1" width="{wide:.2f}%" height="24" class="cell" '
            f'style="fill-opacity:{0.06 + 0.94 * share:.2f}"/>'
        )
        looks = "in over" if share > 0.55 else "in"
        inside = f'<text x="{left + wide / 2:.2f}%" y="17" class="{looks}" text-anchor="middle">{number}</text>'
        body.append(said(f"{year}: {share:.0%}", box + inside))
    about = "; ".join(f"{year} {share:.0%}" for year, share in zip(years, shares, strict=True))
    return rail(title, f"chance to be there: {about}", body)


def axis(scale: Scale, words: Iterable[str]) -> str:
    """The rails' scale: its marks in words."""
    places = [scale.at(mark) for mark in scale.marks]
    return _axis(zip(places, words, strict=True))


def year_axis(years: Sequence[int]) -> str:
    """Years over their cells, in two digits where four would touch."""
    wide = 100 / len(years)
    return _axis((at * wide + wide / 2, f"’{year % 100:02d}") for at, year in enumerate(years))


def _axis(marks: Iterable[tuple[float, str]]) -> str:
    body = [
        f'<text x="{at:.1f}%" y="16" class="tick" text-anchor="{"start" if at < 4 else "end" if at > 96 else "middle"}">'
        f"{esc(word)}</text>"
        for at, word in marks
    ]
    return f'<svg class="rail" aria-hidden="true">{"".join(body)}</svg>'


def _grid(scale: Scale) -> list[str]:
    return [f'<line x1="{scale.at(m):.1f}%" x2="{scale.at(m):.1f}%" y1="0" y2="26" class="grid"/>' for m in scale.marks]


def _line(start: float, end: float, kind: str) -> str:
    return f'<line x1="{start:.1f}%" x2="{end:.1f}%" y1="{MIDDLE}" y2="{MIDDLE}" class="{kind}"/>'


def _rect(start: float, end: float, kind: str) -> str:
    return f'<rect x="{start:.1f}%" y="5" width="{max(end - start, 0.2):.1f}%" height="16" class="{kind}"/>'


def item(name: str, drawn: str, value: str, about: str = "", kind: str = "") -> str:
    """A row: what it is (with small print), its rail, its value; `drawn` and `value` are markup."""
    small = f"<small>{esc(about)}</small>" if about else ""
    looks = f" class='{kind}'" if kind else ""
    return f"<li{looks}><b>{esc(name)}{small}</b>{drawn}<span>{value}</span></li>"

"""The outlook as one self-contained page, or as a part of another: pictures first, tables folded away under them.

Nothing is invented: what the result lacks is said to be not computed, and each headline follows from the figures below
it. Every value may come from a file that somebody else wrote, so all text is escaped and nothing raises.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from hanse.outlook.rating import TIERS
from hanse.outlook.report import charts, headlines, parts, plots
from hanse.outlook.report.charts import NARROW, WIDE, Lane, key_of
from hanse.outlook.report.readings import (
    LICENSES,
    Result,
    Tiers,
    read_counts,
    read_lag,
    read_licenses,
    read_small,
    read_survival,
    read_tiers,
)
from hanse.outlook.report.stylesheet import CSS
from hanse.page import stylesheet
from hanse.page.document import document
from hanse.page.svg import esc
from hanse.page.table import fold
from hanse.page.values import counted, day, dig, listed, mapping, number, rows, say_day, whole, words

ABSENT = "<p class='absent'>Not computed.</p>"
CREDITS = (
    "ECI scores and training compute: © Epoch AI, epoch.ai/data, CC BY 4.0 (creativecommons.org/licenses/by/4.0), reduced to "
    "the rows used here. Models and prices: models.dev, MIT. Releases and adoption: ATOM Project, Apache-2.0."
)


def render(result: Result) -> str:
    """The whole page. Never raises for what is missing or malformed."""
    title = headlines.headline(result)
    head = f"<header><p class='eyebrow'>{esc(_eyebrow(result))}</p><h1>{esc(title)}</h1></header>"
    return document(title, stylesheet.CSS + CSS, f"<div class='outlook'>{head}{_body(result, 2)}</div>")


def section(result: Result) -> str:
    """The same body as a part of another page, whose style sheet includes `stylesheet.CSS` of this package."""
    title = headlines.headline(result)
    head = f"<h3>{esc(title)}</h3><p class='eyebrow'>{esc(_eyebrow(result))}</p>"
    return f"<div class='outlook'>{head}{_body(result, 3)}</div>"


def _eyebrow(result: Result) -> str:
    known = mapping(result.get("catalogue"))
    facts = ["Outlook"]
    for key, word in (("rated_until", "rated until"), ("collected", "collected until")):
        if (when := day(known.get(key))) is not None:
            facts.append(f"{word} {say_day(when)}")
    if known.get("verified_only") is True:
        facts.append("verified rows only")
    return " · ".join(facts)


def _body(result: Result, level: int) -> str:
    said = headlines.deck(result)
    body = [f"<p class='deck'>{esc(said)}</p>" if said else "", _tiers(result) or ABSENT]
    for title, lead, draw in _SECTIONS:
        head = f"<h{level}>{esc(title(result))}.</h{level}>".replace("?.", "?")
        body.append(f"<section>{head}<p class='lead'>{esc(lead)}</p>{draw(result) or ABSENT}</section>")
    return "".join(body) + _footer(result)


def _footer(result: Result) -> str:
    known = mapping(result.get("catalogue"))
    sizes = [
        f"{whole(known.get(key)):,} {key}" for key in ("releases", "labs", "events", "scores") if number(known.get(key))
    ]
    counted_ = f"Catalogue: {', '.join(sizes)}. " if sizes else ""
    return f"<footer class='credits'><p>{esc(counted_ + headlines.unrated(result))}</p><p>{esc(CREDITS)}</p></footer>"


def _twice(draw: Callable[[float], str], caption: str = "") -> str:
    """A picture for a desk and the same for a phone; the style sheet shows one of them."""
    note = f"<figcaption>{esc(caption)}</figcaption>" if caption else ""
    return f"<figure>{draw(WIDE)}{draw(NARROW)}{note}</figure>"


def _tiers(result: Result) -> str:
    data = read_tiers(result)
    if data is None:
        return ""
    note = ""
    if data.until is not None and any(map(data.partly, data.halves)):
        note = "Shaded: after the newest score nothing can be rated, so what is missing there means nothing."
    picture = _twice(lambda width: charts.tiers(data, width), note)
    return _limits(data) + picture + _tier_tables(data, result)


def _limits(data: Tiers) -> str:
    """What the marks of the upper picture stand for."""
    if not data.near:
        return ""
    items = [f"<li>{key_of('circle', 'near')}<span><b>within {data.rule:g} months</b>, the rule</span></li>"]
    for months in sorted(data.labs):
        if months != data.rule:
            shape = "down" if months < data.rule else "triangle"
            items.append(f"<li>{key_of(shape, 'other')}<span>within {months:g} months</span></li>")
    if any(map(data.partly, data.halves)):
        items.append(f"<li>{key_of('circle', 'near hollow')}<span>half-year cut off</span></li>")
    return f"<ul class='legend'>{''.join(items)}</ul>"


def _tier_tables(data: Tiers, result: Result) -> str:
    limits = sorted(data.labs)
    labs = [
        [half, *(data.labs[m][half].say(0) if half in data.labs[m] else None for m in limits)] for half in data.halves
    ]
    counts = read_counts(result, "tier")
    releases = [[half, *(row.get(tier, 0) for tier in TIERS)] for half, row in counts.items()]
    return fold(
        "Labs with a near-frontier open release, with 90% intervals", ["half-year", *(f"{m:g} months" for m in limits)],
        labs if limits else [],
    ) + fold("Releases per half-year and tier, 2023 too", ["half-year", *TIERS], releases)  # fmt: skip


def _lag(result: Result) -> str:
    line, small = read_lag(result), read_small(result)
    if not line and not small:
        return ""
    data = read_tiers(result)
    rule = data.rule if data is not None else 9.0
    legend = (
        "<ul class='legend'><li><svg viewBox='0 0 20 20' class='key' aria-hidden='true'><path d='M1 14l6-8v8l6-8v8l6-8' "
        "class='curve lag'/></svg>best open weights of the day behind the best closed model</li>"
        f"<li>{key_of('diamond', 't-small')}a new best small model, behind the first model as good</li></ul>"
    )
    table = fold("Best small models", ("day", "release", "months behind"), [[p.day, p.label, p.value] for p in small])
    months = [point for at, point in enumerate(line) if at % 4 == 0 or at == len(line) - 1]
    table += fold("Lag, every fourth week", ("day", "months behind"), [[p.day, p.value] for p in months])
    return legend + _twice(lambda width: plots.lag(line, small, rule, width)) + table


_LICENSE_WORDS = {
    "open": ("Open", "no threshold"),
    "metered": ("Metered", "pay or ask above a size"),
    "research-only": ("Research only", ""),
    "unknown": ("Unknown", "not classified"),
}


def _licenses(result: Result) -> str:
    found = read_licenses(result)
    if not found.table:
        return ""
    lanes = [Lane(key, *_LICENSE_WORDS[key], hatched=key == "unknown") for key in LICENSES]
    what = "Large releases" if found.large else "All releases, small ones too"
    panels = [_panel("Licenses", what, charts.lanes("Licenses per half-year", found.table, lanes, _collected(result)))]
    heads = ["half-year", *LICENSES]
    table = fold(
        "Licenses", heads, [[half, *(row.get(key, 0) for key in LICENSES)] for half, row in found.table.items()]
    )
    if funding := read_counts(result, "funding"):
        panels.append(_kinds("Who pays", "All releases by what funds the lab", funding, result))
        table += _counted("Funding", funding)
    return f"<div class='grid'>{''.join(panels)}</div>{table}"


def _regions(result: Result) -> str:
    table = read_counts(result, "region")
    if not table:
        return ""
    order = list(_order(table))
    panels = [_kinds("Most releases", "All releases by the lab's region", table, result, order[:2])]
    if order[2:]:
        panels.append(_kinds("The other regions", "On the same scale", table, result, order[2:10]))
    return f"<div class='grid'>{''.join(panels)}</div>{_counted('Regions', table)}"


def _order(table: dict[str, dict[str, int]]) -> dict[str, int]:
    """Kinds by their releases in all, most first."""
    totals: dict[str, int] = {}
    for row in table.values():
        for key, value in row.items():
            totals[key] = totals.get(key, 0) + value
    return dict(sorted(totals.items(), key=lambda pair: (-pair[1], pair[0])))


_FUNDING = {"bigtech": "Big tech", "public": "Public money"}


def _kinds(
    title: str, about: str, table: dict[str, dict[str, int]], result: Result, keys: list[str] | None = None
) -> str:
    shown = [
        Lane(key, _FUNDING.get(key, key[:1].upper() + key[1:]), hatched=key == "unknown")
        for key in (keys or list(_order(table))[:8])
    ]
    return _panel(title, about, charts.lanes(f"{title}, per half-year", table, shown, _collected(result)))


def _collected(result: Result) -> date | None:
    return day(dig(result, "supply", "collected")) or day(dig(result, "catalogue", "collected"))


def _counted(title: str, table: dict[str, dict[str, int]]) -> str:
    keys = list(_order(table))
    return fold(
        title, ["half-year", *keys], [[half, *(row.get(key, 0) for key in keys)] for half, row in table.items()]
    )


def _panel(title: str, about: str, body: str, tail: str = "") -> str:
    caption = f"<figcaption><b>{esc(title)}</b><span>{esc(about)}</span></figcaption>"
    return f"<figure class='panel'>{caption}{body}{tail}</figure>"


def _survival(result: Result) -> str:
    curve, ratios = read_survival(result), parts.ratios(result)
    panels = []
    if curve is not None:
        about = f"Share of {counted(curve.spells, 'gap', 'gaps')} not ended, with its 90% band; {curve.ended} ended"
        panels.append(_panel("How long until the next one", about, plots.survival(curve)))
    if ratios:
        about = "Hazard ratios with 90% intervals, on a scale of doublings"
        panels.append(
            f"<div class='panel'><figcaption><b>What brings it sooner</b><span>{about}</span></figcaption>{ratios}</div>"
        )
    table = []
    if curve is not None:
        table = [[months, share.value, share.low, share.high] for months, share in curve.steps]
    return (
        f"<div class='grid'>{''.join(panels)}</div>" + fold("The curve", ("months", "share", "low", "high"), table)
        if panels
        else ""
    )


def _backtest(result: Result) -> str:
    panels, leaks = [], dict[str, None]()
    for row in rows(result.get("backtest")):
        horizon = number(row.get("horizon_months"))
        title = f"{horizon:g} months ahead" if horizon is not None else "Ahead"
        days = ", ".join(words(item) for item in listed(row.get("days")))
        methods = rows(row.get("methods"))
        asked = max([whole(method.get("count")) for method in methods] + [0])
        about = f"{counted(asked, 'forecast', 'forecasts')} at the ends of {days}" if days else ""
        verdict = f"<p>{esc(words(row.get('verdict')))}</p>" if words(row.get("verdict")) else ""
        picture = plots.calibration(f"Calibration, {title}", methods) if methods else ABSENT
        caption = f"<figcaption><b>{esc(title)}</b><span>{esc(about)}</span></figcaption>"
        panels.append(f"<div class='panel'>{caption}<figure>{picture}</figure>{parts.scores(row)}{verdict}</div>")
        leaks |= dict.fromkeys(words(leak) for leak in listed(row.get("leaks")) if words(leak))
    items = "".join(f"<li>{esc(leak)}</li>" for leak in leaks)
    hindsight = f"<h4>Hindsight that could not be taken out</h4><ul class='leaks'>{items}</ul>" if leaks else ""
    return f"<div class='grid'>{''.join(panels)}</div>{hindsight}" if panels else ""


_SECTIONS: tuple[tuple[Callable[[Result], str], str, Callable[[Result], str]], ...] = (
    (
        headlines.claims,
        "Each claim of the argument for a consortium, put to the test by the rule written under it, on all rows and on "
        "verified rows alone.",
        parts.claims,
    ),
    (
        headlines.lag,
        "Months since a closed model first did better than the best open one of the day. It falls when open weights catch "
        "up and grows by a month a month until they do.",
        _lag,
    ),
    (
        headlines.licenses,
        "Metered: a company must pay or ask above some revenue or number of users. Columns are releases per half-year.",
        _licenses,
    ),
    (headlines.regions, "Where the labs behind the releases are based.", _regions),
    (
        headlines.forecast,
        "Probability of another near-frontier open release within twelve months of the newest score, with its 90% interval, and "
        "what moved it away from the average lab.",
        parts.forecast,
    ),
    (
        headlines.survival,
        "Gaps between near-frontier open releases of the same lab. One that has not ended by the newest score counts as far as "
        "it goes.",
        _survival,
    ),
    (
        headlines.backtest,
        "Fitted on each half-year's past and scored on what came. On the dashed line what was said is what happened; the "
        "larger a mark, the more forecasts. Brier score: 0 is perfect, 0.25 is always saying one half.",
        _backtest,
    ),
    (
        headlines.signals,
        "What happened at the labs, newest first, each with its label. Those found after the fact were looked for because they "
        "fit, so their number says nothing.",
        parts.signals,
    ),
)

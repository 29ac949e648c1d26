"""The case as one self-contained page, or as a part of another: pictures first, every figure folded away under them.

A miss of history opens the page. What was not computed is left out. Names may come from anybody's charter, so all text is escaped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from hanse.case.report import parts, plots, tables
from hanse.case.report.plots import NARROW, WIDE, Series
from hanse.case.report.stylesheet import CSS
from hanse.case.verdict import FEW, FEW_BELOW, SAYINGS, headline, misses, near, percent
from hanse.page import stylesheet
from hanse.page.document import document as page
from hanse.page.svg import esc
from hanse.page.values import counted, rows, words

Row = Mapping[str, Any]


def render(document: Row) -> str:
    """The whole page of a `CaseResult.document()`."""
    title = headline(document)
    charters = rows(document.get("charters"))
    head = f"<header><p class='eyebrow'>{esc(_eyebrow(document))}</p><h1>{esc(title)}</h1></header>"
    several = len(charters) > 1
    body = [_misses(document), head, _overview(document, charters)]
    body += [_one(document, charter, several) for charter in charters]
    body.append(f"<section><h2>What the figures stand on</h2>{tables.of_all(document)}</section>{_footer(document)}")
    return page(title, stylesheet.CSS + CSS, f"<div class='case'>{''.join(body)}</div>")


def section(document: Row) -> str:
    """The side-by-side pictures alone, as a part of another page, whose style sheet includes `stylesheet.CSS` of this package."""
    charters = rows(document.get("charters"))
    if not charters:
        return ""
    head = f"<h3>{esc(headline(document))}</h3><p class='eyebrow'>{esc(_eyebrow(document))}</p>"
    missed = "".join(f"<p>The model misses history: {esc(line)}</p>" for line in misses(document))
    head = (f"<div class='missed'>{missed}</div>" if missed else "") + head
    return f"<div class='case'>{head}{_fans(document, charters)}{_survival(charters)}</div>"


def _eyebrow(document: Row) -> str:
    facts = ["Case", counted(len(rows(document.get("charters"))), "charter", "charters"), f"{document['draws']:,} draws",
             f"seed {document['seed']}", f"preset {document['preset']}"]  # fmt: skip
    return " · ".join(facts)


def _misses(document: Row) -> str:
    found = misses(document)
    if not found:
        return ""
    items = "".join(f"<li>{esc(line)}</li>" for line in found)
    head = f"The model misses {counted(len(found), 'target', 'targets')} of history"
    lead = "<p class='lead'>Read everything below with that in mind.</p>"
    return f"<div class='missed'><h2>{esc(head)}</h2>{lead}<ul>{items}</ul></div>"


def _overview(document: Row, charters: list[Row]) -> str:
    title = "How far behind, year by year"
    lead = (
        "Months from the closed frontier's release to the consortium's equal, of the draws in which it still trains: half of them "
        "in the dark band, nine of ten in the light one, the line is the median. Under the years: how often it still trains."
    )
    body = _section(title, lead, _fans(document, charters), 2)
    lead = (
        "Chance that the newest release is less than twelve months behind. Rivals follow the same law: one sponsor that may "
        "change its strategy, the best of three venture-funded startups, a non-profit on grants."
    )
    return body + _section("Which structure is still near the frontier", lead, _survival(charters), 2)


def _fans(document: Row, charters: list[Row]) -> str:
    own = [charter["structures"]["consortium"] for charter in charters]
    top = plots.highest([band for found in own for band in found["lag"]])
    panels = []
    for charter, found in zip(charters, own, strict=True):
        picture = plots.fan(f"Lag of {charter['name']}", charter["years"], found["lag"], found["going"], top,
                            document["near_months"])  # fmt: skip
        about = f"Comes about: {percent(charter['founded']['value'])} · near in year 5: {percent(near(charter)[4])}"
        caption = f"<figcaption><b>{esc(charter['name'])}</b><span>{esc(about)}</span></figcaption>"
        panels.append(f"<figure class='panel'>{caption}{picture}</figure>")
    if len(charters) == 1:
        panels.append(_answers(charters[0]))
    return f"<div class='grid'>{''.join(panels)}</div>"


def _answers(charter: Row) -> str:
    items = []
    for question, answer in SAYINGS:
        said = answer(charter)
        if said:
            items.append(f"<dt>{esc(question)}</dt>" + "".join(f"<dd>{esc(line)}</dd>" for line in said))
    return f"<dl class='deck'>{''.join(items)}</dl>"


def _survival(charters: list[Row]) -> str:
    found = [(charter["name"], charter["structures"]["consortium"]["near"], False) for charter in charters]
    rivals = charters[0]["structures"]
    found += [(f"rival: {name}", rivals[name]["near"], True) for name in rivals if name != "consortium"]
    series = [Series(name, shares, at, rival) for at, (name, shares, rival) in enumerate(found)]
    legend = "".join(f"<li>{plots.key(one)}<span><b>{esc(one.name)}</b></span></li>" for one in series)
    years = charters[0]["years"]
    both = "".join(plots.survival(series, years, width) for width in (WIDE, NARROW))
    return f"<ul class='legend'>{legend}</ul><figure>{both}</figure>"


def _one(document: Row, charter: Row, several: bool) -> str:
    """The sections of one charter."""
    parameters = {row["name"]: row for row in rows(document.get("parameters"))}
    level = 3 if several else 2
    few = f"<p class='lead'>{esc(FEW)}</p>" if charter["founded"]["value"] < FEW_BELOW else ""
    body = few + "".join(_section(title, lead, draw(charter), level) for title, lead, draw in _sections(parameters))
    folded = f"<section><h{level}>The figures</h{level}>{tables.of_charter(charter)}</section>"
    if not several:
        return body + folded
    return f"<section class='charter'><h2>{esc(charter['name'])}</h2>{_answers(charter)}{body}{folded}</section>"


def _section(title: str, lead: str, body: str, level: int) -> str:
    if not body:
        return ""
    return f"<section><h{level}>{esc(title)}</h{level}><p class='lead'>{esc(lead)}</p>{body}</section>"


def _sections(parameters: Mapping[str, Row]) -> Iterable[tuple[str, str, Callable[[Row], str]]]:
    return (
        ("What it costs each member",
         "Money out over eight years for the same tokens, by what the member does; each mark of the scale is ten times the last. "
         "The dot is the median, the thick line holds half of the draws, the thin one nine of ten. “Best” counts control and early "
         "access too.",
         parts.costs),
        ("Who pays what under each rule",
         "The first year's cost under every way to share it. A rule holds when no group of members would do better by itself.",
         parts.rules),
        ("Who walks",
         "Chance in percent that a member which signed is still there, by year; then how often it is the first to leave, and why "
         "those that left did.",
         parts.walks),
        ("Which clause would change that",
         "One clause changed at a time, under the same luck: points of chance to be near the frontier in year 5. The whisker is "
         "the 90% interval of the difference.",
         parts.effects),
        ("What the answer hangs on",
         "Share of the spread of the lag in year 5 that goes away when this is known (Sobol): alone in full color, together with "
         "others pale.",
         lambda charter: parts.tornado(charter, parameters)),
    )  # fmt: skip


def _footer(document: Row) -> str:
    said = (
        "Forecasts, not promises: every figure follows from the charter, members' own numbers or a preset, and the ranges in the "
        "table of parameters; many of these are assumptions, and say so. docs/case.md tells how to read the page."
    )
    made = f"{words(document['format'])}, {document['draws']:,} draws, seed {document['seed']}."
    return f"<footer class='credits'><p>{esc(said)}</p><p>{esc(made)}</p></footer>"

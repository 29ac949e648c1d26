"""Claims 3 and 4: departures, how often, and what follows them."""

from __future__ import annotations

from collections import Counter

from hanse.outlook.catalogue.tables import Catalogue
from hanse.outlook.claims.verdict import Finding, Verdict, sign_verdict
from hanse.outlook.estimate import Interval, wilson
from hanse.outlook.supply import half_year
from hanse.outlook.survival import departure_rate, spells

MIN_SYSTEMATIC = 5
"""Fewer events in two years say nothing about their frequency."""


def departures(catalogue: Catalogue) -> Finding:
    """Claim 3."""
    rule = (
        "Departures and shifts that come from systematic lists, the last year against the year before, at least five in all. Holds "
        "if the interval of the last year's share lies above one half, does not hold if below. Rows collected after the fact "
        "decide nothing: a search that begins with the argument finds what fits it."
    )
    events = [event for event in catalogue.events if event.kind in ("departure", "strategy")]
    now = catalogue.collected
    systematic = [event for event in events if event.found == "systematic"]
    last = sum(0 <= (now - event.date).days < 365 for event in systematic)
    before = sum(365 <= (now - event.date).days < 730 for event in systematic)
    by_half = Counter(half_year(event.date) for event in events)
    labs = {event.lab for event in events}
    said = ", ".join(f"{half} {count}" for half, count in sorted(by_half.items())) or "none"
    figure = (
        f"{len(events)} departures and shifts at {len(labs)} labs on record ({said}); from systematic lists {last} in the last "
        f"year and {before} in the year before."
    )
    verdict: Verdict = "cannot tell"
    estimate = None
    if last + before >= MIN_SYSTEMATIC:
        share = wilson(last, last + before)
        estimate = Interval(share.value - 0.5, share.low - 0.5, share.high - 0.5)
        verdict = sign_verdict(estimate, +1)
    notes = (
        "Recent events are found more easily, so the counts per half-year would rise without any cause.",
        "What would settle it: a yearly roster of named leads per lab, kept for all labs alike.",
    )
    rows = tuple(event.id for event in events if event.kind == "departure")
    return Finding(verdict, figure, estimate, f"events ({len(events)})", now, rule, notes, rows)


def after_departures(catalogue: Catalogue) -> Finding:
    """Claim 4."""
    rule = (
        "Rate of the next near-frontier open release in lab-months within a year after a departure, against all others; holds if "
        "the ratio's exact interval is below one, does not hold if it is above."
    )
    found = spells(catalogue)
    rates = departure_rate(catalogue, found)
    (hits, months), (others, other_months) = rates.with_departure, rates.without
    ratio = rates.ratio
    verdict: Verdict = "cannot tell"
    if months and others:
        verdict = sign_verdict(Interval(ratio.value - 1, ratio.low - 1, ratio.high - 1), -1)
    figure = (
        f"{hits} near-frontier releases in {months:.0f} lab-months after a departure, {others} in {other_months:.0f} others "
        f"(ratio {ratio.say(1) if months and others else 'unknown'})."
    )
    notes = (
        "`hanse outlook supply` shows what else the next release depends on: region and license more than people.",
        "Departures were collected after the fact, and a small exposure shows nothing short of a landslide.",
    )
    rows = tuple(event.id for event in catalogue.events if event.kind == "departure")
    estimate = ratio if months and others else None
    return Finding(
        verdict,
        figure,
        estimate,
        f"releases, scores, events ({len(rows)} departures)",
        catalogue.rated_until,
        rule,
        notes,
        rows,
    )

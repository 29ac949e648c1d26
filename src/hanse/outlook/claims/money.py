"""Claims 2, 5, 7 and 9: what training costs, who can pay it, and how long a payer stays."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date

from hanse.outlook.catalogue.schema import Compute
from hanse.outlook.catalogue.tables import Catalogue
from hanse.outlook.claims.licensing import YEAR, flagships
from hanse.outlook.claims.verdict import Finding, Verdict
from hanse.outlook.estimate import Interval, bootstrap_slope, wilson
from hanse.outlook.rating import months_between, rate

STARTUPS = ("moonshot", "minimax", "zai")
TOP = 10
SINCE = date(2022, 1, 1)


def top_at_release(runs: Sequence[Compute], top: int = TOP) -> list[Compute]:
    """Runs that were among the largest ten when they came out."""
    ordered, before, found = sorted(runs, key=lambda run: (run.date, run.model)), list[float](), []
    for run in ordered:
        if sum(flop > run.flop for flop in before) < top:
            found.append(run)
        before.append(run.flop)
    return found


def yearly_growth(runs: Sequence[Compute]) -> Interval:
    """Factor per year of training compute, least squares on its logarithm, bootstrap over runs.

    Raises ValueError with fewer than three runs.
    """
    days = [run.date.toordinal() / 365.25 for run in runs]
    slope = bootstrap_slope(days, [math.log(run.flop) for run in runs])
    # runs of some weeks alone can be drawn, whose growth over a year no float holds
    return Interval(*(math.exp(min(300.0, max(-300.0, value))) for value in (slope.value, slope.low, slope.high)))


def span_days(runs: Sequence[Compute]) -> int:
    """Days from the first run to the last."""
    days = [run.date.toordinal() for run in runs]
    return max(days, default=0) - min(days, default=0)


def funding_gap(catalogue: Catalogue) -> Finding:
    """Claim 2."""
    rule = (
        "Growth of training compute since 2022, closed runs against open runs, each among the ten largest of its kind at "
        "release. Holds if the closed growth's lower end is above the open growth's upper end; does not hold the other way round."
    )
    closed, opened = (
        [run for run in top_at_release([r for r in catalogue.compute if r.access == access]) if run.date >= SINCE]
        for access in ("closed", "open")
    )
    if min(len(closed), len(opened)) < 5 or min(span_days(closed), span_days(opened)) < 365:
        return Finding("cannot tell", "too few runs with known compute", None, "compute", catalogue.rated_until, rule)
    fast, slow = yearly_growth(closed), yearly_growth(opened)
    verdict: Verdict = "holds" if fast.low > slow.high else "does not hold" if fast.high < slow.low else "cannot tell"
    largest, largest_open = max(closed, key=lambda run: run.flop), max(opened, key=lambda run: run.flop)
    figure = (
        f"Compute grew {fast.say(1)} times a year in closed runs, {slow.say(1)} in open ones; the largest known closed run has "
        f"{largest.flop / largest_open.flop:.0f} times the compute of the largest open one."
    )
    notes = (
        f"The largest open run is {largest_open.model} of {largest_open.date}: the open record has hardly moved since.",
        "Closed runs of 2026 are undisclosed, so their growth is a lower bound and the comparison is blind where it matters most.",
        "The lag stayed at four to seven months all the same: what has to be paid is the cost of being that far behind.",
    )
    data = f"compute ({len(closed)} closed, {len(opened)} open runs)"
    newest = max(run.date for run in (*closed, *opened))
    return Finding(verdict, figure, Interval(fast.value / slow.value, fast.low / slow.high, fast.high / slow.low), data,
                   newest, rule, notes, (largest.model, largest_open.model))  # fmt: skip


def startups(catalogue: Catalogue) -> Finding:
    """Claim 5."""
    rule = (
        "Does not hold if each of the three raised money or was listed in the last twelve months. That one is missing from a list "
        "collected after the fact proves nothing, and future trouble cannot be tested today: otherwise it cannot be told."
    )
    now = catalogue.collected
    recent = [
        event
        for event in catalogue.events
        if event.lab in STARTUPS
        and now - YEAR < event.date <= now
        and (event.kind == "listing" or event.usd_m is not None)
    ]
    funded = sorted({event.lab for event in recent})
    without = [lab for lab in STARTUPS if lab not in funded]
    verdict: Verdict = "cannot tell" if without else "does not hold"
    newest = flagships(rate(catalogue), now, STARTUPS)
    terms = ", ".join(f"{item.release.model} {item.license_class}" for _, item in sorted(newest.items()))
    raised = sum(event.usd_m or 0 for event in recent)
    figure = (
        f"{len(funded)} of 3 raised money or were listed within twelve months (rounds on record: USD {raised:,.0f}M)."
    )
    notes = (
        f"Markets paid; licenses tightened: the newest large releases are {terms or 'unknown'}.",
        "Losses are real: see the funding events of 2025 for revenue and loss.",
        "Events were collected after the fact: that money came is a fact, how often labs get none is not in the table.",
    )
    rows = tuple(event.id for event in recent)
    return Finding(
        verdict,
        figure,
        Interval(len(funded), len(funded), len(funded)),
        f"events ({len(recent)})",
        now,
        rule,
        notes,
        rows,
    )


def sponsors(catalogue: Catalogue) -> Finding:
    """Claim 7."""
    rule = (
        "Of labs that a large company pays for and that once had a near-frontier open release: the share without another in "
        "the year before the newest score. Holds if its lower end is above one half; does not hold if its upper end is below."
    )
    last, rated = catalogue.rated_until, rate(catalogue)
    near: dict[str, list[date]] = {}
    for item in rated:
        if item.near() and catalogue.lab[item.release.lab].funding == "bigtech":
            near.setdefault(item.release.lab, []).append(item.release.date)
    releases = {lab: days for lab, days in near.items() if min(days) <= last - YEAR}
    if not releases:
        return Finding("cannot tell", "no such lab on record", None, "releases", last, rule)
    stopped = sorted(lab for lab, days in releases.items() if months_between(max(days), last) > 12)
    share = wilson(len(stopped), len(releases))
    verdict: Verdict = "holds" if share.low > 0.5 else "does not hold" if share.high < 0.5 else "cannot tell"
    count = f"{len(stopped)} of {len(releases)}"
    figure = f"{count} sponsors that once released near the frontier have not for a year ({share.say(2)})."
    nemotron = [i for i in rated if i.release.lab == "nvidia" and i.months_behind is not None]
    best = min((i.months_behind or 0.0 for i in nemotron), default=None)
    notes = (
        f"Stopped: {', '.join(stopped) or 'none'}; go on: {', '.join(sorted(set(releases) - set(stopped))) or 'none'}.",
        f"Nemotron itself was at best {best:.0f} months behind: large, open with its data, not near the frontier by this rule."
        if best is not None
        else "Nemotron is not rated on these rows.",
        "Whether several payers last longer than one is a question for the case of a charter, not for this table.",
    )
    rows = tuple(i.release.id for i in nemotron)
    return Finding(verdict, figure, share, f"releases ({len(rated)}), labs", last, rule, notes, rows)


def nonprofits(catalogue: Catalogue) -> Finding:
    """Claim 9."""
    rule = (
        "Holds if at least three open releases of non-profits, universities and states were scored in the last two years and all "
        "are more than 12 months behind; does not hold if one is at most 9. Unscored releases decide nothing."
    )
    last, rated = catalogue.rated_until, rate(catalogue)
    kinds = ("nonprofit", "public", "network")
    mine = [
        i
        for i in rated
        if catalogue.lab[i.release.lab].funding in kinds and 0 <= months_between(i.release.date, last) <= 24
    ]
    scored = [i for i in mine if i.months_behind is not None]
    verdict: Verdict = "cannot tell"
    if any(i.near() for i in scored):
        verdict = "does not hold"
    elif len(scored) >= 3 and not any(i.near(12) for i in scored):
        verdict = "holds"
    runs = [i for i in mine if i.release.compute_flop]
    near = [i for i in rated if i.near() and i.release.compute_flop and 0 <= months_between(i.release.date, last) <= 24]
    largest = max(runs, key=lambda i: i.release.compute_flop or 0.0, default=None)
    text = f"{len(scored)} of {len(mine)} releases of the last two years were scored"
    if largest is not None and near:
        flop = largest.release.compute_flop or 0.0
        below = sum((i.release.compute_flop or 0.0) < flop for i in near)
        text += (
            f"; the largest run, {largest.release.model} with {flop:.1e} FLOP, has more compute than {below} of the {len(near)} "
            "near-frontier open releases with a known one"
        )
    notes = (
        "Compute alone does not price them out: near-frontier models were trained with less. What they lack is a score.",
        f"Never scored: {', '.join(i.release.model for i in mine if i.score is None) or 'none'}.",
    )
    rows = tuple(i.release.id for i in mine)
    return Finding(verdict, text + ".", None, f"releases ({len(mine)}), scores", last, rule, notes, rows)

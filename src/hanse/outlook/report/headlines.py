"""The sentences above the pictures: computed from the figures, also when they go against what we argued."""

from __future__ import annotations

from collections.abc import Sequence

from hanse.outlook.report.readings import (
    Result,
    Tiers,
    claims_by_verdict,
    is_half,
    read_counts,
    read_lag,
    read_licenses,
    read_probability,
    read_small,
    read_survival,
    read_tiers,
    say_half,
)
from hanse.page.values import capital, count, counted, dig, number, rows, say_day, span, words


def headline(result: Result) -> str:
    """Labs near the frontier and small releases, the last half-year that was rated to its end against a year before.

    Fewer or more only when the two 90% intervals lie apart.
    """
    data = read_tiers(result)
    compared = data.compared() if data is not None else None
    if data is None or compared is None:
        return "How many labs release openly near the frontier was not computed."
    half, before = compared
    now = data.near[half]
    labs = f"{counted(round(now.value), 'lab', 'labs')} released openly near the frontier in {say_half(half)}"
    small = _small(data, half, before)
    if before is None:
        return f"{capital(labs)}{small}."
    past = data.near[before]
    when = (
        "a year before" if int(half[:4]) - int(before[:4]) == 1 and half[4:] == before[4:] else f"in {say_half(before)}"
    )
    if now.high < past.low:
        return f"The upper tier has thinned: {labs}, {count(round(past.value))} {when}{small}."
    if now.low > past.high:
        return f"The upper tier has grown: {labs}, {count(round(past.value))} {when}{small}."
    if round(now.value) == round(past.value):
        return f"{capital(labs)}, as many as {when}{small}."
    return f"{capital(labs)}, {count(round(past.value))} {when}, no change the data can show{small}."


def _small(data: Tiers, half: str, before: str | None) -> str:
    row = data.releases.get("small")
    if row is None:
        return ""
    now = row.get(half, 0)
    if before is None:
        return f"; small models came {_times(now)}"
    past = row.get(before, 0)
    before_that = "as often" if now == past else f"after {count(past) if past else 'none'}"
    return f"; small models came {_times(now)}, {before_that}"


def _times(number: int) -> str:
    return {0: "not at all", 1: "once", 2: "twice"}.get(number, f"{count(number)} times")


def deck(result: Result) -> str:
    """Under the headline: how sure, what nobody rated, and where the scores end."""
    data = read_tiers(result)
    compared = data.compared() if data is not None else None
    if data is None or compared is None:
        return ""
    half, before = compared
    parts = [f"Labs near the frontier, with 90% intervals: {data.near[half].say(0)} in {say_half(half)}"]
    parts[0] += f", {data.near[before].say(0)} in {say_half(before)}." if before is not None else "."
    unrated, near = (data.releases.get(tier, {}).get(half, 0) for tier in ("unrated", "near-frontier"))
    if unrated:
        against = f"against {count(near)} near the frontier" if near else "and none was near the frontier"
        parts.append(
            f"{capital(counted(unrated, 'release', 'releases'))} of that half-year nobody has scored, {against}: "
            "those may belong to either tier, and no interval covers them."
        )
    if data.until is not None and data.cut is not None:
        parts.append(f"The newest score is of {say_day(data.until)}, so {say_half(data.cut)} is cut off there.")
    return " ".join(parts)


def claims(result: Result) -> str:
    """How many claims hold."""
    by = claims_by_verdict(result)
    total = sum(len(found) for found in by.values())
    if not total:
        return "The claims"
    holds, fails, open_ = (len(by[verdict]) for verdict in ("holds", "does not hold", "cannot tell"))
    parts = [f"{count(holds)} {'holds' if holds == 1 else 'hold'}"] if holds else []
    parts += [f"{count(fails)} {'does' if fails == 1 else 'do'} not"] if fails else []
    parts += [f"{count(open_)} the data cannot tell"] if open_ else []
    return f"Of {counted(total, 'claim', 'claims')}, {_joined(parts)}"


def changed(result: Result) -> list[int]:
    """Places of the claims whose verdict is another one on verified rows alone."""
    found = []
    for at, row in enumerate(rows(result.get("claims"))):
        alone = words(dig(row, "verified", "verdict"))
        if alone and alone != words(row.get("verdict")):
            found.append(at)
    return found


def lag(result: Result) -> str:
    """How far behind open weights are, and the best small model was."""
    line, small = read_lag(result), read_small(result)
    if not line:
        return "How far open weights are behind"
    worst = max(line, key=lambda point: point.value)
    now = f"Open weights are {line[-1].value:.1f} months behind closed ones"
    if worst.value > line[-1].value:
        now += f", down from {worst.value:.1f} at the worst"
    return now + (f"; the newest best small model came out {small[-1].value:.1f} behind" if small else "")


def licenses(result: Result) -> str:
    """The share of open licenses in the last full half-year, against a year before."""
    found = read_licenses(result)
    compared = _full_halves(result, found.table)
    what = "large releases" if found.large else "releases"
    if compared is None:
        return f"Under which licenses {what} come"
    shares = []
    for half in compared:
        row = found.table[half]
        known = sum(row.values()) - row.get("unknown", 0)
        shares.append((row.get("open", 0), known))
    (was, before), (now, total) = shares
    if not before or not total:
        return f"Under which licenses {what} come"
    return (
        f"{capital(count(now))} of {count(total)} {what} with a known license were open in {say_half(compared[1])}, "
        f"{count(was)} of {count(before)} a year before"
    )


def _full_halves(result: Result, table: dict[str, dict[str, int]]) -> tuple[str, str] | None:
    """A year before the last half-year that was over when the catalogue was collected, and that one."""
    collected = words(dig(result, "supply", "collected") or dig(result, "catalogue", "collected"))[:10]
    full = [
        half for half in table if not collected or f"{half[:4]}-{'06-30' if half[5:] == '1' else '12-31'}" <= collected
    ]
    if not full or not is_half(full[-1]):
        return None
    before = f"{int(full[-1][:4]) - 1}{full[-1][4:]}"
    return (before, full[-1]) if before in full else None


def regions(result: Result) -> str:
    """Where the last full half-year's releases came from."""
    table = read_counts(result, "region")
    compared = _full_halves(result, table)
    if compared is None or not table[compared[1]]:
        return "Where releases come from"
    row = table[compared[1]]
    most = max(sorted(row), key=lambda key: row[key])
    return f"{capital(count(row[most]))} of {count(sum(row.values()))} releases of {say_half(compared[1])} came from {most}"


def forecast(result: Result) -> str:
    """How many labs are likely to come back, and of how many nobody can say."""
    found = rows(result.get("forecast"))
    chances = [p for row in found if (p := read_probability(row)) is not None and row.get("state") == "forecast"]
    blind = sum(row.get("state") == "cannot rate" for row in found)
    if not chances and not blind:
        return "Who releases next"
    likely = sum(chance.value > 0.5 for chance in chances)
    sure = sum(chance.low > 0.5 for chance in chances)
    said = (
        f"{capital(count(likely))} of {counted(len(chances), 'lab', 'labs')} will more likely than not release openly near the "
        "frontier within a year"
    )
    if likely:
        said += (
            f", {count(sure)} of them with an interval above one half"
            if sure
            else ", none with an interval above one half"
        )
    return said + (f"; {counted(blind, 'lab', 'labs')} nobody can rate" if blind else "")


def survival(result: Result) -> str:
    """How long labs take."""
    curve = read_survival(result)
    if curve is None:
        return "How long until the next one"
    last = curve.steps[-1]
    tail = f"{last[1].value:.0%} had not ended after {last[0]:.0f}"
    if curve.median is None:
        return f"Fewer than half of the gaps between a lab's near-frontier releases ended; {tail} months"
    return f"Half of the gaps between a lab's near-frontier releases ended within {curve.median:.1f} months; {tail}"


def backtest(result: Result) -> str:
    """Whether the forecasts would have been worth anything."""
    found = [row for row in rows(result.get("backtest")) if words(row.get("chosen"))]
    if not found:
        return "Would the forecasts have been any good?"
    better = [row for row in found if row.get("chosen") == "cox"]
    if not better:
        return "In the past the model did not beat both baselines, so the base rate is what is forecast"
    unsure = [row for row in better if not _sure(row)]
    said = f"In the past the model beat both baselines {_ahead(better)}"
    if unsure:
        where = f"{_ahead(unsure).removesuffix(' ahead')}: " if len(unsure) < len(better) else ""
        said += f" ({where}by less than its interval)"
    return said


def _ahead(found: Sequence[Result]) -> str:
    months = [f"{horizon:g}" for row in found if (horizon := number(row.get("horizon_months"))) is not None]
    return f"{_joined(months)} months ahead" if months else "so far ahead"


def _sure(row: Result) -> bool:
    """Whether the model's gain over the base rate lies above zero with its whole interval."""
    gains = [span(method.get("better_by")) for method in rows(row.get("methods")) if method.get("method") == "cox"]
    return any(gain is not None and gain.low > 0 for gain in gains)


def signals(result: Result) -> str:
    """How many signals, and how many were looked for without the argument in mind."""
    found = rows(result.get("signals"))
    if not found:
        return "Signals"
    systematic = sum(row.get("found") == "systematic" for row in found)
    total = capital(counted(len(found), "signal", "signals"))
    return f"{total}, {count(systematic)} of them collected without regard to the claims"


def unrated(result: Result) -> str:
    """What was not rated: releases and labs."""
    data = read_tiers(result)
    parts = []
    if data is not None and data.releases:
        total = sum(sum(row.values()) for row in read_counts(result, "tier").values())
        missing = sum(row.get("unrated", 0) for row in read_counts(result, "tier").values())
        parts.append(f"{missing:,} of {total:,} open releases are large or of unknown size and were scored by nobody")
    labs = [words(row.get("name")) for row in rows(result.get("forecast")) if row.get("state") == "cannot rate"]
    if labs:
        parts.append(f"{counted(len(labs), 'lab', 'labs')} cannot be rated")
    if data is not None and data.until is not None:
        parts.append(f"nothing after {say_day(data.until)} is rated")
    return f"Not rated: {'; '.join(parts)}." if parts else "What was not rated is not recorded."


def _joined(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"

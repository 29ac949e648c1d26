"""What a case says in words. Every sentence follows from figures of the document (`CaseResult.document`)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from hanse.page.values import capital, dig, mapping, rows, words

Row = Mapping[str, Any]
CHANCES = (
    (0.95, "almost surely"), (0.8, "very likely"), (0.6, "probably"), (0.4, "about as likely as not to"),
    (0.2, "probably not"), (0.05, "very likely not"), (0.0, "almost surely not"),
)  # fmt: skip
GAINS = {"consortium": "here", "wait": "waiting", "hedge": "with small models", "alone": "alone"}
"""Options that are set against a closed API, in one word each."""
FEW_BELOW = 0.01
FEW = "It is founded in so few draws that the figures of members, which are of those, say little."
OPTION_WORDS = {
    "consortium": "this consortium", "alone": "going alone", "API": "a closed API",
    "wait": "waiting for others' releases", "hedge": "tuned small models",
}  # fmt: skip


def likely(share: float) -> str:
    """A chance in words."""
    return next(said for least, said in CHANCES if share >= least)


def percent(share: float) -> str:
    """62%; and what is neither nothing nor all is not said to be."""
    if 0 < share < 0.005:
        return "under 1%"
    return "over 99%" if 0.995 < share < 1 else f"{share:.0%}"


def money(value: float) -> str:
    """1.2 B USD, 340 M USD, -12 M USD."""
    return f"{short(value)} USD"


def short(value: float) -> str:
    """An amount in few letters, where USD is said elsewhere."""
    for unit, name in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= unit * 0.9995:
            return f"{value / unit:.3g} {name}"
    return f"{value:.0f}"


def spread(band: Row) -> str:
    """Median and the 5th to 95th percentile of an amount of money."""
    return f"{short(band['p50'])} [{short(band['p5'])}, {short(band['p95'])}]"


def near(charter: Row, structure: str = "consortium") -> list[float]:
    """Chance by year that a structure's newest release is near the frontier."""
    return [item["value"] for item in charter["structures"][structure]["near"]]


def headline(document: Row) -> str:
    """One sentence for the top of a page."""
    charters = rows(document.get("charters"))
    if len(charters) > 1:
        best = max(charters, key=lambda row: near(row)[4])
        shares = ", ".join(f"{row['name']} {percent(near(row)[4])}" for row in charters)
        if near(best)[4] < 0.05:
            first = max(charters, key=lambda row: near(row)[0])
            none = f"None of {len(charters)} charters is likely to ship near the frontier in its fifth year"
            return f"{none}; in its first {first['name']} is likeliest to ({percent(near(first)[0])})."
        return f"Of {len(charters)} charters {best['name']} is likeliest to ship near the frontier in its fifth year: {shares}."
    return _alone(charters[0]) if charters else "No charter was simulated."


_ABOUT = {"about as likely as not to": "about as likely as not"}


def _alone(charter: Row) -> str:
    founded, shares, years = charter["founded"]["value"], near(charter), charter["years"]
    if founded < 0.4:
        will = f"{charter['name']} will {likely(founded)} come about ({percent(founded)})"
        return f"{will}; near the frontier in year 5: {percent(shares[4])}."
    said = f"{charter['name']} {_ABOUT.get(likely(founded), likely(founded))} comes about ({percent(founded)})"
    better = [year for year, share in zip(years, shares, strict=True) if share >= 0.5]
    if not better:
        return f"{said}, but is in no year more likely than not near the frontier; in year 5 with {percent(shares[4])}."
    until = "to the end of the eight years" if better[-1] == years[-1] else f"until {better[-1]}"
    return f"{said} and is more likely than not near the frontier {until}; in year 5 with {percent(shares[4])}."


def founding(charter: Row) -> str:
    """Whether it comes about, and what becomes of it."""
    founded, shares = charter["founded"]["value"], near(charter)
    if founded < 0.02:
        return f"{charter['name']} will almost surely not come about: its members would not sign ({percent(founded)})."
    by_year = ", ".join(f"{year} {percent(share)}" for year, share in zip(charter["years"], shares, strict=True))
    return f"{charter['name']} comes about with {percent(founded)}. It ships near the frontier with these chances: {by_year}."


def against_rivals(charter: Row, year: int = 4) -> str:
    """The structures in one year, best first."""
    found = {name: near(charter, name)[year] for name in charter["structures"]}
    ordered = sorted(found, key=lambda name: (-found[name], name))
    said = ", ".join(f"{'this consortium' if n == 'consortium' else f'a {n}'} {percent(found[n])}" for n in ordered)
    return f"In {charter['years'][year]} the newest release is less than twelve months behind: {said}."


def kinds(charter: Row) -> list[tuple[str, list[Row]]]:
    """Members by kind, with a name for each: of members that differ in luck alone, one row is enough."""
    known = {row["name"]: row for row in rows(charter.get("members"))}
    return [(name_of(names), [known[name] for name in names]) for names in charter["kinds"]]


def name_of(names: Sequence[str]) -> str:
    """A kind's name."""
    if len(names) == 1:
        return names[0]
    return f"{names[0]}, {names[1]}" if len(names) == 2 else f"{names[0]} and {len(names) - 1} alike"


def mean_of(members: Iterable[Row], *path: str | int) -> float:
    """Mean over members of the figure at a path: an amount's percentile, or a chance."""
    found = []
    for row in members:
        value: Any = row
        for key in path:
            value = value[key]
        found.append(float(value["value"] if isinstance(value, Mapping) else value))
    return sum(found) / len(found)


def band_of(members: Sequence[Row], *path: str | int) -> dict[str, float]:
    """Percentiles of a kind: the mean of its members', who have the same in truth."""
    return {key: mean_of(members, *path, key) for key in ("p5", "p25", "p50", "p75", "p95")}


def paying(charter: Row, most: int = 3) -> list[str]:
    """Who pays what, and what would be the best for it."""
    said = [FEW] if charter["founded"]["value"] < FEW_BELOW else []
    for name, members in kinds(charter)[:most]:
        best = {option: mean_of(members, "best", option) for option in OPTION_WORDS}
        option = max(best, key=lambda key: best[key])
        gains = ", ".join(f"{word} {short(band_of(members, 'net', key)['p50'])}" for key, word in GAINS.items())
        said.append(
            f"{name}: pays {spread(band_of(members, 'paid'))} USD over eight years; gains, against every token from a closed API, "
            f"{gains} (medians); its best is likeliest {OPTION_WORDS[option]} ({percent(best[option])})."
        )
    if len(charter["kinds"]) > most:
        said.append(f"Other kinds of members ({len(charter['kinds']) - most}) are in the tables.")
    return said


def leaving(charter: Row) -> str:
    """Who leaves first, and why."""
    if charter["founded"]["value"] == 0:
        return "Nobody leaves what nobody founds."
    found = [(mean_of(members, "leaves_first"), name, members) for name, members in kinds(charter)]
    share, name, members = max(found, key=lambda item: item[0])
    if share < 0.01:
        return "Hardly anybody leaves before the end."
    why = reasons(members)
    because = f"; most often for this: {why[0][0]} ({percent(why[0][1])} of exits)" if why else ""
    one = "each " if len(members) > 1 else ""
    return f"First to leave is likeliest {name}, {one}with {percent(share)}{because}."


def reasons(members: Sequence[Row]) -> list[tuple[str, float]]:
    """Why a kind that signed is not there at the end, likeliest first; shares of those that left, never signing left out."""
    sums: dict[str, float] = {}
    for row in members:
        for why, item in row["reasons"].items():
            if why != "never signed":
                sums[why] = sums.get(why, 0.0) + item["value"]
    whole = sum(sums.values())
    return sorted(((why, share / whole) for why, share in sums.items() if whole), key=lambda pair: (-pair[1], pair[0]))


def clauses(charter: Row, most: int = 3) -> list[str]:
    """Which clause would change most, by the chance of being near in year 5; only what is more than the luck of the draws."""
    clear = [row for row in rows(charter.get("effects")) if row["change"]["low"] > 0 or row["change"]["high"] < 0]
    said = _for_whom(charter)
    if not clear:
        none = "No change of one clause moves the chance to be near the frontier in year 5 by more than the luck of the draws."
        return [none, *said] if rows(charter.get("effects")) else []
    ordered = sorted(clear, key=lambda row: -row["change"]["value"])
    return [
        f"{capital(words(row['says']))}: {100 * row['change']['value']:+.0f} points "
        f"[{100 * row['change']['low']:+.0f}, {100 * row['change']['high']:+.0f}]."
        for row in ordered[:most]
    ] + said


def _for_whom(charter: Row) -> list[str]:
    """The change that most keeps the member which is likeliest to leave first, and the one that founds most often."""
    found = rows(charter.get("effects"))
    said = []
    if found and charter["founded"]["value"]:
        first = max(charter["members"], key=lambda row: row["leaves_first"]["value"])["name"]
        kept = [(row["less_there"][first]["value"], row["says"]) for row in found if first in row["less_there"]]
        if kept and min(kept)[0] < 0:
            said.append(f"{first} is more often there in year 5 with {min(kept)[1]}: {-100 * min(kept)[0]:+.0f} points.")
    if found:
        best = max(found, key=lambda row: row["founded"]["value"])
        if best["founded"]["low"] > charter["founded"]["high"]:
            before, after = percent(charter["founded"]["value"]), percent(best["founded"]["value"])
            said.append(f"It comes about most often with {best['says']}: {after}, as it is {before}.")
    return said


def core(charter: Row) -> str:
    """Whether the first year's payments hold, under the charter's own rule."""
    game = mapping(charter.get("first_year"))
    own = dig(game, "rules", words(game.get("own_rule")))
    if not own:
        return ""
    if own["in_core"]:
        return "In the first year no group of members would do better by itself."
    return f"In the first year {deviates(charter, own['deviating'])}."


def deviates(charter: Row, members: Sequence[str]) -> str:
    """Who does better by leaving together; kinds stand for their members."""
    everybody = [name for kind in charter["kinds"] for name in kind]
    if len(members) == len(everybody):
        return "all together gain less than they pay" if len(members) > 1 else "it gains less than it pays"
    parts = []
    for kind in charter["kinds"]:
        there = [name for name in kind if name in members]
        if len(there) == len(kind) or len(there) <= 2:
            parts += [name_of(there)] if there else []
        else:
            parts.append(f"{len(there)} of {name_of(kind)}")
    return f"{', '.join(parts)} would do better by {'itself' if len(members) == 1 else 'themselves'}"


def misses(document: Row) -> list[str]:
    """Targets of history that the model does not reproduce; these open a report."""
    found = [row for row in rows(dig(document, "calibration", "targets")) if row.get("met") is False]
    return [f"{row['says']}: expected {row['low']:.3g} to {row['high']:.3g}, the model gives {row['value']:.3g}."
            for row in found]  # fmt: skip


SAYINGS: tuple[tuple[str, Callable[[Row], list[str]]], ...] = (
    ("Will it still ship near the frontier?", lambda row: [founding(row), against_rivals(row)]),
    ("Who pays what?", paying),
    ("Who leaves first, and why?", lambda row: [leaving(row)] + ([core(row)] if core(row) else [])),
    ("Which clause would change that?", clauses),
)
"""The questions of a case, with the answers for one charter."""

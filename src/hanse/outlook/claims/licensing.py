"""Claims 1 and 10: what licenses and closed flagships say about releasing one's strongest model."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from hanse.outlook.catalogue.schema import Score
from hanse.outlook.catalogue.tables import Catalogue
from hanse.outlook.claims.verdict import Finding, Verdict
from hanse.outlook.estimate import difference, wilson
from hanse.outlook.rating import Rated, months_between, rate

RESTRICTED = ("metered", "research-only")
YEAR = timedelta(days=365)
LOOSE_MONTHS = 12
QUARTER = 0.25


def best_scores(catalogue: Catalogue, day: date, opened: bool = False) -> dict[str, Score]:
    """Each known lab's best scored model of the year before a day; only open ones when `opened`."""
    best: dict[str, Score] = {}
    for score in catalogue.scores:
        lab = catalogue.lab_called.get(score.organization)
        if lab is None or score.access == "unknown" or not day - YEAR < score.date <= day:
            continue
        if opened and score.access != "open":
            continue
        if lab.id not in best or score.eci > best[lab.id].eci:
            best[lab.id] = score
    return best


def best_is_open(catalogue: Catalogue, day: date) -> tuple[list[str], list[str]]:
    """Labs with an open model in the year before a day: those whose best model it is, and all of them."""
    every, opened = best_scores(catalogue, day), best_scores(catalogue, day, opened=True)
    return sorted(lab for lab in opened if every[lab].access == "open"), sorted(opened)


def flagships(rated: Sequence[Rated], last: date, labs: Sequence[str] | None = None) -> dict[str, Rated]:
    """Each lab's newest release above 40B (or of unknown size) of the year before a day; the larger of one day's two."""
    newest: dict[str, Rated] = {}
    for item in rated:
        release = item.release
        if (
            item.small is True
            or not last - YEAR < release.date <= last
            or (labs is not None and release.lab not in labs)
        ):
            continue
        known = newest.get(release.lab)
        order = (release.date, release.total_params_b or 0.0)
        if known is None or order > (known.release.date, known.release.total_params_b or 0.0):
            newest[release.lab] = item
    return newest


def frontier_labs(rated: Sequence[Rated], last: date, months: float = LOOSE_MONTHS, window: float = 24) -> list[str]:
    """Labs with an open release at most `months` behind in the `window` months before a day."""
    return sorted(
        {
            item.release.lab
            for item in rated
            if item.near(months) and 0 <= months_between(item.release.date, last) <= window
        }
    )


def restricted(found: dict[str, Rated]) -> tuple[list[str], list[str]]:
    """Labs whose flagship is metered or research-only, and all whose license is known."""
    known = sorted(lab for lab, item in found.items() if item.license_class != "unknown")
    return [lab for lab in known if found[lab].license_class in RESTRICTED], known


def listed(labs: Iterable[str]) -> str:
    """Ids in order, or none."""
    return ", ".join(sorted(labs)) or "none"


def conflict(catalogue: Catalogue) -> Finding:
    """Claim 1."""
    rule = (
        "Holds if, between the first and the last rated half-year, the share of labs whose best model is open fell and, between "
        "the flagships of 2025 and those of the last year, the share under a metered or research-only license rose, both with "
        "intervals off zero; does not hold if either moved the other way with its interval off zero."
    )
    rated, last = rate(catalogue), catalogue.rated_until
    before_open, before = best_is_open(catalogue, date(2024, 6, 30))
    after_open, after = best_is_open(catalogue, last)
    first_day, now = date(2025, 12, 31), catalogue.collected
    old = restricted(flagships(rated, first_day, frontier_labs(rated, first_day)))
    new = restricted(flagships(rated, now, frontier_labs(rated, now)))
    if not before or not after or not old[1] or not new[1]:
        return Finding("cannot tell", "too few scored or licensed releases", None, "scores, releases", last, rule)
    share = difference((len(before_open), len(before)), (len(after_open), len(after)))
    meters = difference((len(old[0]), len(old[1])), (len(new[0]), len(new[1])))
    verdict: Verdict = "cannot tell"
    if share.below_zero and meters.above_zero:
        verdict = "holds"
    elif share.above_zero or meters.below_zero:
        verdict = "does not hold"
    figure = (
        f"Flagships of near-frontier labs under a metered or research-only license: {len(old[0])} of {len(old[1])} at the end "
        f"of 2025, {len(new[0])} of {len(new[1])} now ({meters.say(2)}); labs whose best model is the open one: "
        f"{len(before_open)} of {len(before)} in mid-2024, {len(after_open)} of {len(after)} now ({share.say(2)})."
    )
    notes = (
        f"Metered or research-only now: {listed(new[0])}; at the end of 2025: {listed(old[0])}.",
        f"With an open model, but a better closed one: {listed(set(after) - set(after_open))}.",
        "Meters are not new: Llama and Qwen had theirs in 2023 and 2024; they went and came back.",
    )
    rows = tuple(item.release.id for item in flagships(rated, now, frontier_labs(rated, now)).values())
    data = f"scores ({len(catalogue.scores)}), releases ({len(rated)}), licenses ({len(catalogue.licenses)})"
    return Finding(verdict, figure, meters, data, now, rule, notes, rows)


def _was_closed(catalogue: Catalogue, lab: str, day: date) -> bool:
    """Whether a lab's best model of the year before a day was closed."""
    best = best_scores(catalogue, day).get(lab)
    return best is not None and best.access == "closed"


def access(catalogue: Catalogue) -> Finding:
    """Claim 10."""
    rule = (
        "Among labs with a near-frontier (12 months) open release one to three years ago: the share that since then put a meter "
        "on a flagship that had none, began to keep a better model closed, or stopped releasing large ones. Holds if the "
        "interval's lower end is above a quarter; does not hold if its upper end is below."
    )
    rated, now = rate(catalogue), catalogue.collected
    then: dict[str, Rated] = {}
    for item in rated:
        if item.near(LOOSE_MONTHS) and 12 <= months_between(item.release.date, now) <= 36:
            then[item.release.lab] = item
    if not then:
        return Finding(
            "cannot tell", "no near-frontier open release one to three years ago", None, "releases", now, rule
        )
    cohort = sorted(then)
    flagship = flagships(rated, now)
    metered = {lab for lab in restricted(flagship)[0] if lab in then and then[lab].license_class not in RESTRICTED}
    best = best_scores(catalogue, catalogue.rated_until)
    closed = {lab for lab in cohort if lab in best and best[lab].access == "closed"}
    closed -= {lab for lab in cohort if _was_closed(catalogue, lab, then[lab].release.date)}
    large = {
        item.release.lab for item in rated if item.small is not True and months_between(item.release.date, now) > 12
    }
    silent = {lab for lab in cohort if lab in large and lab not in flagship}
    changed = sorted(metered | closed | silent)
    share = wilson(len(changed), len(cohort))
    verdict: Verdict = "holds" if share.low > QUARTER else "does not hold" if share.high < QUARTER else "cannot tell"
    withdrawn = [event for event in catalogue.events if event.kind == "withdrawal"]
    figure = (
        f"{len(changed)} of {len(cohort)} labs that were within 12 months one to three years ago have since put a meter on "
        f"their flagship, begun to keep a better model closed, or stopped releasing large ones ({share.say(2)})."
    )
    notes = (
        f"Newly metered: {listed(metered)}; newly a better model closed: {listed(closed)}; stopped: {listed(silent)}; "
        f"as before: {listed(set(cohort) - set(changed))}.",
        f"Withdrawals and relicensings on record: {len(withdrawn)} (collected after the fact, so a count and no rate).",
        "What is already downloaded under its license stays usable: this is about the next release.",
    )
    rows = tuple(event.id for event in withdrawn)
    data = f"scores ({len(catalogue.scores)}), releases ({len(rated)}), licenses, events ({len(withdrawn)})"
    return Finding(verdict, figure, share, data, now, rule, notes, rows)

"""What one clause of a charter could say instead, as the plain values of another charter.

Options keep the money as it is where they can: another dues rule raises the same budget in the first year.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from fractions import Fraction
from typing import Any

from hanse.case.sharing import RULES
from hanse.case.terms import FIRST_DAY, YEARS, spec_points
from hanse.charter.clauses.membership import Term
from hanse.charter.dues import dues
from hanse.charter.render.words import amount, day, many
from hanse.charter.schema import Charter
from hanse.charter.worth import worth
from hanse.errors import CharterError
from hanse.units import Money, Ratio, months_later

GROWTHS = ("1/1", "6/5", "3/2", "2/1", "12/5")
"""A year: from flat to the growth of the frontier's cost."""
EMBARGOES = (0, 90, 180, 365)
NOTICES = (0, 90, 365, 730)
TERMS = (3, 5, 8)
"""Years."""
ASSURED = (Fraction(1, 2), Fraction(3, 4), Fraction(1))
"""Of what all members together bring in the first year."""
METERED = 20_000_000
"""Revenue above which the license's meter runs, in the charter's currency: that of Kimi K3, in USD (economics.md section 1)."""
FOUNDERS = (1, 2, 3)
"""Years after which a founder is left with one vote."""
RULE_WORDS = {
    "equal": "by heads", "class": "by membership class", "sales_share": "by a share of sales, which do not grow",
    "key": "in proportion to sales", "usage": "by tokens used", "serial": "serial, by tokens used",
    "shapley": "by what each member adds (Shapley)",
}  # fmt: skip
Values = dict[str, Any]
Option = tuple[str, str, Values]
"""Key of the charter that changes, with dots; the change in words; plain values of the whole charter."""


def options(charter: Charter, clauses: Collection[str] | None = None) -> Iterator[Option]:
    """All of them, or those of some clauses, in a fixed order; some may be no valid charter, or change nothing."""
    makers = {"dues": _dues, "release": _release, "withdrawal": _withdrawal, "assurance": _assurance, "term": _term,
              "sunset": _sunset, "spec": _scope, "training": _training, "member": _members}  # fmt: skip
    for key, make in makers.items():
        if clauses is None or any(clause.split(".")[0] == key for clause in clauses):
            yield from (option for option in make(charter) if clauses is None or option[0] in clauses)


def _with(charter: Charter, key: str, value: Any) -> Values:
    """The charter's values with another value of one clause, or without it (None)."""
    values = {name: item for name, item in charter.document().items() if name != key}
    return values if value is None else values | {key: value}


def raised(charter: Charter) -> Fraction | None:
    """What dues raise in the first year from all members; None where the charter does not say."""
    if charter.dues is None or charter.dues.budget is not None:
        return charter.dues.budget.amount if charter.dues and charter.dues.budget else Fraction(0)
    try:
        return sum((row[0] for row in dues(_dated(charter)).values()), Fraction(0))
    except CharterError:  # somebody has no base
        return None


def _dated(charter: Charter) -> Charter:
    """The same with a term."""
    if charter.term is not None:
        return charter
    return charter.model_copy(update={"term": Term(start=FIRST_DAY, end=months_later(FIRST_DAY, 12 * YEARS))})


def _dues(charter: Charter) -> Iterator[Option]:
    budget = raised(charter)
    if charter.dues is None or not budget or charter.currency is None:
        return
    now = charter.document()["dues"]
    kept = {key: now[key] for key in ("growth", "revised_years", "due_days") if key in now}
    money = str(Money(Fraction(round(budget)), charter.currency))
    sales = sum((m.base.amount for m in charter.member if m.base), Fraction(0))
    has_classes = all(row.dues for row in charter.membership if any(m.membership == row.name for m in charter.member))
    for rule in RULES:
        new: Values | None = kept | {"rule": rule, "budget": money}
        if rule in ("key", "sales_share") and not (sales and all(member.base for member in charter.member)):
            continue
        if rule == "sales_share":
            new = kept | {"rule": rule, "rate": str(Ratio((budget / sales).limit_denominator(10**6)))}
        elif rule == "class":
            new = kept | {"rule": rule} if charter.membership and has_classes else None
        if rule != charter.dues.rule and new is not None:
            yield "dues.rule", f"dues {RULE_WORDS[rule]}", _with(charter, "dues", new)
    if charter.dues.rule != "sales_share":  # it follows sales
        for growth in GROWTHS:
            factor = f"{float(Fraction(growth)):g}"
            words = f"dues that grow by a factor of {factor} a year" if growth != "1/1" else "dues that do not grow"
            yield "dues.growth", words, _with(charter, "dues", now | {"growth": growth})


def _release(charter: Charter) -> Iterator[Option]:
    if charter.release is None:  # a license would have to be invented
        return
    now = charter.document()["release"]
    for days in EMBARGOES:
        words = f"an embargo of {many(days, 'day')}" if days else "no embargo"
        if days != (charter.release.embargo_days or 0):
            yield "release.embargo_days", words, _with(charter, "release", now | {"embargo_days": days})
    if charter.release.metered_above is not None:
        free = {key: value for key, value in now.items() if key != "metered_above"}
        yield "release.metered_above", "a license that is free for all", _with(charter, "release", free)
    elif charter.currency is not None:
        above = Money(Fraction(METERED), charter.currency)
        words = f"a license for which others pay above a revenue of {amount(above.amount, above.currency)}"
        yield "release.metered_above", words, _with(charter, "release", now | {"metered_above": str(above)})


def _withdrawal(charter: Charter) -> Iterator[Option]:
    now = charter.document().get("withdrawal", {"notice_days": 0, "owed": "nothing"})
    for days in NOTICES:
        words = f"notice of {many(days, 'day')}" if days else "no notice"
        if days != now["notice_days"]:
            yield "withdrawal.notice_days", words, _with(charter, "withdrawal", now | {"notice_days": days})
    for owed, words in (("nothing", "nothing owed by who leaves"), ("due_within_notice", "what falls due within notice is owed"),
                        ("whole_term", "all of the term is owed by who leaves")):  # fmt: skip
        if owed != now["owed"]:
            yield "withdrawal.owed", words, _with(charter, "withdrawal", now | {"owed": owed})
    term = _dated(charter).term
    assert term is not None
    for until in (None, months_later(term.start, 24), term.end):
        words = f"no exit before {day(until)}" if until else "no lock"
        lock = {key: value for key, value in now.items() if key != "locked_until"}
        if until != now.get("locked_until"):
            new = lock | ({} if until is None else {"locked_until": until})
            yield "withdrawal.locked_until", words, _with(charter, "withdrawal", new)


def _assurance(charter: Charter) -> Iterator[Option]:
    try:
        pledged = sum((row[0].total for row in worth(_dated(charter)).values()), Fraction(0))
    except CharterError:  # a pledge without a price
        return
    budget = raised(charter)
    if charter.assurance is not None:
        yield "assurance.threshold", "no threshold below which pledges do not bind", _with(charter, "assurance", None)
    if budget is None or not pledged + budget or charter.currency is None:
        return
    term = _dated(charter).term
    assert term is not None
    now = charter.document().get("assurance", {"by": term.start})
    for part in ASSURED:
        least = Money(Fraction(int((pledged + budget) * part)), charter.currency)
        words = f"pledges that bind only when {amount(least.amount, least.currency)} come together"
        yield "assurance.threshold", words, _with(charter, "assurance", now | {"threshold": str(least)})


def _term(charter: Charter) -> Iterator[Option]:
    if charter.term is None:
        return
    now = charter.document()["term"]
    for years in TERMS:
        end = months_later(charter.term.start, 12 * years)
        moved = _with(charter, "term", now | {"end": end})
        for key in ("pledge", "sunset"):  # what ends with the term ends with the new one
            moved[key] = [row | ({"end": end} if row.get("end") == charter.term.end else {}) for row in moved.get(key, ())]
        yield "term.end", f"a term of {many(years, 'year')}", moved
    ends = charter.term.renewal == "ends"
    words = "a vote on going on when the term is over" if ends else "an end for good when the term is over"
    yield "term.renewal", words, _with(charter, "term", now | {"renewal": "vote" if ends else "ends"})


def _sunset(charter: Charter) -> Iterator[Option]:
    """Founders' votes that end sooner; one vote for the rest of the term."""
    if not charter.sunset or charter.term is None:
        return
    yield "sunset", "no founders' votes", _with(charter, "sunset", None)
    for years in FOUNDERS:
        until = months_later(charter.term.start, 12 * years)
        rows = [row | {"end": min(row["end"], until)} for row in charter.document()["sunset"] if row["start"] < until]
        for name in dict.fromkeys(row.member for row in charter.sunset):
            rows.append({"member": name, "votes": 1, "start": until, "end": charter.term.end})
        yield "sunset", f"founders' votes that end after {many(years, 'year')}", _with(charter, "sunset", rows)


def _scope(charter: Charter) -> Iterator[Option]:
    points, wishing = spec_points([next((s for s in charter.spec if s.member == m.name), None) for m in charter.member])
    apart = ((points[wishing, None] - points[None, wishing]) ** 2).sum(axis=2)
    if apart.any():
        nearest = [m.name for m, wishes in zip(charter.member, wishing, strict=True) if wishes][apart.sum(axis=0).argmin()]
        rows = charter.document()["spec"]
        agreed = next(row for row in rows if row["member"] == nearest)
        words = f"one model for all, agreed before pledging: the one that {nearest} wishes for"
        yield "spec", words, _with(charter, "spec", [agreed | {"member": row["member"]} for row in rows])


def _training(charter: Charter) -> Iterator[Option]:
    sites = [member.name for member in charter.member if member.site]
    if charter.training is not None and charter.training.sites == "shared":
        own = {key: value for key, value in charter.document()["training"].items() if key != "operator"}
        yield "training.sites", "training at members' own sites", _with(charter, "training", own | {"sites": "own"})
    elif len(sites) > 1:
        shared = charter.document().get("training", {}) | {"sites": "shared", "operator": sites[0]}
        yield "training.sites", f"training at one shared facility, run by {sites[0]}", _with(charter, "training", shared)


def _members(charter: Charter) -> Iterator[Option]:
    """One more, like the member in the middle by sales and pledges; or one less: the smallest, the largest."""
    try:
        given = {name: sum((year.total for year in row), Fraction(0)) for name, row in worth(_dated(charter)).items()}
    except CharterError:
        return
    size = {m.name: (m.base.amount if m.base else Fraction(0)) + given[m.name] for m in charter.member}
    rising = sorted(size, key=lambda name: (size[name], name))
    middle = rising[len(rising) // 2]
    new, values = f"{middle[:36]}-new", charter.document()
    for key in ("pledge", "spec"):
        rows = list(values.get(key, ()))
        values[key] = rows + [row | {"member": new} for row in rows if row["member"] == middle]
    own = next(row for row in values["member"] if row["name"] == middle)
    values["member"] = [*values["member"], {key: item for key, item in own.items() if key != "officer"} | {"name": new}]
    yield "member", f"one more member, like {middle}", values
    for name in dict.fromkeys((rising[0], rising[-1])):
        values = charter.document()
        values["member"] = [row for row in values["member"] if row["name"] != name]
        for key in ("pledge", "sunset", "veto", "spec"):
            values[key] = [row for row in values.get(key, ()) if row.get("member") != name]
        yield "member", f"without {name}", values

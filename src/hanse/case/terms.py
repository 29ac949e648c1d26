"""What the simulation reads of a charter and of members' own numbers: arrays, members first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import date
from math import log, log10
from typing import Any

import numpy as np

from hanse.case.arrays import Bools, Floats
from hanse.case.parameters import BY_NAME
from hanse.case.private import OWN_TASKS, PRESETS, Preset, Private, PrivateMember, usd_rate
from hanse.case.sharing import Rule
from hanse.charter.clauses.leaving import Withdrawal
from hanse.charter.clauses.membership import Term
from hanse.charter.clauses.model import Spec
from hanse.charter.power.formula import votes
from hanse.charter.schema import Charter
from hanse.charter.worth import worth, years
from hanse.units import months_later

YEARS = 8
DAYS = 365.25
FIRST_DAY = "2027-01-01"
"""Start of a charter that has no term."""
OPENNESS = {"weights": 0.0, "weights_and_recipe": 0.5, "everything": 1.0}


@dataclass(frozen=True)
class DuesTerms:
    """How a yearly budget is shared among n members. Money in USD."""

    rule: Rule
    budget: Floats
    """To be raised, [YEARS]; 0 for rules that have none."""
    growth: Floats
    """Factor of class dues against the first year, [YEARS]."""
    class_dues: Floats
    rate: float
    floor: float
    cap: float
    ceiling: float
    key: Floats | None = None
    """For the rule shapley, [n]; set by whoever computes values. Off: None (by tokens)."""


@dataclass(frozen=True)
class Demand:
    """What n members know of themselves. USD a year in 2026."""

    tokens: Floats
    """Millions a year."""
    growth: Floats
    """Factor a year; not a number where the parameter demand_growth stands in."""
    control: Floats
    early_month: Floats
    own_tasks: Floats
    known: Bools
    """Whether tokens are the member's own number."""


@dataclass(frozen=True)
class Terms:
    """n members, YEARS years; money in USD."""

    names: tuple[str, ...]
    first_year: float
    """Time in years of the middle of the first year."""
    cash: Floats
    """Pledged, [n, YEARS]."""
    in_kind: Floats
    """Pledged, at the price table, [n, YEARS]."""
    dues: DuesTerms | None
    base: Floats
    """Yearly sales, [n]; 0 where unknown."""
    demand: Demand
    wishes: Floats
    """Points of wished specs, [n, k]; members without a wish stand where the others' mean is."""
    wishing: Bools
    agreed: Floats | None
    """Point of the one spec that is settled before anybody pledges, [k]. Off: None (members vote on it every year)."""
    votes: Floats
    """Of each member in each year, by the charter's formula with its sunsets, [n, YEARS]."""
    notice_years: float
    owed: str
    locked_years: int
    """Years in which no exit takes effect."""
    term_years: int
    """Years of the term within YEARS."""
    renews: bool
    """Whether it goes on after the term, if members want."""
    assurance: float | None
    """Value of the first year that must come together. Off: None."""
    embargo_months: float
    metered_above: float | None
    """Revenue above which others pay. Off: None."""
    sites: int
    """Members that train at sites of their own; 1 for a shared facility."""
    arrears: bool
    """Whether late payment ends a membership within a year."""
    overhead: float | None
    """Share for administration at most. Off: None (the parameter overhead)."""
    members_least: int
    """Fewer members than this end it."""
    grants: Floats
    """Money from outside, [YEARS]."""

    @property
    def members(self) -> int:
        return len(self.names)


def single(terms: Terms) -> Terms:
    """The same in single precision: forecasts need no more, and 100,000 draws take half the time."""
    found = _lean(terms)
    assert isinstance(found, Terms)
    return found


def _lean(value: Any) -> Any:
    if isinstance(value, np.ndarray) and value.dtype == np.float64:
        return value.astype(np.float32)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{field.name: _lean(getattr(value, field.name)) for field in fields(value)})
    return value


def terms_of(charter: Charter, private: Private | None = None) -> Terms:
    """Raises CharterError for a pledge without a price, CaseError for a currency without a rate."""
    private = private or Private()
    rate = float(usd_rate(charter, private))
    if charter.term is None:
        charter = charter.model_copy(update={"term": Term(start=FIRST_DAY, end=months_later(FIRST_DAY, 12 * YEARS))})
    assert charter.term is not None
    first = date.fromisoformat(charter.term.start)
    cash, in_kind = _pledged(charter, rate)
    base = np.array([float(m.base.amount) * rate if m.base else 0.0 for m in charter.member])
    wishes, wishing = spec_points([_spec(charter, m.name) for m in charter.member])
    withdrawal = charter.withdrawal or Withdrawal(notice_days=0, owed="nothing")
    release, training, ladder, spending = charter.release, charter.training, charter.arrears, charter.spending
    return Terms(
        names=tuple(m.name for m in charter.member),
        first_year=first.year + (first.timetuple().tm_yday - 1) / DAYS + 0.5,
        cash=cash, in_kind=in_kind, base=base, dues=_dues(charter, rate), demand=_demand(charter, private, base, rate),
        wishes=wishes, wishing=wishing,
        agreed=None, votes=_votes(charter),
        notice_years=withdrawal.notice_days / DAYS,
        owed=withdrawal.owed,
        locked_years=_locked_years(charter.term.start, withdrawal.locked_until),
        term_years=min(len(years(charter)), YEARS),
        renews=charter.term.renewal != "ends",
        assurance=float(charter.assurance.threshold.amount) * rate if charter.assurance else None,
        embargo_months=(release.embargo_days or 0) / (DAYS / 12) if release else 0.0,
        metered_above=float(release.metered_above.amount) * rate if release and release.metered_above else None,
        sites=1 if training and training.sites == "shared" else sum(m.site for m in charter.member),
        arrears=ladder is not None and ladder.terminate_days <= DAYS,
        overhead=float(spending.overhead.value) if spending and spending.overhead else None,
        members_least=charter.dissolution.members_least if charter.dissolution else 1,
        grants=_grants(private, rate),
    )  # fmt: skip


def _spec(charter: Charter, name: str) -> Spec | None:
    return next((spec for spec in charter.spec if spec.member == name), None)


def _locked_years(start: str, until: str | None) -> int:
    """Years whose first day comes before exits may take effect: a lock of two years is 2."""
    return 0 if until is None else sum(months_later(start, 12 * year) < until for year in range(YEARS))


def _pledged(charter: Charter, rate: float) -> tuple[Floats, Floats]:
    """Cash and value in kind, [n, YEARS]. Where a term is renewed, pledges that last as long as it go on by their schedule; where
    it ends, the years after it stand for what the members might have paid: its last whole year again."""
    assert charter.term is not None
    start, end = charter.term.start, charter.term.end
    if charter.term.renewal != "ends":
        pledges = tuple(p.model_copy(update={"end": None}) if p.end == end else p for p in charter.pledge)
        last = max(end, months_later(start, 12 * YEARS))
        charter = charter.model_copy(update={"term": Term(start=start, end=last), "pledge": pledges})
        end = last
    found = worth(charter)
    rows = [found[member.name] for member in charter.member]
    whole = len(rows[0]) - (months_later(start, 12 * len(rows[0])) > end)
    at = [year if year < len(rows[0]) else max(whole, 1) - 1 for year in range(YEARS)]
    cash = np.array([[float(row[year].cash) * rate for year in at] for row in rows])
    in_kind = np.array([[float(row[year].in_kind) * rate for year in at] for row in rows])
    return cash, in_kind


def _votes(charter: Charter) -> Floats:
    """On the first day of each year, [n, YEARS]. After the term the last year goes on."""
    starts = years(charter)
    days = [starts[min(year, len(starts) - 1)] for year in range(YEARS)]
    return np.array([[float(count) for count in votes(charter, day).values()] for day in days]).T


def _dues(charter: Charter, rate: float) -> DuesTerms | None:
    dues = charter.dues
    if dues is None:
        return None
    of_class = {item.name: float(item.dues.amount) * rate if item.dues else 0.0 for item in charter.membership}
    growth = np.array([float(dues.growth.value) ** year for year in range(YEARS)])
    return DuesTerms(
        rule=dues.rule,
        budget=float(dues.budget.amount if dues.budget else 0) * rate * growth,
        growth=growth,
        class_dues=np.array([of_class.get(member.membership or "", 0.0) for member in charter.member]),
        rate=float(dues.rate.value) if dues.rate else 0.0,
        floor=float(dues.floor.amount) * rate if dues.floor else 0.0,
        cap=float(dues.cap.amount) * rate if dues.cap else float("inf"),
        ceiling=float(dues.ceiling.value) if dues.ceiling else 1.0,
    )


def _demand(charter: Charter, private: Private, base: Floats, rate: float) -> Demand:
    own = {item.name: item for item in private.member}
    key = charter.dues is not None and charter.dues.rule == "key"
    rows = [_demand_of(own.get(m.name), private, at, rate, key) for m, at in zip(charter.member, base, strict=True)]
    tokens, growth, control, early, tasks = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    known = np.array([m.name in own and own[m.name].tokens is not None for m in charter.member])
    return Demand(tokens, growth, control, early, tasks, known)


def _demand_of(own: PrivateMember | None, private: Private, base: float, rate: float, key: bool) -> Sequence[float]:
    """Tokens, growth, control, value of a month's lead, share of own tasks."""
    preset = PRESETS[(own and own.preset) or private.preset]
    preset = scaled(preset, base * (preset.of_income if key else preset.of_sales))
    if own is None:
        return preset.tokens, float("nan"), preset.control, preset.early_month, OWN_TASKS
    return (
        preset.tokens if own.tokens is None else float(own.tokens),
        float("nan") if own.growth is None else float(own.growth.value),
        preset.control if own.control is None else float(own.control.amount) * rate,
        preset.early_month if own.early_month is None else float(own.early_month.amount) * rate,
        OWN_TASKS if own.own_tasks is None else float(own.own_tasks.value),
    )


def scaled(preset: Preset, spent: float) -> Preset:
    """A preset for a member that spends so much on tokens in a year, USD; 0 is unknown."""
    if spent <= 0:
        return preset
    tokens = spent / BY_NAME["closed_price"].value
    factor = tokens / preset.tokens
    return replace(preset, tokens=tokens, control=preset.control * factor, early_month=preset.early_month * factor)


def _grants(private: Private, rate: float) -> Floats:
    found = np.zeros(YEARS)
    for grant in private.grant:
        found[grant.first_year - 1 : grant.last_year] += float(grant.amount.amount) * rate
    return found


def spec_points(specs: Sequence[Spec | None]) -> tuple[Floats, Bools]:
    """Wished specs as points whose squared distance is 1 for models that are about useless to each other; and who has a wish.

    One axis each for size (a factor of 30), openness (weights alone against everything) and context (a factor of 1,000), and one
    for every language and modality somebody wishes, scaled so that disjoint wishes are 1 apart.
    """
    wishing = np.array([spec is not None for spec in specs])
    there = [spec for spec in specs if spec is not None]
    if not there:
        return np.zeros((len(specs), 1)), wishing
    words = [sorted({word for spec in there for word in getattr(spec, key)}) for key in ("languages", "modalities")]
    points = np.zeros((len(specs), 3 + sum(map(len, words))))
    for at, spec in enumerate(specs):
        if spec is not None:
            points[at] = [
                log10(spec.parameters) / log10(30),
                OPENNESS[spec.openness],
                log(spec.context_tokens or 1) / log(1000),
            ] + [
                has
                for key, known in zip(("languages", "modalities"), words, strict=True)
                for has in _has(spec, key, known)
            ]
    contexts = [at for at, spec in enumerate(specs) if spec is not None and spec.context_tokens is not None]
    points[:, 2] = np.where(
        np.isin(np.arange(len(specs)), contexts), points[:, 2], points[contexts, 2].mean() if contexts else 0
    )
    points[~wishing] = points[wishing].mean(axis=0)
    return points, wishing


def _has(spec: Spec, key: str, known: Sequence[str]) -> list[float]:
    """Shares of a wish: equal shares over what is named, so that disjoint wishes are 1 apart; nothing named wishes all alike."""
    wished = getattr(spec, key)
    if not known:
        return []
    share = 1 / len(wished) ** 0.5 / 2**0.5 if wished else 0.0
    if not wished:
        return [1 / len(known) ** 0.5 / 2**0.5] * len(known)
    return [share if word in wished else 0.0 for word in known]

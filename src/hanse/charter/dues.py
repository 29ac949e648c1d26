"""What dues ask of each member in each year of the term. Exact."""

from __future__ import annotations

from fractions import Fraction

from hanse.charter.clauses.money import Dues
from hanse.charter.power.formula import capped
from hanse.charter.schema import Charter, Member
from hanse.charter.worth import years
from hanse.errors import CharterError

UNFORESEEN = frozenset({"usage", "serial", "shapley"})
"""Rules by what members will use or add, which no charter says."""


def dues(charter: Charter) -> dict[str, tuple[Fraction, ...]]:
    """By member: dues of each year, in the charter's currency; the last year is paid in full even when it is a part of one.

    Raises CharterError for a charter without a term, a rule of UNFORESEEN, or a member without the `base` that the rule asks for.
    """
    starts, rule = years(charter), charter.dues
    if rule is None:
        return {member.name: (Fraction(0),) * len(starts) for member in charter.member}
    if rule.rule in UNFORESEEN:
        raise CharterError(f"dues by {rule.rule}: what members will pay follows from what they will do; no charter says it")
    first = _first_year(charter, rule)
    growth = Fraction(1) if rule.rule == "sales_share" else rule.growth.value
    return {name: tuple(value * growth**year for year in range(len(starts))) for name, value in first.items()}


def raised(charter: Charter) -> Fraction:
    """What dues raise in the first year when all pay; the rules that share a budget raise it, as far as a ceiling lets them. A
    member without the `base` that the rule asks for is left out."""
    rule = charter.dues
    if rule is None:
        return Fraction(0)
    if rule.budget is not None:
        ceiling = rule.ceiling.value * len(charter.member) if rule.ceiling is not None else Fraction(1)
        return rule.budget.amount * min(Fraction(1), ceiling)
    if rule.rule == "class":
        return sum(_by_class(charter).values(), Fraction(0))
    return sum((_of_sales(rule, member.base.amount) for member in charter.member if member.base is not None), Fraction(0))


def _first_year(charter: Charter, rule: Dues) -> dict[str, Fraction]:
    if rule.rule == "class":
        return _by_class(charter)
    if rule.rule == "sales_share":
        return {member.name: _of_sales(rule, _base(member, rule)) for member in charter.member}
    assert rule.budget is not None
    if rule.rule == "equal":
        return {member.name: rule.budget.amount / len(charter.member) for member in charter.member}
    bases = {member.name: _base(member, rule) for member in charter.member}
    total = sum(bases.values())
    part = {name: base / total if total else Fraction(1, len(bases)) for name, base in bases.items()}
    if rule.ceiling is not None:
        part = capped(part, rule.ceiling.value, "pro_rata")
    return {name: share * rule.budget.amount for name, share in part.items()}


def _base(member: Member, rule: Dues) -> Fraction:
    if member.base is None:
        raise CharterError(f"member {member.name}: base: missing; dues by {rule.rule} ask for it")
    return member.base.amount


def _by_class(charter: Charter) -> dict[str, Fraction]:
    asked = {row.name: row.dues.amount for row in charter.membership if row.dues is not None}
    return {member.name: asked.get(member.membership or "", Fraction(0)) for member in charter.member}


def _of_sales(rule: Dues, base: Fraction) -> Fraction:
    assert rule.rate is not None
    value = rule.rate.value * base
    if rule.floor is not None:
        value = max(value, rule.floor.amount)
    return value if rule.cap is None else min(value, rule.cap.amount)

"""Dues, pledges with their schedule, prices, payment in kind, assurance, spending, arrears, breach."""

from __future__ import annotations

from hanse.charter.clauses.money import Dues, Pledge
from hanse.charter.render.article import Part, Table
from hanse.charter.render.schedule import schedule
from hanse.charter.render.words import day, decided, every, listed, many, money, share, units
from hanse.charter.schema import Charter
from hanse.units import Ratio


def dues(charter: Charter) -> list[Part]:
    found = charter.dues
    assert found is not None
    parts: list[Part] = [_rule(found), _growth(found)]
    if found.revised_years is not None:
        parts.append(f"Bases and shares are set anew {every(found.revised_years, 'year')}.")
    else:
        parts.append("Bases and shares are not set anew within the term.")
    parts.append(f"Dues are paid within {many(found.due_days, 'day')} of the start of the term and of each of its anniversaries.")
    return parts


def _rule(found: Dues) -> str:
    if found.rule == "class":
        return "A member pays the yearly dues of its class ({membership})."
    if found.rule == "sales_share":
        assert found.rate is not None
        floor = f"at least {money(found.floor)}" if found.floor is not None else "with no least sum"
        cap = f"at most {money(found.cap)}" if found.cap is not None else "without a cap"
        return f"A member pays {share(found.rate)} of its yearly sales or income ({{member}}), {floor} and {cap}."
    assert found.budget is not None
    ceiling = f"nobody pays more than {share(found.ceiling)} of the budget" if found.ceiling is not None else "without a ceiling"
    how = {
        "equal": "in equal parts",
        "key": f"in proportion to their yearly sales or income ({{member}}), and {ceiling}",
        "usage": "in proportion to the tokens each uses",
        "serial": "by serial cost sharing over the tokens each uses (Moulin and Shenker)",
        "shapley": "by what each adds (the Shapley value)",
    }
    return f"The members raise a budget of {money(found.budget)} in the first year, shared {how[found.rule]}."


def _growth(found: Dues) -> str:
    factor = found.growth.value
    what = "The sum of a class" if found.rule == "class" else "The budget"
    if found.rule == "sales_share":
        idle = "" if factor == 1 else f" A factor of {found.growth} from year to year has no effect under this rule."
        return f"The rate stays the same from year to year.{idle}"
    if factor == 1:
        return f"{what} stays the same from year to year."
    change = (factor - 1) * 100
    said = f"{'+' if change > 0 else '−'}{abs(change)}%" if change.denominator == 1 else str(Ratio(factor))
    return f"{what} is multiplied from each year to the next by {found.growth} ({said})."


def pledge(charter: Charter) -> list[Part]:
    rows = tuple(_pledge(item) for item in charter.pledge)
    heads = ("Member", "Pledges", "How often", "From", "Until (not included)", "Within", "Measured by")
    return ["The members promise:", Table(heads, rows), *schedule(charter)]


def _pledge(item: Pledge) -> tuple[str, ...]:
    often = {"once": "once", "year": "every year", "quarter": "every quarter", "month": "every month"}
    if item.amount is not None:
        what = f"{money(item.amount)} in cash"
    else:
        assert item.quantity is not None
        of_staff = " of staff" if item.kind == "staff" else ""
        what = f"{item.quantity:,} {units(item.kind, item.hardware, item.quantity)}{of_staff}"
    start = day(item.start) if item.start is not None else "the start of the term"
    end = day(item.end) if item.end is not None else "the end of the term"
    return (item.member, what, often[item.every], start, end, many(item.due_days, "day"), item.measure or "–")


def price(charter: Charter) -> list[Part]:
    rows = []
    for item in charter.price:
        per = "" if item.per == 1 else f"{item.per:,} "
        rows.append((f"{per}{units(item.kind, item.hardware, item.per)}", money(item.price), day(item.as_of), item.source or "–"))
    return ["What is delivered in kind is worth:", Table(("Of", "Price", "As of", "Source"), tuple(rows))]


def in_kind(charter: Charter) -> list[Part]:
    found = charter.in_kind
    assert found is not None
    most = "All of a member's pledges may be in kind."
    if found.share_most is not None:
        most = f"At most {share(found.share_most)} of the value of a member's pledges may be in kind."
    revised = f"Prices are set anew {every(found.revised_years, 'year')}, by {decided(charter, found.revised_by)}."
    return [most, revised]


def assurance(charter: Charter) -> list[Part]:
    found = charter.assurance
    assert found is not None
    bind = (
        f"Pledges bind only if by {day(found.by)} all pledges and dues of the first year, at the price table, are worth "
        f"at least {money(found.threshold)} together."
    )
    return [bind, f"If they are not, what was paid {'goes back' if found.refund else 'does not go back'}."]


def spending(charter: Charter) -> list[Part]:
    found = charter.spending
    assert found is not None
    within = {"funds_raised": "money received", "pledged": "money promised"}
    alone = "The office commits nothing without a decision."
    if found.alone_most is not None:
        alone = f"The office commits {money(found.alone_most)} at most at one time without a decision."
    overhead = "Administration has no limit of its own."
    if found.overhead is not None:
        overhead = f"At most {share(found.overhead)} of what is spent goes into administration."
    return [f"Commitments never exceed {within[found.within]}.", alone, overhead]


def arrears(charter: Charter) -> list[Part]:
    found = charter.arrears
    assert found is not None
    duties = {"license": "license", "confidentiality": "confidentiality", "data_protection": "data protection", "debts": "debts"}
    ladder = (
        f"A member that is late is told {many(found.notice_days, 'day')} after the due day; its votes rest and it leaves the roll "
        f"after {many(found.suspend_days, 'day')}; its membership ends after {many(found.terminate_days, 'day')}."
    )
    survives = "No duty of a suspended or former member is said to go on."
    if found.survives:
        survives = f"For a suspended or former member these duties go on: {listed(duties[item] for item in found.survives)}."
    return [ladder, survives]


def breach(charter: Charter) -> list[Part]:
    found = charter.breach
    assert found is not None
    return [
        f"A member that breaks a duty other than payment has {many(found.cure_days, 'day')} from notice to mend it.",
        f"The breach is declared by {decided(charter, found.declared_by)}, in which the member does not vote.",
    ]

"""Rules about what members pay: pledges, prices, dues, what a class asks, and the ladder of late payment."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from hanse.charter.dues import raised
from hanse.charter.lint.subject import Found, Subject
from hanse.charter.worth import price_of, years
from hanse.units import Money, months_later


def term_missing(of: Subject) -> Iterator[Found]:
    charter = of.charter
    by_pledge = charter.power is not None and charter.power.basis in ("pledged", "delivered")
    counted = [
        key
        for key, is_there in (("pledge", charter.pledge), ("dues", charter.dues), ("power.basis", by_pledge))
        if is_there
    ]
    if charter.term is None and counted:
        yield Found(
            "term", f"missing, while {', '.join(counted)} count by its years", "add term = {start = ..., end = ...}"
        )


def pledge_without_measure(of: Subject) -> Iterator[Found]:
    for at, pledge in enumerate(of.charter.pledge):
        if pledge.kind != "cash" and not pledge.measure:
            what = f"nothing says how the {pledge.kind} of {pledge.member} are counted, or by whom"
            yield Found(f"pledge.{at}.measure", what, "name the meter, log or count that shows a delivery")


def pledge_without_price(of: Subject) -> Iterator[Found]:
    for at, pledge in enumerate(of.charter.pledge):
        if pledge.kind != "cash" and price_of(of.charter, pledge.kind, pledge.hardware) is None:
            kind = f"{pledge.kind} {pledge.hardware}".strip()
            yield Found(
                f"pledge.{at}",
                f"{kind} of {pledge.member} have no row in the price table",
                f"add a [[price]] of {kind}",
            )


def price_too_old(of: Subject) -> Iterator[Found]:
    charter = of.charter
    if charter.in_kind is None or charter.term is None:
        return
    for at, price in enumerate(charter.price):
        oldest = months_later(price.as_of, min(12 * charter.in_kind.revised_years, 12_000))
        if oldest < charter.term.start:
            what = f"{price.as_of} is more than {charter.in_kind.revised_years} years before the term starts, {charter.term.start}"
            yield Found(f"price.{at}.as_of", what, "set the price anew; prices of GPU-hours fall")


def in_kind_above_share(of: Subject) -> Iterator[Found]:
    charter = of.charter
    if charter.in_kind is None or charter.in_kind.share_most is None:
        return
    most = charter.in_kind.share_most
    for name, row in of.values.items():
        for day, year in zip(years(charter), row, strict=True):
            if year.in_kind > most.value * year.total:
                part = f"{float(year.in_kind / year.total):.1%}"
                what = f"{name} pledges {part} in kind in the year from {day}; at most {most} may be"
                yield Found("in_kind.share_most", what, "let it pledge more cash, or raise the share")
                break


def assurance_out_of_reach(of: Subject) -> Iterator[Found]:
    charter = of.charter
    if charter.assurance is None or not of.values:
        return
    reached = sum((row[0].total for row in of.values.values() if row), Fraction(0)) + raised(charter)
    threshold = charter.assurance.threshold
    if reached < threshold.amount:
        total = f"pledges and dues of the first year make {int(reached):_} {threshold.currency}"
        yield Found("assurance.threshold", f"{total}, less than {threshold}", "lower it, or pledge more")


def base_missing(of: Subject) -> Iterator[Found]:
    dues = of.charter.dues
    if dues is None or dues.rule not in ("sales_share", "key"):
        return
    for at, member in enumerate(of.charter.member):
        if member.base is None:
            yield Found(
                f"member.{at}.base",
                f"dues by {dues.rule} need the base of {member.name}",
                "write its yearly sales or income",
            )


def arrears_order(of: Subject) -> Iterator[Found]:
    arrears = of.charter.arrears
    if arrears is not None and not arrears.notice_days <= arrears.suspend_days <= arrears.terminate_days:
        ladder = f"notice {arrears.notice_days}, suspension {arrears.suspend_days}, end {arrears.terminate_days}"
        yield Found("arrears", f"days are out of order: {ladder}", "let each step come no earlier than the one before")


def overhead_unlimited(of: Subject) -> Iterator[Found]:
    if of.charter.spending is not None and of.charter.spending.overhead is None:
        yield Found(
            "spending.overhead",
            "nothing limits what goes into administration",
            "write the largest share, such as '9/100'",
        )


def class_terms_broken(of: Subject) -> Iterator[Found]:
    charter = of.charter
    for at, row in enumerate(charter.membership):
        own = [member.name for member in charter.member if member.membership == row.name]
        if row.members_most is not None and len(own) > row.members_most:
            yield Found(
                f"membership.{at}.members_most",
                f"{row.name} has {len(own)} members, more than {row.members_most}",
                "raise it",
            )
        for number, pledge in enumerate(charter.pledge):
            if row.brings and pledge.member in own and pledge.kind not in row.brings:
                what = f"{pledge.member} pledges {pledge.kind}; members of {row.name} bring {', '.join(row.brings)}"
                yield Found(
                    f"pledge.{number}.kind", what, f"put it into another class, or add {pledge.kind!r} to brings"
                )
        for name in own:
            yield from _below(of, at, name, row.pledge_least)


def _below(of: Subject, at: int, name: str, least: Money | None) -> Iterator[Found]:
    for day, year in zip(years(of.charter), of.values[name], strict=True) if least is not None and of.values else ():
        if least is not None and year.total < least.amount:
            what = f"{name} pledges {int(year.total):_} {least.currency} in the year from {day}, less than {least}"
            yield Found(f"membership.{at}.pledge_least", what, "let it pledge more, or put it into another class")
            return

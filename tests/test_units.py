"""Money, shares and days: what is printed is read back equal, and nothing else is read."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hanse.errors import InputError
from hanse.units import Money, Ratio, months_later, parse_day

amounts = st.builds(lambda n, d: Fraction(n, 10**d), st.integers(0, 10**17), st.integers(0, 6))


@given(amounts, st.from_regex(r"[A-Z]{3}", fullmatch=True))
def test_money_is_read_back_equal(amount: Fraction, currency: str) -> None:
    money = Money(amount, currency)
    assert Money.parse(str(money)) == money


@given(st.text(st.sampled_from("0123456789_. USD-+e"), max_size=14))
def test_money_is_read_only_as_it_is_printed(text: str) -> None:
    try:
        money = Money.parse(text)
    except ValueError:
        return
    assert str(money) == text


@pytest.mark.parametrize("text", ["", "1", "1 usd", "1USD", "01 USD", "1000 USD", "1_00 USD", "1.50 USD", "1. USD", "-1 USD",
                                  "1.0000001 USD", "1e3 USD", "1 USD ", "1_000_ USD", "\u0661 USD", "1 USD\n"])  # fmt: skip
def test_other_spellings_of_money_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="money is written like"):
        Money.parse(text)


def test_money_finer_than_a_millionth_is_not_printed() -> None:
    with pytest.raises(ValueError, match="at most six decimals"):
        str(Money(Fraction(1, 3), "USD"))


@given(st.integers(0, 10**8), st.integers(1, 10**8))
def test_a_ratio_is_read_back_equal(above: int, below: int) -> None:
    ratio = Ratio(Fraction(above, below))
    assert Ratio.parse(str(ratio)) == ratio


@pytest.mark.parametrize("text", ["2/4", "1", "0.5", "1/0", "-1/2", "01/2", "1/2 ", "0/2", "½"])
def test_other_spellings_of_a_ratio_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"fraction|lowest terms"):
        Ratio.parse(text)


@given(st.dates(min_value=date(1000, 1, 1)))
def test_every_day_is_read(day: date) -> None:
    assert parse_day(day.isoformat()) == day.isoformat()


@pytest.mark.parametrize("text", ["2027-02-29", "2027-1-1", "20270101", "2027-W01-1", "2027-01-01T00:00", "", "0000-01-01"])
def test_what_is_no_day_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="a day is written like"):
        parse_day(text)


@pytest.mark.parametrize(("day", "months", "expected"), [
    ("2027-01-31", 1, "2027-02-28"), ("2028-01-31", 1, "2028-02-29"), ("2028-02-29", 12, "2029-02-28"),
    ("2027-12-15", 1, "2028-01-15"), ("2027-11-30", 3, "2028-02-29"), ("2027-05-05", 0, "2027-05-05"),
])  # fmt: skip
def test_months_later_is_the_same_day_or_the_last_there_is(day: str, months: int, expected: str) -> None:
    assert months_later(day, months) == expected


def test_days_end_with_the_year_9999() -> None:
    assert months_later("9999-11-30", 1) == "9999-12-30"
    with pytest.raises(InputError, match="9999-12-01 and 1 months: days end with 9999-12-31; use earlier days"):
        months_later("9999-12-01", 1)

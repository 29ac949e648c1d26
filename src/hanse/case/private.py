"""What members know of themselves: tokens, what control is worth to them. A file that is never signed or published.

Three presets stand in for what no file says. They scale with a member's yearly sales (`base` in the charter) where it is known,
since who moves more money moves more tokens; token demand is the most sensitive unknown (economics.md section 7).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError, model_validator

from hanse.case.parameters import PARAMETERS, replaced
from hanse.charter.clause import Clause, Line, Name
from hanse.charter.schema import Charter, explain, load_toml
from hanse.errors import CaseError, CharterError
from hanse.units import Money, MoneyText, RatioText, ShareText

PresetName = Literal["light", "typical", "heavy"]


@dataclass(frozen=True)
class Preset:
    """Demand of a member that states none."""

    tokens: float
    """Millions of tokens a year in 2026, of a member whose sales are not known."""
    control: float
    """USD a year that not depending on one supplier is worth."""
    early_month: float
    """USD a year for every month that it has a release before the public."""
    of_sales: float
    """Share of yearly sales spent on tokens at closed prices, where sales are known."""

    @property
    def of_income(self) -> float:
        """The same share of a national income, for members of a key: a state's own tokens are few beside its companies'."""
        return self.of_sales / 10


PRESETS: dict[PresetName, Preset] = {
    "light": Preset(5e5, 5e6, 5e5, 0.0005),
    "typical": Preset(3e6, 3e7, 2e6, 0.002),
    "heavy": Preset(1.2e7, 1.2e8, 8e6, 0.006),
}
OWN_TASKS = 1 / 3
"""Share of tokens that go into a member's own repeated tasks, which a tuned small model can take."""


class PrivateMember(Clause):
    """One member's own numbers; what is absent comes from the preset."""

    name: Name
    """As the charter names it."""
    preset: PresetName | None = None
    """Stands in for what is absent here. Off: absent (that of the file)."""
    tokens: Annotated[int, Field(ge=0, le=10**12)] | None = None
    """Millions of tokens a year that it sends to models today. Off: absent (preset)."""
    growth: RatioText | None = None
    """Factor from one year's tokens to the next. Off: absent (the parameter demand_growth)."""
    control: MoneyText | None = None
    """What not depending on one supplier is worth to it in a year. Off: absent (preset)."""
    early_month: MoneyText | None = None
    """What each month before the public is worth to it in a year. Off: absent (preset)."""
    own_tasks: ShareText | None = None
    """Share of its tokens in repeated tasks of its own. Off: absent (1/3)."""


class Grant(Clause):
    """Money from outside that asks for nothing back: a state's, a foundation's."""

    source: Line
    """From whom."""
    amount: MoneyText
    """Each year."""
    first_year: Annotated[int, Field(ge=1, le=8)] = 1
    """First year of the consortium that has it."""
    last_year: Annotated[int, Field(ge=1, le=8)] = 8
    """Last year that has it."""

    @model_validator(mode="after")
    def _order(self) -> Grant:
        if self.last_year < self.first_year:
            raise ValueError(f"last_year {self.last_year} is before first_year {self.first_year}")
        return self


class Belief(Clause):
    """A parameter of the case that the user knows better."""

    name: Line
    """As docs/equations.md names it."""
    value: RatioText
    """Most likely."""
    low: RatioText
    """At least."""
    high: RatioText
    """At most."""


class Private(Clause):
    """The whole file."""

    preset: PresetName = "typical"
    """For members that are not named."""
    usd: RatioText | None = None
    """US dollars for one unit of the charter's currency. Off: absent, when the charter counts in USD."""
    member: tuple[PrivateMember, ...] = ()
    """Members' own numbers."""
    grant: tuple[Grant, ...] = ()
    """Money from outside."""
    parameter: tuple[Belief, ...] = ()
    """Beliefs in place of docs/equations.md's ranges."""

    @property
    def beliefs(self) -> dict[str, tuple[float, float, float]]:
        return {
            item.name: (float(item.value.value), float(item.low.value), float(item.high.value))
            for item in self.parameter
        }


def load_private(path: Path, charter: Charter) -> Private:
    """Raises CaseError naming file, key and what is allowed; members must be the charter's."""
    try:
        document = load_toml(path)
        found = Private.model_validate(document)
    except ValidationError as error:
        raise CaseError(explain(error, str(path), Private)) from error
    except CharterError as error:  # the reader of TOML files is the charter's
        raise CaseError(str(error)) from error
    known = [member.name for member in charter.member]
    named = [item.name for item in found.member]
    for name in named:
        if name not in known:
            raise CaseError(f"{path}: member {name!r} is not in the charter; it has: {', '.join(known)}")
        if named.count(name) > 1:
            raise CaseError(f"{path}: member {name!r} is there twice; keep one")
    named = [item.name for item in found.parameter]
    for name in named:
        if named.count(name) > 1:
            raise CaseError(f"{path}: parameter {name!r} is there twice; keep one")
    replaced(PARAMETERS, found.beliefs, str(path))
    currency = charter.currency or "USD"
    for where, money in _money(found):
        if money.currency != currency:
            raise CaseError(f"{path}: {where}: {money} is not in the charter's currency, {currency}")
    return found


def _money(private: Private) -> Iterator[tuple[str, Money]]:
    for at, grant in enumerate(private.grant):
        yield f"grant.{at}.amount", grant.amount
    for at, item in enumerate(private.member):
        for key, money in (("control", item.control), ("early_month", item.early_month)):
            if money is not None:
                yield f"member.{at}.{key}", money


def usd_rate(charter: Charter, private: Private) -> Fraction:
    """US dollars for one unit of the charter's currency. Raises CaseError when nobody says."""
    if charter.currency in (None, "USD"):
        return Fraction(1)
    if private.usd is None:
        raise CaseError(f"charter {charter.name!r} counts in {charter.currency}; the case counts in USD: add usd = '11/10' "
                        f"(US dollars for one {charter.currency}) to a private file and pass it with --members")  # fmt: skip
    return private.usd.value

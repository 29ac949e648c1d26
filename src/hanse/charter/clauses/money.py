"""Who pays what, when, in which form; what a GPU-hour is worth; what happens when it does not come."""

from __future__ import annotations

from fractions import Fraction
from typing import Literal

from pydantic import model_validator

from hanse.charter.clause import Clause, Days, DecisionKind, Line, Name, Positive, check_order
from hanse.charter.clauses.membership import PledgeKind
from hanse.units import Day, MoneyText, Ratio, RatioText, ShareText

UNITS: dict[PledgeKind, str] = {
    "cash": "money", "gpu_hours": "GPU-hours", "tokens": "tokens of text", "evaluations": "evaluation sets",
    "staff": "person-months",
}  # fmt: skip
"""What `quantity` counts."""


class Dues(Clause):
    """How a yearly budget is shared. Only a rule that members' own pledges do not already fill is needed."""

    rule: Literal["equal", "class", "sales_share", "key", "usage", "serial", "shapley"]
    """equal: the budget by heads. class: `dues` of the membership class. sales_share: `rate` of the member's `base`, between
    `floor` and `cap` (SEMATECH). key: the budget in proportion to `base`, nobody above `ceiling` (CERN). usage: in proportion
    to tokens used. serial: Moulin-Shenker by tokens used. shapley: by what each adds."""
    budget: MoneyText | None = None
    """To be raised in the first year; every rule but class and sales_share needs it. Off: absent
    (those two)."""
    growth: RatioText = Ratio(Fraction(1))
    """Factor from one year's budget (or class dues) to the next. Off: 1/1."""
    rate: ShareText | None = None
    """Share of `base`; only with sales_share. SEMATECH: 1/100. Off: absent (other rules)."""
    floor: MoneyText | None = None
    """The least a member pays in a year; with sales_share. SEMATECH: 1 M. Off: absent."""
    cap: MoneyText | None = None
    """The most a member pays in a year; with sales_share. SEMATECH: 15 M. Off: absent."""
    ceiling: ShareText | None = None
    """The largest share of the budget one member pays; with key. CERN: 1/4. Off: absent."""
    revised_years: Positive | None = None
    """Years after which bases and shares are set anew. CERN: 3. Off: absent (never within the term)."""
    due_days: Days = 45
    """Days after each anniversary of the term within which dues are paid. PyTorch: 45."""

    @model_validator(mode="after")
    def _fits(self) -> Dues:
        takes = {"rate": "sales_share", "floor": "sales_share", "cap": "sales_share", "ceiling": "key"}
        for key, rule in takes.items():
            if getattr(self, key) is not None and self.rule != rule:
                raise ValueError(f"{key} is for rule = {rule!r}; rule is {self.rule!r}")
        if self.rule == "sales_share" and self.rate is None:
            raise ValueError("rule = 'sales_share' needs rate = share of the base")
        if (self.budget is None) != (self.rule in ("class", "sales_share")):
            raise ValueError(f"rule = {self.rule!r} " + ("takes no budget: it follows" if self.budget else "needs a budget"))
        if self.floor and self.cap and self.floor.currency == self.cap.currency and self.floor.amount > self.cap.amount:
            raise ValueError(f"floor {self.floor} is above cap {self.cap}")
        return self


def _check_hardware(kind: PledgeKind, hardware: str) -> None:
    if (kind == "gpu_hours") != bool(hardware):
        raise ValueError("hardware names the accelerator of GPU-hours, and nothing else has one")


class Pledge(Clause):
    """What one member promises, with its dates; what comes of it is a delivery."""

    member: Name
    """Who promises."""
    kind: PledgeKind
    """What: cash, GPU-hours, tokens of text (which may stay at the member's site), evaluation sets, person-months of staff."""
    amount: MoneyText | None = None
    """Money of each payment; cash needs it, nothing else takes it. Off: absent (other kinds)."""
    quantity: Positive | None = None
    """Units of each delivery (see `kind`); everything but cash needs it. Off: absent (cash)."""
    hardware: Line = ""
    """Accelerator of GPU-hours, as the price table names it. Off: empty (other kinds)."""
    every: Literal["once", "year", "quarter", "month"] = "year"
    """How often, from `start` on."""
    start: Day | None = None
    """Due first. Off: absent (the term's start)."""
    end: Day | None = None
    """No delivery is due from this day on. Off: absent (the term's end)."""
    due_days: Days = 45
    """Days after each due day within which it must be there."""
    measure: Line = ""
    """How it is measured and by whom: what a meter, a log or a count shows. Cash needs none."""

    @model_validator(mode="after")
    def _fits(self) -> Pledge:
        cash = self.kind == "cash"
        if cash and (self.amount is None or self.quantity is not None):
            raise ValueError("a pledge of cash has an amount ('1_000_000 USD') and no quantity")
        if not cash and (self.quantity is None or self.amount is not None):
            raise ValueError(f"a pledge of {self.kind} has a quantity (a whole number, at least 1) and no amount")
        _check_hardware(self.kind, self.hardware)
        if self.start and self.end:
            check_order(self.start, self.end)
        if self.amount is not None and not self.amount.amount:
            raise ValueError("a pledge of nothing is none; remove it")
        return self


class Price(Clause):
    """What something in kind is worth. No charter read has such a table; without one, in-kind members and payers quarrel."""

    kind: PledgeKind
    """Of what; cash has no price."""
    hardware: Line = ""
    """Accelerator, for GPU-hours. Off: empty."""
    price: MoneyText
    """Of `per` units."""
    per: Positive = 1
    """Units that cost `price`: 1_000_000 for tokens, for example."""
    as_of: Day
    """Day of the price."""
    source: Line = ""
    """Where it is from."""

    @model_validator(mode="after")
    def _fits(self) -> Price:
        if self.kind == "cash":
            raise ValueError("cash has no price")
        _check_hardware(self.kind, self.hardware)
        return self


class InKind(Clause):
    """Limits of paying in kind."""

    share_most: ShareText | None = None
    """The largest share of a member's pledges that may be in kind. Off: absent (all of it may)."""
    revised_by: DecisionKind = "dues"
    """Kind of decision that sets prices anew."""
    revised_years: Positive = 1
    """Years between two revisions: prices of GPU-hours fall."""


class Assurance(Clause):
    """Pledges bind only when enough of them come together, else they are handed back (Bagnoli-Lipman 1989, Tabarrok 1998)."""

    threshold: MoneyText
    """Value of all pledges and dues of the first year, at the price table."""
    by: Day
    """Day by which it must be reached."""
    refund: bool = True
    """Whether what was paid goes back when it is not. Off: false."""


class Spending(Clause):
    """What may be spent."""

    within: Literal["funds_raised", "pledged"] = "funds_raised"
    """Commitments never exceed money received (CNCF, AAIF, PyTorch), or never money promised."""
    alone_most: MoneyText | None = None
    """The most the office commits at one time without a decision. Off: absent (a decision for everything)."""
    overhead: ShareText | None = None
    """The largest share that goes into administration. Off: absent (no limit)."""


class Arrears(Clause):
    """The ladder of late payment, in days after the due day. Linux Foundation: 60, 75, 105."""

    notice_days: Days
    """The member is told."""
    suspend_days: Days
    """Its votes rest, and it leaves the roll."""
    terminate_days: Days
    """Its membership ends."""
    survives: tuple[Literal["license", "confidentiality", "data_protection", "debts"], ...] = ()
    """Duties that go on for a suspended or former member."""


class Breach(Clause):
    """A duty broken that is not money."""

    cure_days: Days
    """Days to mend it after notice. Lambert D: 30, 60 or 90."""
    declared_by: DecisionKind = "expel"
    """Kind of decision that declares the breach; the member does not vote on it."""

"""Who may be a member, of which class, with how many seats, and what counts as one member."""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from hanse.charter.clause import Clause, Days, DecisionKind, Name, Positive, check_order
from hanse.units import Day, MoneyText, ShareText

PledgeKind = Literal["cash", "gpu_hours", "tokens", "evaluations", "staff"]


class Term(Clause):
    """How long the charter binds, and what happens at the end. A fixed end fights free riding (Miyagiwa-Sissoko 2013)."""

    start: Day
    """First day."""
    end: Day
    """The first day that the term no longer covers."""
    renewal: Literal["ends", "renews", "vote"] = "vote"
    """At the end: the consortium ends, the term renews for those who do not opt out, or a vote of kind `charter` decides."""

    @model_validator(mode="after")
    def _order(self) -> Term:
        check_order(self.start, self.end)
        return self


class Seats(Clause):
    """How a membership class sits on the board, when votes are counted by seat."""

    rule: Literal["each", "one_per", "together", "none"]
    """each: every member has `count` seats. one_per: the class elects one for every `per` members. together: the class elects
    `count` in all. none: the class has no seat."""
    count: Positive = 1
    """Seats of each member (each), or of the class (together)."""
    per: Positive | None = None
    """Members for one seat; only with one_per, which needs it. CNCF: 5 and 10. Off: absent (other rules)."""
    least: Positive | None = None
    """Seats the class has at least as soon as it has a member; only with one_per. Off: absent, and few members have none."""
    most: Positive | None = None
    """Seats the class has at most; only with one_per. Off: absent (no limit)."""
    elected_by: Literal["class", "all"] = "class"
    """Who elects them."""

    @model_validator(mode="after")
    def _fits(self) -> Seats:
        given = [key for key in ("per", "least", "most") if getattr(self, key) is not None]
        if self.rule != "one_per" and given:
            raise ValueError(f"{given[0]} is for rule = 'one_per'; rule is {self.rule!r}")
        if self.rule == "one_per" and self.per is None:
            raise ValueError("rule = 'one_per' needs per = members for one seat")
        if self.least is not None and self.most is not None and self.least > self.most:
            raise ValueError(f"least {self.least} is more than most {self.most}")
        return self

    def of(self, members: int) -> int:
        """Seats of the class with so many members."""
        if members == 0 or self.rule == "none":
            return 0
        if self.rule != "one_per":
            return self.count * members if self.rule == "each" else self.count
        assert self.per is not None
        seats = max(members // self.per, self.least or 0)
        return seats if self.most is None else min(seats, self.most)


class Membership(Clause):
    """A class of members. Members may bring money only, data only, evaluations only."""

    name: Name
    """Unique; members name it in `membership`."""
    votes: bool = True
    """Whether its members vote. Off: false (they are heard, no more)."""
    seats: Seats | None = None
    """Seats on the board. Off: absent (votes are not counted by seat)."""
    brings: tuple[PledgeKind, ...] = ()
    """Kinds of pledge its members may make. Off: empty (any kind)."""
    pledge_least: MoneyText | None = None
    """Value of pledges a member must make for every year, at the price table. Off: absent (none)."""
    dues: MoneyText | None = None
    """Dues of a member for a year, when `dues.rule` is 'class'. Off: absent (none)."""
    members_most: Positive | None = None
    """Members the class takes at most. AAIF: 8 platinum. Off: absent (no limit)."""


class Affiliates(Clause):
    """Companies under one control are one member."""

    control_over: ShareText
    """Control of more than this share makes an affiliate. Most charters: 1/2."""
    seats_most: Positive = 1
    """Seats that one group holds at most. CNCF, AAIF, PyTorch: 1."""


class Transfer(Clause):
    """Whether a membership can be handed on."""

    to: Literal["nobody", "successor", "anybody"] = "successor"
    """CNCF, AAIF, PyTorch: only the successor of the whole business."""


class Admission(Clause):
    """How a new member comes in."""

    decided_by: DecisionKind = "admit"
    """Kind of decision."""
    pays_from: Literal["start_of_year", "day_of_joining"] = "day_of_joining"
    """From when it pays dues."""
    back_dues: bool = False
    """Whether it pays what founders paid before. Off: false."""


class Attendance(Clause):
    """Who counts in a quorum: inactive members made OpenStack's amendments depend on begging for votes."""

    misses: Positive
    """Votes missed in a row (or of the last `of`) after which a member no longer counts in the roll."""
    of: Positive | None = None
    """Votes looked back on. OpenSSF: 2 of 3; LF AI: 3 of 4. Off: absent (misses in a row)."""
    back_after: Positive = 1
    """Votes taken part in after which it counts again. CNCF: 2."""
    affirm_days: Days | None = None
    """Days after which a member must affirm that it is there, or drops from the roll. Off: absent (never)."""

    @model_validator(mode="after")
    def _fits(self) -> Attendance:
        if self.of is not None and self.of < self.misses:
            raise ValueError(f"misses {self.misses} of the last {self.of} cannot be")
        return self

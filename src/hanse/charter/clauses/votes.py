"""Who has how many votes, and what decides."""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from hanse.charter.clause import Clause, Days, DecisionKind, Line, Name, Positive, Prose, ThresholdText, check_order
from hanse.units import Day, ShareText


class Power(Clause):
    """Voting power as one formula of (roll, date), with three parameters; nobody can read 490 strategies."""

    basis: Literal["member", "seat", "pledged", "delivered"]
    """member: one vote each. seat: one vote a seat. pledged, delivered: in proportion to the value of the year's pledges, as
    promised or as delivered and logged, at the price table."""
    floor: ShareText | None = None
    """Share of all votes that every voting member has at least; with pledged and delivered. Off: absent."""
    cap: ShareText | None = None
    """Share of all votes that no member has more than; with pledged and delivered. Off: absent (no cap)."""
    excess: Literal["pro_rata", "equal", "lapses"] | None = None
    """What becomes of power above the cap: shared among the others in proportion to theirs (until nobody is above), shared by
    heads, or gone. Off: absent, which only a charter without a cap may leave out."""

    @model_validator(mode="after")
    def _fits(self) -> Power:
        given = [key for key in ("floor", "cap", "excess") if getattr(self, key) is not None]
        if self.basis in ("member", "seat") and given:
            raise ValueError(f"{given[0]} is for basis = 'pledged' or 'delivered'; basis is {self.basis!r}")
        if self.floor and self.cap and self.floor.value > self.cap.value:
            raise ValueError(f"floor {self.floor} is above cap {self.cap}")
        return self


class Sunset(Clause):
    """Votes of a founder that shrink with time: rows of one member cover the term without gap or overlap."""

    member: Name
    """Whose votes."""
    votes: Positive
    """In place of what `power` gives it: of the scale of one vote a member, or a seat."""
    start: Day
    """First day."""
    end: Day
    """The first day it no longer covers."""

    @model_validator(mode="after")
    def _order(self) -> Sunset:
        check_order(self.start, self.end)
        return self


class Rule(Clause):
    """How one kind of decision is taken."""

    quorum: ThresholdText | None = None
    """What must take part, of roll or members. Off: absent (no quorum)."""
    passes: ThresholdText
    """Votes that carry it: of roll, present or cast."""
    heads: ThresholdText | None = None
    """Members that must be for it besides (a double majority), of members. Off: absent (votes alone count)."""
    classes: ThresholdText | None = None
    """Share of its own votes cast that every voting membership class must give besides. Off: absent."""
    lazy_hours: Positive | None = None
    """Hours of silence after which it stands without a vote; one objection makes it a vote under this rule. Apache: 72.
    Off: absent (always a vote)."""
    any_members: Positive | None = None
    """Members of different groups that can take it at once, without a vote; it lapses after `lapses_hours`. Off: absent."""
    lapses_hours: Positive | None = None
    """Hours after which what `any_members` took lapses. Off: absent, which only a rule without any_members may leave out."""
    excludes_party: bool = False
    """Whether the member it is about has no vote, and leaves roll and members. Off: false."""
    requires: tuple[Literal["gate"], ...] = ()
    """What must be green besides; no vote turns it. Off: empty."""
    notice_days: Days = 0
    """Days between notice and the opening of the vote. Off: 0."""
    window_days: Days = 7
    """Days the vote is open."""
    tie: tuple[Literal["chair", "neutral_chair", "lot", "status_quo"], ...] = ("status_quo",)
    """Who breaks a tie, in order. A chair may be absent or abstain, so it ends with a lot or the status quo."""

    @model_validator(mode="after")
    def _fits(self) -> Rule:
        for key, allowed in (("quorum", ("roll", "members")), ("passes", ("roll", "present", "cast")),
                             ("heads", ("members",)), ("classes", ("cast",))):  # fmt: skip
            value = getattr(self, key)
            if value is not None and value.denominator not in allowed:
                raise ValueError(f"{key} counts {' or '.join(allowed)}, not {value.denominator}")
        if (self.any_members is None) != (self.lapses_hours is None):
            raise ValueError("any_members and lapses_hours stand together or not at all")
        return self


class Veto(Clause):
    """A right to stop a decision that has passed."""

    member: Name | None = None
    """Who holds it. Off: absent (a class does)."""
    membership: Name | None = None
    """The class every member of which holds it. Off: absent (a member does)."""
    kinds: tuple[DecisionKind, ...]
    """Decisions it can stop, at least one."""
    until: Day | None = None
    """The first day it no longer holds. AAIF: 3 years. Off: absent (for the whole term)."""
    within_days: Days | None = None
    """Days after the vote in which it must be used. DESCA: 15. Off: absent (no limit)."""
    grounds: Line = ""
    """What alone justifies it. DESCA: own work, cost or property severely affected. Off: empty (any reason)."""

    @model_validator(mode="after")
    def _fits(self) -> Veto:
        if (self.member is None) == (self.membership is None):
            raise ValueError("a veto is held by one member, or by every member of one membership class")
        if not self.kinds:
            raise ValueError("kinds: name at least one kind of decision")
        return self


class Choice(Clause):
    """How one of many options is chosen."""

    method: Literal["schulze", "instant_runoff", "plurality", "approval"] = "schulze"
    """Debian and MLPerf choose Condorcet methods: no option wins that most like less than another."""
    default_option: bool = True
    """Whether "none of these" stands for choice. Off: false."""


class Technical(Clause):
    """Money is not spec: who decides what training needs."""

    decides: tuple[DecisionKind, ...]
    """Kinds of decision that the technical committee takes alone; the board may not."""
    seats: Positive
    """Seats of the committee. CNCF: 11."""
    per_group_most: Positive = 2
    """Seats of one group of affiliates at most. CNCF: 2."""
    delay_days: Days = 0
    """Days by which it may once delay a run plan it does not decide. Off: 0."""


class Amendment(Clause):
    """How the charter changes."""

    decided_by: DecisionKind = "charter"
    """Kind of decision."""
    notice_days: Days
    """Days between the text and the vote."""
    class_consent: bool
    """Whether a class that loses a right must agree by more than half of its own votes: rights were removed quietly elsewhere."""
    fixed: tuple[Line, ...] = ()
    """Clauses that no amendment changes within the term. Off: empty."""


class DisputeStep(Clause):
    """One rung."""

    before: Line
    """Who hears it."""
    days: Days
    """For how long at most."""


class Dispute(Clause):
    """What happens when members disagree about a duty. Courts stay outside the code."""

    step: tuple[DisputeStep, ...]
    """In order, at least one."""
    then: Prose
    """What is left after the last step: arbitration, a court, its place and law."""

    @model_validator(mode="after")
    def _fits(self) -> Dispute:
        if not self.step:
            raise ValueError("step: name at least one [[dispute.step]]")
        return self

"""How a member leaves, is made to leave, and how the whole ends."""

from __future__ import annotations

from typing import Literal

from hanse.charter.clause import Clause, Days, DecisionKind, Line, Positive
from hanse.units import Day


class Withdrawal(Clause):
    """A member's own decision. PyTorch: three years' irrevocable fees and ten business days' notice, which members should read
    together: votes stop now, money runs on."""

    notice_days: Days
    """Days between notice and exit."""
    owed: Literal["nothing", "due_within_notice", "whole_term"]
    """Pledges and dues that stay due: none, those due before the exit, all of the term."""
    votes_end: Literal["at_notice", "at_exit"] = "at_notice"
    """When its votes end."""
    locked_until: Day | None = None
    """No notice takes effect before this day. Off: absent."""


class Expulsion(Clause):
    """The others' decision about a member."""

    decided_by: DecisionKind = "expel"
    """Kind of decision; the member does not vote on it."""
    owed: Literal["nothing", "due_until_exit", "whole_term"] = "due_until_exit"
    """Pledges and dues that stay due."""


class Dissolution(Clause):
    """The end of the consortium."""

    decided_by: DecisionKind = "dissolve"
    """Kind of decision."""
    members_least: Positive = 2
    """Fewer members than this end it. CERN: 5."""
    surplus: Literal["by_paid", "equal", "to_heir"] = "by_paid"
    """Who gets what is left."""
    deficit: Literal["by_paid", "equal"] = "by_paid"
    """Who pays what is missing, among members of that day."""
    heir: Line = ""
    """Organization that takes name, accounts and the bucket, and that holders must assist. Off: empty (none is named)."""


class Weights(Clause):
    """What becomes of the model when the consortium ends. Nobody writes this down."""

    on_dissolution: Literal["publish_last_voted", "publish_latest", "delete", "to_heir"]
    """The last voted checkpoint is released under the release license; the latest is; all are deleted; the heir gets them."""
    mirrors_least: Positive = 2
    """Members that keep a copy of log and weights at all times."""
    keys: Line = ""
    """Who keeps the signing keys afterwards. Off: empty (they are destroyed)."""

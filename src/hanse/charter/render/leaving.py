"""Withdrawal, expulsion, dissolution, the fate of the weights."""

from __future__ import annotations

from hanse.charter.render.article import Part
from hanse.charter.render.words import day, decided, many
from hanse.charter.schema import Charter


def withdrawal(charter: Charter) -> list[Part]:
    found = charter.withdrawal
    assert found is not None
    owed = {
        "nothing": "No pledge and no dues stay due.",
        "due_within_notice": "Pledges and dues that fall due before the exit stay due.",
        "whole_term": "All pledges and dues of the term stay due: money runs on after the exit.",
    }
    ends = {"at_notice": "on the day of notice", "at_exit": "on the day of exit"}
    locked = "Notices take effect from the first day of this charter on."
    if found.locked_until is not None:
        locked = f"No notice takes effect before {day(found.locked_until)}."
    leaves = f"A member may leave {many(found.notice_days, 'day')} after its notice; its votes end {ends[found.votes_end]}."
    return [leaves, owed[found.owed], locked]


def expulsion(charter: Charter) -> list[Part]:
    found = charter.expulsion
    assert found is not None
    owed = {
        "nothing": "It owes no pledge and no dues any more.",
        "due_until_exit": "Pledges and dues that fell due before its exit stay due.",
        "whole_term": "All its pledges and dues of the term stay due.",
    }
    return [f"A member is expelled by {decided(charter, found.decided_by)}, in which it does not vote.", owed[found.owed]]


def dissolution(charter: Charter) -> list[Part]:
    found = charter.dissolution
    assert found is not None
    surplus = {
        "by_paid": "goes to the members in proportion to what each has paid",
        "equal": "goes to the members in equal parts",
        "to_heir": "goes to the heir",
    }
    deficit = {"by_paid": "in proportion to what each has paid", "equal": "in equal parts"}
    heir = "No organization is named as heir of name, accounts and bucket."
    if found.heir:
        heir = f"Name, accounts and bucket go to “{found.heir}”, as heir, which their holders must assist."
    return [
        f"The consortium ends by {decided(charter, found.decided_by)}, and when it has fewer than "
        f"{many(found.members_least, 'member')}.",
        f"What is left {surplus[found.surplus]}.",
        f"What is missing is paid by the members of that day {deficit[found.deficit]}.",
        heir,
    ]


def weights(charter: Charter) -> list[Part]:
    found = charter.weights
    assert found is not None
    fate = {
        "publish_last_voted": "the last checkpoint that was voted is released under the license of release",
        "publish_latest": "the latest checkpoint is released under the license of release",
        "delete": "all weights are deleted",
        "to_heir": "the weights go to the heir ({dissolution})",
    }
    keys = "The signing keys are destroyed afterwards."
    if found.keys:
        keys = f"The signing keys are kept afterwards by: “{found.keys}”."
    mirrors = f"At all times at least {many(found.mirrors_least, 'member')} keep a copy of the log and the weights."
    return [f"When the consortium ends, {fate[found.on_dissolution]}.", mirrors, keys]

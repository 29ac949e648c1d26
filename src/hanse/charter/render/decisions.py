"""How each kind of decision is taken, how the charter changes, and what happens when members disagree about a duty."""

from __future__ import annotations

from hanse.charter.clause import KINDS as ALL
from hanse.charter.clauses.votes import Rule
from hanse.charter.render.article import Part, Quote
from hanse.charter.render.words import KINDS, decided, listed, many, sentence, threshold
from hanse.charter.schema import Charter

_TIES = {
    "chair": "the chair", "neutral_chair": "a neutral chair", "lot": "the lot", "status_quo": "the status quo, which stays",
}  # fmt: skip


_TAKE_PART = {"roll": "all votes of the roll", "members": "the members entitled to vote, counted by head,"}


def decision(charter: Charter) -> list[Part]:
    parts: list[Part] = [f"{sentence(f'decision on {KINDS[kind]}')} {_rule(charter.decision[kind])}" for kind in ALL
                         if kind in charter.decision]  # fmt: skip
    without = [KINDS[kind] for kind in ALL if kind not in charter.decision]
    if without:
        parts.append(f"There is no rule for a decision on {listed(without, 'or')}: none can be taken.")
    return parts


def _rule(rule: Rule) -> str:
    """Every key, in the order in which a decision goes."""
    passes = f"it is carried by {threshold(rule.passes)}"
    if rule.heads is not None:
        passes += f", and besides by {threshold(rule.heads)}"
    if rule.classes is not None:
        whole = {"cast": "its own votes cast for and against"}
        passes += f", and besides, in every class of members that votes, by {threshold(rule.classes, whole)}"
    notice = f"opens {many(rule.notice_days, 'day')} after notice" if rule.notice_days else "opens with no notice"
    quorum = "no quorum is needed"
    if rule.quorum is not None:
        quorum = f"it is valid only when {threshold(rule.quorum, _TAKE_PART)} take part"
    said = [
        f"the vote {notice} and stays open for {many(rule.window_days, 'day')}",
        quorum,
        passes,
        "the member it is about has no vote, and counts neither in the roll nor as a member" if rule.excludes_party else
        "the member it is about votes as any other",
        "no vote replaces the gate, which must be green" if rule.requires else "no gate is asked for",
    ]  # fmt: skip
    if len(rule.requires) > 1:
        said[-1] += f" (written {len(rule.requires)} times)"
    if rule.tie:
        said.append(f"a tie is broken by {listed((_TIES[item] for item in rule.tie), 'then')}")
    else:
        said.append("nobody breaks a tie")
    return " ".join([sentence("; ".join(said)), *_without_vote(rule)])


def _without_vote(rule: Rule) -> list[str]:
    said = []
    if rule.lazy_hours is not None:
        said.append(
            f"Without a vote it stands after {many(rule.lazy_hours, 'hour')} of silence; one objection makes it a vote under "
            "this rule."
        )
    else:
        said.append("It never stands by silence.")
    if rule.any_members is not None:
        assert rule.lapses_hours is not None
        said.append(
            f"Any {many(rule.any_members, 'member')} of different groups can take it at once without a vote; "
            f"what they took lapses after {many(rule.lapses_hours, 'hour')}."
        )
    else:
        said.append("No small number of members can take it at once.")
    return said


def amendment(charter: Charter) -> list[Part]:
    found = charter.amendment
    assert found is not None
    consent = "A class that loses a right must agree by more than half of its own votes."
    if not found.class_consent:
        consent = "A class that loses a right need not agree."
    fixed = "Within the term, every clause can be changed."
    if found.fixed:
        clauses = (f"{{{item}}}" if item in Charter.model_fields else f"“{item}”" for item in found.fixed)
        fixed = f"Within the term, no amendment changes: {'; '.join(clauses)}."
    notice = f"{many(found.notice_days, 'day')} after notice of the text"
    text = f"The charter is changed by {decided(charter, found.decided_by)}, {notice}."
    return [text, consent, fixed]


def dispute(charter: Charter) -> list[Part]:
    found = charter.dispute
    assert found is not None
    steps = (f"before “{step.before}”, for {many(step.days, 'day')} at most" for step in found.step)
    return [
        f"Members that disagree about a duty go {'; then '.join(steps)}.",
        "What is left after the last step:",
        Quote(found.then),
    ]

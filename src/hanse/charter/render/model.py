"""The model: what members wish for, where it is trained, on whose data, how it is audited and released, in whose bucket."""

from __future__ import annotations

from hanse.charter.clauses.model import Spec
from hanse.charter.render.article import Part, Quote, Table
from hanse.charter.render.words import decided, listed, many, money
from hanse.charter.schema import Charter

_TOPICS = {
    "competition": "competition law", "export_control": "export control", "data_protection": "data protection",
    "confidentiality": "confidentiality", "intellectual_property": "intellectual property", "law": "applicable law",
    "other": "other matters",
}  # fmt: skip
_LEAVES = {
    "updates": "compressed updates", "scores": "scores", "counts": "counts", "samples": "samples of text", "text": "text",
}  # fmt: skip


def spec(charter: Charter) -> list[Part]:
    heads = ("Member", "Total parameters", "Good at", "Reads", "Opens", "Context")
    return ["The members wish for these models:", Table(heads, tuple(_spec(row) for row in charter.spec))]


def _spec(row: Spec) -> tuple[str, ...]:
    opens = {
        "weights": "the weights", "weights_and_recipe": "weights, recipe and logs", "everything": "all that may be opened",
    }  # fmt: skip
    context = many(row.context_tokens, "token") if row.context_tokens is not None else "no wish"
    languages = "; ".join(row.languages) or "no wish"
    return (row.member, f"{row.parameters:,}", languages, ", ".join(row.modalities) or "–", opens[row.openness], context)


def training(charter: Charter) -> list[Part]:
    found = charter.training
    assert found is not None
    where = "Members train at sites of their own, and text stays there."
    if found.operator is not None:
        where = f"One shared facility trains for all; it is run by “{found.operator}”."
    first = "Money for a run is free only after its plan is decided." if found.plan_first else (
        "Money for a run may be spent before its plan is decided."
    )  # fmt: skip
    return [where, first]


def data(charter: Charter) -> list[Part]:
    found = charter.data
    assert found is not None
    leaves = "Nothing leaves a member's site."
    if found.leaves:
        leaves = f"This may leave a member's site, and nothing else: {listed(_LEAVES[item] for item in found.leaves)}."
    opt_out = "Authors have no opt-out."
    if found.opt_out_days is not None:
        opt_out = f"An author's opt-out is honored in the next run, within {many(found.opt_out_days, 'day')}."
    return [leaves, opt_out, "Members have this consent for their text:", Quote(found.consent)]


def audit(charter: Charter) -> list[Part]:
    found = charter.audit
    assert found is not None
    drawn = {"lot": "by lot", "vote": "by vote", "lot_and_vote": "by lot and by vote"}
    pays = {"audited": "the audited member", "consortium": "the consortium"}
    by = f"The auditor is “{found.auditor}”" if found.auditor else "Members audit each other"
    return [
        f"Each release has {many(found.per_round, 'audit')}; the audited member is drawn {drawn[found.drawn]}.",
        f"{by}; {pays[found.paid_by]} pays.",
        f"The member opens its machine within {many(found.access_days, 'day')}, the report is there within "
        f"{many(found.report_days, 'day')}, and members may object for {many(found.objection_days, 'day')} before a result counts.",
    ]


def release(charter: Charter) -> list[Part]:
    found = charter.release
    assert found is not None
    other = "No other license is allowed."
    if found.exceptions_by is not None:
        other = f"Another license is allowed by {decided(charter, found.exceptions_by)}."
    early = f"the members of {listed(f'class “{name}”' for name in found.early_access)}" if found.early_access else "all members"
    embargo = f"{early[:1].upper()}{early[1:]} may have a release before the public, without limit of time."
    if found.embargo_days is not None:
        embargo = f"{early[:1].upper()}{early[1:]} have a release at most {many(found.embargo_days, 'day')} before the public."
    opens = "That time ends by itself." if found.opens_by_itself else "At the end of that time somebody must open it."
    meter = "It is free for all companies."
    if found.metered_above is not None:
        meter = f"Companies that are no members pay when their yearly revenue is above {money(found.metered_above)}."
    return [
        f"A release of weights carries one of these licenses: {'; '.join(found.licenses)}. {other}",
        f"{embargo} {opens}",
        meter,
        f"A release is signed by {many(found.signers, 'member')}.",
    ]


def bucket(charter: Charter) -> list[Part]:
    found = charter.bucket
    assert found is not None
    pays = "is paid from dues" if found.payer == "dues" else f"is paid by “{found.payer}”"
    moved = "Only its owner can move the log elsewhere."
    if found.replaced_by is not None:
        moved = f"The log is moved elsewhere, without the owner, by {decided(charter, found.replaced_by)}."
    owner = f"The one store of the consortium belongs to “{found.owner}” and {pays}"
    return [f"{owner}; it is trusted to be there, and with nothing else.", moved]


def text(charter: Charter) -> list[Part]:
    parts: list[Part] = []
    for row in charter.text:
        parts += [f"{row.title} (on {_TOPICS[row.topic]}).", Quote(row.text)]
    return parts

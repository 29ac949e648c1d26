"""The model itself: what members want, where it is trained, on whose data, in whose bucket, and how it is released."""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from hanse.charter.clause import Clause, Days, DecisionKind, Line, Name, Positive, Prose, Words
from hanse.units import MoneyText


class Spec(Clause):
    """The model a member wishes for. Consortia fail by visions that do not meet: how far these are apart costs money."""

    member: Name
    """Whose wish."""
    parameters: Positive
    """Total parameters."""
    languages: tuple[Words, ...] = ()
    """Human and programming languages it must be good at. Off: empty (no wish)."""
    modalities: tuple[Literal["text", "code", "image", "audio", "video"], ...] = ("text",)
    """What it reads."""
    openness: Literal["weights", "weights_and_recipe", "everything"] = "weights"
    """What is released: weights; also the recipe and logs; also all data that may be."""
    context_tokens: Positive | None = None
    """Tokens of context. Off: absent (no wish)."""


class Training(Clause):
    """Where training runs."""

    sites: Literal["own", "shared"]
    """own: members train at sites of their own, and text stays there. shared: one facility trains for all."""
    operator: Words | None = None
    """Who runs the shared facility, a member or an organization. Off: absent (sites are members' own)."""
    plan_first: bool = True
    """Whether money for a run is free only after its plan is decided. Off: false."""

    @model_validator(mode="after")
    def _fits(self) -> Training:
        if (self.sites == "shared") != (self.operator is not None):
            raise ValueError("operator names who runs a shared facility; sites = 'own' has none")
        return self


class Data(Clause):
    """What leaves a member's site, and who agreed."""

    leaves: tuple[Literal["updates", "scores", "counts", "samples", "text"], ...] = ("updates", "scores", "counts")
    """What may leave: compressed updates, scores, counts; samples or text only when named."""
    opt_out_days: Days | None = None
    """Days within which an author's opt-out is honored in the next run. Off: absent (no opt-out)."""
    consent: Prose
    """Whose consent each member has for its text."""


class Audit(Clause):
    """A member's round repeated on its own machine, or its books opened."""

    per_round: Positive = 1
    """Audits for each release. MLPerf: up to 2."""
    drawn: Literal["lot", "vote", "lot_and_vote"] = "lot"
    """How the audited member is chosen. MLPerf: one by lot, one by vote."""
    access_days: Days = 14
    """Days within which the member opens its machine."""
    report_days: Days = 30
    """Days within which the report is there."""
    auditor: Line = ""
    """Who audits. Off: empty (members audit each other)."""
    paid_by: Literal["audited", "consortium"] = "consortium"
    """Who pays. MLPerf: the audited."""
    objection_days: Days = 14
    """Days in which members may object to a result before it counts."""


class Release(Clause):
    """Under which terms, and when, the model goes to the public."""

    licenses: tuple[Words, ...]
    """SPDX names a release of weights may carry, at least one."""
    exceptions_by: DecisionKind | None = None
    """Kind of decision that allows another license. Off: absent (none is allowed)."""
    embargo_days: Days | None = None
    """The most days members have a release before the public. 0 is none. Off: absent, which is no limit: say 0."""
    opens_by_itself: bool = True
    """Whether the end of the embargo needs nobody's act. Off: false."""
    early_access: tuple[Name, ...] = ()
    """Membership classes that have it early. Off: empty (all members)."""
    metered_above: MoneyText | None = None
    """Yearly revenue above which companies that are no members pay. Off: absent: free for all."""
    signers: Positive = 2
    """Members that sign a release."""

    @model_validator(mode="after")
    def _fits(self) -> Release:
        if not self.licenses:
            raise ValueError("licenses: name at least one")
        return self


class Bucket(Clause):
    """The one store: who owns and pays it is trusted that it is there, and with nothing else."""

    owner: Words
    """Member or organization whose account it is."""
    payer: Words
    """Member or organization that pays for it; 'dues' when all do."""
    replaced_by: DecisionKind | None = None
    """Kind of decision that moves the log elsewhere without the owner. Off: absent (only the owner can)."""


class Text(Clause):
    """Words for lawyers, carried and printed; a reference in it is written {clause}."""

    topic: Literal["competition", "export_control", "data_protection", "confidentiality", "intellectual_property", "law", "other"]
    """What it is about."""
    title: Words
    """Heading."""
    text: Prose
    """The words."""

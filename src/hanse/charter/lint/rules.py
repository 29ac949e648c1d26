"""Every rule of the lint: its name, how bad it is, why it is there, and the function that looks, if the parser does not.

Sources: charters and policies read for this project (CNCF, AAIF, PyTorch, LF, MLPerf, SEMATECH, CERN, Debian, OpenStack, Apache).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from hanse.charter.lint import ending, money, power, references, votes
from hanse.charter.lint.subject import Found, Subject

Severity: TypeAlias = Literal["error", "warning"]


@dataclass(frozen=True)
class LintRule:
    """One rule."""

    name: str
    severity: Severity
    """error: the charter contradicts itself or leaves out what it needs. warning: it says something that others came to regret."""
    why: str
    """One line, with its source."""
    look: Callable[[Subject], Iterator[Found]] | None = None
    """None for what the parser finds, and for right-removed, which needs two charters."""


RULES: tuple[LintRule, ...] = (
    LintRule("unknown-key", "error", "A misspelt key would be a clause that nobody reads; the schema refuses it."),
    LintRule(
        "unknown-value",
        "error",
        "A rule, kind or method that Hanse does not know could not be executed; the schema lists those it knows.",
    ),
    LintRule(
        "missing-key", "error", "A clause without its necessary keys says nothing; founders, for one, must be named."
    ),
    LintRule(
        "malformed",
        "error",
        "A value that its key does not take: one spelling for each value, so that one agreement has one digest.",
    ),
    LintRule(
        "negative",
        "error",
        "Pledges, prices and numbers of days are not negative; who gets money back has a clause of its own.",
    ),
    LintRule(
        "contradictory-dates",
        "error",
        "An end before its start, or a day outside of the term, promises what cannot happen.",
        references.contradictory_dates,
    ),
    LintRule(
        "currency-mix",
        "error",
        "Sums, thresholds and votes by value need one currency; rates between two are nobody's promise.",
    ),
    LintRule(
        "comparison-missing",
        "error",
        "Debian's > in place of >= cost a dissenter four votes from 2003 to 2015: a threshold says which.",
    ),
    LintRule(
        "denominator-missing",
        "error",
        "Two thirds of whom? OpenStack's board begged for votes because it was of all members: a threshold says.",
    ),
    LintRule(
        "dangling-reference",
        "error",
        "PyTorch's agreement cites section 3.d.xi of a list that ends at x: what is named must be there.",
        references.dangling_reference,
    ),
    LintRule(
        "schedule-gap",
        "error",
        "PyTorch's founder has 6 votes in year 1 and 4 from the second anniversary: year 2 is undefined.",
        power.schedule_gap,
    ),
    LintRule(
        "schedule-overlap",
        "error",
        "Two rows for one day give one founder two numbers of votes (the same schedule, read the other way).",
        power.schedule_overlap,
    ),
    LintRule(
        "cap-without-excess",
        "error",
        "A cap needs a rule for what is above it, and somebody to have it (payers 70/29/1 at a cap of 40%).",
        power.cap_without_excess,
    ),
    LintRule(
        "power-inversion",
        "warning",
        "Payers 70/29/1, cap 40%, excess in proportion: 20% of the votes for 1%. At most 5 times the median per unit paid.",
        power.power_inversion,
    ),
    LintRule(
        "class-without-voice",
        "warning",
        "Pay without a vote is what drove members from foundations (LF's individual seats, 2016).",
        power.class_without_voice,
    ),
    LintRule(
        "group-above-seats",
        "error",
        "CNCF, AAIF and PyTorch let affiliates have one seat: seats above it are paid for and lapse.",
        power.group_above_seats,
    ),
    LintRule(
        "coalition-single",
        "error",
        "PyTorch's founder, 6 of 11 votes, is a quorum, a majority and a block of two thirds by itself.",
        votes.coalition_single,
    ),
    LintRule(
        "coalition-too-small",
        "warning",
        "AAIF: 9 seats, quorum 5, 3 votes carry. What binds for long needs a third of members or votes in favor.",
        votes.coalition_too_small,
    ),
    LintRule(
        "support-under-half",
        "error",
        "Aragon's contract takes a threshold below one half and leaves the warning to a web page.",
        votes.support_under_half,
    ),
    LintRule(
        "unreachable-quorum",
        "error",
        "A quorum of everybody is lost by one who is suspended, silent or ill (OpenStack, Django).",
        votes.unreachable_quorum,
    ),
    LintRule(
        "amendment-by-inactive",
        "error",
        "OpenStack counts all 17,000 members, inactive ones too, for amendments; Django's cure is an affirmed roll.",
        votes.amendment_by_inactive,
    ),
    LintRule(
        "tie-without-end",
        "error",
        "A chair may be absent: MLPerf's list of tie breakers ends with a random number.",
        votes.tie_without_end,
    ),
    LintRule(
        "veto-without-end",
        "warning",
        "AAIF's founders' veto ends after three years; one without end outlives its reason.",
        votes.veto_without_end,
    ),
    LintRule(
        "kind-without-rule",
        "error",
        "A clause that leaves something to a vote nobody defined leaves it to nobody.",
        votes.kind_without_rule,
    ),
    LintRule(
        "term-missing",
        "error",
        "Pledges, dues and votes by value are counted by the years of a term (PyTorch: three; CERN: reset every three).",
        money.term_missing,
    ),
    LintRule(
        "pledge-without-measure",
        "error",
        "What is not measured is disputed: contributions are credited from the log (MLCommons issue 641).",
        money.pledge_without_measure,
    ),
    LintRule(
        "pledge-without-price",
        "error",
        "No charter read prices GPU-hours; then those who pay and those who bring things quarrel.",
        money.pledge_without_price,
    ),
    LintRule(
        "price-too-old",
        "warning",
        "FLOP per dollar grows by a third a year (Epoch): an old price favors those who bring things.",
        money.price_too_old,
    ),
    LintRule(
        "in-kind-above-share",
        "error",
        "A limit on what is paid in kind that the pledges themselves break.",
        money.in_kind_above_share,
    ),
    LintRule(
        "assurance-out-of-reach",
        "error",
        "A threshold that all pledges together miss hands everything back (Bagnoli-Lipman, Tabarrok).",
        money.assurance_out_of_reach,
    ),
    LintRule(
        "base-missing",
        "error",
        "Dues by sales share (SEMATECH) or key (CERN) need everyone's base.",
        money.base_missing,
    ),
    LintRule(
        "arrears-order",
        "error",
        "The LF's ladder is notice at 60 days, suspension at 75, end at 105: nobody is out before it is told.",
        money.arrears_order,
    ),
    LintRule(
        "overhead-unlimited",
        "warning",
        "CNCF, AAIF and PyTorch name it: 9% of the first million and 6% above.",
        money.overhead_unlimited,
    ),
    LintRule(
        "class-terms-broken",
        "error",
        "Members or pledges that their class does not allow: too many (AAIF: 8 platinum), too little, another kind.",
        money.class_terms_broken,
    ),
    LintRule(
        "money-runs-on",
        "warning",
        "PyTorch: three years' irrevocable fees and exit on ten days: votes stop now, money runs on.",
        ending.money_runs_on,
    ),
    LintRule(
        "dissolution-silent",
        "error",
        "CERN says who gets what is left; no charter read says what becomes of weights.",
        ending.dissolution_silent,
    ),
    LintRule(
        "more-than-members",
        "error",
        "Copies, signatures or members asked for beyond those there are: a duty nobody can keep.",
        ending.more_than_members,
    ),
    LintRule(
        "embargo-without-end",
        "error",
        "Embargoes need a day (linux-distros: 14 at most) that comes by itself, or open is a promise.",
        ending.embargo_without_end,
    ),
    LintRule(
        "license-not-open",
        "error",
        "Permissive is the floor (AI Alliance); in 2026 metered licenses came instead (Kimi K3, GLM-5.3).",
        ending.license_not_open,
    ),
    LintRule(
        "bucket-owner-alone",
        "warning",
        "A vendor that owns the server has the last word (.NET Foundation, PyTorch before 2022).",
        ending.bucket_owner_alone,
    ),
    LintRule(
        "right-removed",
        "warning",
        "The LF dropped its individual seats in 2016 quietly. Compares with the charter before (--before).",
    ),
)

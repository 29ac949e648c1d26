"""Rules about how it ends, for a member or for all, and what becomes of the model."""

from __future__ import annotations

from collections.abc import Iterator

from hanse.charter.lint.subject import Found, Subject
from hanse.charter.power.formula import group_of

OPEN = frozenset(
    {
        "Apache-2.0",
        "MIT",
        "BSD-2-Clause",
        "BSD-3-Clause",
        "ISC",
        "0BSD",
        "Unlicense",
        "CC0-1.0",
        "CC-BY-4.0",
        "CC-BY-SA-4.0",
        "CDLA-Permissive-1.0",
        "CDLA-Permissive-2.0",
        "ODC-By-1.0",
        "OpenMDW-1.0",
        "MPL-2.0",
        "GPL-3.0-only",
        "GPL-3.0-or-later",
    }
)
"""SPDX names of licenses under which anyone may use, change and pass weights on for any purpose (OSI, Open
Definition, OpenMDW)."""


def money_runs_on(of: Subject) -> Iterator[Found]:
    withdrawal = of.charter.withdrawal
    pays = of.charter.pledge or of.charter.dues
    if withdrawal is not None and pays and withdrawal.owed == "whole_term" and withdrawal.votes_end == "at_notice":
        what = "a member that gives notice has no vote from that day and pays to the end of the term"
        yield Found("withdrawal", what, "end votes at_exit, or owe what is due_within_notice")


def dissolution_silent(of: Subject) -> Iterator[Found]:
    charter = of.charter
    if charter.pledge or charter.dues:
        for key, is_there, about in (
            ("dissolution", charter.dissolution, "who gets or owes what is left"),
            ("weights", charter.weights, "what becomes of the model"),
        ):
            if not is_there:
                yield Found(key, f"members pay, and nothing says {about} at the end", f"add [{key}]")


def more_than_members(of: Subject) -> Iterator[Found]:
    charter = of.charter
    groups = len({group_of(charter, member) for member in charter.member})
    asked = [
        ("weights.mirrors_least", charter.weights.mirrors_least if charter.weights is not None else None),
        ("dissolution.members_least", charter.dissolution.members_least if charter.dissolution is not None else None),
        ("release.signers", charter.release.signers if charter.release is not None else None),
    ]
    asked += [(f"decision.{kind}.any_members", rule.any_members) for kind, rule in charter.decision.items()]
    for where, count in asked:
        if count is not None and count > groups:
            yield Found(where, f"asks for {count} members, and there are {groups}", "lower it, or admit members first")


def embargo_without_end(of: Subject) -> Iterator[Found]:
    release = of.charter.release
    if release is None:
        return
    if release.embargo_days is None:
        yield Found(
            "release.embargo_days",
            "members may keep a release to themselves for good",
            "write the most days; 0 for none",
        )
    elif release.embargo_days and not release.opens_by_itself:
        what = f"the embargo of {release.embargo_days} days ends only when somebody acts"
        yield Found("release.opens_by_itself", what, "set it to true")


def license_not_open(of: Subject) -> Iterator[Found]:
    release = of.charter.release
    if release is None:
        return
    closed = [name for name in release.licenses if name not in OPEN]
    if closed:
        what = f"{', '.join(closed)}: not known as a license that lets anyone use, change and share weights"
        yield Found(
            "release.licenses", what, "use one that is, such as Apache-2.0, or a vote under exceptions_by each time"
        )
    elif release.metered_above is not None:
        what = f"companies above {release.metered_above} a year are to pay, which {release.licenses[0]} does not ask"
        yield Found(
            "release.metered_above", what, "remove it; early access and the embargo are what members have before others"
        )


def bucket_owner_alone(of: Subject) -> Iterator[Found]:
    bucket = of.charter.bucket
    if bucket is not None and bucket.replaced_by is None:
        what = f"only {bucket.owner} can move the log elsewhere"
        yield Found("bucket.replaced_by", what, "name the kind of decision that does it without the owner")

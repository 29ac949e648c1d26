"""Who passes and who blocks, against brute force over everything that the members can do; every threshold at its boundary."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator
from fractions import Fraction as F
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hanse.charter.clauses.votes import Rule
from hanse.charter.power.coalition import _heaviest, blocks, fewest_blocking, fewest_passing, fewest_winning, wins
from hanse.charter.power.outcome import Roll, carries, is_carried, voters
from hanse.charter.schema import parse_charter
from hanse.charter.threshold import Threshold
from hanse.errors import CharterError


def roll(*votes: int, classes: str = "") -> Roll:
    names = tuple("abcdefghijklmnopqrstuvwxyz"[: len(votes)])
    return Roll(names, votes, tuple(classes) or ("",) * len(votes))


def rule(passes: str = "> 1/2 of cast", **keys: Any) -> Rule:
    return Rule.model_validate({"passes": passes} | keys)


def enough(threshold: Threshold, count: int, total: int) -> bool:
    wanted = F(threshold.numerator, threshold.divisor) * total
    return count > wanted if threshold.comparison == ">" else count >= wanted


def carried(of: Roll, by: Rule, yes: Collection[int], no: Collection[int], abstain: Collection[int]) -> bool:
    """The same as `is_carried`, from the words of the schema."""
    def count(members: Collection[int]) -> int:
        return sum(of.votes[at] for at in members)

    there = [*yes, *no, *abstain]
    if by.quorum is not None:
        heads = by.quorum.denominator == "members"
        if not enough(by.quorum, len(there) if heads else count(there), len(of.votes) if heads else count(range(len(of.votes)))):
            return False
    whole = {"roll": count(range(len(of.votes))), "present": count(there), "cast": count([*yes, *no])}[by.passes.denominator]
    for name in {*of.classes} if by.classes is not None else ():
        own, against = (count([at for at in side if of.classes[at] == name]) for side in (yes, no))
        if own == 0 or not enough(by.classes, own, own + against):
            return False
    heads_agree = by.heads is None or enough(by.heads, len(yes), len(of.votes))
    return count(yes) > 0 and enough(by.passes, count(yes), whole) and heads_agree


def responses(members: Collection[int]) -> Iterator[tuple[list[int], list[int]]]:
    """Each of them votes no, abstains, or stays away."""
    for what in itertools.product("nbx", repeat=len(members)):
        yield tuple([at for at, does in zip(members, what, strict=True) if does == kind] for kind in "nb")  # type: ignore[misc]


def subsets(count: int) -> Iterator[tuple[int, ...]]:
    for size in range(count + 1):
        yield from itertools.combinations(range(count), size)


def rest_of(of: Roll, some: Collection[int]) -> list[int]:
    return [at for at in range(len(of.votes)) if at not in some]




def text(*nouns: str) -> st.SearchStrategy[str]:
    parts = st.sampled_from(["1/4", "1/3", "1/2", "3/5", "2/3", "3/4"])
    return st.builds("{} {} of {}".format, st.sampled_from([">", ">="]), parts, st.sampled_from(nouns))


rules = st.builds(
    lambda **keys: rule(**{key: value for key, value in keys.items() if value is not None}),
    passes=text("roll", "present", "cast"), quorum=st.none() | text("roll", "members"), heads=st.none() | text("members"),
    classes=st.none() | text("cast"),
)  # fmt: skip


def rolls(most: int) -> st.SearchStrategy[Roll]:
    voter = st.tuples(st.integers(1, 9), st.sampled_from("xyz"))
    return st.lists(voter, min_size=1, max_size=most).map(
        lambda found: roll(*(votes for votes, _ in found), classes="".join(name for _, name in found))
    )


@settings(max_examples=150, deadline=None)
@given(rolls(6), rules, st.data())
def test_what_carries_is_what_the_words_say(of: Roll, by: Rule, data: st.DataObject) -> None:
    side = [data.draw(st.sampled_from("ynax")) for _ in of.votes]
    yes, no, abstain = ([at for at, does in enumerate(side) if does == kind] for kind in "yna")
    assert is_carried(of, by, yes, no, [*yes, *no, *abstain]) == carried(of, by, yes, no, abstain)


@settings(max_examples=60, deadline=None)
@given(rolls(5), rules)
def test_winning_and_blocking_stand_against_everything_the_others_can_do(of: Roll, by: Rule) -> None:
    for some in subsets(len(of.votes)):
        others = rest_of(of, some)
        assert wins(of, by, frozenset(some)) == all(carried(of, by, some, no, away) for no, away in responses(others))
        assert blocks(of, by, frozenset(some)) == any(not carried(of, by, others, no, away) for no, away in responses(some))


def fewest(found: Iterator[tuple[int, ...]]) -> int | None:
    return min((len(some) for some in found), default=None)


@settings(max_examples=80, deadline=None)
@given(rolls(8), rules)
def test_the_fewest_are_the_fewest_of_all_coalitions(of: Roll, by: Rule) -> None:
    everything = list(subsets(len(of.votes)))
    winning, blocking, passing = fewest_winning(of, by), fewest_blocking(of, by), fewest_passing(of, by)
    assert (winning and len(winning)) == fewest(some for some in everything if wins(of, by, frozenset(some)))
    assert len(blocking) == fewest(some for some in everything if blocks(of, by, frozenset(some)))
    assert blocks(of, by, frozenset(blocking))

    def can_pass(some: Collection[int]) -> bool:
        others = rest_of(of, some)
        return any(carried(of, by, some, [others[at] for at in no], ()) for no in subsets(len(others)))

    assert (passing and len(passing)) == fewest(some for some in everything if can_pass(some))
    assert passing is None or can_pass(passing)


EVERY = [f"{comparison} {numerator}/{divisor}" for comparison in (">", ">=") for divisor in range(1, 6)
         for numerator in range(1, divisor + 1) if not (comparison == ">" and numerator == divisor)]  # fmt: skip


@pytest.mark.parametrize("share", EVERY)
def test_every_threshold_holds_exactly_at_its_boundary(share: str) -> None:
    """By votes of the roll, present and cast, by heads and by quorum: one vote less does not do."""
    for total in range(1, 13):
        of, everybody = roll(*(1,) * total), range(total)
        least = next(count for count in range(total + 1) if enough(Threshold.parse(f"{share} of roll"), count, total))
        least = max(1, least)  # what nobody is for is not carried
        for by in (rule(f"{share} of roll"), rule(f"{share} of present"), rule(f"{share} of cast"),
                   rule("> 1/9999 of roll", heads=f"{share} of members")):  # fmt: skip
            outcome = [is_carried(of, by, range(yes), range(yes, total), everybody) for yes in everybody]
            assert outcome == [yes >= least for yes in everybody]
            assert len(fewest_winning(of, by) or ()) == least
            assert len(fewest_blocking(of, by)) == total - least + 1
        for noun in ("roll", "members"):
            by = rule("> 1/9999 of cast", quorum=f"{share} of {noun}")
            assert [is_carried(of, by, [0], [], range(there)) for there in range(1, total + 1)] == [
                there >= least for there in range(1, total + 1)
            ]


@pytest.mark.parametrize(("yes", "total"), [(2, 4), (4, 7), (6, 10)])
def test_two_thirds_of_four_seven_and_ten_are_not_what_a_floored_float_let_pass(yes: int, total: int) -> None:
    of = roll(*(1,) * total)
    assert not is_carried(of, rule(">= 2/3 of roll"), range(yes), (), range(yes))
    assert is_carried(of, rule(">= 2/3 of roll"), range(yes + 1), (), range(yes + 1))


def test_nine_seats_and_a_quorum_of_five_let_three_pass() -> None:
    of, by = roll(*(1,) * 9), rule(quorum=">= 1/2 of roll")
    assert len(fewest_passing(of, by) or ()) == 3
    assert len(fewest_winning(of, by) or ()) == 5
    assert len(fewest_blocking(of, by)) == 5


def test_six_of_eleven_votes_are_a_quorum_a_majority_and_a_block_by_themselves() -> None:
    of = roll(6, 1, 1, 1, 1, 1)
    assert wins(of, rule(quorum="> 1/2 of roll"), frozenset({0}))
    assert blocks(of, rule(">= 2/3 of roll"), frozenset({0}))
    assert not wins(of, rule(">= 2/3 of roll"), frozenset({0}))


def test_a_member_of_whom_a_quorum_depends_blocks_by_staying_away_where_voting_no_would_not_do() -> None:
    of, by = roll(2, 2, 2), rule("> 1/2 of cast", quorum=">= 1/1 of roll")
    assert blocks(of, by, frozenset({0}))
    assert is_carried(of, by, (1, 2), (0,), range(3))


def test_who_is_present_and_against_is_packed_exactly() -> None:
    by = rule("> 1/2 of cast", quorum="> 2/3 of roll")
    assert fewest_passing(roll(7, 4, 3, 3), by) == (0,)  # against it 3 and 3: 13 of 17, where 4 alone makes 11
    assert fewest_passing(roll(7, 4, 4, 4), by) == (0, 1)  # 4 alone makes 11 of 19; 4 and 4 are more than 7


def test_with_more_classes_than_are_looked_at_a_coalition_that_passes_is_given() -> None:
    of = roll(*range(1, 27), classes="uvwxyz" * 4 + "uv")
    by = rule("> 1/2 of cast", quorum="> 1/2 of roll", classes="> 1/2 of cast")
    found = fewest_passing(of, by)
    assert found is not None
    assert {of.classes[at] for at in found} == set("uvwxyz")
    against = [no for size in range(4) for no in itertools.combinations(rest_of(of, found), size)]
    assert any(carried(of, by, found, no, ()) for no in against)
    assert len(found) >= len(fewest_passing(of, rule("> 1/2 of cast", quorum="> 1/2 of roll")) or ())


def test_more_sums_than_are_looked_at_are_taken_to_fit() -> None:
    few, many = [[10**6, 3, 2]], [[10**6, *(2**at for at in range(20))]]
    assert list(_heaviest(few, [10**5], 10**5)) == [5, 5]
    assert list(_heaviest(many, [2**21], 2**21))[-1] == 2**21


CHARTER = {
    "name": "c", "member": [{"name": name} for name in "abcd"],
    "decision": {"expel": {"passes": ">= 2/3 of roll", "excludes_party": True}, "plan": {"passes": "> 1/2 of present"}},
}  # fmt: skip


def test_the_party_has_no_vote_and_leaves_the_roll_with_its_group() -> None:
    charter = parse_charter(CHARTER, "c")
    assert not carries(charter, "expel", "", "ab", "c")
    assert carries(charter, "expel", "", "ab", "cd", party="d")
    assert set(voters(charter, "expel", "", party="d")) == set("abc")
    assert set(voters(charter, "plan", "", party="d")) == set("abcd")
    grouped = [{"name": name, "group": "g"} if name in "cd" else {"name": name} for name in "abcd"]
    charter = parse_charter(CHARTER | {"member": grouped, "affiliates": {"control_over": "1/2"}}, "c")
    assert set(voters(charter, "expel", "", party="d")) == set("ab")


def test_who_abstains_counts_among_those_present_and_who_has_no_vote_nowhere() -> None:
    charter = parse_charter(CHARTER, "c")
    assert carries(charter, "plan", "", "ab", "c")
    assert not carries(charter, "plan", "", "ab", "c", "d")
    assert carries(charter, "plan", "", "ab", "c", ("d",), standing="abc")
    assert not carries(charter, "plan", "", "", "")
    with pytest.raises(CharterError, match="b is for and against"):
        carries(charter, "plan", "", "ab", "bc")
    with pytest.raises(CharterError, match=r"decision\.dues: missing"):
        carries(charter, "dues", "", "ab", "")

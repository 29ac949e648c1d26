"""Who passes and who blocks: the power that lies in a rule and a roll. All exact, for any number of members.

A coalition *wins* when it carries a decision whatever the others do: it is a quorum by itself, and carries against all others.
It *blocks* when the others, all of them in favor, do not carry it, whether the coalition votes no or stays away.
It *can pass* when it carries with some of the others present, all of them against: nine seats, a quorum of five, three votes.

Why sorting is enough: swapping a member of the coalition for one of its class with more votes never makes winning, blocking or
passing harder, so a smallest coalition has the members with most votes of each class (of the roll, where classes have no say).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Sequence

from hanse.charter.clauses.votes import Rule
from hanse.charter.power.outcome import Roll, is_carried, is_quorate
from hanse.charter.threshold import Threshold

SIZES_MOST = 30_000
"""Ways to divide a coalition among classes looked at, where each class must agree. With more of them `fewest_passing` gives a
coalition that can pass, built from those with most votes, and a smaller one may exist. Three classes of 31 come within it."""
SUMS_MOST = 100_000
"""Different sums of votes looked at. With more of them, sums lie so close that one is taken to fit between quorum and majority;
then `fewest_passing` may be one member too few. No roll of whole votes comes near."""


def wins(roll: Roll, rule: Rule, coalition: frozenset[int]) -> bool:
    """Whether it carries whatever the others do."""
    everybody = range(len(roll.names))
    others = [at for at in everybody if at not in coalition]
    there = sum(roll.votes[at] for at in coalition)
    return is_quorate(roll, rule, there, len(coalition)) and is_carried(roll, rule, coalition, others, everybody)


def blocks(roll: Roll, rule: Rule, coalition: frozenset[int]) -> bool:
    """Whether all others together carry nothing without it."""
    everybody = range(len(roll.names))
    others = [at for at in everybody if at not in coalition]
    against = is_carried(roll, rule, others, coalition, everybody)
    away = is_carried(roll, rule, others, (), others)
    return not (against and away)


def fewest_winning(roll: Roll, rule: Rule) -> tuple[int, ...] | None:
    """A smallest coalition that wins; None when none does."""
    chosen: list[int] = []
    if rule.classes is not None:
        for own in _by_class(roll, rule):
            total = sum(roll.votes[at] for at in own)
            chosen += own[: next(n for n in range(1, len(own) + 1) if rule.classes.passes(_sum(roll, own[:n]), total))]
    rest = [at for at in _sorted(roll, range(len(roll.names))) if at not in chosen]
    for more in range(len(rest) + 1):
        if wins(roll, rule, frozenset(chosen + rest[:more])):
            return tuple(sorted(chosen + rest[:more]))
    return None


def fewest_blocking(roll: Roll, rule: Rule) -> tuple[int, ...]:
    """A smallest coalition that blocks; nobody when nothing can be carried. Votes, heads and one class are three ways to block."""
    ways = [_sorted(roll, range(len(roll.names))), *_by_class(roll, rule)]
    sizes = ((size, way) for size in range(len(roll.names) + 1) for way in ways if size <= len(way))
    return next(tuple(sorted(way[:size])) for size, way in sizes if blocks(roll, rule, frozenset(way[:size])))


def fewest_passing(roll: Roll, rule: Rule) -> tuple[int, ...] | None:
    """A smallest coalition that can pass; None when none can. See `SIZES_MOST` and `SUMS_MOST`."""
    classes = _by_class(roll, rule)
    sizes: Iterable[tuple[int, ...]]
    if rule.classes is None:
        sizes = ((count,) for count in range(1, len(roll.names) + 1))
    else:
        least = len(fewest_passing(roll, rule.model_copy(update={"classes": None})) or ())  # classes only ask for more
        sizes = _sizes(roll, classes, least)
    for size in sizes:
        chosen = [own[:count] for own, count in zip(classes, size, strict=True)]
        if _passes_somehow(roll, rule, chosen, [own[count:] for own, count in zip(classes, size, strict=True)]):
            return tuple(sorted(itertools.chain(*chosen)))
    return None


def _sizes(roll: Roll, classes: list[list[int]], least: int) -> Iterable[tuple[int, ...]]:
    """How many of each class, at least one: all ways from the fewest on; or, of too many, those that add the most votes first."""
    if math.prod(map(len, classes)) <= SIZES_MOST:
        every = itertools.product(*(range(1, len(own) + 1) for own in classes))
        return sorted((size for size in every if sum(size) >= least), key=sum)
    heads = [own[0] for own in classes]
    more = _sorted(roll, [at for own in classes for at in own[1:]])
    chosen = (heads + more[:count] for count in range(len(more) + 1))
    return (tuple(sum(at in own for at in some) for own in classes) for some in chosen)


def _passes_somehow(roll: Roll, rule: Rule, chosen: list[list[int]], rest: list[list[int]]) -> bool:
    """Whether `chosen` carries it with some of the rest present and against; both by class."""
    yes, heads = sum(_sum(roll, own) for own in chosen), sum(len(own) for own in chosen)
    if not yes or (rule.heads is not None and not rule.heads.passes(heads, len(roll.names))):
        return False
    of_roll = rule.passes.denominator == "roll"
    if of_roll and not rule.passes.passes(yes, roll.total):
        return False
    most = roll.total if of_roll else _most_against(rule.passes, yes)
    mosts = [most if rule.classes is None else min(most, _most_against(rule.classes, _sum(roll, own))) for own in chosen]
    pools = [[roll.votes[at] for at in own] for own in rest]
    if rule.quorum is not None and rule.quorum.denominator == "members":
        return any(is_quorate(roll, rule, yes, heads + more) for more in _lightest(pools, mosts, most))
    bound = min(most, sum(min(limit, sum(pool)) for pool, limit in zip(pools, mosts, strict=True)))
    if not is_quorate(roll, rule, yes + bound, heads):
        return False
    return any(is_quorate(roll, rule, yes + against, heads) for against in _heaviest(pools, mosts, most))


def _most_against(threshold: Threshold, yes: int) -> int:
    """The most votes against that `yes` still carries, of votes cast."""
    room = yes * (threshold.divisor - threshold.numerator)
    return (room if threshold.comparison == ">=" else room - 1) // threshold.numerator


def _lightest(pools: list[list[int]], mosts: list[int], most: int) -> Iterator[int]:
    """Counts of members that can be against: the lightest first, within the most of each class and of all."""
    allowed: list[int] = []
    for pool, limit in zip(pools, mosts, strict=True):
        light = sorted(pool)
        allowed += [votes for votes, total in zip(light, itertools.accumulate(light), strict=True) if total <= limit]
    yield 0
    for count, total in enumerate(itertools.accumulate(sorted(allowed)), 1):
        if total <= most:
            yield count


def _heaviest(pools: list[list[int]], mosts: list[int], most: int) -> Iterator[int]:
    """The largest sum of votes that can be against, within the most of each class and of all; before it, what is found quickly by
    packing the largest votes first."""
    packed = 0
    for pool, limit in zip(pools, mosts, strict=True):
        room = min(limit, most - packed)
        for votes in sorted(pool, reverse=True):
            if votes <= room:
                packed, room = packed + votes, room - votes
    yield packed
    found = {0}
    for pool, limit in zip(pools, mosts, strict=True):
        own = {0}
        for votes in pool:
            own |= {total + votes for total in own if total + votes <= limit}
            if len(own) * len(found) > SUMS_MOST:
                yield most
                return
        found = {total + more for total in found for more in own if total + more <= most}
    yield max(found)


def _sum(roll: Roll, members: Sequence[int]) -> int:
    return sum(roll.votes[at] for at in members)


def _sorted(roll: Roll, members: Sequence[int]) -> list[int]:
    """Most votes first."""
    return sorted(members, key=lambda at: (-roll.votes[at], at))


def _by_class(roll: Roll, rule: Rule) -> list[list[int]]:
    """Members by class, most votes first; all as one where the rule asks no class."""
    everybody = range(len(roll.names))
    if rule.classes is None:
        return [_sorted(roll, everybody)]
    return [_sorted(roll, [at for at in everybody if roll.classes[at] == name]) for name in dict.fromkeys(roll.classes)]

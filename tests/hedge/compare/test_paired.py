"""Verdicts: what they say, what they say of known truths, and that a seed says it again."""

from __future__ import annotations

import itertools
import json
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hanse.errors import InputError
from hanse.hedge.compare.betting import log_wealth, lower_bound, upper_bound
from hanse.hedge.compare.paired import Outcome, Rule, compare, decide, holm, plan, sequence

RULE = Rule(Fraction(1, 20), 400)
marks = st.sampled_from([0.0, 0.25, 0.5, 1.0])
outcomes = st.lists(st.tuples(marks, marks, st.sets(st.sampled_from("xyz"))), min_size=1, max_size=60).map(
    lambda rows: [Outcome(f"i{n}", a, b, tuple(sorted(tags))) for n, (a, b, tags) in enumerate(rows)]
)


def made(items: int, worse: int, better: int, slices: tuple[str, ...] = ()) -> list[Outcome]:
    """Of these items so many are answered by one model alone."""
    kinds = [(1.0, 0.0)] * worse + [(0.0, 1.0)] * better + [(1.0, 1.0)] * (items - worse - better)
    return [Outcome(f"i{n}", *kind, slices) for n, kind in enumerate(kinds)]


@pytest.mark.parametrize(("worse", "better", "verdict"), [(2, 2, "swap"), (0, 0, "swap"), (80, 10, "keep"), (20, 10, "more")])
def test_the_three_verdicts(worse: int, better: int, verdict: str) -> None:
    found = compare(made(300, worse, better), RULE)
    assert (found.verdict, found.worse, found.better, found.items) == (verdict, worse, better, 300)
    assert (found.decided_at is None, found.forecast is not None) == (verdict == "more", verdict == "more")
    assert found.low < (better - worse) / 300 < found.high
    assert (found.low > -1 / 20, found.high < -1 / 20) == (verdict == "swap", verdict == "keep")


def test_items_that_all_agree_show_that_few_differ() -> None:
    assert decide([0.0] * 100, RULE)[0] == "swap"
    assert decide([0.0] * 10, RULE) == ("more", None)


@settings(max_examples=30, deadline=None)
@given(outcomes, st.randoms())
def test_neither_the_order_of_the_file_nor_a_second_run_changes_a_byte(items: list[Outcome], random: object) -> None:
    rule = Rule(Fraction(1, 10), 20)
    first = json.dumps(compare(items, rule).document(), allow_nan=False)
    assert json.dumps(compare(items[::-1], rule).document(), allow_nan=False) == first
    assert json.loads(first)["rule"] == {"margin": "1/10", "items_max": 20, "error": "1/20", "seed": 0}


@settings(max_examples=50, deadline=None)
@given(outcomes, st.integers(0, 5))
def test_the_interval_never_contradicts_the_verdict(items: list[Outcome], seed: int) -> None:
    found = compare(items, Rule(Fraction(1, 10), 20, seed=seed))
    assert -1 <= found.low <= found.high <= 1
    if found.verdict == "swap":
        assert found.low > -0.1 - 1e-9
    if found.verdict == "keep":
        assert found.high < -0.1 + 1e-9
    text = found.text()
    assert text.startswith("need" if found.verdict == "more" else found.verdict)


def test_the_order_is_drawn_by_seed_and_an_item_more_moves_no_other() -> None:
    names = [f"i{n}" for n in range(50)]
    assert sequence(names, 1) == sequence(reversed(names), 1) != sequence(names, 2)
    assert [name for name in sequence([*names, "new"], 1) if name != "new"] == sequence(names, 1)


def test_bounds_hold_the_error_exactly_for_every_short_sequence() -> None:
    """All sequences of six items, for truths on a grid: the chance that a bound ever passed the truth is at most the error."""
    error = 0.2
    bounds = {
        path: lower_bound(path, error) for length in range(1, 7) for path in itertools.product((-1.0, 0.0, 1.0), repeat=length)
    }
    for worse, better in [(0.0, 0.0), (0.1, 0.1), (0.3, 0.1), (0.5, 0.5), (0.8, 0.1), (0.2, 0.6), (1.0, 0.0)]:
        chance = {-1.0: worse, 0.0: 1 - worse - better, 1.0: better}
        wrong = sum(
            math.prod(chance[step] for step in path)
            for path in itertools.product(chance, repeat=6)
            if any(bounds[path[:length]] > better - worse for length in range(1, 7))
        )
        assert wrong <= error, (worse, better)


def test_the_upper_bound_mirrors_the_lower() -> None:
    assert upper_bound([-1.0, 0.0, 0.0], 0.05) == -lower_bound([1.0, 0.0, 0.0], 0.05)
    assert lower_bound([0.0], 0.001) == pytest.approx(-1.0, abs=0.01)


def test_a_slice_that_got_worse_is_named_with_its_items() -> None:
    bad, good = made(60, 12, 0, ("bad",)), made(200, 4, 5, ("good",))
    items = [*bad, *(Outcome(f"g{item.item}", item.incumbent, item.substitute, item.slices) for item in good)]
    found = {item.name: item for item in compare(items, RULE, ["never"]).slices}
    assert {name for name, item in found.items() if item.worse} == {"bad"}
    assert sorted(found["bad"].items_worse) == sorted(f"i{n}" for n in range(12))
    assert found["bad"].difference == pytest.approx(-12 / 60)
    assert (found["never"].items, found["never"].p, found["never"].difference) == (0, 1.0, 0.0)


def test_holm_is_the_closed_test_of_bonferroni() -> None:
    """Against the definition, for every set of four p-values of a grid."""
    for values in itertools.product((0.001, 0.013, 0.02, 0.4), repeat=4):
        p = dict(zip("abcd", values, strict=True))
        sets = [some for size in range(1, 5) for some in itertools.combinations(p, size)]
        for name, adjusted in holm(p).items():
            closed = max(min(1.0, len(some) * min(p[one] for one in some)) for some in sets if name in some)
            assert adjusted == pytest.approx(closed)


def test_slices_are_named_wrongly_at_most_at_the_error_rate() -> None:
    """Ten slices, none worse, looked at after every item: the chance that any is ever named."""
    random, named = np.random.default_rng(3), 0
    for _ in range(300):
        ever = {name: random.choice([-1.0, 0.0, 1.0], p=[0.2, 0.6, 0.2], size=100) for name in "abcdefghij"}
        p = {name: math.exp(-max(0.0, log_wealth(-steps, 0.0).max())) for name, steps in ever.items()}
        named += min(holm(p).values()) <= 0.05
    assert named <= 300 * 0.05 + 3 * math.sqrt(300 * 0.05 * 0.95)


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda: Rule(Fraction(0), 10), "margin 0: expected"),
        (lambda: Rule(Fraction(1), 10), "margin 1: expected"),
        (lambda: Rule(Fraction(1, 9), 10, Fraction(1, 2)), "error rate 1/2: expected"),
        (lambda: Rule(Fraction(1, 9), 0), "items 0, seed 0: expected"),
        (lambda: Outcome("a", 0.0, 1.5), "item a: the substitute's mark is 1.5"),
        (lambda: Outcome("a", math.nan, 1.0), "item a: the incumbent's mark is nan"),
        (lambda: compare([], RULE), "0 outcomes of 0 items"),
        (lambda: compare([Outcome("a", 0, 1), Outcome("a", 1, 1)], RULE), "2 outcomes of 1 items"),
        (lambda: plan(RULE, 0.1, 0.2), r"discordance 0.1, difference 0.2: expected \|difference\|"),
    ],
)
def test_bad_input_is_refused(make: object, why: str) -> None:
    with pytest.raises(InputError, match=why):
        make()  # type: ignore[operator]

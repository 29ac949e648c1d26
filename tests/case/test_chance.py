"""Common random numbers: what happens to one member or parameter does not depend on who else is there."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.case.made import private, scene, terms, trace

from hanse.case.chance import CHUNK, Chance, chunks
from hanse.case.dynamics import Trace
from hanse.case.leaving import STAYS
from hanse.case.parameters import PARAMETERS, replaced
from hanse.case.scene import set_scene
from hanse.case.simulation import run
from hanse.case.terms import YEARS
from hanse.errors import CaseError

RELEASE = {"licenses": ["Apache-2.0"], "embargo_days": 180}


@given(st.integers(0, 2**63), st.integers(0, 9), st.text(max_size=20), st.integers(1, CHUNK))
@settings(max_examples=30, deadline=None)
def test_fewer_draws_are_the_first_of_the_same(seed: int, chunk: int, stream: str, draws: int) -> None:
    whole, part = Chance(seed, chunk), Chance(seed, chunk, draws)
    assert (part.uniform(stream) == whole.uniform(stream)[:draws]).all()
    assert (part.uniform(stream, 3) == whole.uniform(stream, 3)[:, :draws]).all()
    assert (whole.uniform(stream, 3) == whole.uniform(stream, 8)[:3]).all()


def test_streams_seeds_and_chunks_differ() -> None:
    found = [Chance(seed, chunk).uniform(name) for seed in (1, 2) for chunk in (0, 1) for name in ("a", "b")]
    assert len({tuple(values[:4]) for values in found}) == 8
    assert max(abs(np.corrcoef(np.stack(found))[np.triu_indices(8, 1)])) < 0.1


@settings(deadline=None)
@given(st.integers(0, 3 * CHUNK))
def test_chunks_hold_the_draws_asked_for(draws: int) -> None:
    found = chunks(5, draws)
    assert sum(chance.draws for chance in found) == draws
    assert [chance.chunk for chance in found] == list(range(len(found)))
    assert all(0 < chance.draws <= CHUNK for chance in found)


def test_normal_numbers_are_normal() -> None:
    values = Chance(1, 0).normal("x")
    assert abs(values.mean()) < 0.07
    assert values.std() == pytest.approx(1, abs=0.05)


def test_a_member_more_leaves_the_demand_of_the_others_alone() -> None:
    few, more = (set_scene(terms(n), scene(terms(n)).p, Chance(3, 0, 50), YEARS) for n in (3, 4))
    assert (few.tokens == more.tokens[:3]).all()
    assert (few.shock == more.shock).all()


def test_a_member_more_or_another_clause_leaves_the_luck_of_the_others_alone() -> None:
    # nothing but luck can make these leave: early access for hardly any cost to a model of outside money
    own = private(grant=[{"source": "State", "amount": "2_000_000_000 USD"}])
    calm = {"member_cost": 1.0, "hazard_slope": 0.0, "exit_hazard": 0.12}
    few = trace(terms(3, None, own, release=RELEASE), **calm)
    more = trace(terms(4, None, own, release=RELEASE), **calm)
    longer = trace(terms(3, None, own, release={**RELEASE, "embargo_days": 365}), **calm)
    assert 0.1 < (few.left < STAYS).mean() < 0.9
    assert (few.left == more.left[:3]).all()
    assert (few.left == longer.left).all()


def test_a_belief_about_one_parameter_leaves_the_draws_of_the_others_alone() -> None:
    chance = Chance(1, 0, 100)
    before = chance.parameters(PARAMETERS)
    after = chance.parameters(replaced(PARAMETERS, {"patience": (9, 8, 10)}, "mine"))
    assert [name for name in before if (before[name] != after[name]).any()] == ["patience"]
    with pytest.raises(CaseError, match=r"mine: parameter 'patient' is unknown; there are: .*patience"):
        replaced(PARAMETERS, {"patient": (9, 8, 10)}, "mine")


def traces(draws: int, threads: int) -> list[Trace]:
    return [chunk.trace for chunk in run(terms(3), draws, 7, threads=threads)]


def test_threads_and_the_number_of_draws_change_nothing() -> None:
    one, two = traces(CHUNK + 50, 1), traces(CHUNK + 50, 2)
    assert len(one) == len(two) == 2
    fewer = traces(300, 2)[0]
    for a, b in zip(one, two, strict=True):
        assert (a.lag == b.lag).all()
        assert (a.left == b.left).all()
        assert all((a.accounts.net[o] == b.accounts.net[o]).all() for o in a.accounts.net)
    assert (fewer.lag == one[0].lag[:, :300]).all()
    assert (fewer.left == one[0].left[:, :300]).all()
    assert fewer.accounts.paid == pytest.approx(one[0].accounts.paid[:, :300])


def test_progress_is_told_as_it_is_made() -> None:
    seen: list[int] = []
    assert len(list(run(terms(2), CHUNK + 10, 1, seen=seen.append))) == 2
    assert seen == [CHUNK, CHUNK + 10]

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hanse.lm.schedule import cosine, rewarmed, wsd
from hanse.lm.spec import Decimal32, TrainSpec

SPEC = TrainSpec(
    learning_rate=Decimal32("0.01"), warmup_steps=4, decay_start=10, decay_steps=5, decay_to=Decimal32("0.1"), rewarm_steps=4
)


def test_wsd_warms_up_stays_and_decays_to_the_share_it_was_told() -> None:
    rates = [wsd(SPEC, step) for step in range(18)]
    assert rates[:4] == pytest.approx([0.0025, 0.005, 0.0075, 0.01])
    assert rates[4:10] == [0.01] * 6
    assert rates[10:15] == pytest.approx([0.0082, 0.0064, 0.0046, 0.0028, 0.001])
    assert rates[15:] == pytest.approx([0.001] * 3)


def test_off_values_are_off() -> None:
    flat = TrainSpec(learning_rate=Decimal32("0.01"), warmup_steps=0, decay_start=3, decay_steps=0, rewarm_steps=0)
    assert {wsd(flat, step) for step in range(50)} == {0.01}
    assert rewarmed(flat, 0.01, 0) == 0.01


def test_a_fresh_site_rewarms_over_its_own_steps() -> None:
    assert [rewarmed(SPEC, 0.01, own) for own in range(6)] == pytest.approx([0.0025, 0.005, 0.0075, 0.01, 0.01, 0.01])


def test_cosine_ends_where_it_was_told_and_is_half_way_in_the_middle() -> None:
    assert cosine(SPEC, 3, 104) == pytest.approx(0.01)
    assert cosine(SPEC, 54, 104) == pytest.approx(0.0055)
    assert cosine(SPEC, 104, 104) == pytest.approx(0.001)
    assert cosine(SPEC, 9999, 104) == pytest.approx(0.001)


@given(step=st.integers(0, 10**9), total=st.integers(1, 10**9), warmup=st.integers(0, 1000), start=st.integers(0, 10**6),
       length=st.integers(0, 10**6))  # fmt: skip
def test_every_rate_lies_between_zero_and_the_peak(step: int, total: int, warmup: int, start: int, length: int) -> None:
    spec = TrainSpec(warmup_steps=warmup, decay_start=start, decay_steps=length)
    for rate in (wsd(spec, step), cosine(spec, step, total)):
        assert math.isfinite(rate)
        assert 0 < rate <= spec.learning_rate.float * (1 + 1e-12)

"""Each loss and its gradient against the formula worked out by hand in exact steps."""

from __future__ import annotations

import math

import pytest
import torch

from hanse.hedge.tinker.losses import LOSSES, check_loss
from hanse.hedge.tinker.refused import Refused

P, Q, A = [-1.0, -0.5, -2.0], [-1.1, -1.0, -1.5], [1.0, -2.0, 0.5]


def worked(name: str, low: float = 0.8, high: float = 1.2, beta: float = 0.05) -> tuple[float, list[float]]:
    """(loss, its derivatives by P)."""
    total, slopes = 0.0, []
    for p, q, a in zip(P, Q, A, strict=True):
        ratio = math.exp(p - q)
        clipped = min(max(ratio, low), high)
        if name == "importance_sampling":
            value, slope = ratio * a, ratio * a
        elif name == "ppo":
            value = min(ratio * a, clipped * a)
            slope = ratio * a if ratio * a <= clipped * a else 0.0
        elif name == "cispo":
            value, slope = clipped * a * p, clipped * a
        else:
            value, slope = p * a - beta / 2 * (p - q) ** 2, a - beta * (p - q)
        total -= value
        slopes.append(-slope)
    return total, slopes


def found(name: str, **settings: float) -> tuple[float, list[float]]:
    logprobs = torch.tensor(P, dtype=torch.float64, requires_grad=True)
    inputs = {"logprobs": torch.tensor(Q, dtype=torch.float64), "advantages": torch.tensor(A, dtype=torch.float64),
              "sequence_ratio_mask": torch.tensor([0.0, 1.0, 1.0], dtype=torch.float64)}  # fmt: skip
    loss = LOSSES[name].of(logprobs, inputs, check_loss(name, settings))
    loss.backward()
    assert logprobs.grad is not None
    return float(loss.detach()), logprobs.grad.tolist()


@pytest.mark.parametrize("name", ["importance_sampling", "ppo", "cispo", "dro"])
def test_a_policy_loss_is_its_formula(name: str) -> None:
    loss, slopes = found(name)
    assert loss == pytest.approx(worked(name)[0], abs=1e-12)
    assert slopes == pytest.approx(worked(name)[1], abs=1e-12)


def test_settings_are_taken() -> None:
    assert found("ppo", clip_low_threshold=0.5, clip_high_threshold=3.0)[0] == pytest.approx(worked("ppo", 0.5, 3.0)[0])
    assert found("dro", beta=2.0)[1] == pytest.approx(worked("dro", beta=2.0)[1])


def test_gspo_has_one_ratio_for_a_sequence_and_each_tokens_own_slope() -> None:
    ratio = math.exp(((-0.5 + 1.0) + (-2.0 + 1.5)) / 2)  # of the tokens that the mask marks
    loss, slopes = found("gspo")
    assert loss == pytest.approx(-sum(ratio * a for a in A))
    assert slopes == pytest.approx([-ratio * a for a in A])


def test_cross_entropy_is_the_weighted_sum() -> None:
    logprobs = torch.tensor([P, Q], dtype=torch.float64)
    weights = torch.tensor([A, A], dtype=torch.float64)
    expected = -sum(p * a + q * a for p, q, a in zip(P, Q, A, strict=True))
    assert float(LOSSES["cross_entropy"].of(logprobs, {"weights": weights}, {})) == pytest.approx(expected)


def test_what_is_not_served_is_named() -> None:
    with pytest.raises(Refused, match=r"'stable_reinforce' is not served; there are: cross_entropy, .*gspo"):
        check_loss("stable_reinforce", {})
    with pytest.raises(Refused, match="ppo has no 'beta'; it has clip_low_threshold, clip_high_threshold"):
        check_loss("ppo", {"beta": 1.0})

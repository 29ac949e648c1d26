"""The Cox model against a solver written here: ridge-penalized partial likelihood, Efron's ties, Breslow's baseline."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.outlook.rows import spell

from hanse.outlook.estimate import Z
from hanse.outlook.survival import MIN_EVENTS, PENALTY, Spell, fit_cox

Array = NDArray[np.float64]
NAMES = ("x", "y")


def random_spells(seed: int, count: int = 30, ties: bool = True) -> list[Spell]:
    """One covariate of two values and one of many; shorter waits where x is 1."""
    random = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        x, y = float(random.random() < 0.4), float(random.normal())
        wait = random.exponential(6 * math.exp(-0.8 * x + 0.3 * y)) + 0.05
        found.append(spell(math.ceil(wait) if ties else wait, bool(random.random() < 0.75), x=x, y=y))
    return found


def columns(found: list[Spell]) -> tuple[Array, Array, Array]:
    x = np.array([[s.covariates[name] for name in NAMES] for s in found])
    return x, np.array([s.months for s in found], dtype=float), np.array([s.ended for s in found])


def derivatives(beta: Array, x: Array, months: Array, ended: Array, ridge: Array) -> tuple[Array, Array]:
    """Gradient and Hessian of Efron's log partial likelihood less half of ridge times the squared coefficients.

    The penalty stands per spell and for covariates of standard deviation one: ridge = penalty * spells * variance.
    """
    weight = np.exp(x @ beta)
    gradient, hessian = -ridge * beta, -np.diag(ridge)
    for when in np.unique(months[ended]):
        at_risk, dying = months >= when, (months == when) & ended
        gradient = gradient + x[dying].sum(axis=0)
        for turn in range(dying.sum()):
            share = weight * (at_risk - turn / dying.sum() * dying)
            total = share.sum()
            mean = share @ x / total
            gradient = gradient - mean
            hessian = hessian - ((x.T * share) @ x / total - np.outer(mean, mean))
    return gradient, hessian


def solve(found: list[Spell], penalty: float) -> tuple[Array, Array]:
    """Coefficients and their standard errors by Newton's method."""
    x, months, ended = columns(found)
    ridge = penalty * len(found) * x.var(axis=0, ddof=1)
    beta = np.zeros(x.shape[1])
    for _ in range(60):
        gradient, hessian = derivatives(beta, x, months, ended, ridge)
        beta = beta - np.linalg.solve(hessian, gradient)
    gradient, hessian = derivatives(beta, x, months, ended, ridge)
    assert np.abs(gradient).max() < 1e-9
    return beta, np.sqrt(np.diag(np.linalg.inv(-hessian)))


def cumulative(found: list[Spell], beta: Array, until: float) -> float:
    """Breslow's baseline for the average spell: ended over summed risk, up to a time."""
    x, months, ended = columns(found)
    risk = np.exp((x - x.mean(axis=0)) @ beta)
    return float(sum(((months == when) & ended).sum() / risk[months >= when].sum()
                     for when in np.unique(months[ended]) if when <= until))  # fmt: skip


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("ties", [True, False])
@pytest.mark.parametrize("penalty", [PENALTY, 1.0])
def test_hazard_ratios_are_those_of_the_penalized_partial_likelihood(seed: int, ties: bool, penalty: float) -> None:
    found = random_spells(seed, ties=ties)
    cox = fit_cox(found, NAMES, penalty)
    assert cox is not None
    assert cox.names == NAMES
    beta, errors = solve(found, penalty)
    for at, name in enumerate(NAMES):
        ratio = cox.hazard_ratios[name]
        assert math.log(ratio.value) == pytest.approx(beta[at], abs=1e-4)
        assert math.log(ratio.low) == pytest.approx(beta[at] - Z * errors[at], abs=1e-4)
        assert math.log(ratio.high) == pytest.approx(beta[at] + Z * errors[at], abs=1e-4)


@pytest.mark.parametrize("seed", range(4))
def test_a_probability_is_one_less_the_chance_to_survive_the_hazard_between(seed: int) -> None:
    found = random_spells(seed)
    cox = fit_cox(found, NAMES)
    assert cox is not None
    beta, _ = solve(found, PENALTY)
    mean = columns(found)[0].mean(axis=0)
    for covariates in ({"x": 0.0, "y": 0.0}, {"x": 1.0, "y": -2.0}, dict(zip(NAMES, mean, strict=True))):
        above = np.array([covariates[name] for name in NAMES]) - mean
        assert [cox.log_hazards(covariates)[n] for n in NAMES] == pytest.approx(list(beta * above), abs=1e-4)
        risk = math.exp(float(above @ beta))
        for waited in (0.0, 0.5, 1.0, 3.0, 7.0, 60.0):
            for horizon in (0.4, 1.0, 6.0, 12.0):
                hazard = cumulative(found, beta, waited + horizon) - cumulative(found, beta, waited)
                assert cox.probability(covariates, waited, horizon) == pytest.approx(
                    1 - math.exp(-hazard * risk), abs=1e-4
                )


def test_two_waits_after_each_other_are_one_long_wait() -> None:
    cox = fit_cox(random_spells(9), NAMES)
    assert cox is not None
    here = {"x": 1.0, "y": 0.3}
    whole = 1 - cox.probability(here, 2, 7)
    assert (1 - cox.probability(here, 2, 3)) * (1 - cox.probability(here, 5, 4)) == pytest.approx(whole)


def test_nothing_is_known_after_the_longest_spell() -> None:
    found = random_spells(9)
    cox = fit_cox(found, NAMES)
    assert cox is not None
    assert cox.probability({"x": 1.0, "y": 0.0}, max(s.months for s in found), 100) == 0


def test_too_few_ends_or_covariates_that_never_vary_fit_nothing() -> None:
    ended = [spell(at + 1, True, x=float(at % 2), y=0.5) for at in range(MIN_EVENTS)]
    assert fit_cox(ended[:-1], NAMES) is None
    assert fit_cox([*ended[:-1], spell(30, False, x=1.0, y=0.5)], NAMES) is None
    fitted = fit_cox(ended, NAMES)
    assert fitted is not None
    assert fitted.names == ("x",)
    assert fit_cox(ended, ("y",)) is None
    assert fit_cox([], NAMES) is None


def test_a_stronger_penalty_draws_every_ratio_toward_one() -> None:
    found = random_spells(1)
    logs = []
    for penalty in (0.01, 0.1, 1.0, 10.0, 1000.0):
        cox = fit_cox(found, NAMES, penalty)
        assert cox is not None
        logs.append(math.hypot(*(math.log(cox.hazard_ratios[name].value) for name in NAMES)))
    assert logs == sorted(logs, reverse=True)
    assert logs[-1] < 0.01

"""The yearly step: members found, pay, train, compare, cut, give notice, leave; until nobody is left or the years are over.

One chunk of draws at a time, all its draws and members at once. Exits take effect with the notice the charter asks for and never
before its lock ends; what is owed is paid.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from hanse.case.accounts import Accounts
from hanse.case.arrays import Bools, Floats, Small
from hanse.case.chance import Luck
from hanse.case.dues import Paid, pay
from hanse.case.founding import sign
from hanse.case.joint import Joint, build, compare
from hanse.case.lag import NEVER
from hanse.case.leaving import ENDED, STAYS, UNSIGNED, decide, exit_year
from hanse.case.parameters import Drawn
from hanse.case.scene import Scene, Year, in_year, set_scene, share_at
from hanse.case.terms import YEARS, Terms, single

FORESIGHT = 3
"""Years over which members see other labs' troubles coming: they compare with the mean of what others will release."""


@dataclass(frozen=True)
class Trace:
    """What happened in one chunk of d draws, over y years: YEARS, or fewer where nobody asked for more."""

    founded: Bools
    """[d]"""
    alive: Bools
    """Whether the consortium trained in that year, [y, d]."""
    lag: Floats
    """Months of its newest release, [y, d]; NEVER before the first, growing by twelve a year after the last."""
    budget: Floats
    """Effective, USD, [y, d]."""
    members: Floats
    """How many are there, [y, d]."""
    present: Floats
    """Draws in which each member is there, [n, y]."""
    left: Small
    """Last year of each member, from 1; 0: it never signed; STAYS: it is there at the end. [n, d]"""
    reason: Small
    """Index into leaving.REASONS, -1 for who stays. [n, d]"""
    largest: Floats
    """Largest part of the first year's budget that one member pays, [d]."""
    accounts: Accounts
    """Of all YEARS; [0, 0] where fewer were asked for."""


@dataclass
class _State:
    """What a year leaves to the next; [n, d] or [d]."""

    exit: Small
    """Year index from which a member is gone; STAYS without a notice."""
    reason: Small
    owes: Floats
    """Part of the payment due in the year of `exit`."""
    part: Floats
    """Of what may be cut, what is delivered."""
    lag: Floats
    alive: Bools
    ended: Small
    """Years lived when the consortium ended; STAYS while it lives."""


def simulate(terms: Terms, p: Drawn, chance: Luck, rival_lag: Floats, years: int = YEARS) -> Trace:
    """The first `years` of one chunk. `rival_lag` [YEARS, d]: months of the best release of anybody else."""
    terms, p = single(terms), {name: values.astype(np.float32) for name, values in p.items()}
    scene = set_scene(terms, p, chance, YEARS)
    rival = share_at(p, rival_lag.astype(np.float32))
    foreseen = np.stack([rival[at : at + FORESIGHT].mean(axis=0) for at in range(YEARS)])
    signed = sign(scene, foreseen[0])
    calendar = [in_year(scene, number) for number in range(years)]
    shape = (terms.members, len(rival[0]))
    founded: Bools = np.asarray(signed.any(axis=0))
    state = _State(
        exit=np.where(signed, STAYS, 0).astype(np.int8), reason=np.where(signed, -1, UNSIGNED).astype(np.int8),
        owes=np.zeros(shape, np.float32), part=np.ones(shape, np.float32), lag=np.full(shape[1], NEVER, np.float32),
        alive=founded.copy(), ended=np.where(founded, STAYS, 0).astype(np.int8),
    )  # fmt: skip
    luck = _luck(terms, chance)
    accounts = Accounts.open(shape if years == YEARS else (0, 0))
    largest = np.zeros(shape[1])
    rows: dict[str, list[Floats]] = {key: [] for key in ("alive", "lag", "budget", "members", "present")}
    for number in range(years):
        here = _here(terms, state, number)
        year = calendar[number]
        paid = _pay(scene, state, number, here)
        joint = build(scene, year, number, paid, here)
        _release(state, number, joint, luck["run"][number] < p["run_fails"])
        if years == YEARS:
            choice = compare(scene, year, replace(joint, lag=state.lag), paid, rival[number])
            accounts.book(scene, year, number, replace(choice, cost=choice.cost * (here | (paid.total > 0))), here)
        if number == 0:
            largest = joint.part.max(axis=0)
        for key, value in (("alive", state.alive), ("lag", state.lag), ("budget", joint.budget * state.alive),
                           ("members", here.sum(axis=0)), ("present", here.mean(axis=1))):  # fmt: skip
            rows[key].append(np.asarray(value, dtype=np.float32))
        if number + 1 < years:
            _look_ahead(scene, state, number, calendar[number + 1], here, foreseen[number + 1], luck)
    over = (state.exit > state.ended[None, :]) & (state.ended != STAYS)
    return Trace(
        founded=founded, alive=np.array(rows["alive"]) > 0, lag=np.array(rows["lag"]),
        budget=np.array(rows["budget"]), members=np.array(rows["members"]), present=np.array(rows["present"]).T,
        left=np.asarray(np.where(over, state.ended, state.exit), np.int8),
        reason=np.asarray(np.where(over, ENDED, state.reason), np.int8), largest=largest, accounts=accounts,
    )  # fmt: skip


def _luck(terms: Terms, chance: Luck) -> dict[str, Floats]:
    """Uniform numbers: "exit" [YEARS, n, d] by member's name, "sponsor" and "run" [YEARS, d]."""
    exits = np.stack([chance.uniform(f"exit/{name}", YEARS) for name in terms.names], axis=1)
    return {"exit": exits, "sponsor": chance.uniform("sponsor", YEARS), "run": chance.uniform("run", YEARS)}


def _here(terms: Terms, state: _State, number: int) -> Bools:
    """Members of the year; ends the consortium where too few are left or the term is over."""
    if number == terms.term_years and not terms.renews:
        state.alive &= False
    here = (state.exit > number) & state.alive
    state.alive = state.alive & (here.sum(axis=0) >= terms.members_least) & here.any(axis=0)
    state.ended = np.where(~state.alive & (state.ended == STAYS), number, state.ended).astype(np.int8)
    return here & state.alive


def _pay(scene: Scene, state: _State, number: int, here: Bools) -> Paid:
    """Members' payments, less what is cut, and what those who left still owe."""
    terms = scene.terms
    owing = (state.exit == number) & (state.owes > 0) & state.alive
    if terms.owed == "whole_term" and number < terms.term_years:
        owing = (state.exit <= number) & (state.exit > 0) & state.alive
    paid = pay(scene, number, here | owing, state.part)
    if not owing.any():
        return paid
    weight = np.where(here, 1.0, np.where(owing, state.owes, 0.0))
    return Paid(paid.cash * weight, paid.in_kind * weight)


def _release(state: _State, number: int, joint: Joint, fails: Bools) -> None:
    """The newest release, or the one before, twelve months older; ends the consortium where there is no money."""
    funded = state.alive & (joint.budget > 0)
    state.ended = np.where(state.alive & ~funded, number, state.ended).astype(np.int8)
    state.alive = funded
    fresh = np.where(funded & ~fails, joint.lag, NEVER)
    state.lag = np.minimum(fresh, np.minimum(state.lag + 12, NEVER))


def _look_ahead(scene: Scene, state: _State, number: int, year: Year, here: Bools, rival: Floats,
                luck: Mapping[str, Floats]) -> None:  # fmt: skip
    """At the end of year `number` members judge by the next, `year`, as it would be without mishap, and act."""
    when = exit_year(scene, number)
    staying = here & (state.exit == STAYS)
    paid = pay(scene, number + 1, staying)
    joint = build(scene, year, number + 1, paid, staying)
    choice = compare(scene, year, joint, paid, rival)
    # what is due within a notice is due once, whenever the notice is given: it keeps nobody. What is due anyhow does
    sunk = when is None or (scene.terms.owed == "whole_term" and when[1] > 0)
    decision = decide(scene, year, joint, choice, staying, sunk,
                      {"exit": luck["exit"][number], "sponsor": luck["sponsor"][number]})  # fmt: skip
    state.part = np.where(decision.cuts, 1 - scene.p["cut"], np.float32(1))
    if when is None:
        return
    state.exit = np.where(decision.leaves, np.int8(when[0]), state.exit)
    state.reason = np.where(decision.leaves, decision.reason, state.reason)
    state.owes = np.where(decision.leaves, np.float32(when[1]), state.owes)

"""The first year as a cooperative game, at central values: what membership is worth to each, and who would rather go together.

Benefit b of a member: what it has inside less what it has outside, with everybody in. Outside there is no consortium where pledges
bind together (assurance), else the others' release, after embargo and meter: then only what can be withheld from outsiders counts.
Own cost h: what taking part costs by itself. The run costs what all pay together, F (1 + delta m(N)), m(S) the mean squared
distance of the members' wishes, and would cost every coalition S as much but for its own m(S). So v(S) = max(0, sum of (b - h) over
S less F (1 + delta m(S))); a rule of sharing is in the core when no S could do better by itself (economics.md section 5).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from hanse.case.arrays import Floats
from hanse.case.dues import pay
from hanse.case.games.core import least_core, worst
from hanse.case.games.game import Aligned, Fixed, listed
from hanse.case.games.game import Floats as Doubles
from hanse.case.games.nucleolus import nucleolus
from hanse.case.games.separation import Deviation, Limits
from hanse.case.games.shapley import Shapley, exact, sampled
from hanse.case.joint import build, compare
from hanse.case.parameters import PARAMETERS, Range, central
from hanse.case.private import Private
from hanse.case.scene import Scene, in_year, set_scene, share_at
from hanse.case.sharing import RULES, Basis, shares
from hanse.case.simulation import world
from hanse.case.terms import YEARS, Terms, spec_points, terms_of
from hanse.charter.schema import Charter

AS_WRITTEN = "as written"
"""The name of the charter's own payments among rules."""
CEILING = 0.25
"""Of the key, where the charter has none: CERN's."""
NUCLEOLUS_MOST = 4096
"""Coalitions, up to who of a kind is in them: 12 members that all differ."""
PAIRS = 10_000
"""Of orders, where Shapley values are sampled."""
KEY_PAIRS = 1_000
"""Of orders, for the key by which dues are shared: a share of a hundredth of the budget has an error of some percent."""
SEED = 1
LIMITS = Limits(programs=2, seconds=60.0, nodes=500)
"""Per rule; beyond them the answer is what was found, and said not to be exact. Nodes bind long before seconds do, so that the
answer does not hang on the machine."""
TOLERANCE = 1e-6
"""Share of the run's cost below which a coalition's gain is rounding."""
NOBODY = Deviation((), 0.0, 0.0)
Money = dict[str, float]
"""By member, USD in the first year."""


@dataclass(frozen=True)
class FirstYear:
    """Everything about the game."""

    benefits: Money
    """b: inside less outside."""
    costs: Money
    """h: of taking part, besides payments."""
    run: float
    """What all pay together."""
    value: float
    """v(N): what is left of benefits after all costs."""
    shapley: Money
    """Of v(N); who is paid it pays benefit - cost - this."""
    shapley_error: Money
    """Standard errors; 0 where exact."""
    nucleolus: Money | None
    """Of v(N). None beyond NUCLEOLUS_MOST coalitions."""
    least_core: Money
    """A payoff of v(N) whose most dissatisfied coalition is as little so as can be."""
    least_gain: float
    """What that coalition gains by leaving; the core is empty if this is above 0."""
    sharing: dict[str, Money]
    """What each pays, by rule: the same sum shared anew, and AS_WRITTEN. Rules the charter has no figures for are not there."""
    in_core: dict[str, bool]
    deviating: dict[str, tuple[str, ...]]
    """The coalition that gains most by leaving; empty for a rule in the core."""
    exact: bool
    """Whether all of this is: sampled values have errors, and a coalition that gains may not have been found."""
    note: str


@dataclass(frozen=True, eq=False)
class Bargain:
    """What the game is made of; [n], USD."""

    benefit: Doubles
    own_cost: Doubles
    paid: Doubles
    """As written: cash, things in kind at their cost to the giver, dues."""
    game: Fixed | Aligned

    @property
    def payoff(self) -> Doubles:
        return self.benefit - self.own_cost - self.paid


class Middle:
    """Luck in the middle of every range."""

    def uniform(self, stream: str, years: int | None = None) -> Floats:
        return np.full(1 if years is None else (years, 1), 0.5)

    def normal(self, stream: str) -> Floats:
        return np.zeros(1)


def central_scene(terms: Terms, ranges: tuple[Range, ...]) -> tuple[Scene, Floats]:
    """One draw in which everything is as expected, and the share of tokens that the best rival's release takes in it."""
    p = central(ranges)
    _, best = world(p, Middle(), terms.first_year)
    return set_scene(terms, p, Middle(), YEARS), share_at(p, best[0])


def bargain(terms: Terms, ranges: tuple[Range, ...] = PARAMETERS) -> Bargain:
    """The game of the first year, with everybody in and the budget in full use."""
    scene, rival = central_scene(terms, ranges)
    everybody = np.ones((terms.members, 1), bool)
    year, paid = in_year(scene, 0), pay(scene, 0, everybody)
    joint = build(scene, year, 0, paid, everybody, ramp=False)
    choice = compare(scene, year, joint, paid, rival, free_ride=terms.assurance is None)
    benefit = np.maximum(choice.inside - choice.outside, 0.0)[:, 0].astype(np.float64)
    given = (paid.cash + paid.in_kind * scene.p["in_kind_cost"])[:, 0].astype(np.float64)
    own = np.full(terms.members, float(scene.p["member_cost"][0]))
    return Bargain(benefit, own, given, _game(terms, benefit, own, float(given.sum()), float(scene.p["misalignment"][0])))


def _game(terms: Terms, benefit: Doubles, own: Doubles, run: float, delta: float) -> Fixed | Aligned:
    """F so that everybody together pays `run`. A member without a wish stands where the others' mean is."""
    if terms.agreed is not None or not terms.wishing.any():
        return Fixed(benefit, own, run)
    game = Aligned(benefit, own, run, terms.wishes.astype(np.float64), delta)
    say, points = game.say, game.points
    spread = float(say @ (points**2).sum(axis=1) / say.sum()) if say.any() else 0.0
    return replace(game, fixed=run / (1 + delta * spread))


def deviation(found: Bargain) -> Deviation:
    """The coalition that gains most by leaving under what is paid; one of nobody, gaining nothing, in the core. `bound` is above
    `excess` where a worse one was not excluded.
    """
    rounding = TOLERANCE * max(found.paid.sum(), 1.0)
    payoff = found.payoff
    if (payoff < -rounding).all():
        return Deviation(tuple(range(len(payoff))), float(-payoff.sum()), float(-payoff.sum()))
    if len(payoff) == 1:
        return NOBODY
    leaving = worst(found.game, payoff, LIMITS)
    if leaving.excess > rounding:
        return leaving
    return NOBODY if leaving.bound <= rounding else Deviation((), 0.0, leaving.bound)


def shapley_of(game: Fixed | Aligned, pairs: int) -> Shapley:
    """Exact where all coalitions can be listed."""
    rows = listed(game)
    return exact(rows) if rows is not None else sampled(game, pairs, np.random.default_rng(SEED))


def keyed(terms: Terms, ranges: tuple[Range, ...] = PARAMETERS) -> Terms:
    """The same terms; under the rule shapley, with dues in proportion to what leaves everybody its Shapley value."""
    if terms.dues is None or terms.dues.rule != "shapley":
        return terms
    found = bargain(terms, ranges)
    key = np.maximum(found.game.net - shapley_of(found.game, KEY_PAIRS).value, 0.0)
    return replace(terms, dues=replace(terms.dues, key=key if key.any() else None))


def terms_under(charter: Charter, wished: Charter, private: Private | None = None,
                ranges: tuple[Range, ...] = PARAMETERS) -> Terms:  # fmt: skip
    """Terms of a charter, ready to be simulated: with the key of the rule shapley, and members' wishes as `wished` has them.

    Where `charter` has another spec for a member than `wished`, it is the one spec that all agreed on, and no change of heart.
    """
    terms = terms_of(charter, private)
    wishes = {spec.member: spec for spec in wished.spec}
    own = {spec.member: spec for spec in charter.spec}
    if any(spec != wishes.get(name, spec) for name, spec in own.items()):
        points, wishing = spec_points([*(wishes.get(m.name, own.get(m.name)) for m in charter.member), charter.spec[0]])
        terms = replace(terms, wishes=points[:-1], wishing=wishing[:-1], agreed=points[-1])
    return keyed(terms, ranges)


def stability(terms: Terms, ranges: tuple[Range, ...] = PARAMETERS) -> FirstYear:
    """The game and every rule of sharing."""
    terms = keyed(terms, ranges)
    found = bargain(terms, ranges)
    game, rows = found.game, listed(found.game)
    values = shapley_of(game, PAIRS)
    paid = {AS_WRITTEN: found.paid} | _side_by_side(terms, ranges, found, values)
    deviating, proved = {}, True
    for rule, payments in paid.items():
        leaving = deviation(replace(found, paid=payments))
        deviating[rule] = tuple(terms.names[at] for at in leaving.members)
        proved = proved and leaving.bound <= leaving.excess
    least = least_core(game, LIMITS) if terms.members > 1 else None
    center = nucleolus(rows).payoff if rows is not None and 1 < len(rows.values) <= NUCLEOLUS_MOST and least else None
    proved = proved and (least is None or least.exact)

    def by_name(values: Floats) -> Money:
        return {name: float(value) for name, value in zip(terms.names, values, strict=True)}

    return FirstYear(
        benefits=by_name(found.benefit), costs=by_name(found.own_cost), run=float(found.paid.sum()),
        value=float(game.values(np.ones((1, terms.members)))[0]),
        shapley=by_name(values.value), shapley_error=by_name(values.standard_error),
        nucleolus=None if center is None else by_name(center),
        least_core=by_name(values.value if least is None else least.payoff),
        least_gain=0.0 if least is None else least.epsilon,
        sharing={rule: by_name(payments) for rule, payments in paid.items()},
        in_core={rule: not coalition for rule, coalition in deviating.items()},
        deviating=deviating, exact=proved and rows is not None, note=_note(terms, rows is not None, values, proved),
    )  # fmt: skip


def _side_by_side(terms: Terms, ranges: tuple[Range, ...], found: Bargain, values: Shapley) -> dict[str, Doubles]:
    """What is not pledged, or all where nothing else is, shared by every rule that there are figures for."""
    scene, _ = central_scene(terms, ranges)
    everybody = np.ones((terms.members, 1), bool)
    pledged = np.zeros(terms.members)
    if terms.dues is not None:
        pledged = (terms.cash[:, 0] + terms.in_kind[:, 0] * scene.p["in_kind_cost"][0]).astype(np.float64)
    budget = float(found.paid.sum() - pledged.sum())
    own = terms.dues
    basis = Basis(
        class_dues=None if own is None else own.class_dues, base=terms.base, tokens=terms.demand.tokens,
        key=np.maximum(found.game.net - values.value, 0.0), rate=min(budget / max(terms.base.sum(), 1.0), 1.0),
        ceiling=max(own.ceiling if own is not None and own.ceiling < 1 else CEILING, 1 / terms.members),
        **({"floor": own.floor, "cap": own.cap} if own is not None and own.rule == "sales_share" else {}),
    )  # fmt: skip
    needs = {"class": basis.class_dues, "sales_share": terms.base, "key": terms.base, "usage": basis.tokens,
             "serial": basis.tokens, "shapley": basis.key}  # fmt: skip
    rules: dict[str, Doubles] = {}
    for rule in RULES:
        measure = needs.get(rule, np.ones(1))
        if measure is not None and measure.any():
            asked = shares(rule, np.array([budget]), basis, everybody)[:, 0]
            rules[rule] = (pledged + asked * (budget / asked.sum() if asked.any() else 0.0)).astype(np.float64)
    return rules


def _note(terms: Terms, is_listed: bool, values: Shapley, proved: bool) -> str:
    """What the reader must know about how this was computed."""
    alone = "there is no joint model" if terms.assurance is not None else "the others' release comes with the embargo and the meter"
    said = [f"Central values of all parameters; for who stays outside, {alone}."]
    if not is_listed:
        said.append(f"Shapley values from {values.orders:,} orders.")
    if not proved:
        said.append("Coalitions were searched for, not listed: one that gains more may exist.")
    return " ".join(said)

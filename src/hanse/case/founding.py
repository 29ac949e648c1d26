"""Who signs: members look at the first year and drop out, one wave after another, until those left want to stay.

With an assurance clause a member that does not sign must fear that nothing comes about, so it compares with a world without this
consortium, and nobody pays below the threshold (Bagnoli-Lipman 1989, Tabarrok 1998). Without one, each hopes that the others found
it anyhow, and compares with using their release for nothing.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from hanse.case.arrays import Bools, Floats
from hanse.case.dues import pay
from hanse.case.joint import build, compare
from hanse.case.scene import Scene, in_year


def sign(scene: Scene, rival: Floats) -> Bools:
    """Members that found it, [n, d]; nobody where it does not come about. `rival`: share of tokens others' releases take, [d]."""
    terms = scene.terms
    signing: Bools = np.ones(scene.tokens.shape, dtype=bool)
    moving = np.arange(scene.tokens.shape[-1])
    for _ in range(terms.members):
        now = signing[:, moving]
        wants = now & _wants(_of(scene, moving), now, rival[moving])
        signing[:, moving] = wants
        moving = moving[(wants != now).any(axis=0)]
        if not len(moving):
            break
    total = pay(scene, 0, signing).total.sum(axis=0)
    enough = (signing.sum(axis=0) >= terms.members_least) & (total + terms.grants[0] > 0)
    if terms.assurance is not None:
        enough &= total >= terms.assurance * (1 - 1e-5)  # single precision
    found: Bools = signing & enough
    return found


def _wants(scene: Scene, signing: Bools, rival: Floats) -> Bools:
    year = in_year(scene, 0)
    paid = pay(scene, 0, signing)
    joint = build(scene, year, 0, paid, signing, ramp=False)
    choice = compare(scene, year, joint, paid, rival, free_ride=scene.terms.assurance is None)
    return np.asarray(choice.inside - choice.cost >= choice.outside)


def _of(scene: Scene, draws: npt.NDArray[np.intp]) -> Scene:
    """The same scene with some of its draws."""
    if len(draws) == scene.tokens.shape[1]:
        return scene
    parts = {key: getattr(scene, key)[:, draws] for key in ("tokens", "growth", "control", "early", "shock")}
    return replace(scene, p={name: values[draws] for name, values in scene.p.items()}, **parts)

"""Error feedback: what an update could not carry comes back in the next one (PROTOCOL rules 15 and 21).

After a round, feedback is the update's residual when it was admitted, and delta + old feedback when it was not, clipped to
the round's norm bound first, or feedback grows, the norm refuses, and feedback grows again. It is dropped after too
many rounds without an admitted update: stale directions hurt.
"""

from __future__ import annotations

from math import isqrt

import numpy as np

from hanse.run.admit import Judgement
from hanse.run.port import Weights
from hanse.run.rounds import Round, Rounds
from hanse.run.site.files import SiteFiles

UNIT_NORM = 2.0**-40
"""Square root of the unit of `norm_squared`."""


def resolve(files: SiteFiles, run: Rounds, item: Round, member: str, judged: Judgement) -> Weights:
    """This site's error feedback once `item` is merged, from its journal and the feedback before. Reads, writes nothing."""
    before = files.read_feedback(item.number - 1)
    if run.plan.codec_at(item.number).feedback_decay.value == 0:
        return {}
    mine = item.updates.get(member)
    if mine is not None and any(one.candidate.id == mine.id for one in judged.admitted):
        return files.journal_tensors(item.number, "residual")
    if _missed(run, item, member) >= run.plan.feedback_reset_rounds > 0:
        return {}
    delta = files.journal_tensors(item.number, "delta")
    if not delta:
        return before
    kept = {name: array + before[name] if name in before else array for name, array in delta.items()}
    return _clipped(kept, _bound(run, judged))


def _missed(run: Rounds, item: Round, member: str) -> int:
    """Rounds up to `item`, in a row, without an admitted update of `member`."""
    count = 1
    for earlier in reversed(run.rounds[1 : item.number]):
        update = earlier.updates.get(member)
        if earlier.agreed is not None and update is not None and update.id in earlier.agreed.admitted:
            break
        count += 1
    return count


def _bound(run: Rounds, judged: Judgement) -> float:
    """The round's norm bound; 0 when nothing was admitted or the plan has none."""
    factor = run.plan.clip_factor.value
    norms = sorted(one.norm_squared for one in judged.admitted if one.norm_squared)
    return float(isqrt(norms[(len(norms) - 1) // 2]) * factor) * UNIT_NORM if norms and factor else 0.0


def _clipped(tensors: Weights, bound: float) -> Weights:
    norm = float(np.sqrt(sum(float(np.sum(np.square(array, dtype=np.float64))) for array in tensors.values())))
    if bound == 0.0 or norm <= bound:
        return tensors
    return {name: array * np.float32(bound / norm) for name, array in tensors.items()}

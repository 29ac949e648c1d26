"""The drill and the hedge's record: what the record says of the models that are drilled, and the line it gets of the drill."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

from hanse.hedge.drill.record import History, Record
from hanse.hedge.lock.schema import LockedModel
from hanse.hedge.record.chain import Chain
from hanse.hedge.record.made import DrillFacts, LockFacts, Made, Resource


def history(chain: Chain, models: Sequence[LockedModel]) -> History:
    """Whether the chain holds, and has every file of the drilled models as they are locked now."""
    problems = [chain.problem] if chain.problem else []
    return History(head=chain.head, lines=len(chain.lines), problems=(*problems, *_lacking(chain, models)))


def _lacking(chain: Chain, models: Sequence[LockedModel]) -> Iterator[str]:
    last = {item.line.made.facts.model: item.line.made for item in chain.lines if isinstance(item.line.made.facts, LockFacts)}
    for model in models:
        if model.name not in last:
            yield f"{model.name}: the record has no line of it"
            continue
        there = set(last[model.name].outputs())
        others = [item for item in model.file if item.sha256 not in there]
        if others:
            more = f" and {len(others) - 1} more" if len(others) > 1 else ""
            yield f"{model.name}: {others[0].path} ({others[0].sha256[:16]}){more} is no file of it in the record"


def step(record: Record, signed: bytes) -> Made:
    """The line of a drill; `signed` are the bytes of its own record."""
    facts = DrillFacts(date=record.date, passed=record.passed, models={item.name: item.entry for item in record.model})
    materials = tuple(Resource.of(item.name, item.entry) for item in record.model)
    subject = Resource.of("drill", hashlib.sha256(signed).hexdigest())
    return Made("drill", f"drill of {record.date}", (subject,), materials, facts, ("hanse", "drill"))

"""Records for the tests."""

from __future__ import annotations

from tests.hedge.mirror.made import model

from hanse.hedge.drill.record import Drilled, Generated, Machine, Network, Record, Stage, StageName
from hanse.hedge.lock.schema import Lock, LockedModel
from hanse.keys import SigningKey

KEY = SigningKey("acme/ops", b"k" * 32)
OTHER = SigningKey("acme/ops", b"o" * 32)
ONE, TWO = model(), model({"w": b"1"}, name="zwei")
LOCK = Lock(model=(ONE, TWO))
MACHINE = Machine(
    name="m", system="Linux 6", architecture="x86_64", processors=2, memory_bytes=1 << 30, python="3.11.7"
)


def drilled(made: LockedModel, failure: str = "", generate: bool = False) -> Drilled:
    names: list[StageName] = ["materialize", "verify", "load", *(["generate"] if generate else [])]  # type: ignore[list-item]
    return Drilled(
        name=made.name, entry=made.entry, repository=made.repository, revision=made.revision, files=len(made.file),
        bytes=made.size, network=Network(cut="namespace", devices=("lo",), probe="127.0.0.1:9: Network is unreachable"),
        spool_milliseconds=None, stages={name: Stage(ok=True, milliseconds=5, detail="fine") for name in names},
        generated=Generated(tokens=4, text="é\u2028x") if generate else None, peak_memory_bytes=1 << 20, failure=failure,
    )  # fmt: skip


def record(day: str = "2026-11-25", *models: Drilled, generate: bool = False) -> Record:
    chosen = models or tuple(drilled(item, generate=generate) for item in LOCK.model)
    return Record(
        date=day, at=1_800_000_000, hanse="0.1.0", lock="a" * 64, mirror="file:///mirror", generate=generate,
        machine=MACHINE, model=chosen, passed=all(item.passed for item in chosen),
    )  # fmt: skip

"""Steps, keys and records for the tests."""

from __future__ import annotations

import hashlib
from pathlib import Path

from tests.hedge.lock.small import model

from hanse.hedge.lock.schema import LockedModel
from hanse.hedge.record.chain import Place, append
from hanse.hedge.record.line import Environment
from hanse.hedge.record.made import CompareFacts, DrillFacts, Made, QuantizeFacts, Resource, Side, TurnFacts, locked
from hanse.keys import SigningKey

KEY, OTHER = SigningKey("acme/ops", b"k" * 32), SigningKey("acme/other", b"o" * 32)
MACHINE = Environment(hanse="0.1.0", system="Linux", architecture="x86_64", processors=2, python="3.11.7")
AT = "2026-11-30T12:00:00Z"


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


BASE = model("base", {"config.json": b"{}", "model.safetensors": b"weights", "tokenizer.json": b"words"})


def lock_step(made: LockedModel = BASE) -> Made:
    return locked(made, ("hanse", "lock", "add"))


def quantize_step(name: str = "q8.gguf", base: LockedModel = BASE) -> Made:
    facts = QuantizeFacts(format="MOSTLY_Q8_0", types={"F32": 3, "Q8_0": 4}, bits_per_weight="8.5", weights=1000, bytes=1100,
                          metadata_sha256=sha("meta"), notes=("é\u2028",))  # fmt: skip
    read = tuple(Resource.of(item.path, item.sha256) for item in base.file)
    return Made("quantize", name, (Resource.of(name, sha(name)),), read, facts, ("hanse", "quantize"))


def side(name: str, sha256: str = "") -> Side:
    return Side(kind="gguf" if sha256 else "endpoint", name=name, sha256=sha256, template_sha256="", engine="x 1")


def compare_step(incumbent: Side, substitute: Side, verdict: str = "swap") -> Made:
    document = sha(f"{incumbent} {substitute} {verdict}")
    facts = CompareFacts(incumbent=incumbent, substitute=substitute, tasks=sha("tasks"), margin="1/50", error="1/20", items_max=9,
                         seed=0, items=7, verdict=verdict, document=document)  # type: ignore[arg-type]  # fmt: skip
    return Made("compare", substitute.name, (Resource.of("verdict", document),), (Resource.of("tasks", sha("tasks")),), facts)


def turn_step(after: str, file: str, verdict: str = "", kind: str = "swap", before: str = "big") -> Made:
    facts = TurnFacts(route="assistant", before=before, after=after, file=file, endpoint="", verdict=verdict)
    materials = (Resource.of("verdict", verdict),) if verdict else ()
    return Made(kind, "assistant", (Resource.of(after, file),), materials, facts)  # type: ignore[arg-type]


def drill_step(passed: bool = True, base: LockedModel = BASE) -> Made:
    facts = DrillFacts(date="2026-11-30", passed=passed, models={base.name: base.entry})
    return Made("drill", "drill", (Resource.of("record", sha("drill")),), (Resource.of(base.name, base.entry),), facts)


def place(path: Path, key: SigningKey = KEY, *trust: SigningKey) -> Place:
    return Place(path, key, MACHINE, tuple(item.public for item in trust))


def written(path: Path, *steps: Made, key: SigningKey = KEY) -> bytes:
    """A record of those steps."""
    for step in steps:
        append(place(path, key), step, AT)
    return path.read_bytes()

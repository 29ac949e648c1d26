"""The run plan: model, data, rounds, codec, outer optimizer, deadlines. What is adopted, identified by its digest.

Canonical JSON knows no floats, so decimals are strings ("0.7"); a constant that touches weights is the float32 nearest to
that decimal, computed exactly, the same on every machine.
"""

from __future__ import annotations

import re
import struct
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from hanse import canonical
from hanse.charter.schema import check_canonical, explain, load_toml
from hanse.errors import CharterError
from hanse.lm.spec import DataSpec, Decimal32, ModelSpec, TokenizerSpec, TrainSpec

SHARD_ELEMENTS_MAX = 16_773_120
"""64 MiB less a header, as float32, in whole blocks of 4,096."""


class Part(BaseModel):
    """Base of the plan's tables: frozen, strict, no unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, use_attribute_docstrings=True)


class Codec(Part):
    """How an update becomes bytes."""

    kind: Literal["fixed32", "int8", "1bit", "topk"] = "int8"
    """fixed32: 32-bit fixed point (exact reference, 1x). int8: 4x smaller. 1bit: 31x. topk: 67x at k=256, 203x at k=64."""
    k: int = 64
    """topk: elements kept of each block of 4,096 (64 to 256). Ignored by the other kinds."""
    feedback_decay: Decimal32 = Decimal32("0")
    """Share of what an update could not carry that returns in the next one. topk wants "0.95"; off: "0"."""

    @field_validator("k")
    @classmethod
    def _k(cls, value: int) -> int:
        if not 1 <= value <= 4096:
            raise ValueError("expected 1 to 4096")
        return value

    @field_validator("feedback_decay")
    @classmethod
    def _decay(cls, value: Decimal32) -> Decimal32:
        if not 0 <= value.value <= 1:
            raise ValueError('expected "0" to "1"')
        return value


class Outer(Part):
    """The outer optimizer: Nesterov SGD on the members' combined update (DiLoCo, arXiv 2311.08105)."""

    learning_rate: Decimal32 = Decimal32("0.7")
    """Step length of the outer optimizer. "1" with momentum "0" is federated averaging."""
    momentum: Decimal32 = Decimal32("0.9")
    """Nesterov momentum. Off: "0", which top-k wants (SparseLoCo, arXiv 2508.15706)."""
    nesterov: bool = True
    """Look ahead along the momentum. Off: false (heavy ball)."""
    reduce: Literal["mean", "sum"] = "mean"
    """mean: weighted mean over admitted updates. sum: for top-k, whose supports rarely overlap."""

    @field_validator("learning_rate")
    @classmethod
    def _rate(cls, value: Decimal32) -> Decimal32:
        if value.value <= 0:
            raise ValueError('expected more than "0"')
        return value

    @field_validator("momentum")
    @classmethod
    def _momentum(cls, value: Decimal32) -> Decimal32:
        if not 0 <= value.value < 1:
            raise ValueError('expected "0" or more and less than "1"')
        return value


class Phase(Part):
    """A stretch of rounds of one length."""

    rounds: int
    """How many rounds this phase has, at least 1."""
    steps: int
    """Inner optimizer steps of each member per round. A cold start wants 1: long rounds from scratch lose most."""
    codec: Codec | None = None
    """Codec of this phase. Off: the plan's."""
    outer: Outer | None = None
    """Outer optimizer of this phase. Off: the plan's. Momentum carries over between phases."""

    @field_validator("rounds", "steps")
    @classmethod
    def _positive(cls, value: int) -> int:
        if value < 1:
            raise ValueError("expected at least 1")
        return value


class Limits(Part):
    """What one member may take of everyone's patience, per round (PROTOCOL rule 12)."""

    update_bytes: int = 8 << 30
    """Largest update, bytes of all its parts together. Larger ones are void."""
    entries: int = 64
    """Entries of one member while one round is open; later ones are void. Honest members need about five."""


class Evaluation(Part):
    """A set that settings are chosen on (dev) or that is read once (test)."""

    name: str
    """What it measures, e.g. the domain."""
    custodian: str
    """Member that keeps it and posts the keyed 13-gram hashes against which the others clean their text."""
    sha256: str
    """Digest of its text, committed before round 1."""

    @field_validator("sha256")
    @classmethod
    def _sha256(cls, value: str) -> str:
        if not re.fullmatch(r"[0-9a-f]{64}", value):
            raise ValueError("expected 64 lower-case hex digits, the SHA-256 of the set's text")
        return value


class Plan(Part):
    """What genesis adopts."""

    name: str
    """Name of the run, for people."""
    model: ModelSpec
    """Architecture and initial weights."""
    tokenizer: TokenizerSpec
    """Given by digest, or built from the members' word counts."""
    data: DataSpec
    """Packing."""
    train: TrainSpec
    """Inner optimizer and its schedule, a function of the global step."""
    phase: tuple[Phase, ...]
    """Rounds, in order."""
    codec: Codec = Codec()
    """How updates travel."""
    outer: Outer = Outer()
    """How they are merged."""
    limits: Limits = Limits()
    """Quotas per member and round."""
    evaluation: tuple[Evaluation, ...] = ()
    """Evaluation sets committed with the plan. Off: none."""
    deadline_seconds: int = Field(default=3600, ge=1)
    """A round may close with its quorum this long after it opened, in log time."""
    gather_seconds: int = Field(default=86_400, ge=1)
    """The run may start with its quorum this long after genesis, in log time; before that it waits for all."""
    member_weights: dict[str, int] = {}
    """Weight of a member's update in the mean, 1 to 1,000; a member not named here has 1. Off: empty (equal)."""
    clip_factor: Decimal32 = Decimal32("4")
    """An update longer than this times the lower median norm of its round is scaled down to it. Off: "0"."""
    feedback_reset_rounds: int = Field(default=4, ge=0)
    """Error feedback is dropped after this many rounds without an admitted update. Off: 0."""
    shard_elements: int = SHARD_ELEMENTS_MAX
    """Elements of one part of an update, a multiple of 4,096: 64 MiB as float32 with its header, our largest object."""
    snapshot_rounds: int = Field(default=25, ge=0)
    """A drawn member stores the agreed state every so many rounds, so that late joiners replay less. Off: 0."""
    retention_rounds: int = Field(default=0, ge=0)
    """Rounds whose updates are kept at least. 0: all of them, for ever."""
    delay: Literal[0] = 0
    """Rounds between an update and its merge. Only 0 runs under rules 1."""
    trainable: Literal[".*"] = ".*"
    """Pattern of the tensors that train. Only all of them under rules 1."""
    objective: Literal["lm"] = "lm"
    """Training objective. Only next-token prediction under rules 1."""

    @field_validator("phase", "evaluation", mode="before")
    @classmethod
    def _lists(cls, value: Any) -> Any:
        return tuple(value) if isinstance(value, list) else value

    @field_validator("clip_factor")
    @classmethod
    def _clip_factor(cls, value: Decimal32) -> Decimal32:
        if value.value < 0:
            raise ValueError('expected "0" (off) or more')
        return value

    @model_validator(mode="after")
    def _consistent(self) -> Plan:
        if not self.phase:
            raise ValueError("phase: a plan needs at least one [[phase]]")
        if self.total_rounds > 1_000_000:
            raise ValueError("phase: more than 1,000,000 rounds")
        if not 4096 <= self.shard_elements <= SHARD_ELEMENTS_MAX or self.shard_elements % 4096:
            raise ValueError(f"shard_elements: expected a multiple of 4,096 up to {SHARD_ELEMENTS_MAX:,} (64 MiB objects)")
        for member, weight in self.member_weights.items():
            if not 1 <= weight <= 1000:
                raise ValueError(f"member_weights: {member}: expected 1 to 1,000")
        if self.limits.update_bytes < 1 or self.limits.entries < 8:
            raise ValueError("limits: update_bytes at least 1, entries at least 8 (an honest member needs about five)")
        return self

    @property
    def total_rounds(self) -> int:
        return sum(phase.rounds for phase in self.phase)

    @property
    def total_steps(self) -> int:
        """Inner steps of one member over the whole run."""
        return sum(phase.rounds * phase.steps for phase in self.phase)

    def at(self, number: int) -> Phase:
        """The phase of round `number` (1-based), its codec and outer optimizer filled in."""
        left = number
        for phase in self.phase:
            if left <= phase.rounds:
                return phase.model_copy(update={"codec": phase.codec or self.codec, "outer": phase.outer or self.outer})
            left -= phase.rounds
        raise CharterError(f"round {number}: the plan has {self.total_rounds}")

    def codec_at(self, number: int) -> Codec:
        return self.at(number).codec or self.codec

    def outer_at(self, number: int) -> Outer:
        return self.at(number).outer or self.outer

    def first_step(self, number: int) -> int:
        """Global step at which round `number` starts; the first round's is 0."""
        steps, left = 0, number - 1
        for phase in self.phase:
            take = min(left, phase.rounds)
            steps, left = steps + take * phase.steps, left - take
        return steps

    def document(self) -> dict[str, Any]:
        """The canonical form: plain JSON values, every default written out."""
        return self.model_dump(mode="json")

    @property
    def digest(self) -> str:
        return canonical.digest(self.document())


def parse_plan(document: Any, source: str) -> Plan:
    """A plan from plain values. Raises CharterError naming `source`, the key and the remedy."""
    try:
        plan = Plan.model_validate(document)
    except ValidationError as error:
        raise CharterError(explain(error, source, Plan)) from error
    check_canonical(plan.document(), source)
    return plan


def load_plan(path: Path) -> Plan:
    """A plan from a TOML file. Raises CharterError naming file, line or key."""
    return parse_plan(load_toml(path), str(path))


def float32_bits(value: Fraction) -> int:
    """Bits of the float32 nearest to `value`, ties to even, computed without floats.

    Raises CharterError when the value is not 0 and lies outside the normal range.
    """
    if value == 0:
        return 0
    sign, size = (0x80000000, -value) if value < 0 else (0, value)
    exponent = size.numerator.bit_length() - size.denominator.bit_length()
    if size < Fraction(2) ** exponent:
        exponent -= 1
    if not -126 <= exponent <= 126:
        raise CharterError(f"{float(value)!r} has no normal float32; expected 1e-37 to 1e38 in size")
    mantissa = round(size / Fraction(2) ** (exponent - 23))  # Fraction rounds half to even, exactly
    if mantissa == 1 << 24:
        mantissa, exponent = 1 << 23, exponent + 1
    return sign | (exponent + 127) << 23 | (mantissa - (1 << 23))


def float32(value: Fraction) -> float:
    """The float32 nearest to `value`, as a Python float (which holds it exactly)."""
    read: float = struct.unpack("<f", struct.pack("<I", float32_bits(value)))[0]
    return read

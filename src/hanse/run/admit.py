"""`admit(candidates, blobs)`: which updates count, judged on their bytes alone; then the round's merge.

Malformed bytes that match their digest are void for everyone, with the same reason. Absent or mismatching bytes are never
judged alone: the caller waits, tries elsewhere, or says `missing` (PROTOCOL rule 11).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from hanse.errors import DigestMismatch, MalformedError, NotFound
from hanse.run.codec import CodecSpec, Part, decode_part
from hanse.run.merge import CLIP_ONE, Merger, Outer, clip_factors, norm_squared
from hanse.run.plan import Plan, float32_bits
from hanse.run.port import Weights
from hanse.run.rounds import Candidate
from hanse.run.shards import Shard, shard_map
from hanse.run.state import State
from hanse.store import Store
from hanse.store.blobs import BlobRef, get_blob, get_manifest

REASON_MAX = 300
KEEP_BYTES = 16 << 20
"""Of a round's updates, what stays in memory between judging and merging."""

ReadPart = Callable[[int], bytes]
"""The bytes of an update's part for one shard. Raises MalformedError, NotFound or DigestMismatch."""


@dataclass(frozen=True)
class Admitted:
    """An update that counts: how to read the bytes of its parts, and its exact squared norm in units of 2^-80."""

    candidate: Candidate
    part: ReadPart
    norm_squared: int


@dataclass
class Judgement:
    """What a node makes of a round's candidates."""

    admitted: list[Admitted] = field(default_factory=list)
    void: list[tuple[str, str]] = field(default_factory=list)
    """(id, reason), for everyone."""
    absent: list[str] = field(default_factory=list)
    """Ids whose bytes this node cannot get: no verdict."""


class ReadUpdate(Protocol):
    """How to read an update of `parts` parts, once its manifest is checked. Raises as ReadPart does."""

    def __call__(self, candidate: Candidate, parts: int, bytes_max: int) -> ReadPart: ...


def read_update(store: Store, keep_bytes: int = KEEP_BYTES) -> ReadUpdate:
    """Updates from a store: manifest first, then each part, every byte checked against its digest.

    Parts are read twice, to be judged and to be merged. The first `keep_bytes` stay in memory in between; the rest is
    read again, so that the memory a round takes does not grow with the number of members.
    """
    left = keep_bytes

    def read(candidate: Candidate, parts: int, bytes_max: int) -> ReadPart:
        ref = BlobRef(candidate.body.blob.sha256, candidate.body.blob.size)
        found = get_manifest(store, candidate.member, ref, parts, bytes_max)
        if len(found) != parts:
            raise MalformedError(f"update of {len(found)} parts, the plan's shard map has {parts}")
        kept: dict[int, bytes] = {}

        def part(shard: int) -> bytes:
            nonlocal left
            if shard in kept:
                return kept[shard]
            data = get_blob(store, candidate.member, found[shard])
            if len(data) <= left:
                left -= len(data)
                kept[shard] = data
            return data

        return part

    return read


def spec_of(plan: Plan, number: int) -> CodecSpec:
    """The codec of round `number`."""
    codec = plan.codec_at(number)
    return CodecSpec(codec.kind, codec.k, codec.feedback_decay.value)


def outer_of(plan: Plan, number: int) -> Outer:
    """The outer optimizer of round `number`, its constants as float32 bits."""
    outer = plan.outer_at(number)
    return Outer(
        float32_bits(outer.learning_rate.value), float32_bits(outer.momentum.value), outer.nesterov, outer.reduce
    )


def shards_of(plan: Plan, weights: Weights) -> tuple[Shard, ...]:
    """The plan's shard map of a model's tensors."""
    return shard_map({name: array.shape for name, array in weights.items()}, plan.shard_elements)


def admit(plan: Plan, number: int, shards: Sequence[Shard], candidates: Iterable[Candidate], read: ReadUpdate) -> Judgement:
    """Judge candidates on their bytes. Pure but for `read`."""
    spec = spec_of(plan, number)
    result = Judgement()
    for candidate in candidates:
        try:
            part = read(candidate, len(shards), plan.limits.update_bytes)
            norm = sum(norm_squared(decode_part(spec, shard, part(i))) for i, shard in enumerate(shards))
        except MalformedError as error:
            result.void.append((candidate.id, f"malformed update: {error}"[:REASON_MAX]))
        except (NotFound, DigestMismatch):
            result.absent.append(candidate.id)
        else:
            result.admitted.append(Admitted(candidate, part, norm))
    return result


def clips(plan: Plan, admitted: Sequence[Admitted]) -> list[int]:
    """Each update's factor in units of 2^-16: 65,536 unless it is longer than clip_factor times the lower median."""
    if plan.clip_factor.value == 0:
        return [CLIP_ONE] * len(admitted)
    return clip_factors([item.norm_squared for item in admitted], plan.clip_factor.value)


def next_state(plan: Plan, number: int, state: State, admitted: Sequence[Admitted], merger: Merger) -> tuple[State, bool]:
    """The state after round `number`, in `state`'s own arrays, and whether it moved. A caller that keeps `state` copies it.

    A round with no update, or whose result is not finite, is barren: weights and momentum stay, the number advances.
    An error raised while parts are read leaves `state` half merged: drop it.
    """
    shards, spec, outer = shards_of(plan, state.weights), spec_of(plan, number), outer_of(plan, number)
    factors = clips(plan, admitted)

    def parts(shard: int) -> list[tuple[int, int, Part]]:
        return [
            (plan.member_weights.get(item.candidate.member, 1), clip, decode_part(spec, shards[shard], item.part(shard)))
            for item, clip in zip(admitted, factors, strict=True)
        ]

    moved = bool(admitted) and merger(shards, state, parts, outer)
    return replace(state, round=number), moved

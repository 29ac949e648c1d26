"""What the teacher says at every position of the student's token file, computed once and kept.

    targets/00000000.safetensors   positions 0 to 16,383: ids, log_probs (the likeliest symbols), rest (what is left), known
    targets/targets.json           canonical: identity, SHA-256 of each shard, CPU time; written after each shard

Symbols are tokens, or those that both vocabularies have (`align`). Shards that are there are not made again; each is checked when
opened.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from hanse import canonical
from hanse.errors import CanonicalError, DigestMismatch, TuneError
from hanse.hedge.distill.align import Ids, Symbols
from hanse.store.disk import file_digest, replace_file

SHARD = 16_384
_LOGITS_MAX = 1 << 25
"""Logits held at a time: 128 MiB as float32."""
_SMALLEST = 1e-30
Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Asked:
    """What is asked of a teacher."""

    stream: Ids
    """Its tokens."""
    where: Ids
    """For each position of the student's file its place in `stream`, or -1: nothing in common there, or never read."""
    symbols: Symbols | None
    """What its rows stand for; None: themselves."""
    rows: int
    """Rows that the student has too; more of the teacher's are part of the rest."""
    context: int
    top: int
    temperature: float
    shard: int = SHARD
    """Positions of a file."""


class Targets:
    """A finished folder. Memory: one batch; shards are mapped."""

    def __init__(self, folder: Path, index: dict[str, Any], shard: int) -> None:
        self._size = shard
        self.digest = canonical.digest({"identity": index["identity"], "shards": index["shards"]})
        self.cpu_seconds = index["cpu_milliseconds"] / 1000
        self.known: int = index["known"]
        """Positions that have a distribution."""
        self._shards = [safe_open(folder / f"{at:08d}.safetensors", framework="np") for at in range(len(index["shards"]))]

    def read(self, starts: Ids, length: int) -> dict[str, torch.Tensor]:
        """At `length` positions from each start: ids int64 and log_probs float32 [starts, length, top], rest and known float32
        [starts, length]."""
        rows = [self._row(int(start), length) for start in starts]
        found = {name: torch.from_numpy(np.stack([row[name] for row in rows])) for name in rows[0]}
        return found | {"ids": found["ids"].long(), "log_probs": found["log_probs"].float(), "known": found["known"].float()}

    def _row(self, start: int, length: int) -> dict[str, Array]:
        parts: dict[str, list[Array]] = {"ids": [], "log_probs": [], "rest": [], "known": []}
        at = start
        while at < start + length:
            shard, begin = divmod(at, self._size)
            end = min(self._size, begin + start + length - at)
            for name, pieces in parts.items():
                pieces.append(self._shards[shard].get_slice(name)[begin:end])  # type: ignore[no-untyped-call]
            at += end - begin
        return {name: np.concatenate(pieces) for name, pieces in parts.items()}


def make_targets(
    folder: Path, model: torch.nn.Module, asked: Asked, identity: dict[str, Any], progress: Callable[[int], bool]
) -> Targets | None:
    """Compute what is not there. `progress` hears the positions done and says whether to stop: then None. Raises TuneError for
    another teacher's or text's folder, DigestMismatch for a shard that changed."""
    folder.mkdir(parents=True, exist_ok=True)
    index = _open(folder, identity)
    count, device = asked.where.size, next(model.parameters()).device
    model.eval()
    for shard, first in enumerate(range(0, count, asked.shard)):
        path = folder / f"{shard:08d}.safetensors"
        if shard < len(index["shards"]):
            _check(path, index["shards"][shard])
            continue
        if progress(first):
            return None
        began = time.process_time()
        tensors = _shard(model, device, asked, asked.where[first : first + asked.shard])
        data = save(tensors)
        replace_file(path, data)
        index["shards"].append(hashlib.sha256(data).hexdigest())
        index["known"] += int(tensors["known"].sum())
        index["cpu_milliseconds"] += round(1000 * (time.process_time() - began))
        replace_file(folder / "targets.json", canonical.encode(index))
    progress(count)
    return Targets(folder, index, asked.shard)


def _open(folder: Path, identity: dict[str, Any]) -> dict[str, Any]:
    path = folder / "targets.json"
    if not path.exists():
        return {"identity": identity, "shards": [], "known": 0, "cpu_milliseconds": 0}
    try:
        index: dict[str, Any] = canonical.decode(path.read_bytes())
        differing = sorted(key for key in identity if index["identity"].get(key) != identity[key])
    except (CanonicalError, KeyError, AttributeError) as error:
        raise TuneError(f"{path}: damaged: {error}; remove {folder} to ask the teacher again") from error
    if differing:
        raise TuneError(f"{folder}: holds what was asked with another {', '.join(differing)}; remove it, or name another `folder`")
    return index


def _check(path: Path, sha256: str) -> None:
    try:
        found = file_digest(path)
        with safe_open(path, framework="np"):
            pass
    except (OSError, SafetensorError) as error:
        raise DigestMismatch(f"{path}: cannot be read ({error}); remove {path.parent} to ask the teacher again") from error
    if found != sha256:
        raise DigestMismatch(f"{path}: not the bytes that were written; remove {path.parent} to ask the teacher again")


def _shard(model: torch.nn.Module, device: torch.device, asked: Asked, where: Ids) -> dict[str, Array]:
    count = asked.rows if asked.symbols is None else asked.symbols.count
    top = min(asked.top, count)
    kind: Any = np.uint16 if count <= 1 << 16 else np.int32
    made: dict[str, Array] = {
        "ids": np.zeros((where.size, top), kind), "log_probs": np.zeros((where.size, top), np.float16),
        "rest": np.zeros(where.size, np.float32), "known": (where >= 0).astype(np.uint8),
    }  # fmt: skip
    wanted = where[where >= 0]
    if not wanted.size:
        return made
    for first, logits in _logits(model, device, asked, wanted):
        inside = np.flatnonzero((where >= first) & (where < first + len(logits)))
        picked = logits[torch.from_numpy(where[inside] - first).to(device)]
        values, ids = log_probs(picked, asked.symbols, asked.temperature)[:, :count].topk(top)
        made["ids"][inside] = ids.cpu().numpy()
        made["log_probs"][inside] = values.clamp(min=-60_000).cpu().numpy()
        made["rest"][inside] = (1 - values.double().exp().sum(-1)).clamp(0, 1).float().cpu().numpy()
    return made


def log_probs(logits: torch.Tensor, symbols: Symbols | None, temperature: float) -> torch.Tensor:
    """Log-probabilities of symbols, flattened by the temperature: [..., symbols] from logits [..., rows]."""
    if symbols is None:
        return torch.log_softmax(logits / temperature, -1)
    of = torch.from_numpy(symbols.of).to(logits.device)
    shares = torch.zeros(*logits.shape[:-1], symbols.count, device=logits.device).index_add(-1, of, torch.softmax(logits, -1))
    return torch.log_softmax(shares.clamp(min=_SMALLEST).log() / temperature, -1)


@torch.no_grad()
def _logits(model: Any, device: torch.device, asked: Asked, places: Ids) -> Iterator[tuple[int, torch.Tensor]]:
    """Logits [places, rows] of the blocks of the stream that hold `places`, and where each begins. A block is three quarters of a
    context, after the quarter before it."""
    lead = asked.context // 4
    size = asked.context - lead
    room = max(1, min(8, _LOGITS_MAX // (asked.context * asked.rows)))
    blocks = np.unique(places // size) * size
    whole = blocks[(blocks >= lead) & (blocks + size <= asked.stream.size)]
    others = np.setdiff1d(blocks, whole)  # the first has less before it, the last is shorter
    batches = [whole[at : at + room] for at in range(0, whole.size, room)] + [others[at : at + 1] for at in range(others.size)]
    for batch in batches:
        before = min(lead, int(batch[0]))
        rows = np.stack([asked.stream[at - before : at + size] for at in batch])
        found = model(input_ids=torch.from_numpy(rows).to(device), use_cache=False).logits[:, before:].float()
        for row, at in enumerate(batch):
            yield int(at), found[row]

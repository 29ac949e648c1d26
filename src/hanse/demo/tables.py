"""The report's tables, each folded into a `<details>`: every figure behind the pictures, in full."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hanse.page.table import Row, fold
from hanse.page.values import dig


def render(result: Mapping[str, Any]) -> str:
    """All tables for which there are figures."""
    parts = [
        fold("Settings", ("setting", "value"), _settings(result)),
        fold("Members and their text", _MEMBERS[0], _members(result)),
        fold("Final scores, bits per byte", *_scores(result)),
        fold("Contributions", ("member", "updates", "admitted", "tokens", "share"), _contributions(result)),
        fold("Bytes", ("member", "sent", "received"), _bytes(result)),
        fold("Rounds", ("round", "attempt", "steps", "admitted", "seconds", "state"), _rounds(result)),
        fold("Log entries", ("index", "kind", "member", "round", "verdict", "reason", "bytes"), _entries(result)),
        fold("Tree heads", ("size", "root", "cosigned by"), _heads(result)),
        fold("Replay, round by round", ("round", "status", "state"), _replay(result)),
        fold("Digests", ("what", "SHA-256"), sorted((result.get("digests") or {}).items())),
    ]
    return "".join(parts) or "<p class='absent'>No figures were recorded.</p>"


_MEMBERS = (
    ("member", "domain", "source", "license", "train bytes", "tokens", "epochs", "train", "dev", "test"),
    ("name", "domain", "source", "license", "train_bytes", "train_tokens", "epochs"),
)


def _settings(result: Mapping[str, Any]) -> list[Row]:
    rows: list[Row] = [[name, str(value)] for name, value in sorted((result.get("settings") or {}).items())]
    return rows


def _members(result: Mapping[str, Any]) -> list[Row]:
    return [
        [member.get(key) for key in _MEMBERS[1]] + [dig(member, "split", part) for part in ("train", "dev", "test")]
        for member in result.get("members") or []
    ]


def _scores(result: Mapping[str, Any]) -> tuple[Sequence[str], list[Row]]:
    domains = [str(member.get("domain")) for member in result.get("members") or []]
    rows: list[Row] = []
    for kind in ("joint", "average", "pooled"):
        scores = dig(result, "final", kind)
        if scores:
            rows.append([kind, *(scores.get(domain) for domain in domains)])
    for kind in ("alone", "derivative"):
        for name, scores in (dig(result, "final", kind) or {}).items():
            rows.append([f"{kind}: {name}", *((scores or {}).get(domain) for domain in domains)])
    return ("model", *domains), rows


def _contributions(result: Mapping[str, Any]) -> list[Row]:
    keys = ("updates", "admitted", "tokens", "share")
    return [[name, *(dig(row, key) for key in keys)] for name, row in (result.get("contribution") or {}).items()]


def _bytes(result: Mapping[str, Any]) -> list[Row]:
    sent, received = dig(result, "bytes", "sent") or {}, dig(result, "bytes", "received") or {}
    rows: list[Row] = [[name, sent.get(name), received.get(name)] for name in dict.fromkeys([*sent, *received])]
    parallel = dig(result, "bytes", "data_parallel_per_member")
    return [*rows, ["data-parallel, per member", parallel, None]] if rows and parallel else rows


def _rounds(result: Mapping[str, Any]) -> list[Row]:
    keys = ("round", "attempt", "steps", "admitted", "seconds", "state")
    return [[row.get(key) for key in keys] for row in result.get("rounds") or []]


def _entries(result: Mapping[str, Any]) -> list[Row]:
    keys = ("index", "kind", "member", "round", "verdict", "reason", "bytes")
    return [[row.get(key) for key in keys] for row in dig(result, "log", "entries") or []]


def _heads(result: Mapping[str, Any]) -> list[Row]:
    return [[row.get("size"), row.get("root"), row.get("cosigners")] for row in dig(result, "log", "heads") or []]


def _replay(result: Mapping[str, Any]) -> list[Row]:
    return [[row.get("round"), row.get("status"), row.get("state")] for row in dig(result, "replay", "rounds") or []]

"""The report's tables, each folded into a `<details>`: every figure behind the pictures, in full."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hanse.demo.charts import esc

Row = Sequence[Any]


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


def fold(title: str, heads: Sequence[str], rows: Iterable[Row]) -> str:
    """A table behind its title; nothing at all without rows."""
    found = [list(row) for row in rows]
    if not found:
        return ""
    head = "".join(f"<th scope='col'{_align(row)}>{esc(name)}</th>" for name, row in zip(heads, found[0], strict=True))
    body = "".join(f"<tr>{''.join(_cell(value) for value in row)}</tr>" for row in found)
    count = f"{len(found)} row{'s' if len(found) != 1 else ''}"
    return (
        f"<details><summary>{esc(title)}<span>{count}</span></summary><div class='scroll' tabindex='0'>"
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div></details>"
    )


def _align(value: Any) -> str:
    return " class='n'" if isinstance(value, int | float) else ""


def _cell(value: Any) -> str:
    if value is None:
        return "<td>–</td>"
    if isinstance(value, float):
        return f"<td class='n'>{value:.4f}</td>"
    if isinstance(value, int):
        return f"<td class='n'>{value:,}</td>"
    said = ", ".join(str(item) for item in value) if isinstance(value, list | tuple) else str(value)
    if len(said) >= 32 and " " not in said:
        return f"<td><code>{esc(said)}</code></td>"
    return f"<td class='wide'>{esc(said)}</td>" if len(said) > 60 else f"<td>{esc(said)}</td>"


def _part(result: Mapping[str, Any], *path: str) -> Any:
    found: Any = result
    for key in path:
        found = found.get(key) if isinstance(found, Mapping) else None
    return found


_MEMBERS = (
    ("member", "domain", "source", "license", "train bytes", "tokens", "epochs", "train", "dev", "test"),
    ("name", "domain", "source", "licence", "train_bytes", "train_tokens", "epochs"),
)


def _settings(result: Mapping[str, Any]) -> list[Row]:
    rows: list[Row] = [[name, str(value)] for name, value in sorted((result.get("settings") or {}).items())]
    return rows


def _members(result: Mapping[str, Any]) -> list[Row]:
    return [
        [member.get(key) for key in _MEMBERS[1]] + [_part(member, "split", part) for part in ("train", "dev", "test")]
        for member in result.get("members") or []
    ]


def _scores(result: Mapping[str, Any]) -> tuple[Sequence[str], list[Row]]:
    domains = [str(member.get("domain")) for member in result.get("members") or []]
    rows: list[Row] = []
    for kind in ("joint", "average", "pooled"):
        scores = _part(result, "final", kind)
        if scores:
            rows.append([kind, *(scores.get(domain) for domain in domains)])
    for kind in ("alone", "derivative"):
        for name, scores in (_part(result, "final", kind) or {}).items():
            rows.append([f"{kind}: {name}", *((scores or {}).get(domain) for domain in domains)])
    return ("model", *domains), rows


def _contributions(result: Mapping[str, Any]) -> list[Row]:
    keys = ("updates", "admitted", "tokens", "share")
    return [[name, *(_part(row, key) for key in keys)] for name, row in (result.get("contribution") or {}).items()]


def _bytes(result: Mapping[str, Any]) -> list[Row]:
    sent, received = _part(result, "bytes", "sent") or {}, _part(result, "bytes", "received") or {}
    rows: list[Row] = [[name, sent.get(name), received.get(name)] for name in dict.fromkeys([*sent, *received])]
    parallel = _part(result, "bytes", "data_parallel_per_member")
    return [*rows, ["data-parallel, per member", parallel, None]] if rows and parallel else rows


def _rounds(result: Mapping[str, Any]) -> list[Row]:
    keys = ("round", "attempt", "steps", "admitted", "seconds", "state")
    return [[row.get(key) for key in keys] for row in result.get("rounds") or []]


def _entries(result: Mapping[str, Any]) -> list[Row]:
    keys = ("index", "kind", "member", "round", "verdict", "reason", "bytes")
    return [[row.get(key) for key in keys] for row in _part(result, "log", "entries") or []]


def _heads(result: Mapping[str, Any]) -> list[Row]:
    return [[row.get("size"), row.get("root"), row.get("cosigners")] for row in _part(result, "log", "heads") or []]


def _replay(result: Mapping[str, Any]) -> list[Row]:
    return [[row.get("round"), row.get("status"), row.get("state")] for row in _part(result, "replay", "rounds") or []]

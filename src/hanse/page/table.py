"""Tables folded into `<details>`: every figure behind a picture, in full."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from hanse.page.svg import esc

Row = Sequence[Any]


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

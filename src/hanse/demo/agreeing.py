"""The consortium as it stands: its members with what they bring, and what its log says of it today."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hanse.demo.findings import Result, is_void, members
from hanse.page.svg import esc, short
from hanse.page.values import capital, counted, dig, number


def founding(result: Result) -> str:
    """Members by name, then founding, entries and cosigned heads; empty without members."""
    found = members(result)
    if not found:
        return ""
    items = "".join(
        f"<li><b>{esc(member['name'])}</b><span>{esc(_brings(member))}</span><span>{esc(_text(member))}</span></li>"
        for member in found
    )
    said = _today(result, len(found))
    return f"<ul class='founders'>{items}</ul><p class='founding'>{esc(said)}</p>"


def _brings(member: Mapping[str, Any]) -> str:
    facts = (member.get("domain"), member.get("source"), member.get("license"))
    return " · ".join(str(fact) for fact in facts if fact)


def _text(member: Mapping[str, Any]) -> str:
    tokens, epochs = number(member.get("train_tokens")), number(member.get("epochs"))
    if tokens is None:
        return ""
    return f"{short(tokens)} tokens" + (f", read {epochs:.1f} times" if epochs is not None else "")


def _today(result: Result, count: int) -> str:
    """One sentence per fact that the log has."""
    entries = [entry for entry in dig(result, "log", "entries") or [] if isinstance(entry, Mapping)]
    genesis, final = dig(result, "log", "genesis"), number(dig(result, "log", "final_size"))
    said = [f"{capital(counted(count, 'member', 'members'))}"]
    said[0] += f" in the log that begins with {genesis}." if genesis else "; the log was not recorded."
    if entries:
        void = sum(is_void(entry) for entry in entries)
        said.append(f"{len(entries):,} entries, {void} void{f', {final:,.0f} final' if final is not None else ''}.")
    heads = [head for head in dig(result, "log", "heads") or [] if isinstance(head, Mapping)]
    if heads:
        signers = ", ".join(str(name) for name in heads[-1].get("cosigners") or []) or "nobody"
        said.append(f"The newest tree head is cosigned by {signers}.")
    return " ".join(said)

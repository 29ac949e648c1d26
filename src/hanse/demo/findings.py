"""What a demo's result says, in figures and in words: computed, never assumed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hanse.page.values import count, dig, finite

Result = Mapping[str, Any]


def members(result: Result) -> list[Mapping[str, Any]]:
    """The members that have a name."""
    return [m for m in result.get("members") or [] if isinstance(m, Mapping) and m.get("name")]


def gains(result: Result) -> dict[str, float]:
    """Percent fewer bits per byte of each member's derivative at home, against the member alone; less is negative."""
    found = {}
    for member in members(result):
        name, domain = member["name"], str(member.get("domain"))
        alone = dig(result, "gain", name, "alone_home") or dig(result, "final", "alone", name, domain)
        derivative = dig(result, "gain", name, "derivative_home") or dig(result, "final", "derivative", name, domain)
        if finite(alone) and finite(derivative) and alone > 0:
            found[name] = 100 * (alone - derivative) / alone
    return found


def headline(result: Result) -> str:
    """One sentence: for whom joining paid, and for whom it did not."""
    found = gains(result)
    if not found:
        return "The members trained one model together; what each gained was not measured."
    winners = [name for name, gain in found.items() if gain > 0]
    losers = [name for name, gain in found.items() if gain <= 0]
    unknown = [str(m["name"]) for m in members(result) if m["name"] not in found]
    everyone = ("all " if not unknown else "the ") + count(len(found))
    everyone += f" members measured (not {' and '.join(unknown)})" if unknown else " members"
    if not losers:
        mean = sum(found.values()) / len(found)
        return f"{everyone[0].upper()}{everyone[1:]} model their own text better for having joined, by {mean:.1f}% on average."
    if not winners:
        return f"Joining did not pay in this run: {everyone} model their own text better alone."
    best = max(found.values())
    worse = " and ".join(f"{name} ({abs(found[name]):.1f}% worse)" for name in losers)
    return (
        f"Joining paid for {count(len(winners))} of {everyone.removeprefix('all ')}, by up to {best:.1f}%; "
        f"it did not pay for {worse}."
    )


def replay_says(result: Result) -> tuple[str, bool | None]:
    """The replay's verdict in words, and whether it holds: true only when verdict and digests both say so."""
    verdict, state, agreed = (dig(result, "replay", key) for key in ("verdict", "state", "agreed"))
    if not verdict:
        return "not run", None
    if verdict == "identical" and state and state == agreed:
        return "bit for bit", True
    if verdict == "identical":
        return "contradicts its digests", False
    return str(verdict), False


def is_void(entry: Mapping[str, Any]) -> bool:
    """Whether the members struck this entry out."""
    return str(entry.get("verdict") or "").lower().startswith("void")


def fraction(share: Any) -> float | None:
    """ "3/12" as a float; None for what is not a fraction."""
    above, slash, below = str(share or "").partition("/")
    if slash and above.isdigit() and below.isdigit() and int(below):
        return int(above) / int(below)
    return None

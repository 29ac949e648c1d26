"""What a model card (README.md, with YAML between two `---` lines) and an adapter's configuration say about license and base.

Only the five keys that matter are cut out and given to YAML: cards of embedding models carry megabytes of results beside
them, and a card is somebody else's text. What cannot be read is a note, never a failure: the files are locked all the same.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

KEYS = ("license", "license_name", "license_link", "base_model", "base_model_relation")
BLOCK_CHARACTERS_MAX = 16_384
BASES_MAX = 100
_HUB_URL = re.compile(r"https?://(?:www\.)?(?:huggingface\.co|hf\.co)/")
_REPOSITORY = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,95}(/[A-Za-z0-9_][A-Za-z0-9._-]{0,95})?")
_NAME = re.compile(r"[\w.()+,/ -]{1,100}")
_REVISION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,99}")
RELATIONS = ("finetune", "adapter", "merge", "quantized")


@dataclass(frozen=True)
class Card:
    """What was said."""

    license: str = ""
    """An SPDX id or the name of another license; empty when nothing is declared."""
    link: str = ""
    """Where the card says its text is: a file of the repository or a URL."""
    base: tuple[str, ...] = ()
    """repository or repository@revision."""
    relation: str = ""
    notes: tuple[str, ...] = ()
    """What was there and could not be used, for people."""


def read_card(text: str) -> Card:
    """From a README.md."""
    notes: list[str] = []
    values = {key: _value(key, block, notes) for key, block in _blocks(text).items()}
    names = [name for name in _texts(values.get("license")) if _kept(_NAME, name, "license", notes)]
    license_ = ", ".join(names)[:200]
    other = _texts(values.get("license_name"))
    if license_ in ("", "other") and other and _kept(_NAME, other[0], "license_name", notes):
        license_ = other[0]
    base = []
    for item in _texts(values.get("base_model"))[:BASES_MAX]:
        name = repository(item)
        if name and name not in base:
            base.append(name)
        elif not name:
            notes.append(f"README.md: base_model {item[:100]!r} names no repository")
    relation = "".join(_texts(values.get("base_model_relation"))[:1])
    if relation and relation not in RELATIONS:
        notes.append(f"README.md: base_model_relation {relation[:100]!r} is none of {', '.join(RELATIONS)}")
        relation = ""
    return Card(license_, "".join(_texts(values.get("license_link"))[:1]), tuple(base), relation, tuple(notes))


def read_adapter(text: str) -> Card:
    """From an adapter_config.json of PEFT."""
    value = _json(text)
    if value is None:
        return Card(notes=("adapter_config.json: cannot be read: no JSON object",))
    named, revision = value.get("base_model_name_or_path"), value.get("revision")
    base = repository(named) if isinstance(named, str) else ""
    if not base:
        return Card(
            relation="adapter", notes=(f"adapter_config.json: its base {str(named)[:100]!r} names no repository",)
        )
    pinned = isinstance(revision, str) and _REVISION.fullmatch(revision)
    return Card(base=(f"{base}@{revision}" if pinned else base,), relation="adapter")


def config_hint(text: str) -> str:
    """A note about the `_name_or_path` of a config.json: often the trainer's own folder, so it is never taken for the base."""
    value = _json(text)
    named = value.get("_name_or_path") if value is not None else None
    name = repository(named) if isinstance(named, str) else ""
    return f"config.json: was perhaps made from {name} (_name_or_path); its card does not say so" if "/" in name else ""


def repository(text: str) -> str:
    """org/name from a name or an address of the hub; empty when it is neither."""
    found = _HUB_URL.sub("", text.strip()).split("/tree/")[0].rstrip("/")
    return found if _REPOSITORY.fullmatch(found) and ".." not in found else ""


def merged(cards: Sequence[Card]) -> Card:
    """One card of several, the first that says something wins; a base with a revision stands for the same without one."""
    base: list[str] = []
    for item in (item for card in cards for item in card.base):
        plain = item.partition("@")[0]
        if item == plain and any(known.partition("@")[0] == plain for known in base):
            continue
        base = [known for known in base if known != plain]
        if item not in base:
            base.append(item)
    first = {
        key: next((getattr(c, key) for c in cards if getattr(c, key)), "") for key in ("license", "link", "relation")
    }
    return Card(**first, base=tuple(base), notes=tuple(note for card in cards for note in card.notes))


def _blocks(text: str) -> dict[str, str]:
    """The lines of each key that matters, from the metadata on top."""
    lines = text.removeprefix("\ufeff").splitlines()
    if not lines or lines[0].rstrip() != "---":
        return {}
    found: dict[str, list[str]] = {}
    current: list[str] | None = None
    for line in lines[1:]:
        if line.rstrip() == "---":
            return {key: "\n".join(block) for key, block in found.items()}
        key = line.partition(":")[0].rstrip()
        if key in KEYS and ":" in line:
            current = found.setdefault(key, [])
            current.append(line)
        elif line[:1] not in ("", " ", "\t", "-", "#"):
            current = None
        elif current is not None:
            current.append(line)
    return {}  # the second line of dashes never came: this is no metadata


def _value(key: str, block: str, notes: list[str]) -> Any:
    import yaml

    try:
        if len(block) > BLOCK_CHARACTERS_MAX:
            raise ValueError("too long")
        value = yaml.load(block, Loader=yaml.BaseLoader)  # texts, lists and tables only
    except (yaml.YAMLError, RecursionError, ValueError, OverflowError):
        notes.append(f"README.md: its {key} cannot be read")
        return None
    return value.get(key) if isinstance(value, dict) else None


def _texts(value: Any) -> list[str]:
    """One text or a list of them; anything else says nothing."""
    items = value if isinstance(value, list) else [value]
    return [item.strip() for item in items if isinstance(item, str) and item.strip()]


def _kept(pattern: re.Pattern[str], value: str, key: str, notes: list[str]) -> bool:
    if pattern.fullmatch(value):
        return True
    notes.append(f"README.md: {key} {value[:100]!r} is no license's name")
    return False


def _json(text: str) -> dict[str, Any] | None:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None

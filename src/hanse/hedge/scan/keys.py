"""Which keys, options and variables ask for a model, and how strongly."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

from hanse.hedge.scan.vocabulary import PROVIDERS, word_lists

Strength = Literal["sure", "vague", "no"]
"""sure: a path or an expression counts too; vague: the value must look like a name; no: another thing."""

_WORDS = word_lists("keys")
_TAIL = _WORDS["tail"]
_DIRECTORIES = _WORDS["directories"]
_SURE = _WORDS["sure"]
_VAGUE = _WORDS["vague"]
_WHOLE = _WORDS["whole"]
_WHOLE_VAGUE = _WORDS["whole_vague"]
_NEVER = _WORDS["never"]
_NEVER_WHOLE = _WORDS["never_whole"]
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_BREAKS = re.compile(r"[^a-z0-9]+")
INHERIT = _WORDS["inherit"]
"""Under a key that asks for a model these name it: model: {name: ...}."""
PLURAL = _WORDS["plural"]
"""Keys over many models: what is below has keys of its own."""


@lru_cache(maxsize=16384)
def words(key: str) -> tuple[str, ...]:
    """storageUri, storage-uri and STORAGE_URI are all (storage, uri)."""
    return tuple(part for part in _BREAKS.split(_CAMEL.sub("_", key[:200]).lower()) if part)


@lru_cache(maxsize=8192)
def strength(key: str) -> Strength:
    """Whether a key asks for a model: what is left of its words after id, name, path and the like must end in a word for one."""
    parts = list(words(key))
    whole = "_".join(parts)
    if (
        not parts
        or len(parts) > 9
        or len(key) > 100
        or whole in _NEVER_WHOLE
        or (whole not in _WHOLE and _NEVER & set(parts))
    ):
        return "no"
    if whole in _WHOLE:
        return "vague" if whole in _WHOLE_VAGUE else "sure"
    directory = len(parts) > 1 and parts[-1] in _DIRECTORIES
    if directory:
        parts.pop()
    while len(parts) > 1 and parts[-1] in _TAIL and not _is_noun(parts[-1]):
        parts.pop()
    if len(parts) > 1 and re.fullmatch(r"\d+|[a-d]", parts[-1]):
        parts.pop()
    last = parts[-1].rstrip("0123456789") or parts[-1]
    if last in _SURE:
        return "vague" if directory else "sure"
    if last in _VAGUE:
        return "vague"
    if len(parts) > 1 and last in ("base", "small", "large") and parts[-2] in _SURE:
        return "sure"
    return "no"


def _is_noun(word: str) -> bool:
    return word in _SURE


@lru_cache(maxsize=8192)
def stem(key: str) -> str:
    """The key without its last id, name, path...: embedding_model_id is embedding_model."""
    parts = list(words(key))
    while len(parts) > 1 and (parts[-1] in _TAIL or parts[-1] in _DIRECTORIES or parts[-1] == "pretrained"):
        parts.pop()
    return "_".join(parts)


@lru_cache(maxsize=8192)
def provider_in(key: str) -> str:
    """The server or API a key's first words tell: OLLAMA_MODEL, openai_chat_model; empty when none."""
    parts = words(key)
    for part in parts[:-1]:
        if part in ("ollama", "openai", "lmstudio") or part in PROVIDERS:
            return part
        if part in ("hf", "huggingface", "vllm", "tgi", "tei", "sglang"):
            return "hub"
    return ""


@lru_cache(maxsize=8192)
def is_revision(key: str) -> bool:
    """Whether a key's value is a revision of a model beside it."""
    parts = words(key)
    if not parts or parts[:2] == ("revision", "of"):
        return bool(parts)
    return parts[-1] in ("revision", "commit", "sha") or "_".join(parts[-2:]) in (
        "commit_hash",
        "commit_sha",
        "revision_id",
    )


_DATA = _WORDS["data"]
_DATA_WITH = _WORDS["data_with"]


def of_data(key: str) -> bool:
    """Whether a key speaks of data sets or measures: names of the hub below it are no models."""
    parts = set(words(key))
    return bool(_DATA & parts) or ("data" in parts and bool(_DATA_WITH & parts))

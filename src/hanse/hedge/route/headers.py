"""Headers that may pass, RFC 9110 section 7.6.1: those of one connection stay on it; credentials never reach another's engine."""

from __future__ import annotations

from collections.abc import Iterable

HOP = frozenset({
    "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer",
    "transfer-encoding", "upgrade",
})  # fmt: skip
_FRAMING = frozenset({"content-length", "host", "expect", "accept-encoding", "content-encoding"})
_CREDENTIALS = frozenset({
    "authorization", "cookie", "api-key", "x-api-key", "openai-organization", "openai-project",
})  # fmt: skip
_ANSWER = frozenset({"content-length", "set-cookie", "server", "date", "x-hanse-target"})
TARGET = "X-Hanse-Target"
"""Says which target answered."""

Pairs = list[tuple[str, str]]


def _passed(headers: Iterable[tuple[str, str]], without: frozenset[str]) -> Pairs:
    pairs = list(headers)
    named = {token.strip().lower() for name, value in pairs if name.lower() == "connection" for token in value.split(",")}
    return [(name, value) for name, value in pairs if name.lower() not in HOP | without | named]


def to_engine(headers: Iterable[tuple[str, str]], key: str) -> Pairs:
    """A client's headers as the engine gets them: with the target's key, and no compression, which would hide the names."""
    own = [("Accept-Encoding", "identity")] + ([("Authorization", f"Bearer {key}")] if key else [])
    return _passed(headers, _FRAMING | _CREDENTIALS) + own


def to_client(headers: Iterable[tuple[str, str]], target: str) -> Pairs:
    """An engine's headers as the client gets them."""
    return [*_passed(headers, _ANSWER), (TARGET, target)]

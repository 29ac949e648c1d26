"""What the echo engine says at /v1/responses: the same words as in a chat, in the objects and events of OpenAI's Responses."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any


def prompt_of(document: Mapping[str, Any]) -> str | None:
    """`input`: a text, or messages whose last has one; None for anything else."""
    given = document.get("input")
    if isinstance(given, list) and given and isinstance(given[-1], dict):
        given = given[-1].get("content")
    if isinstance(given, list) and given and isinstance(given[-1], dict):
        given = given[-1].get("text")
    return given if isinstance(given, str) else None


def body(name: str, document: Mapping[str, Any], tokens: Sequence[str], finish: str, prompt: str) -> dict[str, Any]:
    """The whole answer."""
    made = hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()[:24]
    content = {"type": "output_text", "text": "".join(tokens), "annotations": [], "logprobs": []}
    message = {"id": f"msg_{made}", "type": "message", "role": "assistant", "status": "completed", "content": [content]}
    asked, told = len(prompt.split(" ")), len(tokens)
    usage = {"input_tokens": asked, "input_tokens_details": {"cached_tokens": 0}, "output_tokens": told,
             "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": asked + told}  # fmt: skip
    status, details = ("incomplete", {"reason": "max_output_tokens"}) if finish == "length" else ("completed", None)
    return {
        "id": f"resp_{made}", "object": "response", "created_at": 0, "status": status, "incomplete_details": details, "error": None,
        "model": name, "output": [message], "parallel_tool_calls": False, "tool_choice": "auto", "tools": [], "metadata": {},
        "usage": usage,
    }  # fmt: skip


def events(whole: Mapping[str, Any], tokens: Sequence[str]) -> Iterator[dict[str, Any]]:
    """The same answer as a stream's events: it begins, a token at a time, it is done."""
    (message,) = whole["output"]
    yield {"type": "response.created", "sequence_number": 0,
           "response": {**whole, "status": "in_progress", "incomplete_details": None, "output": [], "usage": None}}  # fmt: skip
    place = {"item_id": message["id"], "output_index": 0, "content_index": 0}
    for number, token in enumerate(tokens, start=1):
        yield {"type": "response.output_text.delta", "sequence_number": number, **place, "delta": token, "logprobs": []}
    yield {"type": f"response.{whole['status']}", "sequence_number": len(tokens) + 1, "response": dict(whole)}

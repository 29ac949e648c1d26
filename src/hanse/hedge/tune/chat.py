"""From messages to tokens, by the tokenizer's own template, with a mask over what the assistant has to write.

A template's text carries its own special tokens (BOS among them), so the tokenizer never adds any to it: transformers would by
default, and a model tuned on a doubled BOS is served without it. The assistant's part of a turn is what the model must write
after the prompt it is served with (the template with `add_generation_prompt`): its content and the token that ends the turn.
White space that the template puts after that token is nobody's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any, NamedTuple

from hanse.errors import TuneError

Messages = Sequence[Mapping[str, str]]
"""Each {"role": "system" | "user" | "assistant", "content": text}."""


class Tokens(NamedTuple):
    """One example."""

    ids: list[int]
    mask: list[bool]
    """Of each token: whether the loss counts it."""


def check_messages(messages: Messages, ends: str = "assistant") -> None:
    """A system message or none, then user and assistant in turn from the user on, the last of role `ends`. Raises TuneError."""
    roles = [message.get("role", "") for message in messages]
    turns = roles[1:] if roles[:1] == ["system"] else roles
    expected = [("user", "assistant")[at % 2] for at in range(len(turns))]
    if not turns or turns != expected or turns[-1] != ends:
        raise TuneError(f"roles {', '.join(roles) or 'of no message'}: expected system (or none), then user, assistant, user, ... "
                        f"and {ends} last")  # fmt: skip
    empty = next((at for at, message in enumerate(messages) if not message.get("content", "").strip()), None)
    if empty is not None:
        raise TuneError(f"message {empty + 1} ({roles[empty]}) is empty")


def encode_chat(tokenizer: Any, messages: Messages, last: bool = False) -> Tokens:
    """A conversation that ends with the assistant; every turn of its is in the mask, or the `last` alone. Raises TuneError where
    the template does not hold it: no template, a role it refuses, a content it drops or changes, an earlier turn of the mask that
    it writes otherwise later."""
    check_messages(messages)
    whole = _render(tokenizer, messages, False)
    spans: list[tuple[int, int]] = []
    for at, message in enumerate(messages):
        if message["role"] != "assistant" or (last and at + 1 < len(messages)):
            continue
        prompt = _render(tokenizer, messages[:at], True)
        turn = whole if at + 1 == len(messages) else _render(tokenizer, messages[: at + 1], False)
        if not turn.startswith(prompt) or not whole.startswith(turn):
            raise TuneError(f"the chat template writes the conversation before message {at + 1} otherwise once more follow: "
                            "give one example per answer, each with one assistant's message")  # fmt: skip
        spans.append((len(prompt), len(prompt) + _end(turn[len(prompt) :], message["content"])))
    _check_held(tokenizer, whole, messages)
    return _encode(tokenizer, whole, spans, special=False)


def encode_prompt(tokenizer: Any, asked: Messages | str) -> list[int]:
    """A conversation that ends with the user, or a prompt, as a server gives it to the model. Raises TuneError as `encode_chat`."""
    if isinstance(asked, str):
        return _encode(tokenizer, asked, [], special=not _begins(tokenizer, asked)).ids
    check_messages(asked, "user")
    text = _render(tokenizer, asked, True)
    _check_held(tokenizer, text, asked)
    return _encode(tokenizer, text, [], special=False).ids


def encode_text(tokenizer: Any, text: str) -> Tokens:
    """Plain text: as the tokenizer begins one, then EOS where it has one; the loss counts all but what it begins with."""
    return encode_completion(tokenizer, "", text)


def encode_completion(tokenizer: Any, prompt: str, completion: str) -> Tokens:
    """A prompt without a template and what comes after it; the loss counts the completion and EOS."""
    text = prompt + completion
    made = _encode(tokenizer, text, [(len(prompt), len(text))], special=not _begins(tokenizer, text))
    end = tokenizer.eos_token_id
    if end is None:
        return made
    if made.ids and made.ids[-1] == end and not text.endswith(tokenizer.eos_token):
        made.ids.pop()  # some tokenizers add it themselves
        made.mask.pop()
    return Tokens([*made.ids, end], [*made.mask, True])


def _begins(tokenizer: Any, text: str) -> bool:
    return bool(tokenizer.bos_token) and text.startswith(tokenizer.bos_token)


def _render(tokenizer: Any, messages: Messages, prompt: bool) -> str:
    from jinja2 import TemplateError

    if not tokenizer.chat_template:
        raise TuneError("the base's tokenizer has no chat template: give prompt and completion instead of messages")
    try:
        text = tokenizer.apply_chat_template([dict(item) for item in messages], tokenize=False, add_generation_prompt=prompt)
    except (TemplateError, ValueError, TypeError, KeyError) as error:
        raise TuneError(f"the chat template refuses the conversation: {str(error)[:200]}") from error
    return str(text)


def _end(turn: str, content: str) -> int:
    """Where the assistant's part ends in its rendered turn: after the token that ends it, without white space behind it."""
    at = turn.find(content.strip())
    if at < 0:
        raise TuneError(f"the chat template does not write the assistant's content as it is: {content.strip()[:60]!r}")
    after = at + len(content.strip())
    tail = turn[after:].rstrip()
    return after + len(tail) if tail else len(turn)


def _check_held(tokenizer: Any, text: str, messages: Messages) -> None:
    """Every content stands in the text, in order, and none spells a token that would end its turn."""
    at, special = 0, set(tokenizer.all_special_tokens)
    for number, message in enumerate(messages, 1):
        content = message["content"].strip()
        found = text.find(content, at)
        if found < 0:
            raise TuneError(f"the chat template leaves out message {number} ({message['role']}): {content[:60]!r}")
        at = found + len(content)
        if spelled := next((token for token in special if token in content), None):
            raise TuneError(f"message {number} ({message['role']}) spells the special token {spelled!r}: remove it")


def _encode(tokenizer: Any, text: str, spans: Sequence[tuple[int, int]], special: bool) -> Tokens:
    """Tokens of a text; the mask is over those that begin in a span. A token that holds text before a span as well is the
    template's: the model is served with a part of it."""
    if not tokenizer.is_fast:
        raise TuneError("the base's tokenizer has no offsets: expected a tokenizer.json")
    made = tokenizer(text, add_special_tokens=special, return_offsets_mapping=True, return_special_tokens_mask=True,
                     return_attention_mask=False, truncation=False, verbose=False)  # fmt: skip
    offsets: list[tuple[int, int]] = made["offset_mapping"]
    # Byte-level tokenizers leave a token's leading spaces out of its offsets: it begins where the one before it ended.
    ends = [0, *accumulate((end for _, end in offsets), max)]
    begins = [min(begin, end) for (begin, _), end in zip(offsets, ends, strict=False)]
    mask = [not added and any(first <= begin < last for first, last in spans)
            for begin, added in zip(begins, made["special_tokens_mask"], strict=True)]  # fmt: skip
    return Tokens(list(made["input_ids"]), mask)


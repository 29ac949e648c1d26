"""From a value in its place to hits: the one way in which commands, options, variables and keys come to a finding."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from hanse.hedge.scan import expressions, keys, looks
from hanse.hedge.scan.finding import Hit
from hanse.hedge.scan.looks import Look
from hanse.hedge.scan.shell.lexer import Word
from hanse.hedge.scan.shell.variables import Value, Variables
from hanse.hedge.scan.vocabulary import PROVIDERS

HUB_SERVERS = frozenset({"hub", "huggingface", "hf", "vllm", "tgi", "tei", "transformers", "sentence-transformers", "sglang",
                         "sentence_transformers", "huggingfacehub", "text-generation-inference", "mlx", "mlx_lm"})  # fmt: skip
"""Values of `provider` and the like after which a name is the hub's."""

SPEECH = re.compile(r"whisper|stt|asr|transcri|speech", re.IGNORECASE)
"""Keys under which the sizes of Whisper are names."""
_SIZES = re.compile(
    r"(tiny|base|small|medium)(\.en)?|large(-v[123])?(-turbo)?|turbo|distil-(small|medium|large)[\w.-]*"
)


def judged(
    value: Value, how: str, look: Callable[[str], Look | None], revision: str | None, sure: bool = True
) -> Iterator[Hit]:
    """A value as a hit, with the revision that stands elsewhere in the command."""
    text = expressions.with_defaults(value.text)
    if looks.blank(text):
        return
    if (not value.known and looks.holes(text)) or looks.holes(text):
        if sure:
            yield Hit(value.line, value.raw or value.text, None, how, "unknown", False)
        return
    found = look(text)
    if found is not None:
        yield Hit(value.line, found.ref, revision or found.revision, how, found.kind)


def keyed_word(variables: Variables, name: str, word: Word, how: str, revision: str | None = None) -> Iterator[Hit]:
    """A word under a name that asks for a model; several names in one word, or in an array, are several hits."""
    sure = keys.strength(name) == "sure"
    look = keyed_look(name)
    for item in word.items if word.items is not None else (word,):
        for value in variables.fill(item):
            for text in several(value.text, look):
                yield from judged(
                    Value(text, value.line, value.known), how, look, revision, sure and bool(text.strip())
                )


def keyed_look(name: str, provider: str = "") -> Callable[[str], Look | None]:
    """How a value under this key is judged: by its shape, and by the server or API that the key or its neighbor tells."""
    provider = (provider or keys.provider_in(name)).lower()
    vague = keys.strength(name) != "sure"
    speech = provider == "whisper" or SPEECH.search(name) is not None

    def look(text: str) -> Look | None:
        if "/" not in text and not vague and re.fullmatch(r"[\w.:@+-]+", text) and not looks.blank(text):
            if provider in ("ollama", "ollama_chat"):
                return looks.ollama(text)
            if provider in ("openai", *PROVIDERS) and not text.isdigit():
                return Look("hosted", text)
            if provider in (
                "hub",
                "huggingface",
                "hf",
                "vllm",
                "tgi",
                "transformers",
                "sentence-transformers",
                "sentence_transformers",
            ):
                return looks.asked(text)
        if speech and _SIZES.fullmatch(text):
            return Look("hub", text)
        found = looks.keyed(text)
        if found is not None and vague and ((found.kind == "path" and not looks.weights(text)) or
                                            (found.kind == "ollama" and not re.search(r"[\d:-]", text))):  # fmt: skip
            return None
        return found

    return look


def several(text: str, look: Callable[[str], Look | None]) -> list[str]:
    """A value with several names, if every part of it is one."""
    parts = [part for part in re.split(r"[,\s]+", text.strip()) if part]
    return parts if 1 < len(parts) <= 30 and all(look(part) is not None for part in parts) else [text]


def addresses(value: Value, how: str) -> Iterator[Hit]:
    """A download: an address on the hub or of a file of weights."""
    text = value.text
    bare = text.split("?")[0].split("#")[0]
    if not value.known:
        if re.search(
            r"(huggingface\.co|hf\.co|hf-mirror\.com|modelscope)/(?!datasets/|spaces/|api/datasets)", text
        ) or ("://" in text and looks.weights(bare)):
            yield Hit(value.line, value.raw or text, None, f"{how} of a model", "unknown", False)
        return
    found = looks.anywhere(bare) if "://" in text or text.startswith(("huggingface.co", "hf.co")) else None
    if found is None and "://" in bare and looks.weights(bare) and not bare.endswith((".bin", ".plan", ".task")):
        found = Look("url", text)
    if found is not None:
        yield found.hit(value.line, f"{how} of a model")


def shifted(hits: Iterator[Hit], line: int) -> Iterator[Hit]:
    """Hits of a text whose first line is `line` of the file."""
    for hit in hits:
        yield Hit(hit.line + line - 1, hit.ref, hit.revision, hit.how, hit.kind, hit.resolved)

"""tokenizer.json (byte-level BPE) -> GGUF's `tokenizer.ggml.*` (docs/gguf.md). What llama.cpp would split or normalize otherwise is
refused, or noted where text rarely meets it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hanse.errors import QuantizeError
from hanse.hedge.quantize.architectures import Value
from hanse.hedge.quantize.pre import name_of

NORMAL, CONTROL, USER_DEFINED, UNUSED = 1, 3, 4, 5
SPECIALS = {"bos": "bos", "eos": "eos", "unk": "unknown", "pad": "padding"}
"""As transformers calls them -> as GGUF does."""
_FLAGS = ("lstrip", "rstrip", "single_word")


@dataclass(frozen=True)
class Vocabulary:
    """What a GGUF says of its tokenizer."""

    keys: Mapping[str, Value]
    kind: str
    """`tokenizer.ggml.pre`"""
    tokens: int
    """Of the tokenizer; the file is filled up to the embedding's rows."""
    notes: tuple[str, ...]


def vocabulary_of(
    tokenizer: Mapping[str, Any], settings: Mapping[str, Any], config: Mapping[str, Any], template: str | None, rows: int
) -> Vocabulary:
    """Of an embedding with `rows` rows. Raises QuantizeError naming the part of tokenizer.json that is not supported."""
    model = _object(tokenizer, "model")
    notes = list(_check_model(tokenizer, model))
    kind = name_of(tokenizer.get("pre_tokenizer"), model.get("ignore_merges") is True)
    tokens, types, added = _tokens(model, tokenizer.get("added_tokens") or [], rows)
    if kind == "tekken":
        notes.append("llama.cpp cuts words nearly, not exactly, as this tokenizer: ids differ around titlecase letters and marks")
    odd = sorted(text for text, item in added.items() if any(item.get(flag) for flag in _FLAGS))
    if odd:
        notes.append(f"llama.cpp does not strip spaces around, or look for word ends at, {len(odd)} added tokens: {odd[0]!r} ...")
    keys: dict[str, Value] = {
        "tokenizer.ggml.model": "gpt2", "tokenizer.ggml.pre": kind, "tokenizer.ggml.tokens": tokens,
        "tokenizer.ggml.token_type": types, "tokenizer.ggml.merges": _merges(model),
    }  # fmt: skip
    ids = {text: index for index, text in enumerate(tokens)}
    for name, key in SPECIALS.items():
        found = _special(name, settings, config, ids)
        if found is not None:
            keys[f"tokenizer.ggml.{key}_token_id"] = found
    for name, does in _adds(tokenizer.get("post_processor"), settings).items():
        keys[f"tokenizer.ggml.add_{name}_token"] = does
    if template:
        keys["tokenizer.chat_template"] = template
    return Vocabulary(keys, kind, rows - types.count(UNUSED), tuple(notes))


def _object(value: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = value.get(name)
    if not isinstance(found, dict):
        raise QuantizeError(f"tokenizer.json: {name}: expected an object")
    return found


def _check_model(tokenizer: Mapping[str, Any], model: Mapping[str, Any]) -> list[str]:
    decoder = tokenizer.get("decoder")
    level = isinstance(decoder, dict) and decoder.get("type") == "ByteLevel"
    if model.get("type") != "BPE" or model.get("byte_fallback") or not level:
        what = f"{model.get('type')!r}" + (" with byte fallback" if model.get("byte_fallback") else "")
        raise QuantizeError(f"tokenizer.json: a tokenizer of type {what}; only byte-level BPE (type BPE, decoder ByteLevel) "
                            "is supported")  # fmt: skip
    for name in ("dropout", "continuing_subword_prefix", "end_of_word_suffix"):
        if model.get(name):
            raise QuantizeError(f"tokenizer.json: model.{name} is {model[name]!r}; llama.cpp knows none")
    normalizer = tokenizer.get("normalizer")
    if normalizer is None:
        return []
    if normalizer == {"type": "NFC"}:
        return ["the tokenizer brings text into Unicode's form NFC, llama.cpp does not: ids differ for text in another form"]
    raise QuantizeError(f"tokenizer.json: normalizer {_type(normalizer)!r}: llama.cpp does none; only NFC is let pass, with a note")


def _type(value: object) -> object:
    return value.get("type") if isinstance(value, dict) else value


def _tokens(
    model: Mapping[str, Any], added: object, rows: int
) -> tuple[list[str], list[int], dict[str, Mapping[str, Any]]]:
    """Texts and types by id, and the added tokens. Ids that have no text get one that is marked as unused."""
    words = _object(model, "vocab")
    found: dict[int, str] = {}
    types: dict[int, int] = {}
    by_text: dict[str, Mapping[str, Any]] = {}
    for text, index in words.items():
        _place(found, text, index, rows)
    if not isinstance(added, list) or not all(isinstance(item, dict) for item in added):
        raise QuantizeError("tokenizer.json: added_tokens: expected a list of objects")
    for item in added:
        text, index = item.get("content"), item.get("id")
        if not isinstance(text, str) or words.get(text, index) != index:
            raise QuantizeError(f"tokenizer.json: added token {text!r} has the id {index!r}, the vocabulary another")
        if found.get(index) != text:
            _place(found, text, index, rows)
        types[index] = CONTROL if item.get("special") else USER_DEFINED
        by_text[text] = item
    texts = [found.get(index, f"[PAD{index}]") for index in range(rows)]
    if len(set(texts)) != rows:
        raise QuantizeError("tokenizer.json: a token is spelled like the filling of an unused id, [PAD...]")
    kinds = [types.get(index, NORMAL) if index in found else UNUSED for index in range(rows)]
    return texts, kinds, by_text


def _place(found: dict[int, str], text: str, index: object, rows: int) -> None:
    if not isinstance(index, int) or index < 0:
        raise QuantizeError(f"tokenizer.json: token {text!r} has the id {index!r}")
    if index >= rows:
        raise QuantizeError(f"tokenizer.json: token {text!r} has the id {index}, but the embedding has {rows} rows: the "
                            "tokenizer of another model")  # fmt: skip
    if index in found:
        raise QuantizeError(f"tokenizer.json: id {index} is both {found[index]!r} and {text!r}")
    found[index] = text


def _merges(model: Mapping[str, Any]) -> list[str]:
    merges = model.get("merges")
    if not isinstance(merges, list):
        raise QuantizeError("tokenizer.json: model.merges: expected a list")
    pairs = [item.split(" ") if isinstance(item, str) else item for item in merges]
    for pair in pairs:
        if not isinstance(pair, list) or len(pair) != 2 or not all(isinstance(p, str) and p and " " not in p for p in pair):
            raise QuantizeError(f"tokenizer.json: model.merges: {str(pair)[:80]}: expected two texts without spaces")
    return [" ".join(pair) for pair in pairs]


def _special(
    name: str, settings: Mapping[str, Any], config: Mapping[str, Any], ids: Mapping[str, int]
) -> int | None:
    """As tokenizer_config.json spells it, else as config.json counts it."""
    text = settings.get(f"{name}_token")
    text = text.get("content") if isinstance(text, dict) else text
    if isinstance(text, str):
        if text not in ids:
            raise QuantizeError(f"tokenizer_config.json: {name}_token {text!r} is not in tokenizer.json")
        return ids[text]
    index = config.get(f"{name}_token_id")
    index = index[0] if isinstance(index, list) and index else index
    if index is None:
        return None
    if not isinstance(index, int) or not 0 <= index < len(ids):
        raise QuantizeError(f"config.json: {name}_token_id is {index!r}, expected one of {len(ids)} ids")
    return index


def _adds(post: object, settings: Mapping[str, Any]) -> dict[str, bool]:
    """Whether a text gets the token that begins, and the one that ends: as the template says, else the settings."""
    steps = post.get("processors") or [post] if isinstance(post, dict) else []
    templates = [step["single"] for step in steps if isinstance(step, dict) and isinstance(step.get("single"), list)]
    single: list[Any] = templates[0] if templates else []
    marks = [isinstance(item, dict) and "SpecialToken" in item for item in single]
    if any(marks):
        return {"bos": marks[0], "eos": marks[-1]}
    return {name: settings.get(f"add_{name}_token") is True and not marks for name in ("bos", "eos")}

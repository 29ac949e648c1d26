"""How text is cut into words before byte pairs are merged: the steps of tokenizer.json and llama.cpp's names for them
(`tokenizer.ggml.pre`), read in both directions."""

from __future__ import annotations

from typing import Any

from hanse.errors import QuantizeError

_ENDINGS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|"
_WORDS = r"[^\r\n\p{L}\p{N}]?\p{L}+|"
_REST = r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
_TEKKEN = (
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|"
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}|"
    r" ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
_PRE = {
    ("level",): {False: "gpt-2"},
    ("digits", "level"): {False: "smollm"},
    (_ENDINGS + _WORDS + r"\p{N}{1,3}|" + _REST,): {True: "llama-bpe", False: "dbrx"},
    (_ENDINGS + _WORDS + r"\p{N}|" + _REST,): {False: "qwen2"},
    (_TEKKEN,): {True: "tekken"},
}
"""Steps of the pre-tokenizer -> by `ignore_merges` (a word of the vocabulary is a token whatever its merges say): the name."""
BEGINS = frozenset({"llama-bpe", "tekken"})
"""Of a file that does not say (`add_bos_token`), llama.cpp begins a text with BOS for these."""


def name_of(pre: object, ignores: bool) -> str:
    """llama.cpp's, of `pre_tokenizer` and `model.ignore_merges`. Raises QuantizeError showing the steps."""
    steps = [pre] if not isinstance(pre, dict) or pre.get("type") != "Sequence" else pre.get("pretokenizers") or []
    seen = tuple(_step(step) for step in steps)
    # a ByteLevel that cuts nothing itself only spells the bytes
    found = _PRE.get(seen[:-1] if len(seen) > 1 and seen[-1] == "spell" else seen)
    if found is None:
        shown = ", ".join(str(step)[:120] for step in seen)
        raise QuantizeError(f"tokenizer.json: pre_tokenizer: llama.cpp's name for these steps is not known: {shown}")
    if ignores not in found:
        raise QuantizeError(f"tokenizer.json: model.ignore_merges is {ignores}; llama.cpp cuts like this only with {not ignores}")
    return found[ignores]


def steps_of(name: object, where: str) -> tuple[dict[str, Any], bool]:
    """`pre_tokenizer` and `model.ignore_merges` of that name. Raises QuantizeError naming the names that are known."""
    for seen, names in _PRE.items():
        for ignores, known in names.items():
            if known == name:
                steps = [_unstep(step) for step in seen]
                if seen[-1] != "level":
                    steps.append(_level(cuts=False))
                return (steps[0] if len(steps) == 1 else {"type": "Sequence", "pretokenizers": steps}), ignores
    known_names = ", ".join(known for names in _PRE.values() for known in names.values())
    raise QuantizeError(f"{where}: tokenizer.ggml.pre is {name!r}; known are {known_names}")


def _step(step: object) -> str:
    if not isinstance(step, dict):
        return f"{step!r}"
    pattern = step.get("pattern")
    if step.get("type") == "ByteLevel" and not step.get("add_prefix_space"):
        return "level" if step.get("use_regex", True) else "spell"
    if step.get("type") == "Digits" and step.get("individual_digits"):
        return "digits"
    if step.get("type") == "Split" and isinstance(pattern, dict) and isinstance(pattern.get("Regex"), str):
        if step.get("behavior") == "Isolated" and not step.get("invert"):
            return str(pattern["Regex"])
        if step.get("behavior") == "Removed" and step.get("invert"):  # what is not matched is removed: the same
            return str(pattern["Regex"])
    return f"{step.get('type')} {({k: v for k, v in step.items() if k != 'type'})}"


def _unstep(step: str) -> dict[str, Any]:
    if step == "level":
        return _level(cuts=True)
    if step == "digits":
        return {"type": "Digits", "individual_digits": True}
    return {"type": "Split", "pattern": {"Regex": step}, "behavior": "Isolated", "invert": False}


def _level(cuts: bool) -> dict[str, Any]:
    return {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": cuts}

"""GGUF keys -> config.json, tokenizer.json and tokenizer_config.json: the other direction of architectures, rope and tokenizer. A
key that says how the model computes and is not known here is refused, because the folder would be another model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hanse.errors import QuantizeError
from hanse.hedge.drill.gguf import GgufHead
from hanse.hedge.quantize.pre import BEGINS, steps_of
from hanse.hedge.quantize.rope import rope_parameters
from hanse.hedge.quantize.tokenizer import CONTROL, NORMAL, SPECIALS, UNUSED, USER_DEFINED

CLASSES = {"llama": ("LlamaForCausalLM", "llama"), "qwen2": ("Qwen2ForCausalLM", "qwen2"), "qwen3": ("Qwen3ForCausalLM", "qwen3")}
"""`general.architecture` -> class and `model_type` of transformers. A Mistral without a sliding window computes as a Llama."""
HEAD, OUT_BIAS = "output.weight", "blk.0.attn_output.bias"
_TEXTS = {
    "model", "pre", "tokens", "token_type", "merges", "add_bos_token", "add_eos_token", "add_space_prefix", "eot_token_id",
    *(f"{name}_token_id" for name in SPECIALS.values()),
}  # fmt: skip


@dataclass(frozen=True)
class Back:
    """What a folder says beside its tensors."""

    config: Mapping[str, Any]
    tokenizer: Mapping[str, Any]
    settings: Mapping[str, Any]
    """tokenizer_config.json, with the chat template."""
    notes: tuple[str, ...]


def back(head: GgufHead, factors: Sequence[float], dtype: str, where: str) -> Back:
    """`factors` are those of the tensor rope_freqs.weight, if there is one. Raises QuantizeError naming the key and what is
    known."""
    keys = _Keys(head.keys, where)
    config = _config(keys, {item.name: item.shape for item in head.tensors}, factors, dtype)
    tokenizer, settings = _tokenizer(keys), _settings(keys)
    config |= {f"{name}_token_id": keys.index(f"{key}_token_id") for name, key in SPECIALS.items() if keys.has(f"{key}_token_id")}
    if keys.has("eot_token_id") and keys.index("eot_token_id") != config.get("eos_token_id"):
        config["eos_token_id"] = [*([config["eos_token_id"]] if "eos_token_id" in config else []), keys.index("eot_token_id")]
    unused = sorted(name for name in head.keys if name.startswith("tokenizer.") and name not in keys.used)
    notes = [f"the folder has no place for {', '.join(unused)}"] if unused else []
    return Back(config, tokenizer, settings, tuple(notes))


class _Keys:
    """Reads keys and knows which were."""

    def __init__(self, keys: Mapping[str, Any], where: str) -> None:
        self.where, self._keys, self.used = where, keys, {f"tokenizer.ggml.{name}" for name in _TEXTS}
        self.arch = self.take("general.architecture", str)
        if self.arch not in CLASSES:
            raise QuantizeError(f"{where}: general.architecture is {self.arch!r}; unpacked are {', '.join(CLASSES)}")

    def take(self, name: str, kind: type, default: Any = None) -> Any:
        found = self._keys.get(name, default)
        self.used.add(name)
        if not isinstance(found, kind) or (isinstance(found, bool) and kind is not bool):
            raise QuantizeError(f"{self.where}: {name} is {str(found)[:80]!r}, expected {kind.__name__}")
        return round_trip(float(found)) if isinstance(found, float) else found

    def model(self, name: str, kind: type, default: Any = None) -> Any:
        return self.take(f"{self.arch}.{name}", kind, default)

    def text(self, name: str, kind: type, default: Any = None) -> Any:
        return self.take(f"tokenizer.ggml.{name}", kind, default)

    def has(self, name: str) -> bool:
        return f"tokenizer.ggml.{name}" in self._keys

    def index(self, name: str) -> int:
        """Of a token."""
        found, count = self.text(name, int), len(self.text("tokens", list))
        if not 0 <= found < count:
            raise QuantizeError(f"{self.where}: tokenizer.ggml.{name} is {found}, expected one of {count} tokens")
        return int(found)

    def refuse_others(self) -> None:
        """Those of the architecture that nobody asked for."""
        others = sorted(name for name in self._keys if name.startswith(f"{self.arch}.") and name not in self.used)
        if others:
            raise QuantizeError(f"{self.where}: {others[0]} is {str(self._keys[others[0]])[:80]}: what a folder would have to say "
                                "of it is not known")  # fmt: skip


def round_trip(value: float) -> float:
    """The shortest decimal that is this float32: 1e-05, not 9.999999747378752e-06."""
    return float(str(np.float32(value)))


def _config(keys: _Keys, shapes: Mapping[str, tuple[int, ...]], factors: Sequence[float], dtype: str) -> dict[str, Any]:
    class_, type_ = CLASSES[keys.arch]
    hidden, heads = keys.model("embedding_length", int), keys.model("attention.head_count", int)
    size = keys.model("attention.key_length", int, hidden // max(1, heads))
    for name in ("attention.value_length", "rope.dimension_count"):
        if keys.model(name, int, size) != size:
            raise QuantizeError(f"{keys.where}: {keys.arch}.{name} is not the {size} of a head; only that is unpacked")
    embedding = shapes.get("token_embd.weight", (0, 0))
    if keys.model("vocab_size", int, embedding[-1]) != embedding[-1]:
        raise QuantizeError(f"{keys.where}: {keys.arch}.vocab_size is not the {embedding[-1]} rows of token_embd.weight")
    longest = keys.model("context_length", int)
    config = {
        "architectures": [class_], "model_type": type_, "vocab_size": embedding[-1], "hidden_size": hidden,
        "intermediate_size": keys.model("feed_forward_length", int), "num_hidden_layers": keys.model("block_count", int),
        "num_attention_heads": heads, "num_key_value_heads": keys.model("attention.head_count_kv", int, heads), "head_dim": size,
        "hidden_act": "silu", "max_position_embeddings": longest,
        "rms_norm_eps": keys.model("attention.layer_norm_rms_epsilon", float), "tie_word_embeddings": HEAD not in shapes,
        "dtype": dtype,
    }  # fmt: skip
    if type_ == "llama":
        config |= {"attention_bias": OUT_BIAS in shapes, "mlp_bias": "blk.0.ffn_up.bias" in shapes}
    theta, kind = keys.model("rope.freq_base", float, 10000.0), keys.model("rope.scaling.type", str, "none")
    given = {"factor": keys.model("rope.scaling.factor", float, 1.0),
             "original": keys.model("rope.scaling.original_context_length", int, 0)}  # fmt: skip
    config["rope_parameters"] = rope_parameters(theta, kind, given, factors, size, keys.where)
    config["rope_theta"] = theta  # where transformers 4 looks
    keys.refuse_others()
    return config


def _tokenizer(keys: _Keys) -> dict[str, Any]:
    model = keys.text("model", str)
    if model != "gpt2":
        raise QuantizeError(f"{keys.where}: tokenizer.ggml.model is {model!r}; only byte-level BPE ('gpt2') is unpacked")
    pre, ignores = steps_of(keys.text("pre", str, "none"), keys.where)
    words, types = keys.text("tokens", list), keys.text("token_type", list, [])
    types = types or [NORMAL] * len(words)
    odd = set(types) - {NORMAL, CONTROL, USER_DEFINED, UNUSED}
    if odd or len(types) != len(words):
        raise QuantizeError(f"{keys.where}: tokenizer.ggml.token_type has {len(types)} types for {len(words)} tokens"
                            f"{f', and of them {min(odd)}, which byte-level BPE has not' if odd else ''}")  # fmt: skip
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False}
    added = [{"id": i, "content": text, **flags, "special": types[i] == CONTROL}
             for i, text in enumerate(words) if types[i] in (CONTROL, USER_DEFINED)]  # fmt: skip
    vocabulary = {text: i for i, text in enumerate(words) if types[i] != UNUSED}
    merges = [str(item).split(" ") for item in keys.text("merges", list)]
    return {
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": added, "normalizer": None, "pre_tokenizer": pre,
        "post_processor": _marks(keys, words), "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True,
                                                           "use_regex": True},
        "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None, "end_of_word_suffix": None,
                  "fuse_unk": False, "byte_fallback": False, "ignore_merges": ignores, "vocab": vocabulary, "merges": merges},
    }  # fmt: skip


def _marks(keys: _Keys, words: list[str]) -> dict[str, Any] | None:
    """The template that begins and ends a text, if one does."""
    begins = keys.text("add_bos_token", bool, keys.text("pre", str, "none") in BEGINS)
    ids = {name: keys.index(f"{name}_token_id") for name, does in
           (("bos", begins), ("eos", keys.text("add_eos_token", bool, False))) if does}  # fmt: skip
    if not ids:
        return None
    mark = {name: [{"SpecialToken": {"id": words[i], "type_id": 0}}] for name, i in ids.items()}
    single, second = (
        [*mark.get("bos", []), {"Sequence": {"id": name, "type_id": 0}}, *mark.get("eos", [])] for name in "AB"
    )
    known = {words[i]: {"id": words[i], "ids": [i], "tokens": [words[i]]} for i in ids.values()}
    return {"type": "TemplateProcessing", "single": single, "pair": [*single, *second], "special_tokens": known}


def _settings(keys: _Keys) -> dict[str, Any]:
    words = keys.text("tokens", list)
    found = {f"{name}_token": words[keys.index(f"{key}_token_id")] for name, key in SPECIALS.items()
             if keys.has(f"{key}_token_id")}  # fmt: skip
    template = keys.take("tokenizer.chat_template", str, "")
    return {"tokenizer_class": "PreTrainedTokenizerFast", "clean_up_tokenization_spaces": False, **found,
            **({"chat_template": template} if template else {})}  # fmt: skip


def origin_of(path: Path, sha256: str, head: GgufHead, label: str, types: Mapping[str, int], made_by: str) -> dict[str, Any]:
    """What hanse-quantize.json says: what the file was, so that quantizing again says it again."""
    counts = ", ".join(f"{count} {name}" for name, count in types.items())
    whole = set(types) <= {"F32", "F16", "BF16"}
    what = "weights as they were" if whole else "dequantized weights, not the original ones"
    notes = [f"source: unpacked from {path.name}, which calls itself {label or 'nothing'} ({counts}): {what}"]
    before = {name: [str(item) for item in found] if isinstance(found := head.keys.get(name), list) else []
              for name in ("hanse.source.files", "hanse.notes")}  # fmt: skip
    source = [f"{sha256}  {path.name}", *before["hanse.source.files"]]
    return {"made_by": made_by, "source": source, "notes": [*notes, *before["hanse.notes"]]}

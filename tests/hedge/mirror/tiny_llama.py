"""A Llama of 27,000 weights in a folder as its publisher would lay it out, without torch."""

from __future__ import annotations

import json
import random
import struct
from array import array
from pathlib import Path
from typing import Any

HIDDEN, INNER, LAYERS, VOCABULARY = 32, 64, 2, 258


def write(folder: Path, seed: int = 0) -> Path:
    """config.json, model.safetensors, a byte-level tokenizer."""
    folder.mkdir(parents=True, exist_ok=True)
    config = {
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": HIDDEN, "intermediate_size": INNER,
        "num_hidden_layers": LAYERS, "num_attention_heads": 2, "num_key_value_heads": 2, "vocab_size": VOCABULARY,
        "max_position_embeddings": 64, "bos_token_id": 0, "eos_token_id": 1, "tie_word_embeddings": False, "dtype": "float32",
    }  # fmt: skip
    _json(folder / "config.json", config)
    _tokenizer(folder)
    (folder / "model.safetensors").write_bytes(safetensors(shapes(), seed))
    return folder


def shapes() -> dict[str, list[int]]:
    found = {"model.embed_tokens.weight": [VOCABULARY, HIDDEN], "model.norm.weight": [HIDDEN]}
    found["lm_head.weight"] = [VOCABULARY, HIDDEN]
    for layer in range(LAYERS):
        at = f"model.layers.{layer}"
        for name in "qkvo":
            found[f"{at}.self_attn.{name}_proj.weight"] = [HIDDEN, HIDDEN]
        for name in ("gate", "up"):
            found[f"{at}.mlp.{name}_proj.weight"] = [INNER, HIDDEN]
        found[f"{at}.mlp.down_proj.weight"] = [HIDDEN, INNER]
        for name in ("input", "post_attention"):
            found[f"{at}.{name}_layernorm.weight"] = [HIDDEN]
    return found


def safetensors(tensors: dict[str, list[int]], seed: int = 0) -> bytes:
    """A file of random float32 weights."""
    chance, header, body = random.Random(seed), dict[str, Any](__metadata__={"format": "pt"}), array("f")
    for name, shape in tensors.items():
        count = shape[0] * (shape[1] if len(shape) > 1 else 1)
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [4 * len(body), 4 * (len(body) + count)]}
        body.extend(1.0 if len(shape) == 1 else chance.gauss(0, 0.3) for _ in range(count))
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + body.tobytes()


def _tokenizer(folder: Path) -> None:
    letters = [*range(33, 127), *range(161, 173), *range(174, 256)]
    letters += [256 + number for number in range(256 - len(letters))]  # as byte-level tokenizers write the other bytes
    vocabulary = {"<s>": 0, "</s>": 1} | {chr(letter): 2 + number for number, letter in enumerate(sorted(letters))}
    level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    special = [
        {"id": n, "content": text, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
        for n, text in enumerate(("<s>", "</s>"))
    ]  # fmt: skip
    model = {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
             "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False, "vocab": vocabulary, "merges": []}  # fmt: skip
    _json(folder / "tokenizer.json", {
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": special, "normalizer": None,
        "pre_tokenizer": level, "post_processor": None, "decoder": level, "model": model,
    })  # fmt: skip
    _json(folder / "tokenizer_config.json", {"tokenizer_class": "PreTrainedTokenizerFast", "bos_token": "<s>",
                                             "eos_token": "</s>", "pad_token": "</s>"})  # fmt: skip


def _json(path: Path, value: dict[str, Any]) -> None:
    path.write_text(json.dumps(value, indent=1), encoding="utf-8")

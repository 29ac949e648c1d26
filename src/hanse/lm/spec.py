"""What a language model run is, as data: model, tokenizer, packing, inner optimizer. Light: imports no torch.

These tables are part of a run plan, which is canonical JSON; so decimals are strings ("0.003") and never floats.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, field_validator, model_validator
from pydantic_core import CoreSchema, core_schema

_DECIMAL = re.compile(r"-?(0|[1-9][0-9]{0,15})(\.[0-9]{0,23}[1-9])?")


class Decimal32(str):
    """A plain decimal, as text: no exponent, no spare zeros, so that one value has one spelling."""

    def __new__(cls, text: str) -> Decimal32:
        if not _DECIMAL.fullmatch(text) or text == "-0":
            raise ValueError(f"{text!r}: expected a plain decimal such as \"0.003\", without exponent or trailing zeros")
        return super().__new__(cls, text)

    @property
    def value(self) -> Fraction:
        """The exact value."""
        return Fraction(str(self))

    @property
    def float(self) -> float:
        """The nearest float64."""
        return float(str(self))

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        def read(value: Any) -> Decimal32:
            if not isinstance(value, str):
                raise ValueError(f'decimals are written as text: "{value}" in quotes, so that every reader has the same number')
            return cls(value)

        return core_schema.no_info_plain_validator_function(read, serialization=core_schema.to_string_ser_schema())


class Table(BaseModel):
    """Base of the tables: frozen, strict, no unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, use_attribute_docstrings=True)


class BaseModelSpec(Table):
    """An adopted open base to start from."""

    name: str
    """What it is called, for people, e.g. the hub's repository."""
    revision: str = ""
    """Where it came from, for people. Off: empty."""
    licence: str
    """SPDX identifier of the base's licence. The consortium's weights inherit it."""
    files: dict[str, str]
    """SHA-256 of each file of the base's folder that is read: config.json, the safetensors and, when there are several,
    their model.safetensors.index.json. Checked before use; no other file of the folder is looked at."""

    @field_validator("files")
    @classmethod
    def _complete(cls, value: dict[str, str]) -> dict[str, str]:
        if "config.json" not in value or not any(name.endswith(".safetensors") for name in value):
            raise ValueError("expected config.json and at least one .safetensors file, each with its SHA-256")
        for name, sha256 in value.items():
            if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,199}", name):
                raise ValueError(f"{name!r}: expected a plain file name")
            if not re.fullmatch(r"[0-9a-f]{64}", sha256):
                raise ValueError(f"{name}: expected 64 lower-case hex digits, the file's SHA-256")
        return value


class ModelSpec(Table):
    """Architecture and initial weights."""

    architecture: str = "llama"
    """`model_type` of a transformers causal language model. Default llama: llama.cpp, vLLM and all tools load it."""
    config: dict[str, int | str | bool] = {
        "hidden_size": 128,
        "intermediate_size": 384,
        "num_hidden_layers": 4,
        "num_attention_heads": 4,
        "num_key_value_heads": 4,
        "max_position_embeddings": 512,
        "tie_word_embeddings": True,
    }
    """Fields of the transformers config; decimals as text. Rows are multiples of 32 so that llama.cpp can quantize them.
    `vocab_size` comes from the tokenizer."""
    seed: int = 0
    """Seed of the random initial weights, the same integers on every machine."""
    base: BaseModelSpec | None = None
    """An adopted base in place of random weights. Off: null."""

    @field_validator("config", mode="before")
    @classmethod
    def _values(cls, value: Any) -> Any:
        for name, item in value.items() if isinstance(value, dict) else ():
            if isinstance(item, float):
                raise ValueError(f'{name}: decimals are written as text: "{item}" in quotes')
            if not isinstance(item, int | str):
                raise ValueError(f"{name}: expected an integer, true or false, or text in quotes")
        return value


class TokenizerSpec(Table):
    """How text becomes tokens."""

    kind: Literal["counts", "given"] = "counts"
    """counts: byte-level BPE, a pure function of the word counts the members post. given: a tokenizer.json by digest."""
    sha256: str = ""
    """given: digest of the tokenizer.json. Off: empty."""
    vocab_size: int = 2048
    """counts: tokens, a multiple of 32 (llama.cpp), 288 to 262,144. Small models want small tables."""
    min_count: int = 20
    """counts: a word is posted only when it was seen this often at home: rarer ones could identify somebody."""
    word_bytes_max: int = 24
    """counts: longer words are not posted."""

    @model_validator(mode="after")
    def _consistent(self) -> TokenizerSpec:
        if self.kind == "given" and not re.fullmatch(r"[0-9a-f]{64}", self.sha256):
            raise ValueError("sha256: a given tokenizer is named by 64 hex digits, the SHA-256 of its tokenizer.json")
        if self.kind == "counts" and self.sha256:
            raise ValueError('sha256: goes with kind = "given"; remove it, or set kind')
        if self.vocab_size % 32 or not 288 <= self.vocab_size <= 262_144:
            raise ValueError("vocab_size: expected a multiple of 32 from 288 to 262,144")
        if self.min_count < 1 or not 1 <= self.word_bytes_max <= 200:
            raise ValueError("min_count at least 1, word_bytes_max 1 to 200")
        return self


class DataSpec(Table):
    """How tokens become batches."""

    sequence_length: int = 128
    """Tokens of one training sequence."""
    document_mask: Literal[False] = False
    """Attention across packed documents is allowed. Only false under rules 1; long documents lose little."""
    position_reset: Literal[False] = False
    """Positions run over the sequence, not the document. Only false under rules 1."""

    @field_validator("sequence_length")
    @classmethod
    def _length(cls, value: int) -> int:
        if not 8 <= value <= 1_048_576:
            raise ValueError("expected 8 to 1,048,576")
        return value


class TrainSpec(Table):
    """Inner optimizer: AdamW, warm-up, constant, linear decay (WSD), a function of the global step."""

    batch_sequences: int = 8
    """Sequences of one inner step of one member."""
    accumulation: int = 1
    """Micro-batches an inner step is split into, to save memory. Off: 1."""
    learning_rate: Decimal32 = Decimal32("0.003")
    """Peak learning rate: good for models of a million parameters; larger ones want less."""
    warmup_steps: int = 40
    """Linear warm-up, in global steps. Off: 0."""
    rewarm_steps: int = 10
    """A site with fresh moments (late joiner, lost disk) warms up over so many of its own steps. Off: 0."""
    decay_start: int = 0
    """Global step at which the linear decay begins. Off: 0 (no decay)."""
    decay_steps: int = 0
    """Length of the decay, in global steps. Off: 0."""
    decay_to: Decimal32 = Decimal32("0.1")
    """Learning rate at the end of the decay, as a share of the peak."""
    beta1: Decimal32 = Decimal32("0.9")
    """AdamW's first moment decay."""
    beta2: Decimal32 = Decimal32("0.95")
    """AdamW's second moment decay: the usual one for language models."""
    weight_decay: Decimal32 = Decimal32("0.1")
    """AdamW's decoupled weight decay, on matrices only. Off: "0"."""
    clip: Decimal32 = Decimal32("1")
    """Gradient norm is clipped to this. Off: "0"."""
    precision: Literal["auto", "fp32", "bf16"] = "fp32"
    """fp32, bf16 (autocast over fp32 weights), or auto: bf16 where the device is fast at it."""

    @model_validator(mode="after")
    def _consistent(self) -> TrainSpec:
        if self.batch_sequences < 1 or self.accumulation < 1 or self.batch_sequences % self.accumulation:
            raise ValueError("batch_sequences: expected a positive multiple of accumulation")
        if min(self.warmup_steps, self.rewarm_steps, self.decay_start, self.decay_steps) < 0:
            raise ValueError("warmup_steps, rewarm_steps, decay_start, decay_steps: expected at least 0")
        if self.learning_rate.value <= 0 or self.weight_decay.value < 0 or self.clip.value < 0:
            raise ValueError("learning_rate: expected more than 0; weight_decay and clip: at least 0")
        if not all(0 <= beta.value < 1 for beta in (self.beta1, self.beta2)) or not 0 <= self.decay_to.value <= 1:
            raise ValueError("beta1 and beta2: expected 0 or more and less than 1; decay_to: 0 to 1")
        return self


class SplitSpec(Table):
    """What is held out of a site's own text. Not part of a run plan."""

    dev_permille: int = 20
    """Thousandths of the documents that settings are chosen on. Off: 0."""
    test_permille: int = 20
    """Thousandths of the documents that are read once, at the end. Off: 0."""
    seed: int = 0
    """Another seed holds out other documents."""

    @model_validator(mode="after")
    def _consistent(self) -> SplitSpec:
        if min(self.dev_permille, self.test_permille) < 0 or self.dev_permille + self.test_permille > 500:
            raise ValueError("dev_permille and test_permille: expected at least 0 each and at most 500 together")
        return self

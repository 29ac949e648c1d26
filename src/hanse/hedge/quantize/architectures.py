"""Which models llama.cpp runs from which tensors: config.json -> GGUF keys and the exact set of tensors.

The architectures share one skeleton; a row of `TABLE` says where one departs from it. Key names: github.com/ggml-org/ggml,
docs/gguf.md. A config that asks for a computation which llama.cpp does not do for that architecture is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hanse.errors import QuantizeError
from hanse.hedge.quantize.rope import Rope, read_rope

Value = str | int | float | bool | list[str] | list[int]


@dataclass(frozen=True)
class Architecture:
    """How one class of transformers departs from the skeleton."""

    gguf: str
    """`general.architecture`"""
    interleaved: bool
    """llama.cpp turns neighboring pairs, transformers halves: rows of q and k change their order."""
    qkv_bias: bool | None
    """Always or never; None: as `attention_bias` says, then with the output's, too."""
    qk_norm: bool = False
    mlp_bias: bool = False
    """`mlp_bias` may be set."""


TABLE = {
    "LlamaForCausalLM": Architecture("llama", True, None, mlp_bias=True),
    "MistralForCausalLM": Architecture("llama", True, False),
    "Qwen2ForCausalLM": Architecture("qwen2", False, True),
    "Qwen3ForCausalLM": Architecture("qwen3", False, False, qk_norm=True),
}
"""SmolLM, SmolLM2 and many others are LlamaForCausalLM."""


@dataclass(frozen=True)
class Wanted:
    """A tensor that the folder must have."""

    name: str
    """transformers' name"""
    shape: tuple[int, ...]
    heads: int = 0
    """Heads whose rows change their order; 0: none."""


@dataclass(frozen=True)
class Plan:
    """What a GGUF of this config holds."""

    gguf: str
    layers: int
    vocab_size: int
    keys: Mapping[str, Value]
    wanted: tuple[Wanted, ...]
    rope: Rope
    tied: bool
    """The head is the embedding."""
    notes: tuple[str, ...]


def plan_of(config: Mapping[str, Any], where: str) -> Plan:
    """Raises QuantizeError naming the field of config.json (`where`) and what is supported."""
    names = config.get("architectures") or []
    name = names[0] if isinstance(names, list) and names else None
    if name not in TABLE:
        raise QuantizeError(f"{where}: architecture {name!r} is not supported; supported are {', '.join(TABLE)}")
    kind, read = TABLE[name], _Reader(config, where)
    hidden, inner, layers = read.count("hidden_size"), read.count("intermediate_size"), read.count("num_hidden_layers")
    heads, vocab_size = read.count("num_attention_heads"), read.count("vocab_size")
    kv_heads = read.count("num_key_value_heads", heads)
    size = read.count("head_dim", hidden // heads)
    if heads % kv_heads or size % 2 or (config.get("head_dim") is None and hidden % heads):
        raise QuantizeError(f"{where}: {heads} heads, {kv_heads} of keys, {size} wide: no such attention")
    read.must("hidden_act", "silu")
    if not kind.mlp_bias:
        read.must("mlp_bias", False)
    if kind.qkv_bias is False:
        read.must("attention_bias", False)
    rope = read_rope(config, size, where)
    context, notes = _context(config, read.count("max_position_embeddings"))
    keys: dict[str, Value] = {
        "vocab_size": vocab_size, "context_length": context, "embedding_length": hidden, "block_count": layers,
        "feed_forward_length": inner, "attention.head_count": heads, "attention.head_count_kv": kv_heads,
        "attention.layer_norm_rms_epsilon": read.real("rms_norm_eps"), "attention.key_length": size,
        "attention.value_length": size, "rope.dimension_count": size,
    }  # fmt: skip
    keys |= rope.keys
    both = config.get("attention_bias") is True if kind.qkv_bias is None else kind.qkv_bias
    tied = config.get("tie_word_embeddings", _TIED[name]) is True
    wanted = [Wanted("model.embed_tokens.weight", (vocab_size, hidden)), Wanted("model.norm.weight", (hidden,))]
    if not tied:
        wanted.append(Wanted("lm_head.weight", (vocab_size, hidden)))
    for layer in range(layers):
        row = _Layer(f"model.layers.{layer}.", hidden, inner)
        wanted += row.attention(heads, kv_heads, size, kind.interleaved, both, both and kind.qkv_bias is None)
        wanted += row.rest(config.get("mlp_bias") is True, size if kind.qk_norm else 0)
    full = {f"{kind.gguf}.{key}": value for key, value in keys.items()}
    return Plan(kind.gguf, layers, vocab_size, full, tuple(wanted), rope, tied, notes)


_TIED = dict.fromkeys(TABLE, False)
"""What transformers takes when `tie_word_embeddings` is not there."""


@dataclass(frozen=True)
class _Layer:
    prefix: str
    hidden: int
    inner: int

    def attention(
        self, heads: int, kv_heads: int, size: int, interleaved: bool, qkv_bias: bool, out_bias: bool
    ) -> list[Wanted]:
        found = []
        for name, count, turned in (("q", heads, heads), ("k", kv_heads, kv_heads), ("v", kv_heads, 0)):
            turned = turned if interleaved else 0
            name = f"{self.prefix}self_attn.{name}_proj"
            found.append(Wanted(f"{name}.weight", (count * size, self.hidden), turned))
            if qkv_bias:
                found.append(Wanted(f"{name}.bias", (count * size,), turned))
        found.append(Wanted(f"{self.prefix}self_attn.o_proj.weight", (self.hidden, heads * size)))
        if out_bias:
            found.append(Wanted(f"{self.prefix}self_attn.o_proj.bias", (self.hidden,)))
        return found

    def rest(self, mlp_bias: bool, qk_norm: int) -> list[Wanted]:
        shapes = {"gate": (self.inner, self.hidden), "up": (self.inner, self.hidden), "down": (self.hidden, self.inner)}
        found = [Wanted(f"{self.prefix}mlp.{name}_proj.weight", shape) for name, shape in shapes.items()]
        if mlp_bias:
            found += [Wanted(f"{self.prefix}mlp.{name}_proj.bias", shape[:1]) for name, shape in shapes.items()]
        found += [Wanted(f"{self.prefix}{name}_layernorm.weight", (self.hidden,)) for name in ("input", "post_attention")]
        if qk_norm:
            found += [Wanted(f"{self.prefix}self_attn.{name}_norm.weight", (qk_norm,)) for name in "qk"]
        return found


@dataclass(frozen=True)
class _Reader:
    config: Mapping[str, Any]
    where: str

    def count(self, name: str, default: int | None = None) -> int:
        value = self.config.get(name)
        value = default if value is None else value
        if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < 1 << 31:
            raise QuantizeError(f"{self.where}: {name} is {value!r}, expected a whole number above 0")
        return value

    def real(self, name: str) -> float:
        value = self.config.get(name)
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise QuantizeError(f"{self.where}: {name} is {value!r}, expected a number")
        return float(value)

    def must(self, name: str, value: object) -> None:
        found = self.config.get(name, value)
        if found != value:
            raise QuantizeError(f"{self.where}: {name} is {found!r}; llama.cpp computes this architecture with {value!r} only")


def _context(config: Mapping[str, Any], longest: int) -> tuple[int, tuple[str, ...]]:
    """With a sliding window, attention is the full one up to the window's length: no further does the file go."""
    window = config.get("sliding_window")
    if config.get("use_sliding_window", True) is False or not isinstance(window, int) or window >= longest:
        return longest, ()
    return window, (f"context_length is {window}, not {longest}: beyond its sliding window llama.cpp would compute another model",)

"""What can be asked for, and the type that each tensor gets. Types are GGML's; block sizes as in `gguf`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from gguf import GGML_QUANT_SIZES, GGMLQuantizationType, LlamaFileType

from hanse.errors import QuantizeError

Type = GGMLQuantizationType


@dataclass(frozen=True)
class Format:
    """One format of GGUF."""

    type: Type
    """Of matrices; vectors stay F32."""
    label: LlamaFileType
    better: Type | None = None
    """Of the tensors that suffer most, as llama.cpp chooses them in its mixtures ("_M")."""


FORMATS = {
    "F32": Format(Type.F32, LlamaFileType.ALL_F32),
    "F16": Format(Type.F16, LlamaFileType.MOSTLY_F16),
    "BF16": Format(Type.BF16, LlamaFileType.MOSTLY_BF16),
    "Q8_0": Format(Type.Q8_0, LlamaFileType.MOSTLY_Q8_0),
    "Q5_1": Format(Type.Q5_1, LlamaFileType.MOSTLY_Q5_1),
    "Q5_0": Format(Type.Q5_0, LlamaFileType.MOSTLY_Q5_0),
    "Q4_1": Format(Type.Q4_1, LlamaFileType.MOSTLY_Q4_1),
    "Q4_0": Format(Type.Q4_0, LlamaFileType.MOSTLY_Q4_0),
    "Q6_K": Format(Type.Q6_K, LlamaFileType.MOSTLY_Q6_K),
    "Q5_K_M": Format(Type.Q5_K, LlamaFileType.MOSTLY_Q5_K_M, Type.Q6_K),
    "Q4_K_M": Format(Type.Q4_K, LlamaFileType.MOSTLY_Q4_K_M, Type.Q6_K),
}
_FALLBACK = {Type.Q6_K: Type.Q8_0, Type.Q5_K: Type.Q5_1, Type.Q4_K: Type.Q5_0}
"""For rows that are not whole blocks of 256: llama.cpp's own choice. Blocks of 32 do not fit either: F16."""


@dataclass(frozen=True)
class Choice:
    """The type of one tensor."""

    type: Type
    asked: Type
    """What the format says, before any fall-back."""

    @property
    def fell_back(self) -> bool:
        return self.type != self.asked


def choose(format_: Format, name: str, shape: tuple[int, ...], layers: int, tied: bool) -> Choice:
    """Of the tensor with that GGUF name. `shape` is (rows, row length), or a vector's length alone."""
    if len(shape) == 1:
        return Choice(Type.F32, Type.F32)
    asked = format_.type
    if format_.better is not None and _suffers(name, layers, tied):
        asked = format_.better
    chosen = asked
    while shape[-1] % GGML_QUANT_SIZES[chosen][0]:
        chosen = _FALLBACK.get(chosen, Type.F16)
    return Choice(chosen, asked)


def _suffers(name: str, layers: int, tied: bool) -> bool:
    """The head, and v and down of the first and last eighth of the layers and every third between (llama.cpp's Q4_K_M)."""
    if name == ("token_embd.weight" if tied else "output.weight"):
        return True
    found = re.fullmatch(r"blk\.(\d+)\.(attn_v|ffn_down)\.weight", name)
    if found is None:
        return False
    layer, eighth = int(found[1]), layers // 8
    return layer < eighth or layer >= 7 * layers // 8 or (layer - eighth) % 3 == 2


def refuse_fallbacks(choices: dict[str, Choice], shapes: dict[str, tuple[int, ...]], asked: str) -> None:
    """Raises QuantizeError that says how many tensors would not have the type asked for, and which instead."""
    fallen = {name: choice for name, choice in choices.items() if choice.fell_back}
    if fallen:
        name, choice = next(iter(fallen.items()))
        raise QuantizeError(
            f"{asked}: {len(fallen)} of {len(choices)} tensors cannot have it: {name} has rows of {shapes[name][-1]}, "
            f"{choice.asked.name} takes multiples of {GGML_QUANT_SIZES[choice.asked][0]}. With --allow-fallback they become "
            f"{', '.join(sorted({item.type.name for item in fallen.values()}))}; Q8_0 may fit as it is"
        )

"""Open a model's weights: every safetensors and GGUF file, all tensors. Pickles are not opened: opening one runs it."""

from __future__ import annotations

from pathlib import Path

from hanse.hedge.drill.gguf import read_gguf
from hanse.hedge.drill.tensors import read_index, read_safetensors, weight_files

PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl")


def load(folder: Path) -> str:
    """What was read, in words. Raises LockError naming the file and what is wrong, OSError."""
    tensors: dict[Path, set[str]] = {path: set(read_safetensors(path)) for path in weight_files(folder, ".safetensors")}
    for index in weight_files(folder, ".safetensors.index.json"):
        read_index(index, {path.name: names for path, names in tensors.items() if path.parent == index.parent})
    ggufs = [read_gguf(path) for path in weight_files(folder, ".gguf")]
    said = []
    if tensors:
        said.append(f"{sum(map(len, tensors.values()))} tensors in {len(tensors)} safetensors")
    if ggufs:
        said.append(f"{sum(map(len, ggufs))} tensors in {len(ggufs)} GGUF")
    pickles = [path.name for ending in PICKLES for path in weight_files(folder, ending)]
    if pickles:
        said.append(f"{len(pickles)} that may be pickles not opened")
    return "; ".join(said) or "no safetensors, no GGUF: bytes verified, nothing to open"

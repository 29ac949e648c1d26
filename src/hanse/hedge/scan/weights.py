"""Files of weights by their suffix and by their first bytes, and pointers of Git LFS to them."""

from __future__ import annotations

import json
import re
import struct
import zipfile
from typing import IO

from hanse.hedge.scan import danger, looks
from hanse.hedge.scan.finding import Finding

HEAD = 4096
"""First bytes that are looked at."""
MAX_MEMBERS = 2000
POINTER = re.compile(
    rb"version https://git-lfs\.github\.com/spec/v1\r?\n(?:ext-[^\n]*\n)*oid sha256:([0-9a-f]{64})\r?\nsize (\d+)"
)
_MODEL_NAME = re.compile(
    r"(model|weight|adapter|lora|diffusion|ggml|gguf|consolidated|checkpoint|ckpt|optimizer|scheduler|bert|llama|mistral|qwen|whisper|"
    r"embed|encoder|decoder|unet|vae|openvino|pytorch|flax|saved|frozen|graph|classifier|detector|net)",
    re.IGNORECASE,
)
_BY_NAME = (".bin", ".pb", ".dat", ".data")
"""Suffixes that count only with a name that speaks of a model, or with bytes that do."""
_BINARY_ONLY = (
    ".pt",
    ".pth",
    ".pkl",
    ".pickle",
    ".joblib",
    ".engine",
    ".plan",
    ".h5",
    ".hdf5",
    ".task",
    ".mar",
    ".bin",
    ".pb",
    ".dat",
    ".data",
)
"""Suffixes that text files have too."""
_NOT_WEIGHTS = re.compile(r"(?:^|/)(?:vocab|tokenizer|merges|firmware|boot|rom)[^/]*\.bin$", re.IGNORECASE)


def weight_file(file: IO[bytes], head: bytes, path: str, name: str, size: int) -> Finding | None:
    """The finding when an open file is one of weights; `name` is its path as it is shown. Raises OSError."""
    pointer = POINTER.match(head)
    lower = path.lower()
    by_suffix = looks.weights(lower) and not _NOT_WEIGHTS.search(path)
    if pointer:
        digest = f"sha256:{pointer[1].decode()}"
        return Finding(name, 1, name, digest, True, "Git LFS pointer to weights", "weights") if by_suffix else None
    how = _by_content(head, size, file)
    if how is None and by_suffix and size and _counts(lower, head):
        how = f"file .{lower.rsplit('.', 1)[-1]}"
    elif how is not None and not by_suffix:
        how = f"{how} under another suffix"
    if how is None and not danger.may_be_pickle(head, lower):
        return None
    found = danger.pickle_danger(file, head, lower)
    if how is None and found is None:
        return None
    return Finding(name, 1, name, None, True, how or "pickle", "weights", found)


def _counts(path: str, head: bytes) -> bool:
    """Whether the suffix alone makes it a file of weights."""
    if path.endswith(_BY_NAME) and not _MODEL_NAME.search(path.rsplit("/", 1)[-1]):
        return False
    if path.endswith((".pkl", ".pickle")) and head[:1] != b"\x80":
        return False
    return not (path.endswith(_BINARY_ONLY) and is_text(head))


def _by_content(head: bytes, size: int, file: IO[bytes]) -> str | None:
    """What the bytes say they are; None for anything but weights."""
    if len(head) < 8:
        return None
    if head[:4] in (b"GGUF", b"FUGG"):
        return "GGUF file"
    if head[:4] in (b"ggml", b"lmgg", b"ggjt", b"tjgg", b"ggla"):
        return "GGML file"
    if head[4:8] == b"TFL3":
        return "TFLite file"
    if head[:8] == b"\x89HDF\r\n\x1a\n" and any(word in head for word in (b"keras", b"model_weights", b"layer_names")):
        return "Keras HDF5 file"
    if _safetensors(head, size):
        return "safetensors file"
    if head[:2] == b"PK":
        return _zip(file)
    if (
        head[:1] == b"\x80"
        and head[1] in (2, 3, 4, 5)
        and any(word in head for word in (b"torch", b"sklearn", b"xgboost", b"lightgbm"))
    ):
        return "pickle of a model"
    return "ONNX file" if _onnx(head) else None


def _safetensors(head: bytes, size: int) -> bool:
    """Eight bytes of length, then that much JSON."""
    if len(head) < 10 or head[8:9] != b"{":
        return False
    (length,) = struct.unpack("<Q", head[:8])
    if not 2 <= length <= min(size - 8, 100 << 20):
        return False
    if length > len(head) - 8:
        return b'"dtype"' in head or b'"__metadata__"' in head
    try:
        return isinstance(json.loads(head[8 : 8 + length]), dict)
    except (ValueError, RecursionError):
        return False


def _onnx(head: bytes) -> bool:
    """A ModelProto: ir_version as a small number, then a producer's name or a graph."""
    if len(head) < 16 or head[0] != 0x08 or not 3 <= head[1] <= 20 or head[2] not in (0x12, 0x3A, 0x42):
        return False
    return any(word in head for word in (b"onnx", b"torch", b"backend-test"))


def _zip(file: IO[bytes]) -> str | None:
    try:
        with zipfile.ZipFile(file) as archive:
            names = archive.namelist()[:MAX_MEMBERS]
    # zipfile says NotImplementedError for a version it does not know
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, struct.error, OverflowError):
        return None
    if any(name.endswith("/data.pkl") or name == "data.pkl" for name in names):
        return "PyTorch zip"
    return "Keras zip" if "config.json" in names and "model.weights.h5" in names else None


def is_text(head: bytes) -> bool:
    """Whether the first bytes are readable text."""
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(head) - 4:
            return False
        text = head[: error.start].decode("utf-8")
    return all(letter >= " " or letter in "\t\n\r\f" for letter in text)

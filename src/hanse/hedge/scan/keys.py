"""Which keys, options and variables ask for a model, and how strongly."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

from hanse.hedge.scan.vocabulary import PROVIDERS

Strength = Literal["sure", "vague", "no"]
"""sure: a path or an expression counts too; vague: the value must look like a name; no: another thing."""

_TAIL = frozenset({"id", "ids", "name", "names", "path", "paths", "or", "uri", "url", "ref", "file", "filename", "repo", "repository", "slug",
                   "list", "identifier", "hub", "hf", "huggingface", "default", "tag", "local", "s", "str", "string", "key"})  # fmt: skip
_DIRECTORIES = frozenset({"dir", "folder", "directory", "location", "root"})
_SURE = frozenset({"model", "models", "llm", "llms", "vlm", "slm", "tokenizer", "adapter", "adapters", "lora", "loras", "checkpoint",
                   "ckpt", "gguf", "reranker", "embedder", "unet", "vae", "controlnet", "basemodel", "modelname", "modelid",
                   "modelpath", "modelfile", "embeddings", "mmproj"})  # fmt: skip
_VAGUE = frozenset({"embedding", "weights", "weight", "encoder", "judge", "teacher", "student", "draft", "completion", "assistant",
                    "processor", "whisper", "classifier", "detector", "generator", "summarizer", "transcriber", "vision", "checkpoints",
                    "pipeline", "deployment", "engine", "fallback", "fallbacks", "transformer", "vocoder", "backbone", "refiner",
                    "stt", "tts", "asr", "rerank", "ranker", "speculator", "critic", "planner", "chat", "llama", "safetensors",
                    "onnx", "pretrained", "retriever", "moderation", "guard", "guardrail"})  # fmt: skip
_WHOLE = frozenset({"repo_id", "hf_repo", "hf_repo_id", "hf_hub_id", "hub_id", "hf_id", "hf", "storage_uri", "name_or_path",
                    "pretrained", "pretrained_path", "huggingface_id", "huggingface_repo", "hub_repo", "hub_repo_id",
                    "modelscope_id", "from_pretrained", "base_repo", "model_data_url", "model_data", "model_data_uri", "hfr", "hf_repo_name", "hub_name", "hf_path", "repo"})  # fmt: skip
_WHOLE_VAGUE = frozenset({"repo", "hf", "hub_name", "pretrained"})
_NEVER = frozenset({"dataset", "datasets", "data", "output", "outputs", "save", "saved", "push", "export", "exported", "served", "dest",
                    "destination", "upload", "cache", "log", "logging", "no", "gpu", "printer", "phone", "vehicle", "hardware", "camera", "sensor", "laptop", "router", "drone", "disable", "enable", "use", "skip", "is", "has", "num",
                    "max", "min", "database", "db", "schema", "orm", "django", "view", "car", "device", "pricing", "cost",
                    "results", "result", "trained", "metric", "cloud"})  # fmt: skip
_NEVER_WHOLE = frozenset({"hub_model_id", "hub_model", "model_key", "models_dir", "model_tag", "model_list", "data_model", "user_model",
                          "adapter_file", "model_ids", "ollama_models", "object_model", "threat_model"})  # fmt: skip
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_BREAKS = re.compile(r"[^a-z0-9]+")
INHERIT = frozenset({"name", "id", "path", "repo", "uri", "url", "source", "value", "default", "from", "primary", "fallback", "base",
                     "repository", "hf", "file", "filename", "repo_id", "huggingface", "hub", "chat", "main", "small", "large", "fast",
                     "embedding", "slug", "identifier", "weights", "gguf", "local"})  # fmt: skip
"""Under a key that asks for a model these name it: model: {name: ...}."""
PLURAL = frozenset({"models", "llms", "adapters", "loras", "model_list", "tokenizers", "embedders", "rerankers", "embedding_models",
                    "chat_models", "lora_modules", "checkpoints", "fallbacks", "llm_models", "language_models"})  # fmt: skip
"""Keys over many models: what is below has keys of its own."""


@lru_cache(maxsize=16384)
def words(key: str) -> tuple[str, ...]:
    """storageUri, storage-uri and STORAGE_URI are all (storage, uri)."""
    return tuple(part for part in _BREAKS.split(_CAMEL.sub("_", key[:200]).lower()) if part)


@lru_cache(maxsize=8192)
def strength(key: str) -> Strength:
    """Whether a key asks for a model: what is left of its words after id, name, path and the like must end in a word for one."""
    parts = list(words(key))
    whole = "_".join(parts)
    if (
        not parts
        or len(parts) > 9
        or len(key) > 100
        or whole in _NEVER_WHOLE
        or (whole not in _WHOLE and _NEVER & set(parts))
    ):
        return "no"
    if whole in _WHOLE:
        return "vague" if whole in _WHOLE_VAGUE else "sure"
    directory = len(parts) > 1 and parts[-1] in _DIRECTORIES
    if directory:
        parts.pop()
    while len(parts) > 1 and parts[-1] in _TAIL and not _is_noun(parts[-1]):
        parts.pop()
    if len(parts) > 1 and re.fullmatch(r"\d+|[a-d]", parts[-1]):
        parts.pop()
    last = parts[-1].rstrip("0123456789") or parts[-1]
    if last in _SURE:
        return "vague" if directory else "sure"
    if last in _VAGUE:
        return "vague"
    if len(parts) > 1 and last in ("base", "small", "large") and parts[-2] in _SURE:
        return "sure"
    return "no"


def _is_noun(word: str) -> bool:
    return word in _SURE


@lru_cache(maxsize=8192)
def stem(key: str) -> str:
    """The key without its last id, name, path...: embedding_model_id is embedding_model."""
    parts = list(words(key))
    while len(parts) > 1 and (parts[-1] in _TAIL or parts[-1] in _DIRECTORIES or parts[-1] == "pretrained"):
        parts.pop()
    return "_".join(parts)


@lru_cache(maxsize=8192)
def provider_in(key: str) -> str:
    """The server or API a key's first words tell: OLLAMA_MODEL, openai_chat_model; empty when none."""
    parts = words(key)
    for part in parts[:-1]:
        if part in ("ollama", "openai", "lmstudio") or part in PROVIDERS:
            return part
        if part in ("hf", "huggingface", "vllm", "tgi", "tei", "sglang"):
            return "hub"
    return ""


def is_revision(key: str) -> bool:
    """Whether a key's value is a revision of a model beside it."""
    parts = words(key)
    if not parts or parts[:2] == ("revision", "of"):
        return bool(parts)
    return parts[-1] in ("revision", "commit", "sha") or "_".join(parts[-2:]) in (
        "commit_hash",
        "commit_sha",
        "revision_id",
    )


_DATA = frozenset({"dataset", "datasets", "corpus", "metric", "metrics", "spaces"})
_DATA_WITH = frozenset(
    {"train", "training", "eval", "test", "validation", "path", "dir", "files", "file", "name", "source", "val"}
)


def of_data(key: str) -> bool:
    """Whether a key speaks of data sets or measures: names of the hub below it are no models."""
    parts = set(words(key))
    return bool(_DATA & parts) or ("data" in parts and bool(_DATA_WITH & parts))

"""Commands that take models: which words and options name one, and of which kind. Everything else is generic (see `options`)."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from importlib.resources import files
from typing import cast

from hanse.hedge.scan.finding import Kind
from hanse.hedge.scan.vocabulary import word_lists


@dataclass(frozen=True)
class Spec:
    """What of a command names models."""

    first: int | None = None
    """Which word that is no option names the model, from 0; None when none does."""
    all: bool = False
    """Every word from `first` on does."""
    kind: Kind = "hub"
    """Of a name without a shape."""
    options: frozenset[str] = frozenset()
    """Options that name one, besides those whose name says so."""
    strict: bool = False
    """Take a word only if it looks like a model (it may be something else)."""
    repository: bool = False
    """A download from the hub: --repo-type and --revision count, further words are files."""


def _table() -> dict[str, Spec]:
    """Specs by command, as commands.csv has them."""
    found: dict[str, Spec] = {}
    text = (files("hanse.hedge.scan.shell") / "commands.csv").read_text(encoding="utf-8")
    for row in csv.DictReader(text.splitlines()):
        spec = Spec(
            first=int(row["first"]) if row["first"] else None,
            all="all" in row["flags"],
            kind=cast(Kind, row["kind"]),
            options=frozenset(row["options"].split()),
            strict="strict" in row["flags"],
            repository="repository" in row["flags"],
        )
        found |= dict.fromkeys(row["commands"].split("; "), spec)
    return found


SPECS = _table()
"""By the command's words: 'ollama run', or one word for all of its forms; of `python -m X`, X."""

NOT_USED = frozenset({
    "ollama rm", "ollama create", "ollama push", "ollama cp", "ollama stop", "ollama list", "ollama ps", "ollama serve", "hf upload",
    "hf upload-large-folder", "huggingface-cli upload", "huggingface-cli upload-large-folder", "hf repo", "hf cache", "hf auth", "hf repos",
    "huggingface-cli repo", "huggingface-cli delete-cache", "huggingface-cli scan-cache", "huggingface-cli login", "docker model rm",
    "docker model push", "docker model tag", "lms unload", "lms ls", "ramalama rm", "ramalama push", "hf jobs", "hf repo-files",
})  # fmt: skip
"""Commands that name models and use none."""

IMAGES: tuple[tuple[str, str], ...] = (
    ("vllm", "vllm serve"), ("text-generation-inference", "text-generation-launcher"), ("text-embeddings-inference", "text-embeddings-router"),
    ("tei", "text-embeddings-router"), ("llama.cpp", "llama-server"), ("llama-cpp", "llama-server"), ("llamacpp", "llama-server"),
    ("sglang", "sglang.launch_server"), ("ollama", "ollama"), ("infinity", "infinity_emb"), ("localai", "local-ai run"),
    ("local-ai", "local-ai run"), ("litellm", "litellm"), ("lmdeploy", "lmdeploy serve"), ("tabby", "tabby serve"),
    ("whisper", "whisper"), ("aphrodite", "aphrodite run"), ("tgi", "text-generation-launcher"), ("ramalama", "ramalama"),
    ("koboldcpp", "koboldcpp"), ("mistral.rs", "mistralrs serve"), ("huggingfaceserver", "huggingfaceserver"),
)  # fmt: skip
"""What a container runs when its command begins with an option: by a part of the image's name."""

_WORDS = word_lists("shell")
BOOLEAN = _WORDS["boolean"]
"""Options that take no value, so that the word after them is not theirs."""

WRAPPERS: dict[str, int] = {
    "sudo": 0, "env": 0, "nohup": 0, "exec": 0, "time": 0, "nice": 0, "command": 0, "builtin": 0, "stdbuf": 0, "setsid": 0, "eval": 0,
    "timeout": 1, "watch": 0, "xargs": 0, "srun": 0, "mpirun": 0, "uvx": 0, "npx": 0, "bunx": 0, "pipx run": 0, "uv run": 0,
    "uv tool run": 0, "poetry run": 0, "pdm run": 0, "hatch run": 0, "rye run": 0, "pixi run": 0, "conda run": 0, "micromamba run": 0,
    "mamba run": 0, "pipenv run": 0, "pnpm exec": 0, "yarn exec": 0, "dumb-init": 0, "tini": 0, "gosu": 1, "su-exec": 1, "numactl": 0,
    "taskset": 1, "systemd-run": 0, "start": 0, "retry": 0, "op run": 0, "doppler run": 0, "dotenv run": 0, "infisical run": 0,
    "modal run": 0, "ray job submit": 0, "screen": 0, "caffeinate": 0, "proxychains": 0, "proxychains4": 0, "flock": 1, "nsys profile": 0,
}  # fmt: skip
"""Commands that run the rest of the line, with how many words of their own stand before it."""

WRAPPER_VALUES = _WORDS["wrapper_values"]
"""Options of wrappers that take a value."""

KEYWORDS = frozenset(
    {"if", "then", "elif", "else", "do", "while", "until", "!", "{", "}", "fi", "done", "&&", "||", "function"}
)

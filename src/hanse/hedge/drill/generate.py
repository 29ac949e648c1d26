"""Does it still speak? A few tokens, greedily, with the libraries that are installed; they are imported only when it is called."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from hanse.errors import InputError, MissingExtraError
from hanse.hedge.llama import serve

PROMPT = "Once upon a time"
TOKENS = 16
CONTEXT = 512


@dataclass(frozen=True)
class Spoken:
    """What a model said."""

    with_: str
    """Library and version."""
    tokens: int
    text: str


@dataclass(frozen=True)
class Silent:
    """Why a model was not asked to generate: no failure, but no proof either."""

    why: str


def generate(folder: Path) -> Spoken | Silent:
    """Generate from a model's folder. Raises InputError or MissingExtraError when no library that could is installed, and
    what the libraries raise."""
    config = folder / "config.json"
    gguf = sorted(folder.rglob("*.gguf"))
    if config.is_file() and any(folder.glob("*.safetensors")):
        return _transformers(folder, None)
    if gguf:
        return _gguf(gguf[0])
    if (folder / "adapter_config.json").is_file():
        return Silent("an adapter: it generates on its base, which is a model of its own")
    return Silent("no safetensors with a config.json, and no GGUF, in the model's folder")


def _gguf(path: Path) -> Spoken | Silent:
    if find_spec("xllamacpp") is not None:
        return _llama_cpp(path)
    if all(find_spec(name) is not None for name in ("transformers", "torch", "gguf", "accelerate")):
        return _transformers(path.parent, path.name)
    raise InputError("GGUF: pip install 'hanse[gguf]' (xllamacpp) to generate, or transformers, torch, gguf and accelerate")


def _transformers(folder: Path, gguf: str | None) -> Spoken | Silent:
    if any(find_spec(name) is None for name in ("transformers", "torch")):
        raise MissingExtraError("hanse drill --generate", "train")
    if gguf is None:
        names = json.loads((folder / "config.json").read_bytes()).get("architectures") or []
        if not any(str(name).endswith(("ForCausalLM", "LMHeadModel", "ForConditionalGeneration")) for name in names):
            return Silent(f"no language model: its architecture is {', '.join(map(str, names)) or 'not named'}")
    transformers: Any = import_module("transformers")
    given = {"gguf_file": gguf} if gguf else {}
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True, **given)
    model = transformers.AutoModelForCausalLM.from_pretrained(folder, local_files_only=True, dtype="auto", **given)
    asked = tokenizer(PROMPT, return_tensors="pt")
    made = model.generate(**asked, max_new_tokens=TOKENS, do_sample=False, pad_token_id=tokenizer.pad_token_id or 0)
    new = made[0][asked["input_ids"].shape[1] :]
    if not len(new):
        raise InputError("it generated nothing")
    text = tokenizer.decode(new, skip_special_tokens=True)
    return Spoken(f"transformers {transformers.__version__}", len(new), text)


def _llama_cpp(path: Path) -> Spoken:
    server = serve(path, CONTEXT).server
    said = server.handle_completions({"prompt": PROMPT, "max_tokens": TOKENS, "temperature": 0, "seed": 1})
    if said.get("error") or not said["usage"]["completion_tokens"]:
        raise InputError(f"it generated nothing: {said.get('error', 'no tokens')}")
    return Spoken(f"xllamacpp {version('xllamacpp')}", said["usage"]["completion_tokens"], said["choices"][0]["text"])

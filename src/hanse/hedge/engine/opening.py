"""From what the user names to an engine. What is wrong with a file is said here, before anything is started."""

from __future__ import annotations

import hashlib
import json
import re
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from hanse.errors import InputError, MissingExtraError
from hanse.hedge.drill.gguf import read_gguf
from hanse.hedge.engine.base import Engine, Identity, Settings
from hanse.hedge.engine.endpoint import Access, Endpoint
from hanse.hedge.engine.fixed import read_answers
from hanse.hedge.engine.local import LocalEngine
from hanse.hedge.lock.gguf import read_keys
from hanse.hedge.lock.hashing import folder_digest, listed_digest
from hanse.store.disk import file_digest

_ENDPOINT = re.compile(r"(?P<model>\S+)@(?P<url>https?://[^\s@]+)")
_PART = re.compile(r"(.+)-(\d{5})-of-(\d{5})\.gguf")
CT2_MODEL = "model.bin"
TEMPLATE = "tokenizer.chat_template"
TEMPLATE_BYTES_MAX = 1 << 20
EXPECTED = "expected a GGUF file, a model's folder, MODEL@https://host/v1 or a .jsonl of recorded answers"


def open_engine(named: str, settings: Settings, access: Access) -> Engine:
    """A GGUF file, a Hugging Face folder, MODEL@URL, or recorded answers. Raises InputError naming the file and what is wrong with
    it, MissingExtraError where the library is not installed."""
    if found := _ENDPOINT.fullmatch(named):
        return Endpoint(found["url"].rstrip("/"), found["model"], settings, access)
    path = Path(named)
    if path.is_dir():
        return LocalEngine(path, _folder(path), settings)
    if not path.is_file():
        raise InputError(f"{named}: no such file or folder; {EXPECTED}")
    if path.suffix == ".jsonl":
        return read_answers(path)
    with open(path, "rb") as file:
        if file.read(4) != b"GGUF":
            raise InputError(f"{path}: does not begin as a GGUF file; {EXPECTED}")
    return LocalEngine(path, _gguf(path), settings)


def has_template(engine: Engine) -> bool:
    """Whether it can be asked a chat: an endpoint and recorded answers are not asked about theirs."""
    return engine.identity.kind in ("endpoint", "answers") or bool(engine.identity.template_sha256)


def _gguf(path: Path) -> Identity:
    if find_spec("xllamacpp") is None:
        raise MissingExtraError("comparing a GGUF file", "gguf")
    read_gguf(path)
    with open(path, "rb") as file:
        keys = read_keys(iter(lambda: file.read(1 << 16), b""), path.name)
        template = next((value for key, value in keys if key == TEMPLATE), "")
    return Identity("gguf", path.name, _parts_digest(path), _digest(template), f"xllamacpp {version('xllamacpp')}")


def _parts_digest(path: Path) -> str:
    """Of a file; of one in parts over the lines of `sha256sum` of all of them: llama.cpp loads those beside the first."""
    found = _PART.fullmatch(path.name)
    if found is None:
        return file_digest(path)
    stem, number, count = found.groups()
    if int(number) != 1:
        raise InputError(f"{path}: is part {int(number)} of {int(count)}; name the first")
    digests: dict[str, str] = {}
    for part in (path.with_name(f"{stem}-{at:05d}-of-{count}.gguf") for at in range(1, int(count) + 1)):
        if not part.is_file():
            raise InputError(f"{part}: no such file, and {path.name} is made of {int(count)}")
        read_gguf(part)
        digests[part.name] = file_digest(part)
    return listed_digest(digests)


def _folder(path: Path) -> Identity:
    files = sorted(item for item in path.rglob("*") if item.is_file())
    is_torch, is_ct2 = any(item.suffix == ".safetensors" for item in files), path / CT2_MODEL in files
    if path / "config.json" not in files or is_torch == is_ct2:
        raise InputError(f"{path}: no model's folder: expected config.json and either *.safetensors (pickled weights are not "
                         f"loaded) or CTranslate2's {CT2_MODEL}")  # fmt: skip
    if is_ct2 and path / "tokenizer.json" not in files:
        raise InputError(f"{path}: no tokenizer.json in it; make it again with `hanse quantize --to ct2-int8`, which copies it")
    needed = ("ctranslate2", "transformers") if is_ct2 else ("transformers", "torch")
    if any(find_spec(name) is None for name in needed):
        raise MissingExtraError("comparing a model's folder", "ctranslate2" if is_ct2 else "train")
    digest = folder_digest(path)
    engine = ", ".join(f"{name} {version(name)}" for name in needed)
    return Identity("ctranslate2" if is_ct2 else "folder", path.name, digest, _digest(_folder_template(path)), engine)


def _folder_template(path: Path) -> Any:
    """As transformers reads it: a file of its own, or a key of the tokenizer's configuration."""
    own, config = path / "chat_template.jinja", path / "tokenizer_config.json"
    try:
        if own.is_file():
            return own.read_bytes()[:TEMPLATE_BYTES_MAX].decode("utf-8")
        return json.loads(config.read_bytes()).get("chat_template") if config.is_file() else ""
    except (ValueError, AttributeError, RecursionError) as error:
        raise InputError(f"{path}: its tokenizer's configuration cannot be read: {error}") from error


def _digest(template: Any) -> str:
    return hashlib.sha256(json.dumps(template).encode()).hexdigest() if template else ""

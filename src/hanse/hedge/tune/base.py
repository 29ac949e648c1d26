"""The model that is tuned: a Hugging Face folder, held against a lock where there is one."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from hanse.errors import TuneError
from hanse.hedge.lock.card import read_card
from hanse.hedge.lock.hashing import folder_digest
from hanse.hedge.lock.schema import read_lock
from hanse.hedge.lock.verify import verify_lock
from hanse.hedge.offline import offline

DTYPES = ("float32", "bfloat16", "float16")


@dataclass(frozen=True)
class Base:
    """A folder that was looked at."""

    name: str
    """The repository or the name that the lock has for it, else the folder's."""
    folder: Path
    sha256: str
    """Over the lines "sha256  path" of its files (`folder_digest`)."""
    license: str
    """As the lock or the card says; empty when neither does."""


def open_base(named: str, lock: Path | None = None, at: Path | None = None) -> Base:
    """The folder `named`; with a lock the model of that name in it, whose files (`at`, else in the first folder among its sources)
    must all be what is locked. Raises TuneError naming what is missing, LockError for a bad lock or an unknown name."""
    if lock is None:
        folder = _checked(Path(named))
        card = folder / "README.md"
        text = card.read_bytes().decode("utf-8", "replace") if card.is_file() else ""
        return Base(folder.resolve().name, folder, folder_digest(folder), read_card(text).license)
    model = read_lock(lock).named(named)
    report = verify_lock(lock, {} if at is None else {model.name: at}, names=[model.name])
    if report.problems:
        first, more = report.problems[0], len(report.problems) - 1
        raise TuneError(
            f"{lock}: {named}: {first.path or 'its files'} {first.text}{f' (and {more} more)' if more else ''}; "
            f"see `hanse lock verify --model {model.name}`"
        )
    folder = _checked(Path(report.models[0].where))
    return Base(model.repository or model.name, folder, folder_digest(folder), model.license.id)


def load(base: Base, dtype: str = "float32", device: str = "cpu") -> tuple[Any, Any]:
    """(model, tokenizer) by transformers: safetensors only, nothing from the network, no code of the folder. dtype: one of DTYPES,
    or auto: as the folder says. Raises TuneError."""
    torch: Any = import_module("torch")
    transformers: Any = import_module("transformers")
    from hanse.lm.base import quiet

    given = {"local_files_only": True, "trust_remote_code": False}
    wanted = dtype if dtype == "auto" else getattr(torch, dtype)
    try:
        with offline(), quiet():
            tokenizer = transformers.AutoTokenizer.from_pretrained(base.folder, **given)
            model = transformers.AutoModelForCausalLM.from_pretrained(base.folder, use_safetensors=True, dtype=wanted, **given)
    except (OSError, ValueError, KeyError, RuntimeError, ImportError, AttributeError) as error:
        raise TuneError(f"{base.folder.name}: transformers cannot load it: {str(error)[:400]}") from error
    return model.to(device), tokenizer


def _checked(folder: Path) -> Path:
    if not folder.is_dir():
        raise TuneError(f"{folder}: no such folder; expected a model's folder, or a name with a lock")
    if not (folder / "config.json").is_file() or not any(folder.glob("*.safetensors")):
        raise TuneError(f"{folder}: no model's folder: expected config.json and *.safetensors (pickled weights are not loaded)")
    return folder

"""A member in the formats that are served, with what is really in each file and how fast it decodes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from hanse.errors import TuneError
from hanse.hedge.engine.base import Question, Settings
from hanse.hedge.engine.endpoint import Access
from hanse.hedge.engine.opening import open_engine
from hanse.store.disk import file_digest, replace_file

PROMPT = "The "
TOKENS = 64
ANSWERS = 3


def quantized(
    folder: Path, formats: Sequence[str], made_by: str, measure: bool, stop: Callable[[], bool]
) -> list[dict[str, Any]] | None:
    """The files of a member, made where they are not there; None when `stop` said so. Raises QuantizeError, MissingExtraError."""
    made = []
    for name in formats:
        if stop():
            return None
        facts = folder / f"{name}.json"
        path = folder / f"{folder.name}-{name}.gguf"
        if not facts.exists() or not path.exists():
            path.unlink(missing_ok=True)  # of a run that was killed before it wrote the facts
            replace_file(facts, json.dumps(_make(folder / "model", name, path, made_by)).encode())
        found = _read(facts)
        if measure and "decode_tokens_per_cpu_second" not in found and find_spec("xllamacpp") is not None:
            found["decode_tokens_per_cpu_second"] = decode_speed(path)
            replace_file(facts, json.dumps(found).encode())
        made.append(found)
    return made


def check_formats(formats: Iterable[str]) -> None:
    """Raises TuneError for one that `hanse quantize` has not."""
    from hanse.hedge.quantize.formats import FORMATS

    for name in formats:
        if name not in FORMATS:
            raise TuneError(f"quantize: {name!r}: no such format; one of {', '.join(FORMATS)}")


def _make(model: Path, name: str, path: Path, made_by: str) -> dict[str, Any]:
    from hanse.hedge.quantize.write import quantize

    shown = quantize(model, name, path, False, made_by)
    return {"format": name, "file": path.name, "sha256": file_digest(path), "bytes": shown.bytes,
            "bits_per_weight": shown.bits_per_weight}  # fmt: skip


def decode_speed(path: Path) -> float | None:
    """Tokens written per CPU-second by llama.cpp on one thread, the best of a few answers; None where it writes none."""
    engine = open_engine(str(path), Settings(TOKENS, 128, 1), Access())
    try:
        answers = [engine.answer(Question(str(at), PROMPT), at) for at in range(ANSWERS)]
    finally:
        engine.close()
    return max((one.tokens_out / one.cpu_seconds for one in answers if one.cpu_seconds and one.tokens_out > 1), default=None)


def _read(path: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(path.read_bytes())
        return found
    except (OSError, ValueError) as error:
        raise TuneError(f"{path}: cannot be read ({error}); remove it to make the file again") from error

"""Write a tuned model as a Hugging Face folder: the base's files but its weights and card, and the new weights."""

from __future__ import annotations

import errno
import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hanse.errors import TuneError
from hanse.hedge.source.folder import IGNORED
from hanse.hedge.tune.base import DTYPES, Base
from hanse.store.disk import sync

WEIGHTS = (".safetensors", ".safetensors.index.json", ".bin", ".bin.index.json", ".pt", ".pth", ".gguf", ".onnx", ".h5", ".msgpack")
CARD = "README.md"


@contextmanager
def whole(out: Path) -> Iterator[Path]:
    """A folder to write in, which takes the name `out` once the block is done; nothing of it stays otherwise. Raises TuneError when
    something stands there."""
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise TuneError(f"{out}: is there already; name another folder, or remove it")
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{out.name}.", dir=out.parent) as temporary:
        made = Path(temporary) / out.name
        made.mkdir()
        yield made
        for item in made.rglob("*"):
            sync(item)
        sync(made)
        made.replace(out)
        sync(out.parent)


def write_model(model: Any, base: Base, out: Path, dtype: str) -> None:
    """`model`, of the base's architecture, its tensors already of `dtype`. Raises TuneError for weights that are not finite."""
    bad = next((name for name, tensor in model.state_dict().items() if not bool(tensor.isfinite().all())), "")
    if bad:
        raise TuneError(f"{out}: {bad} is not finite in {dtype}; merge in bfloat16 or float32, or train at a lower rate")
    with whole(out) as folder:
        _save(model, folder)
        config = json.loads((base.folder / "config.json").read_bytes())
        config.pop("torch_dtype", None)  # what it was called until transformers 4.56
        tied = {} if _is_tied(model) else {"tie_word_embeddings": False}
        (folder / "config.json").write_text(json.dumps(config | {"dtype": dtype} | tied, indent=2) + "\n", encoding="utf-8")
        for path in kept_files(base.folder):
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(base.folder / path, target)
        (folder / CARD).write_text(_card(base), encoding="utf-8")


def _save(model: Any, folder: Path) -> None:
    from safetensors import SafetensorError

    from hanse.lm.base import quiet

    try:
        with quiet():
            model.save_pretrained(folder)
    except SafetensorError as error:  # it wraps what the disk said
        raise OSError(errno.EIO, f"cannot write the weights: {error}", str(folder)) from error
    (folder / "generation_config.json").unlink(missing_ok=True)  # the base's own, where it has one


def _is_tied(model: Any) -> bool:
    out = model.get_output_embeddings()
    return out is not None and out.weight is model.get_input_embeddings().weight


def kept_files(folder: Path) -> list[Path]:
    """What is copied as it is from a base: all but weights, config.json and card."""
    found = [item.relative_to(folder) for item in sorted(folder.rglob("*")) if item.is_file()]
    return [path for path in found if path.as_posix() not in (CARD, "config.json")
            and not path.name.endswith(WEIGHTS)
            and not any(path.as_posix().startswith(f"{name}/") for name in IGNORED)]  # fmt: skip


def _card(base: Base) -> str:
    """What `hanse lock add` and model hubs read: the license, and what it was made from."""
    lines = [f"license: {json.dumps(base.license)}"] if base.license else []
    lines += [f"base_model: {json.dumps(base.name)}", "base_model_relation: finetune"]
    return "---\n" + "\n".join(lines) + f"\n---\nTuned from {base.name}, whose files have the SHA-256 {base.sha256}.\n"


def check_dtype(dtype: str) -> None:
    """Raises TuneError for one that no model is written in."""
    if dtype not in DTYPES:
        raise TuneError(f"dtype {dtype!r}: expected {', '.join(DTYPES)}")

"""`hanse quantize FOLDER`, with `hanse quantize show` beside it."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hanse import __version__
from hanse.cli.extras import need, need_train
from hanse.cli.mirror.ready import json_option
from hanse.cli.ordinary import Ordinary
from hanse.cli.printing import as_json, progress, table
from hanse.cli.recording import Recording, now, recorded

if TYPE_CHECKING:
    from hanse.hedge.quantize.show import Shown

CT2 = "ct2-int8"
NAMES = ("F32", "F16", "BF16", "Q8_0", "Q6_K", "Q5_K_M", "Q5_1", "Q5_0", "Q4_K_M", "Q4_1", "Q4_0", CT2)


@click.group(cls=Ordinary)
def quantize() -> None:
    """Write the Hugging Face model in FOLDER as one GGUF file for llama.cpp, or as an int8 folder for CTranslate2, and say which
    type each tensor really got.

    Only safetensors are read, a few rows at a time; nothing is unpickled and nothing is fetched. A tensor that cannot have the
    type asked for is a reason to stop, not to choose another one, unless you allow it.
    """


@quantize.command("run", hidden=True)
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--to", required=True, type=click.Choice(NAMES), help="Format.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="File (a folder for ct2-int8) that is not there yet.")
@click.option("--allow-fallback", is_flag=True, help="Where a tensor's rows are not whole blocks, take llama.cpp's next type.")
@recorded
@json_option
def run(folder: Path, to: str, out: Path, allow_fallback: bool, recording: Recording | None, json_: bool) -> None:
    """Write FOLDER in another format."""
    made_by = f"hanse {__version__}"
    need("quantize", "quantize", "gguf", "numpy")
    if to == CT2:
        need_train("quantize --to ct2-int8")
        need("quantize --to ct2-int8", "ctranslate2", "ctranslate2")
        from hanse.hedge.quantize.ct2 import convert

        made = convert(folder, out, made_by)
        _print(made, json_, False)
        _record(recording, made, out)
        return
    from hanse.hedge.quantize.folder import read_folder
    from hanse.hedge.quantize.write import quantize as write

    total = sum(math.prod(stored.shape) for _, stored in read_folder(folder).tensors.values())
    with progress(f"{to} of {folder.name}", total) as tell:
        shown = write(folder, to, out, allow_fallback, made_by, tell)
    _print(shown, json_, False)
    _record(recording, shown, out)


@quantize.command("show")
@click.argument("file", type=click.Path(path_type=Path))
@recorded
@json_option
def show_(file: Path, recording: Recording | None, json_: bool) -> None:
    """What is really in FILE, a GGUF or a folder of CTranslate2: every tensor's type, bits per weight, a digest of the metadata.
    With --record a file that `hanse quantize` made gets its line later."""
    need("quantize show", "quantize", "gguf", "numpy")
    from hanse.hedge.quantize.ct2 import show_folder
    from hanse.hedge.quantize.show import show

    shown = show_folder(file) if file.is_dir() else show(file)
    _print(shown, json_, True)
    _record(recording, shown, file)


def _record(recording: Recording | None, shown: Shown, path: Path) -> None:
    if recording is not None:
        from hanse.hedge.quantize.step import step

        recording.add(step(shown, path), now(), f"`hanse quantize show {path}` with --record and --key")


@quantize.command("unpack")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder that is not there yet.")
@click.option("--dtype", default="float32", show_default=True, type=click.Choice(("float32", "bfloat16", "float16")),
              help="Of the dequantized weights.")  # fmt: skip
@recorded
@json_option
def unpack_(file: Path, out: Path, dtype: str, recording: Recording | None, json_: bool) -> None:
    """The way back: GGUF FILE as a Hugging Face folder with dequantized weights, which says what they were."""
    need("quantize unpack", "quantize", "gguf", "numpy")
    from hanse.hedge.quantize.show import show
    from hanse.hedge.quantize.unpack import unpack

    with progress(f"unpack {file.name}", show(file).weights) as tell:
        shown = unpack(file, out, dtype, f"hanse {__version__}", tell)
    _print(shown, json_, False)
    if recording is not None:
        from hanse.hedge.quantize.step import unpacked

        again = f"`hanse quantize unpack` once more to another folder, with --record and --key; {out} can stay"
        recording.add(unpacked(shown, file, dtype, out), now(), again)


def _print(shown: Shown, json_: bool, all_: bool) -> None:
    if json_:
        as_json(shown.row())
        return
    if all_:
        table(("tensor", "type", "shape", "bytes"),
              [(item.name, item.type, " x ".join(map(str, item.shape)), item.bytes) for item in shown.tensors])  # fmt: skip
    types = ", ".join(f"{count} {name}" for name, count in shown.types.items())
    click.echo(f"{shown.file}: {shown.architecture}, {shown.bytes:,} bytes, {shown.weights:,} weights, "
               f"{shown.bits_per_weight:.2f} bits a weight")  # fmt: skip
    click.echo(f"tensors: {types} (the file calls itself {shown.label or 'nothing'})")
    click.echo(f"metadata: sha256 {shown.metadata_sha256}")
    for line in shown.source:
        click.echo(f"made from: {line}")
    for note in shown.notes:
        click.echo(f"note: {note}")

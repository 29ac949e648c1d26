"""`hanse tune TUNE.toml`, with `hanse tune merge`, `show`, and (of `tune_serve`) `serve` and `key` beside it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from hanse import __version__
from hanse.cli.extras import need, need_train
from hanse.cli.mirror.ready import json_option
from hanse.cli.ordinary import Ordinary
from hanse.cli.printing import as_json, progress, read_text, steps_bar, table
from hanse.cli.recording import Recording, now, recorded
from hanse.cli.stopping import interruptible, stopped
from hanse.cli.tune_serve import key, serve
from hanse.errors import TuneError


def ready(command: str = "tune") -> None:
    """Raise MissingExtraError unless what tuning needs is installed."""
    need_train(command)
    need(command, "tune", "peft", "jinja2")


@click.group(cls=Ordinary)
def tune() -> None:
    """Tune an open model on your own text, chats or preferences: an adapter (LoRA) or all weights, on a CPU or on GPUs (start it
    with torchrun for several). The result is a Hugging Face folder that goes straight into `hanse compare`.

    Interrupt it and run it again at will: it goes on from its last checkpoint, to the same weights.
    """


tune.add_command(serve)
tune.add_command(key)


@tune.command("run", hidden=True)
@click.argument("config", type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help="Only print the settings with their reasons, and the memory and time they will take.")
@recorded
@json_option
def run_(config: Path, dry_run: bool, recording: Recording | None, json_: bool) -> None:
    """Tune as CONFIG says."""
    ready()
    from hanse.hedge.tune.config import load_config

    settings = load_config(config)
    import torch

    from hanse.hedge.tune.prepare import measure, prepare
    from hanse.hedge.tune.tuner import World
    from hanse.lm.train import pick_device

    if settings.threads:
        torch.set_num_threads(settings.threads)
    world = World(int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1")))
    device = pick_device(settings.device)
    if device.type == "cuda" and device.index is None:
        device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
    is_silent = json_ or world.rank > 0
    with nullcontext() if is_silent else progress("examples as tokens"):
        prepared = prepare(settings, lambda model: measure(device, world.size))
    if dry_run:
        if world.rank == 0:
            _show_resolved(prepared, json_)
        return
    told = _run(prepared, device, world, is_silent)
    if world.rank:
        return
    if told is None:
        raise stopped(f"hanse tune {config}")
    if json_:
        as_json(told)
    else:
        _show(told, settings.output_path)
    _record(recording, told, settings.output_path)


def _run(prepared: Any, device: Any, world: Any, is_silent: bool) -> Any:
    import torch

    from hanse.hedge.drill.inside import peak_memory
    from hanse.hedge.tune.run import Around, run

    if world.size > 1:
        if device.type == "cuda":
            torch.cuda.set_device(device)
        torch.distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    steps = prepared.resolved.settings.steps
    try:
        with interruptible() as stop, _progress(steps, is_silent) as report:
            around = Around(device, world, report, stop, lambda: peak_memory() or 0, f"hanse {__version__}",
                            lambda: datetime.now(UTC))  # fmt: skip
            return run(prepared, around)
    finally:
        if world.size > 1:
            torch.distributed.destroy_process_group()


@tune.command("merge")
@click.argument("base")
@click.argument("adapter")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder that is not there yet.")
@click.option("--lock", type=click.Path(path_type=Path), help="BASE is a name in this lock. Off: BASE is a folder.")
@click.option("--data", type=click.Path(path_type=Path), default=Path("tinker-data"), show_default=True,
              help="Where the server of a tinker:// path keeps its weights.")  # fmt: skip
@click.option("--dtype", default="bfloat16", type=click.Choice(["bfloat16", "float16", "float32"]), show_default=True,
              help="Of the merged model.")  # fmt: skip
@recorded
@json_option
def merge_(
    base: str, adapter: str, out: Path, lock: Path | None, data: Path, dtype: str, recording: Recording | None, json_: bool
) -> None:
    """Write BASE with ADAPTER's weights added as a folder of its own. ADAPTER is a folder, or the tinker:// path of weights that
    `hanse tune serve` has saved here. It must be of this very base."""
    ready("tune merge")
    from hanse.hedge.lock.hashing import folder_digest
    from hanse.hedge.tinker.origin import adapter_of, learned
    from hanse.hedge.tune.base import open_base
    from hanse.hedge.tune.lora import merge
    from hanse.hedge.tune.step import beside, merged

    folder = adapter_of(data, adapter) if adapter.startswith("tinker://") else Path(adapter)
    opened, read = open_base(base, lock), folder_digest(folder)
    merge(opened, folder, out, dtype)
    if folder_digest(folder) != read:
        raise TuneError(f"{folder}: changed while it was merged; remove {out} and merge again")
    told = {"base": opened.name, "base_sha256": opened.sha256, "adapter_sha256": read, "folder": str(out),
            "sha256": folder_digest(out), "dtype": dtype}  # fmt: skip
    if json_:
        as_json(told)
    else:
        click.echo(f"{out}: {opened.name} with {adapter}, {dtype}, SHA-256 {told['sha256']}")
    if recording is not None:
        made = merged(learned(folder) or beside(folder, read), (opened.name, opened.sha256), read, out)
        recording.add(made, now(), "the same command with another --out, which writes the same files,")


@tune.command("show")
@click.argument("folder", type=click.Path(path_type=Path))
@recorded
@json_option
def show_(folder: Path, recording: Recording | None, json_: bool) -> None:
    """What a tuned model in FOLDER was made of and how it went: its tuned.json. With --record it gets its line later."""
    import json

    path = folder / "tuned.json"
    try:
        told = json.loads(read_text(path))
        if json_:
            as_json(told)
        else:
            _show(told, folder)
        _record(recording, told, folder)
    except (ValueError, KeyError, TypeError) as error:
        raise TuneError(f"{path}: not what `hanse tune` writes: {error}") from error


def _record(recording: Recording | None, told: dict[str, Any], out: Path) -> None:
    if recording is not None:
        from hanse.hedge.tune.step import step

        recording.add(step(told, out), now(), f"`hanse tune show {out}` with --record and --key")


def _show(told: dict[str, Any], out: Path) -> None:
    result, data = told["result"], told["data"]
    click.echo(f"base: {told['base']['name']}, SHA-256 {told['base']['sha256']}")
    click.echo(f"data: {data['examples']:,} examples ({data['format']}), {data['held']:,} held out; left out: "
               f"{data['duplicates']:,} duplicates, {data['overlapping']:,} in the evaluation set")  # fmt: skip
    held = "" if result["held_before"] is None else f", held out {result['held_before']:.4f} -> {result['held_after']:.4f}"
    click.echo(f"{result['steps']:,} steps, {result['tokens']:,} tokens: loss {told['curve'][0][1]:.4f} -> "
               f"{told['curve'][-1][1]:.4f} in training{held} (step {result['best_step']})")  # fmt: skip
    if told["samples"]:
        table(("asked", "before", "after"), [(row["asked"], row["before"], row["after"]) for row in told["samples"]])
    click.echo(f"model: {out / 'model'}; report: {out / 'report.html'}")


def _show_resolved(prepared: Any, json_: bool) -> None:
    resolved = prepared.resolved
    if json_:
        rows = {name: {"value": value, "reason": reason} for name, value, reason in resolved.rows()}
        as_json({"settings": rows, "memory_bytes": resolved.memory_bytes, "seconds": resolved.seconds})
        return
    table(("setting", "value", "why"), resolved.rows())
    click.echo(f"about {resolved.memory_bytes / 1e9:.1f} GB of memory on each process and {resolved.seconds / 60:,.1f} minutes of "
               "training (estimates)")  # fmt: skip


@contextmanager
def _progress(total: int, is_silent: bool) -> Iterator[Callable[[int, Any], None]]:
    """A bar with the losses."""
    if is_silent:
        yield lambda done, course: None
        return
    with steps_bar(total) as (bar, task):

        def report(done: int, course: Any) -> None:
            loss = course.pending[-1] if course.pending else course.curve[-1][1]
            held = f"  held out {course.held[-1][1]:.3f}" if course.held else ""
            bar.update(task, completed=done, note=f"loss {loss:.3f}{held}")

        yield report

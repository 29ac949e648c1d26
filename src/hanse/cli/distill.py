"""`hanse distill`"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from hanse.cli.extras import need
from hanse.cli.printing import as_json, table
from hanse.cli.recording import Recording, now, recorded
from hanse.cli.stopping import interruptible, stopped
from hanse.errors import InputError

NAMES = {"alone": "the student alone", "distilled": "the student, taught", "longer": "alone for as much CPU time"}
MODULES = ("jinja2", "numba", "numpy", "peft", "safetensors", "tokenizers", "torch", "transformers")


@click.command()
@click.argument("settings", type=click.Path(path_type=Path))
@click.option("--json", "json_", is_flag=True, help="Print the report as JSON, without progress.")
@recorded
def distill(settings: Path, recording: Recording | None, json_: bool) -> None:
    """Teach the student of DISTILL.toml, and the same student without its teacher, and say what teaching was worth.

    The teacher's lead is measured first. Interrupt and run again at will: it goes on from what is done.
    """
    need("distill", "tune", *MODULES)
    from hanse.hedge.distill.page import render
    from hanse.hedge.distill.run import distill as run
    from hanse.hedge.distill.settings import DistillConfig
    from hanse.lm.config import read_config
    from hanse.store.disk import replace_file

    config = read_config(settings, DistillConfig)
    with interruptible() as stop, phases(json_) as report:
        found = run(config, _key(config.teacher.key_env), report, stop)
    if found is None:
        raise stopped(f"hanse distill {settings}")
    page = config.folder_path / "distilled.html"
    replace_file(page, render(found).encode())
    if json_:
        as_json(found)
    else:
        show(found)
        click.echo(f"model: {config.folder_path / 'model'}; page: {page}")
    if recording is not None:
        from hanse.hedge.distill.step import step

        recording.add(step(found, config.folder_path), now(), f"`hanse distill {settings}` once more, with --record and --key,")


def _key(name: str) -> str:
    if name and not os.environ.get(name):
        raise InputError(f"teacher.key_env {name}: the environment has no such variable")
    return os.environ[name] if name else ""


def show(found: dict[str, Any]) -> None:
    """The table and the sentences under it."""
    rows = []
    teacher = found["teacher"]
    if teacher["bits_per_byte"] is not None:
        rows.append((f"teacher {teacher['name']}", "", "", f"{teacher['bits_per_byte']:.4f}", ""))
    for kind, made in found["arms"].items():
        rows += [(NAMES[kind], one["seed"], f"{one['tokens']:,}", f"{one['bits_per_byte']:.4f}", f"{one['cpu_seconds']:,.1f}")
                 for one in made]  # fmt: skip
    table((f"on {found['part']}", "seed", "tokens", "bits per byte", "CPU s"), rows)
    if found["teacher_cpu_seconds"]:
        click.echo(f"asking the teacher took {found['teacher_cpu_seconds']:,.1f} CPU s more, once for all seeds")
    for kind, against in (("alone", "at equal tokens"), ("longer", "at equal CPU time")):
        for one in found["gains"].get(kind, ()):
            click.echo(f"seed {one['seed']}: {against} the taught student is {one['bits_per_byte']:+.4f} bits per byte better "
                       f"({one['low']:+.4f} to {one['high']:+.4f}), {one['nats_per_token']:+.3f} nats a token")  # fmt: skip
    if found["no_comparison"]:
        click.echo(f"not compared with the student alone: {found['no_comparison']}")
    if found["lead"] is not None and (said := about(found["lead"])):
        click.echo(said, err=True)


def about(lead: dict[str, Any]) -> str:
    """What to say of a teacher that is not clearly ahead, or of a student that still learns fast."""
    from hanse.hedge.distill.judge import remark

    if not lead["is_clear"]:
        return f"warning: the teacher's lead ({lead['bits_per_byte']:+.3f} bits per byte) is not clear: {lead['why']}"
    return remark(lead)


@contextmanager
def phases(silent: bool) -> Iterator[Callable[[str, dict[str, Any]], None]]:
    """A bar for each thing that takes long, and a line for what is worth one."""
    if silent:
        yield lambda what, details: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        tasks: dict[str, Any] = {}

        def report(what: str, details: dict[str, Any]) -> None:
            if what == "arm":
                tasks["arm"] = bar.add_task(details["name"], total=details["steps"])
            elif what in ("trained", "resumed") and "arm" in tasks:
                bar.update(tasks["arm"], completed=details["step"])
            elif what == "asked":
                if "asked" not in tasks:
                    tasks["asked"] = bar.add_task("teacher", total=details["total"])
                bar.update(tasks["asked"], completed=details["done"])
            elif what == "lead":
                said = f"the teacher leads by {details['bits_per_byte']:+.3f} bits per byte on {details['part']}"
                bar.console.print(about(details) if not details["is_clear"] else said, highlight=False)

        yield report

"""Commands that read the lock and the files, never the network: show, verify."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hanse.cli.lock.files import json_option, lock_option, megabytes, names_argument, ready, size
from hanse.cli.printing import as_json, table
from hanse.errors import InputError

if TYPE_CHECKING:
    from hanse.hedge.lock.schema import Lock, LockedModel


@click.command()
@names_argument
@lock_option
@json_option
def show(names: tuple[str, ...], path: Path, json_: bool) -> None:
    """What is locked; with names, every file of those."""
    ready()
    from hanse.hedge.lock.schema import read_lock

    lock = read_lock(path)
    chosen = [lock.named(name) for name in names] or list(lock.model)
    if json_:
        as_json([item.model_dump(mode="json") for item in chosen])
    elif names:
        for item in chosen:
            _show(item)
    else:
        rows = [
            (item.name, _published(item), item.license.id or "not declared", size(item.size), ", ".join(item.sources))
            for item in chosen
        ]
        table(("name", "published as", "license", "size", "to be had from"), rows)


def _published(item: LockedModel) -> str:
    """org/name@12fd25f7"""
    return (item.repository or "-") + (f"@{item.revision.removeprefix('sha256:')[:8]}" if item.revision else "")


def _show(item: LockedModel) -> None:
    """As `sha256sum --check` reads it, in the model's folder."""
    base = f", made from {', '.join(item.base)}" if item.base else ""
    click.echo(
        f"# {item.name}: {item.repository or 'a folder'} {item.revision or 'without revision'}, locked {item.locked}{base}"
    )
    click.echo(
        f"# license {item.license.id or 'not declared'}, text {item.license.sha256 or 'none'}; {size(item.size)}"
    )
    for file in item.file:
        click.echo(f"{file.sha256}  {file.path}")


@click.command()
@names_argument
@lock_option
@click.option(
    "--at", "at", multiple=True, metavar="NAME=FOLDER", help="Where a model lies; may be given several times."
)
@click.option(
    "--models-dir", type=click.Path(path_type=Path), help="A folder that holds each model in a folder of its name."
)
@click.option("--cache", type=click.Path(path_type=Path), help="A Hugging Face cache (~/.cache/huggingface/hub).")
@json_option
def verify(
    names: tuple[str, ...], path: Path, at: tuple[str, ...], models_dir: Path | None, cache: Path | None, json_: bool
) -> None:
    """Check files, license texts and the lock itself, offline. Names every problem; exit code 1 when there is one.

    A model is looked for where --at says, else in --models-dir, else in --cache, else in the first folder among its sources.
    """
    ready()
    from hanse.hedge.lock.schema import read_lock
    from hanse.hedge.lock.verify import verify_lock

    lock = read_lock(path, as_it_stands=True)
    folders = _under(models_dir, lock) | _given(at)
    chosen = [lock.named(name) for name in names] or list(lock.model)
    began = time.perf_counter()
    with megabytes("hashing", sum(item.size for item in chosen)) as count:
        report = verify_lock(path, folders, cache, names, count, lock)
    seconds = time.perf_counter() - began
    if json_:
        as_json(report.as_json() | {"seconds": round(seconds, 3)})
    else:
        for problem in report.problems:
            click.echo(": ".join(part for part in (problem.model, problem.path, problem.text) if part))
        files, read = sum(item.files for item in report.models), sum(item.bytes for item in report.models)
        for item in report.models:
            if item.ignored:
                click.echo(f"{item.model}: left out: {', '.join(item.ignored)} (a client's own files)")
        found = f"{len(report.problems)} problems" if report.problems else "nothing wrong"
        click.echo(
            f"{len(report.models)} models, {files} files, {size(read)}, {report.texts} texts, {seconds:.1f} s: {found}"
        )
    if report.problems:
        raise click.exceptions.Exit(1)


def _given(at: tuple[str, ...]) -> dict[str, Path]:
    found = {}
    for item in at:
        name, separator, folder = item.partition("=")
        if not separator or not name or not folder:
            raise InputError(f"--at {item!r}: expected NAME=FOLDER")
        found[name] = Path(folder)
    return found


def _under(folder: Path | None, lock: Lock) -> dict[str, Path]:
    """Where each model lies below a folder: under its name, or under its repository's as `hf download` users lay it out."""
    if folder is None:
        return {}
    found = {}
    for item in lock.model:
        names = [item.name, *([item.repository, item.repository.rsplit("/", 1)[-1]] if item.repository else [])]
        found[item.name] = next((folder / name for name in names if (folder / name).is_dir()), folder / item.name)
    return found

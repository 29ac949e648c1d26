"""Commands that read a mirror: list, verify."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

import click

from hanse.cli.lock.files import megabytes, size
from hanse.cli.mirror.ready import json_option, open_mirror, ready
from hanse.cli.printing import as_json, table


@click.command("list")
@click.argument("url")
@json_option
def list_(url: str, json_: bool) -> None:
    """Models that are whole in a mirror, with the commit they are served under. Exit code 1 when a table is damaged."""
    ready()
    from hanse.hedge.mirror.hub import commit_of

    kept, wrong = open_mirror(url).tables()
    if json_:
        keys = {"name", "repository", "revision", "locked", "entry"}
        rows = [
            item.model.model_dump(mode="json", include=keys)
            | {
                "commit": commit_of(item.model),
                "kept": item.kept,
                "files": len(item.model.file),
                "bytes": item.model.size,
            }
            for item in kept
        ]
        as_json({"models": rows, "damaged": wrong})
    else:
        columns = ("model", "published as", "commit", "locked", "kept", "files", "size", "license")
        table(columns, [
            (m.name, m.repository or "-", commit_of(m)[:12], m.locked, datetime.fromtimestamp(item.kept, UTC).date(),
             len(m.file), size(m.size), m.license.id or "not declared")
            for item in kept for m in (item.model,)
        ])  # fmt: skip
        for text in wrong:
            click.echo(f"damaged: {text}", err=True)
    if wrong:
        raise click.exceptions.Exit(1)


@click.command()
@click.argument("url")
@click.argument("lock", type=click.Path(path_type=Path), required=False)
@json_option
def verify(url: str, lock: Path | None, json_: bool) -> None:
    """Read and hash every file of a mirror, or those of LOCK, and name what is wrong or missing. Exit code 1 then."""
    ready()
    from hanse.hedge.lock.schema import read_lock
    from hanse.hedge.mirror.verify import verify as run

    opened = open_mirror(url)
    models = None if lock is None else read_lock(lock).model
    began = time.perf_counter()
    with megabytes("hashing", None if models is None else sum(model.size for model in models)) as count:
        verdict = run(opened, models, count)
    seconds = time.perf_counter() - began
    if json_:
        as_json(verdict.as_json() | {"seconds": round(seconds, 3)})
    else:
        for problem in verdict.problems:
            click.echo(f"{problem.what}: {problem.detail}")
        found = f"{len(verdict.problems)} problems" if verdict.problems else "nothing wrong"
        other = f", {verdict.unread} other files not read" if verdict.unread else ""
        click.echo(
            f"{verdict.models} models, {verdict.files} files, {size(verdict.bytes)}{other}, {seconds:.1f} s: {found}"
        )
    if verdict.problems:
        raise click.exceptions.Exit(1)

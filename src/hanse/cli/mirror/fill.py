"""Commands that write a mirror: keep, sweep."""

from __future__ import annotations

import time
from pathlib import Path

import click

from hanse.cli.lock.files import megabytes, size
from hanse.cli.mirror.ready import as_given, json_option, lock_argument, opener, ready
from hanse.cli.printing import as_json, progress


@click.command()
@lock_argument
@click.option("--to", "url", required=True, help="The mirror: a folder (made when missing), s3://, gs:// or az://.")
@click.option("--from", "sources", multiple=True, metavar="SOURCE", help="Tried before the lock's own sources: hub, "
              "hub:URL, oci://..., a model's folder, another mirror. May be given several times.")  # fmt: skip
@click.option(
    "--only", "names", multiple=True, metavar="NAME", help="Keep this model; may be given several times. Off: all."
)
@json_option
def keep(lock: Path, url: str, sources: tuple[str, ...], names: tuple[str, ...], json_: bool) -> None:
    """Copy every file of LOCK into a mirror. Run it again after a cut: what is there is not fetched again.

    A source whose bytes have not the locked digest is named, and the next one is tried. Exit code 1 when a model stays
    incomplete.
    """
    ready()
    from hanse.hedge.lock.schema import read_lock
    from hanse.hedge.mirror.keep import Order
    from hanse.hedge.mirror.keep import keep as run
    from hanse.store import open_store

    read = read_lock(lock)
    models = tuple(read.named(name) for name in names) or read.model
    order = Order(models, lock.parent, tuple(as_given(item) for item in sources))
    began = time.perf_counter()
    with megabytes("keeping", sum(model.size for model in models)) as count:
        done = run(open_store(url, create=True), order, opener(lock), lambda: int(time.time()), count)
    seconds = time.perf_counter() - began
    if json_:
        as_json(done.as_json() | {"seconds": round(seconds, 3)})
    else:
        for trouble in done.troubles:
            click.echo(f"{trouble.model}: {trouble.path}: from {trouble.source}: {trouble.what}", err=True)
        for model, path in done.missing:
            click.echo(f"NOT KEPT {model}: {path}: no source gave it", err=True)
        whole = f"{len(done.models)} of {len(models)} models are whole in {url.partition('?')[0]}"
        shared = f", {size(done.shared)} shared" if done.shared else ""
        click.echo(f"{whole}: {done.files} files, {size(done.bytes)}{shared}; {done.there} files were there")
        click.echo(f"fetched {size(done.fetched)}, went on from {size(done.reused)}, in {seconds:.1f} s")
    if done.incomplete:
        raise click.exceptions.Exit(1)


@click.command()
@click.argument("url")
@click.option("--keep", "locks", type=click.Path(path_type=Path), multiple=True, required=True, metavar="LOCK",
              help="A lock whose files stay; give every lock that counts on this mirror.")  # fmt: skip
@click.option("--yes", is_flag=True, help="Remove. Off: only say what would go.")
@click.option("--abandoned", is_flag=True, help="Also parts without a record, which cut runs leave. Only while no "
              "`hanse mirror keep` writes to this mirror: it could be its file.")  # fmt: skip
@json_option
def sweep(url: str, locks: tuple[Path, ...], yes: bool, abandoned: bool, json_: bool) -> None:
    """Collect what no given lock names. Says what would go; --yes removes it."""
    ready()
    from hanse.hedge.lock.schema import read_lock
    from hanse.hedge.mirror.sweep import carry_out, plan
    from hanse.store import open_store

    store = open_store(url)
    found = plan(store, tuple(read_lock(path) for path in locks))
    gone = 0
    if yes:
        with progress("removing", len(found.models) + len(found.records) + len(found.parts)) as count:
            gone = carry_out(store, found, abandoned, time.time(), count)
    told = found.as_json() | {"removed": gone, "dry_run": not yes}
    if json_:
        as_json(told)
        return
    verb = "removed" if yes else "would remove"
    for name in told["models"]:
        click.echo(f"{verb} model {name}")
    click.echo(f"{verb} {len(found.records)} files, {len(found.parts)} parts, {size(found.bytes)}; "
               f"{found.kept_files} files stay")  # fmt: skip
    if found.abandoned:
        left = f"{len(found.abandoned)} parts without a record, {size(told['abandoned_bytes'])}"
        click.echo(f"{f'{verb} also' if abandoned else 'left (see --abandoned)'}: {left}")
    if not yes:
        click.echo("nothing was removed; --yes removes")

"""Commands that write the lock: add, source, remove. Each writes it whole and at once, or not at all."""

from __future__ import annotations

from pathlib import Path

import click

from hanse.cli.lock.files import (
    json_option,
    lock_option,
    megabytes,
    names_argument,
    need_for,
    read_bytes,
    ready,
    record_entry,
    size,
    stored,
    today,
)
from hanse.cli.printing import as_json
from hanse.cli.recording import Recording, recorded
from hanse.errors import InputError, LockError


@click.command()
@click.argument("model")
@lock_option
@click.option("--revision", default="", help="Branch, tag or commit. Off: the newest.")
@click.option("--name", default="", help="What the lock calls it. Off: made from the repository's name.")
@click.option("--source", "sources", multiple=True, help="Where it can be had: hub, hub:URL, oci://..., a bucket, a folder. "
              "Several: it is taken from the first, and the lock names all. Off: the hub, or the folder.")  # fmt: skip
@click.option("--repository", default="", help="For a folder or a bucket: its name where it was published (org/name).")
@click.option("--cache", type=click.Path(path_type=Path, file_okay=False), help="Take it from a Hugging Face cache instead "
              "(~/.cache/huggingface/hub): for a repository that is gone.")  # fmt: skip
@click.option("--verify-all", is_flag=True, help="Read every file, also those whose digest the source states.")
@click.option("--license-text", type=click.Path(path_type=Path), help="The terms, for a model that carries none.")
@click.option("--statement", type=click.Path(path_type=Path), help="A consortium's release statement for these files.")
@recorded
@json_option
def add(
    model: str, path: Path, revision: str, name: str, sources: tuple[str, ...], repository: str, cache: Path | None,
    verify_all: bool, license_text: Path | None, statement: Path | None, recording: Recording | None, json_: bool,
) -> None:  # fmt: skip
    """Lock MODEL: a repository of the hub (org/name), oci://registry/name, or a folder."""
    ready("yaml")
    from hanse.hedge.lock.card import repository as hub_name
    from hanse.hedge.lock.kept import open_lock, save_lock
    from hanse.hedge.lock.take import Wanted, default_name, take
    from hanse.hedge.opening import open_source
    from hanse.hedge.source.base import Source
    from hanse.hedge.source.cache import CacheSource

    before, text = open_lock(path)
    if model.startswith("oci://"):
        repository, found = repository or model.removeprefix("oci://").partition("@")[0], model
        repository = repository.rpartition(":")[0] if ":" in repository.rsplit("/", 1)[-1] else repository
    elif Path(model).is_dir() or model.startswith((".", "/", "~")):
        found = stored(model, path)
        if revision:
            raise InputError(f"--revision {revision}: a folder has none; leave it out")
    else:
        repository, found = hub_name(model), "hub"
        if not repository:
            raise InputError(f"{model!r}: no such folder, and no repository's name (org/name) or oci:// address")
    kept = tuple(stored(item, path) for item in sources) or (found,)
    source: Source = open_source(kept[0], path.parent)
    if cache is not None:
        source = CacheSource(cache)
    else:
        need_for(kept[0])
    name = name or default_name(repository or Path(model).resolve().name)
    if any(item.name == name for item in before.model):
        raise LockError(
            f"{path}: has a {name} already; `hanse lock update {name}` shows what moved, --name gives another name"
        )
    wanted = Wanted(name, repository, revision, kept, today(), read_bytes(license_text), read_bytes(statement))
    with megabytes("reading", None) as count:
        taken = take(wanted, source, verify_all, count)
    save_lock(path, before.replaced(taken.model), text, taken.texts)
    record_entry(recording, taken.model, "add")
    if json_:
        as_json(taken.model.model_dump(mode="json") | {"notes": list(taken.notes)})
        return
    made = taken.model
    click.echo(f"locked {made.name}: {len(made.file)} files, {size(made.size)}, from {source.text}")
    click.echo(f"  revision {made.revision or 'none'}; license {made.license.id or 'not declared'}"
               + (f" ({made.license.path or license_text}, text kept)" if made.license.sha256 else ", no text")
               + (f"; made from {', '.join(made.base)}" if made.base else ""))  # fmt: skip
    for note in taken.notes:
        click.echo(f"  note: {note}")


@click.command()
@click.argument("name")
@click.argument("sources", nargs=-1, required=True)
@lock_option
@recorded
def source(name: str, sources: tuple[str, ...], path: Path, recording: Recording | None) -> None:
    """Say where NAME can be had, in this order: hub, hub:URL, oci://..., a bucket's URL, a folder. Nothing is fetched."""
    ready()
    from hanse.hedge.lock.kept import open_lock, save_lock
    from hanse.hedge.opening import open_source

    lock, text = open_lock(path)
    kept = tuple(dict.fromkeys(stored(item, path) for item in sources))
    for item in kept:
        open_source(item, path.parent)  # refuses what is none
    made = lock.named(name).model_copy(update={"sources": kept}).sealed()
    save_lock(path, lock.replaced(made), text, {})
    record_entry(recording, made, "source")
    click.echo(f"{name}: {', '.join(kept)}")


@click.command()
@names_argument
@lock_option
def remove(names: tuple[str, ...], path: Path) -> None:
    """Take models out of the lock. License texts stay in models.lock.d: they are what you had accepted."""
    ready()
    from hanse.hedge.lock.kept import open_lock, save_lock
    from hanse.hedge.lock.schema import Lock

    lock, text = open_lock(path)
    gone = {lock.named(name).name for name in names}
    if not gone:
        raise InputError("name the models to remove")
    save_lock(path, Lock(model=tuple(item for item in lock.model if item.name not in gone)), text, {})
    click.echo(f"removed {', '.join(sorted(gone))} from {path}")

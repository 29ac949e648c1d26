"""`hanse log`"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import click

from hanse.cli.printing import as_json, progress, read_text, table
from hanse.errors import InputError
from hanse.ledger.chain import Verdict

WHERE = click.argument("where")
JSON = click.option("--json", "json_", is_flag=True, help="Print JSON.")
LOG = click.option("--log", "log_id", default="", help="Genesis digest to insist on. Off: take the bucket's word.")


@click.group()
def log() -> None:
    """Show, prove, verify, follow a log. WHERE is a bucket URL, a folder, a node's folder, or a SITE.toml."""


@log.command()
@WHERE
@LOG
@click.option("--void", is_flag=True, help="Only entries that are void.")
@JSON
def show(where: str, log_id: str, void: bool, json_: bool) -> None:
    """Every entry with its verdict: stands, or void and why. An update's bytes are judged as the members agreed."""
    from hanse.run.reading import fold_parallel, open_log, read_all
    from hanse.run.verdicts import rows

    store, known, _ = open_log(where)
    state = fold_parallel(read_all(store), log_id or known)
    listed = [row for row in rows(state) if not void or row["reason"]]
    if json_:
        as_json(listed)
        return
    cells = [(r["index"], r["kind"], r["member"], r["round"], r["reason"] or "stands", r["id"][:12]) for r in listed]
    table(("entry", "kind", "member", "round", "verdict", "id"), cells, title=f"log {state.chain.genesis[:12]}")


@log.command()
@WHERE
@LOG
@click.option(
    "--extends", type=click.Path(path_type=Path), help="Tree head or proof kept from earlier: must still hold."
)
@JSON
def verify(where: str, log_id: str, extends: Path | None, json_: bool) -> None:
    """Check every signature, digest and tree head; say what is final. Exit code 1 when the log contradicts any of them."""
    from hanse.run.proving import check_extends
    from hanse.run.reading import fold_parallel, follow, open_log, read_all

    store, known, _ = open_log(where)
    began = time.perf_counter()
    with progress("reading") as count:
        slots = read_all(store, count)
    state = fold_parallel(slots, log_id or known)
    seconds = time.perf_counter() - began
    follower = follow(store, state.chain.genesis)
    before = check_extends(follower, read_text(extends), str(extends)) if extends is not None else None
    found: dict[str, Any] = {
        "log": state.chain.genesis,
        "size": state.size,
        "root": state.chain.tree.root().hex(),
        "void": sum(1 for verdict in state.verdicts if not verdict.valid),
        "final": follower.final(),
        "heads": {member: max(sizes, default=0) for member, sizes in sorted(follower.heads.items())},
        "insisted": bool(log_id or known),
        "extends": before,
    }
    if json_:
        as_json(found)
        return
    click.echo(f"log {found['log']}" + ("" if found["insisted"] else " (taken from the bucket: insist with --log)"))
    click.echo(f"{found['size']} entries, {found['void']} void, root {found['root']}, checked in {seconds:.2f} s")
    click.echo(f"final up to {found['final']}; signed: " + ", ".join(f"{m} {s}" for m, s in found["heads"].items()))
    if before is not None:
        click.echo(f"extends the first {before} entries as {extends} has them")


@log.command()
@WHERE
@click.argument("index", type=int, required=False)
@click.option(
    "--from", "old", type=click.IntRange(0), help="Prove instead that the log extends its first so many entries."
)
@LOG
def prove(where: str, index: int | None, old: int | None, log_id: str) -> None:
    """Print a C2SP tlog-proof that entry INDEX is under the tree head that most members signed, or a consistency proof."""
    from hanse.run.proving import prove as make
    from hanse.run.proving import prove_extension
    from hanse.run.reading import follow, open_log

    if (index is None) == (old is None):
        raise InputError("name either the INDEX of an entry or --from SIZE")
    store, known, _ = open_log(where)
    follower = follow(store, log_id or known)
    size = follower.fold.size
    if index is not None and not 0 <= index < size:
        raise InputError(f"entry {index}: the log has entries 0 to {size - 1}")
    if old is not None and old > size:
        raise InputError(f"--from {old}: the log has {size} entries")
    click.echo(str(make(follower, index)) if index is not None else prove_extension(follower, old or 0), nl=False)


@log.command("follow")
@WHERE
@LOG
@click.option("--seconds", type=float, default=0.0, help="Stop after so long. 0: when interrupted.")
def follow_(where: str, log_id: str, seconds: float) -> None:
    """Print entries as they come."""
    from hanse.run.reading import follow, open_log

    store, known, _ = open_log(where)
    follower = follow(store, log_id or known)
    shown, began = 0, time.monotonic()
    while True:
        follower.sync()
        for verdict in follower.fold.verdicts[shown:]:
            click.echo(_line(verdict))
        shown = len(follower.fold.verdicts)
        if seconds and time.monotonic() - began >= seconds:
            return
        time.sleep(0.5)


@log.command()
@WHERE
@click.option("--log", "log_id", required=True, help="Genesis digest, had from the other founders.")
@click.option("--key", type=click.Path(path_type=Path), required=True, help="The member's officer key file.")
@click.option(
    "--folder", type=click.Path(path_type=Path), required=True, help="Where the verified copy of the log is kept."
)
@click.option("--follow", is_flag=True, help="Go on signing until the run is complete or you interrupt.")
def cosign(where: str, log_id: str, key: Path, folder: Path, follow: bool) -> None:
    """Verify the log and sign its newest tree head for a member: how one without a site makes entries final.

    A site signs by itself. What was signed is kept in FOLDER; a log that contradicts it is never signed.
    """
    from hanse.keys import SigningKey
    from hanse.run.follow import cosign_as
    from hanse.run.reading import check_log, open_log
    from hanse.store.copying import CopyingStore
    from hanse.store.disk import FolderDisk

    officer, store = SigningKey.load(key), open_log(where)[0]
    check_log(store, log_id)
    disk = FolderDisk(folder / "copy")
    follower = cosign_as(officer, CopyingStore(store, disk), disk, log_id)
    while True:
        follower.sync()
        if follower.cosign(officer.name.partition("/")[0], officer, lambda: int(time.time())):
            follower.read_heads()
            size = follower.fold.run.milestones[-1] if follower.fold.run is not None else 0
            click.echo(f"signed the tree head of {size} entries; final up to {follower.final()}")
        elif not follow or (follower.fold.run is not None and follower.fold.run.complete is not None):
            return
        else:
            time.sleep(0.5 if follower.store.url.startswith("file:") else 5)


def _line(verdict: Verdict) -> str:
    return f"{verdict.index:>6} {verdict.kind or '-':8} {verdict.member or '-':12} {verdict.reason or 'stands'}"

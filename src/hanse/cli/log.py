"""`hanse log`"""

from __future__ import annotations

import time
from typing import Any

import click

from hanse.cli.printing import as_json, table
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
@JSON
def verify(where: str, log_id: str, json_: bool) -> None:
    """Check every signature, digest and tree head; say what is final."""
    from hanse.run.reading import fold_parallel, follow, open_log, read_all

    store, known, _ = open_log(where)
    began = time.perf_counter()
    state = fold_parallel(read_all(store), log_id or known)
    seconds = time.perf_counter() - began
    follower = follow(store, state.chain.genesis)
    found = {
        "log": state.chain.genesis,
        "size": state.size,
        "root": state.chain.tree.root().hex(),
        "void": sum(1 for verdict in state.verdicts if not verdict.valid),
        "final": follower.final(),
        "heads": {member: max(sizes, default=0) for member, sizes in sorted(follower.heads.items())},
        "insisted": bool(log_id or known),
    }
    if json_:
        as_json(found)
        return
    click.echo(f"log {found['log']}" + ("" if found["insisted"] else " (taken from the bucket: insist with --log)"))
    click.echo(f"{found['size']} entries, {found['void']} void, root {found['root']}, checked in {seconds:.2f} s")
    click.echo(f"final up to {found['final']}; signed: " + ", ".join(f"{m} {s}" for m, s in follower_heads(found)))


def follower_heads(found: dict[str, Any]) -> list[tuple[str, int]]:
    """(member, size) of the largest head each member signed."""
    return list(found["heads"].items())


@log.command()
@WHERE
@click.argument("index", type=int)
@LOG
def prove(where: str, index: int, log_id: str) -> None:
    """Print a C2SP tlog-proof that entry INDEX is under the members' latest common tree head."""
    from hanse.run.proving import prove as make
    from hanse.run.reading import follow, open_log

    store, known, _ = open_log(where)
    follower = follow(store, log_id or known)
    if not 0 <= index < follower.fold.size:
        raise InputError(f"entry {index}: the log has entries 0 to {follower.fold.size - 1}")
    click.echo(str(make(follower, index)), nl=False)


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


def _line(verdict: Verdict) -> str:
    return f"{verdict.index:>6} {verdict.kind or '-':8} {verdict.member or '-':12} {verdict.reason or 'stands'}"

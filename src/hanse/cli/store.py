"""`hanse store`"""

from __future__ import annotations

import secrets

import click

from hanse.cli.printing import as_json, table


@click.group()
def store() -> None:
    """Check that a bucket keeps its promises."""


@store.command()
@click.argument("url")
@click.option("--json", "json_", is_flag=True, help="Print JSON.")
def check(url: str, json_: bool) -> None:
    """Try create-if-absent, reads, limits and listing on the bucket URL; exit code 1 when a promise is broken."""
    from hanse.store import open_store
    from hanse.store.check import can_overwrite
    from hanse.store.check import check as run_check

    opened, scratch = open_store(url), secrets.token_hex(8)
    findings = run_check(opened, scratch)
    findings.append(can_overwrite(lambda: opened.overwrite(f"check/{scratch}/once", b"over")))
    opened.remove_folder(f"check/{scratch}")
    if json_:
        as_json([finding.__dict__ for finding in findings])
    else:
        rows = [(f.name, "kept" if f.kept else "BROKEN" if f.required else "no", f.detail) for f in findings]
        table(("promise", "verdict", "what was seen"), rows, title=opened.url)
    if any(finding.required and not finding.kept for finding in findings):
        raise click.exceptions.Exit(1)

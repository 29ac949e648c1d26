"""`hanse found`"""

from __future__ import annotations

import time
from pathlib import Path

import click

from hanse.charter.lint.check import errors, lint
from hanse.charter.schema import Charter, load_charter
from hanse.errors import CharterError, InputError
from hanse.keys import SigningKey
from hanse.page.values import counted
from hanse.run import founding
from hanse.run.plan import load_plan
from hanse.run.replacing import replacing


@click.group()
def found() -> None:
    """Found a consortium: a template becomes a charter; a charter and a run plan become the genesis entry every founder signs."""


@found.command()
@click.argument("name", required=False)
@click.option("--out", type=click.Path(path_type=Path), help="Charter to write; standard output without it.")
def template(name: str | None, out: Path | None) -> None:
    """Write the template NAME as a charter to edit; without NAME, list the templates there are."""
    from hanse.charter import template as templates

    if name is None:
        for each in templates.names():
            click.echo(f"{each}: {templates.about(each)}")
        return
    text = templates.template(name)
    if out is None:
        click.echo(text, nl=False)
        return
    if out.exists():
        raise InputError(f"{out}: is there already, and may hold somebody's work; choose another file")
    with replacing(out) as temporary:
        temporary.write_text(text, encoding="utf-8")
    click.echo(f"{out}: fill in the officers' keys, make names, amounts and days yours, then `hanse found draft`")


@found.command()
@click.argument("charter", type=click.Path(path_type=Path))
@click.argument("plan", type=click.Path(path_type=Path))
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, help="Draft to write; send it from founder to founder."
)
@click.option("--unlinted", is_flag=True, help="Found the charter in spite of errors that `hanse charter lint` finds.")
def draft(charter: Path, plan: Path, out: Path, unlinted: bool) -> None:
    """Check CHARTER and PLAN and write an unsigned genesis draft."""
    agreed = load_charter(charter)
    if not unlinted:
        _check_linted(agreed, charter)
    payload = founding.draft(agreed, load_plan(plan), int(time.time()), str(plan))
    founding.save_draft(out, payload, {})
    sites = sum(member.site for member in agreed.member)
    if sites < agreed.cosign_min:
        need = f"note: tree heads need {agreed.cosign_min} members, and {sites} have a site"
        click.echo(f"{need}: nothing is final before others sign too, with `hanse log cosign`", err=True)
    click.echo(f"{out}: genesis {founding.identity(payload)}, signed by nobody yet")


def _check_linted(charter: Charter, path: Path) -> None:
    """Raise CharterError with every error that lint finds; a clause that is not there has none."""
    found = [f"{path}: {finding} [{finding.rule}]" for finding in errors(lint(charter))]
    if found:
        what = f"{path}: lint finds {counted(len(found), 'error', 'errors')}"
        raise CharterError("\n".join([f"{what}; correct the charter, or found it as it is with --unlinted", *found]))


@found.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--key", "keys", type=click.Path(path_type=Path), required=True, multiple=True, help="Officer key file(s)."
)
def sign(file: Path, keys: tuple[Path, ...]) -> None:
    """Add officers' signatures to the draft FILE."""
    payload, signatures = founding.load_draft(file)
    for path in keys:
        founding.add_signature(payload, signatures, SigningKey.load(path), str(path))
    founding.save_draft(file, payload, signatures)
    left = founding.unsigned(payload, signatures)
    click.echo(f"{file}: {len(signatures)} signed" + (f", waiting for {', '.join(left)}" if left else ", complete"))


@found.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--store", required=True, help="Bucket URL or folder (made if missing).")
def publish(file: Path, store: str) -> None:
    """Write the complete draft FILE as entry 0 of a new log in the bucket, and print the log's digest."""
    from hanse.store import open_store

    payload, signatures = founding.load_draft(file)
    founding.genesis(payload, signatures)  # before a bucket is made for it
    log = founding.publish(open_store(store, create=True), payload, signatures)
    click.echo(log)

"""Commands of a proof of possession: challenge (whoever checks), answer (the partner), judge (whoever checks)."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hanse.cli.mirror.ready import json_option, open_mirror, read_file, ready, write_new
from hanse.cli.printing import as_json
from hanse.errors import InputError

if TYPE_CHECKING:
    from hanse.hedge.lock.schema import Lock
    from hanse.hedge.mirror.possession import Reader


@click.command()
@click.argument("where")
@click.argument("lock", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The questions, to be sent to the partner.")
@click.option("--private", "private_file", type=click.Path(path_type=Path), help="The right answers, for `judge` alone. "
              "Off: the name of --out with .private after it.")  # fmt: skip
@click.option(
    "--count", type=click.IntRange(1, 10_000), default=100, show_default=True, help="Ranges of 64 KiB to ask for."
)
@click.option(
    "--unchecked", is_flag=True, help="Trust your own copy: read the ranges only. Off: each file drawn is hashed."
)
def challenge(where: str, lock: Path, out: Path, private_file: Path | None, count: int, unchecked: bool) -> None:
    """Draw random ranges of LOCK's files and compute the answers from your own mirror, or a folder of models, at WHERE.

    Who lacks a share f of the bytes passes with probability (1 - f)^count: 100 ranges find 5% missing in 99% of cases.
    """
    ready()
    from hanse.hedge.lock.schema import read_lock
    from hanse.hedge.mirror.possession import challenge as draw
    from hanse.hedge.mirror.possession import encode

    read = read_lock(lock)
    reader = _reader(where, read, unchecked)
    made = draw(read.model, reader, count, secrets.randbelow, lambda: secrets.token_hex(32))
    private = private_file or out.with_name(f"{out.name}.private")
    write_new(private, encode(made), 0o600)
    write_new(out, encode(made.questions))
    ranges = sum(len(item.ranges) for item in made.questions.question)
    click.echo(f"{ranges} ranges of {len(made.questions.question)} files: send {out}, keep {private} to yourself")


@click.command()
@click.argument("url")
@click.argument("questions", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="Write the answers to this file. Off: print them.")
def answer(url: str, questions: Path, out: Path | None) -> None:
    """Answer QUESTIONS from the mirror at URL. Exit code 1 when it lacks something that is asked for."""
    ready()
    from hanse.hedge.mirror.possession import Questions, encode, in_mirror, parse
    from hanse.hedge.mirror.possession import answer as run

    given, reasons = run(parse(Questions, read_file(questions), str(questions)), in_mirror(open_mirror(url)))
    if out is None:
        click.echo(encode(given).decode())
    else:
        write_new(out, encode(given))
    for reason in reasons:
        click.echo(reason, err=True)
    if reasons:
        raise click.exceptions.Exit(1)


@click.command()
@click.argument("private", type=click.Path(path_type=Path))
@click.argument("answers", type=click.Path(path_type=Path))
@json_option
def judge(private: Path, answers: Path, json_: bool) -> None:
    """Compare ANSWERS with the right ones in PRIVATE. Exit code 1 when one is wrong or missing."""
    ready()
    from hanse.hedge.mirror.possession import Answers, Private, parse
    from hanse.hedge.mirror.possession import judge as run

    found = run(parse(Private, read_file(private), str(private)), parse(Answers, read_file(answers), str(answers)))
    failed = [item for item in found if item.verdict != "right"]
    if json_:
        as_json([item.__dict__ for item in found])
    else:
        for item in failed:
            click.echo(f"{item.name}: {item.verdict}")
        click.echo(f"{len(found) - len(failed)} of {len(found)} files answered right")
    if failed:
        raise click.exceptions.Exit(1)


def _reader(where: str, lock: Lock, unchecked: bool) -> Reader:
    """Reads from a mirror, or from folders of models; hashes a file before it is first read unless `unchecked`."""
    from hanse.hedge.lock.hashing import Digest, hash_places
    from hanse.hedge.mirror.possession import checked_first, in_folder, in_mirror
    from hanse.hedge.source.folder import Place

    if "://" in where or (Path(where) / "mirror" / "files").is_dir():
        mirror = open_mirror(where)
        return in_mirror(mirror) if unchecked else checked_first(
            in_mirror(mirror), lambda digest: mirror.check(mirror.record(digest)))  # fmt: skip
    places: dict[str, Place] = {}
    for model in lock.model:
        folders = [Path(where) / name for name in (model.name, model.repository or model.name)]
        folder = next((at for at in folders if at.is_dir()), Path(where))
        places |= {item.sha256: Place(folder, item.path) for item in model.file}

    def check(digest: str) -> None:
        found = hash_places([(places[digest], 0)])[places[digest]]
        if not isinstance(found, Digest) or found.sha256 != digest:
            place = places[digest]
            what = "has other bytes than the lock says" if isinstance(found, Digest) else found.text
            raise InputError(f"{place.folder / place.path}: {what}; ask with files that are right")

    return in_folder(places) if unchecked else checked_first(in_folder(places), check)

"""`hanse drill LOCK`, with `hanse drill verify` and `hanse drill due` beside it."""

from __future__ import annotations

import hashlib
import os
import platform
import time
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hanse import __version__
from hanse.cli.lock.files import size
from hanse.cli.mirror.ready import json_option, read_file, ready, write_new
from hanse.cli.ordinary import Ordinary
from hanse.cli.printing import as_json, table
from hanse.cli.recording import Recording, now, public_key
from hanse.errors import InputError
from hanse.keys import SigningKey

if TYPE_CHECKING:
    from hanse.hedge.drill.record import Machine, Record


@click.group(cls=Ordinary)
def drill() -> None:
    """Show that you can go on with your mirror alone: with the network cut off, take each model of LOCK from it, check every
    digest, open its weights and, with --generate, let it speak. What came of it is a signed record.

    On Linux each model is drilled in a process with a network namespace of its own, which reaches nothing; elsewhere Python's
    sockets are refused. The record says which. A mirror that is not a folder is fetched before the cut, and the record says so.
    """


@drill.command("run", hidden=True)
@click.argument("lock", type=click.Path(path_type=Path), required=False)
@click.option("--from", "url", help="The mirror. Off: the schedule's.")
@click.option("--record", type=click.Path(path_type=Path), help="File to write the signed record to. "
              "Off: the day, in the schedule's folder of records.")  # fmt: skip
@click.option("--key", type=click.Path(path_type=Path), required=True, help="Key file to sign with (`hanse keys new`).")
@click.option("--hedge-record", type=click.Path(path_type=Path), envvar="HANSE_RECORD", show_envvar=True,
              help="The hedge's record: it must hold, and have every file that is drilled; it gets a line, signed with --key. Off: "
              "none.")  # fmt: skip
@click.option("--record-trust", multiple=True, metavar="PUBLICKEY", envvar="HANSE_RECORD_TRUST", show_envvar=True,
              help="Others who may have signed lines of it. May be given several times.")  # fmt: skip
@click.option(
    "--schedule", type=click.Path(path_type=Path), help="drill.toml: gives LOCK, --from, --record and --generate."
)
@click.option(
    "--only", "names", multiple=True, metavar="NAME", help="Drill this model; may be given several times. Off: all."
)
@click.option(
    "--generate", is_flag=True, help="Let each model generate a few tokens (transformers, or xllamacpp for GGUF)."
)
@click.option("--cut", type=click.Choice(["namespace", "hook"]), help="Insist on one way to cut the network.")
@click.option("--work", type=click.Path(path_type=Path, file_okay=False, exists=True), help="Where models lie meanwhile, one at "
              "a time. Off: the system's folder for temporary files.")  # fmt: skip
@click.option("--timeout", type=click.FloatRange(1), default=7200.0, show_default=True, help="Seconds for one model.")
@click.option("--date", "day", default="", metavar="YYYY-MM-DD", help="Day to record. Off: today.")
@json_option
def run(
    lock: Path | None, url: str | None, record: Path | None, key: Path, schedule: Path | None, names: tuple[str, ...],
    generate: bool, cut: Any, work: Path | None, timeout: float, day: str, json_: bool, hedge_record: Path | None,
    record_trust: tuple[str, ...],
) -> None:  # fmt: skip
    """Drill the models of LOCK."""
    ready("drill")
    from hanse.hedge.drill.record import Record, sign
    from hanse.hedge.drill.run import Plan
    from hanse.hedge.drill.run import drill as start
    from hanse.hedge.drill.schedule import read_schedule
    from hanse.hedge.drill.step import history, step
    from hanse.hedge.lock.schema import parse_lock
    from hanse.hedge.record.chain import Chain, look
    from hanse.store import open_store

    on = _day(day)
    if schedule is not None:
        planned = read_schedule(schedule)
        lock, url = lock or schedule.parent / planned.lock, url or _beside(schedule, planned.mirror)
        record, generate = record or _free(schedule.parent / planned.records, on), generate or planned.generate
    lock = lock or Path("models.lock")
    if url is None or record is None:
        raise InputError(
            "name the mirror with --from and the file to write with --record, or a --schedule that has both"
        )
    signer, data = SigningKey.load(key), read_file(lock)
    read = parse_lock(_text(data, lock), str(lock))
    models = tuple(read.named(name) for name in names) or read.model
    if not models:
        raise InputError(f"{lock}: names no model to drill")
    if record.exists():
        raise InputError(f"{record}: is there already; records are never overwritten, choose another file")
    plan = Plan(url, work, cut, generate, timeout)
    trusted = [signer.public, *(public_key(text) for text in record_trust)]
    before = Chain() if hedge_record is None else look(hedge_record, trusted)
    known = None if hedge_record is None else history(before, models)
    done = start(models, plan, lambda name: click.echo(f"drilling {name}", err=True))
    made = Record(
        date=on.isoformat(), at=int(time.time()), hanse=__version__, lock=hashlib.sha256(data).hexdigest(),
        mirror=open_store(url).url, generate=generate, machine=_machine(), model=tuple(done),
        passed=all(item.passed for item in done) and not (known and known.problems), history=known,
    )  # fmt: skip
    record.parent.mkdir(parents=True, exist_ok=True)
    signed = sign(made, signer)
    write_new(record, signed)
    _show(made, record, json_)
    if hedge_record is not None and not before.problem:
        recording = Recording(hedge_record, signer, tuple(trusted[1:]))
        recording.add(step(made, signed), now(), f"`hanse hedge add --drill {record}`")
    if not made.passed:
        raise click.exceptions.Exit(1)


@drill.command()
@click.argument("record", type=click.Path(path_type=Path))
@click.option(
    "--key", required=True, help="Public key of who signed, or a file that holds it: what `hanse keys show` prints."
)
@click.option(
    "--lock", type=click.Path(path_type=Path), help="Compare with this lock: every model drilled as it is locked now."
)
@json_option
def verify(record: Path, key: str, lock: Path | None, json_: bool) -> None:
    """Check a record: its signature, that it says what it seems to say, that it passed, and that it is of LOCK."""
    ready("drill")
    from hanse.hedge.drill.record import compare
    from hanse.hedge.drill.record import read as read_record
    from hanse.hedge.lock.schema import read_lock

    made = read_record(read_file(record), public_key(key), str(record))
    failed = [f"{item.name}: failed: {item.failure}" for item in made.model if not item.passed]
    lacking = compare(made, read_lock(lock)) if lock is not None else failed
    if json_:
        as_json(made.model_dump(mode="json") | {"problems": lacking})
    else:
        _show(made, record, False)
        for line in lacking:
            click.echo(line)
        against = "not compared with a lock (--lock)" if lock is None else f"{len(lacking)} models of {lock} not shown"
        click.echo(f"the signature of {public_key(key).name} holds; {against}")
    if lacking or failed:
        raise click.exceptions.Exit(1)


@drill.command()
@click.argument("schedule", type=click.Path(path_type=Path))
@click.option("--date", "day", default="", metavar="YYYY-MM-DD", help="Ask for this day. Off: today.")
@json_option
def due(schedule: Path, day: str, json_: bool) -> None:
    """Whether a drill is due by SCHEDULE (drill.toml). Exit code 1 when it is overdue, for CI."""
    ready("drill")
    from hanse.hedge.drill.schedule import due as ask
    from hanse.hedge.drill.schedule import read_schedule
    from hanse.hedge.lock.schema import read_lock

    planned = read_schedule(schedule)
    found = ask(planned, read_lock(schedule.parent / planned.lock), schedule.parent / planned.records, _day(day))
    if json_:
        as_json(found.as_json())
    else:
        for note in found.notes:
            click.echo(f"does not count: {note}")
        click.echo(f"{found.verdict}: {found.why}")
    if found.verdict == "overdue":
        raise click.exceptions.Exit(1)


def _show(made: Record, path: Path, json_: bool) -> None:
    if json_:
        as_json(made.model_dump(mode="json"))
        return
    from hanse.hedge.drill.record import STAGES

    rows = []
    for item in made.model:
        took = [f"{stage.milliseconds / 1000:.1f} s" if (stage := item.stages.get(name)) else "-" for name in STAGES]
        memory = "-" if item.peak_memory_bytes is None else size(item.peak_memory_bytes)
        cut = "-" if item.network is None else item.network.cut
        rows.append((item.name, "passed" if item.passed else "FAILED", *took, memory, cut))
    table(("model", "", *STAGES, "memory", "cut by"), rows)
    for item in made.model:
        if item.failure:
            click.echo(f"{item.name}: {item.failure}")
        said = item.stages.get("generate")
        if said is not None and item.generated is not None:
            click.echo(f"{item.name}: {said.detail}: {item.generated.text!r}")
        elif said is not None:
            click.echo(f"{item.name}: {said.detail}")
    if made.history is not None:
        click.echo(f"record: {made.history.lines} lines hold, head {made.history.head or 'none'}")
        for problem in made.history.problems:
            click.echo(f"record: {problem}")
    verdict = "passed" if made.passed else "FAILED"
    click.echo(f"{verdict} on {made.date}: {len(made.model)} models from {made.mirror}; record {path}")


def _machine() -> Machine:
    from hanse.hedge.drill.record import Machine

    memory = 0
    with suppress(AttributeError, ValueError, OSError):
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return Machine(
        name=platform.node(), system=f"{platform.system()} {platform.release()}", architecture=platform.machine(),
        processors=os.cpu_count() or 0, memory_bytes=memory, python=platform.python_version(),
    )  # fmt: skip


def _text(data: bytes, path: Path) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 at byte {error.start}") from error


def _day(text: str) -> date:
    if not text:
        return datetime.now(UTC).date()
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise InputError(f"--date {text}: expected YYYY-MM-DD") from error


def _beside(schedule: Path, url: str) -> str:
    """A mirror as the schedule names it: a folder is meant from where the schedule lies."""
    return url if "://" in url else str(schedule.parent / url)


def _free(folder: Path, on: date) -> Path:
    """A name for today's record: the day, with a number when there is one already."""
    names = (f"{on}.json", *(f"{on}-{number}.json" for number in range(2, 1000)))
    return next(folder / name for name in names if not (folder / name).exists())

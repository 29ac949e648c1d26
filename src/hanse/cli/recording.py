"""Options of commands that add a line to the hedge's record: `--record FILE --key KEY`, both or neither."""

from __future__ import annotations

import functools
import os
import platform
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hanse import __version__
from hanse.cli.printing import read_text
from hanse.errors import InputError, KeyFileError, RecordError
from hanse.keys import PublicKey, SigningKey

if TYPE_CHECKING:
    from hanse.hedge.record.chain import Chain, Place
    from hanse.hedge.record.made import Made

FILE = "models.intoto.jsonl"


class Recording:
    """A record that was opened before the work, so that what is wrong with it is said then."""

    def __init__(self, path: Path, key: SigningKey, trust: tuple[PublicKey, ...] = ()) -> None:
        from hanse.hedge.record.chain import Place
        from hanse.hedge.record.line import Environment

        here = Environment(
            hanse=__version__, system=platform.system(), architecture=platform.machine(),
            processors=os.cpu_count() or 0, python=platform.python_version(),
        )  # fmt: skip
        self.place: Place = Place(path, key, here, trust)
        if not path.absolute().parent.is_dir():
            raise InputError(f"--record {path}: there is no folder {path.parent}")
        self.read()

    def read(self) -> Chain:
        """What stands, but for a line that a crash tore. Raises RecordError."""
        from hanse.hedge.record.chain import Chain, whole

        return whole(self.place) if self.place.path.exists() else Chain()

    def add(self, made: Made, at: str, again: str) -> str:
        """Add a line for a step that stands; the record's head. Raises RecordError with how to add the line later (`again`)."""
        from hanse.hedge.record.chain import append

        try:
            done = append(self.place, made, at)
        except RecordError as error:
            raise RecordError(f"{error}; the work itself stands, but the record has no line of it: {again} adds it") from error
        if done.note:
            click.echo(f"note: {done.note}", err=True)
        return done.head


def recorded(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options; the command gets `recording`, None when they are not given."""

    @click.option("--record", type=click.Path(path_type=Path), envvar="HANSE_RECORD", show_envvar=True, help="Add a signed line to "
                  "this record, for `hanse hedge status`. Off: none.")
    @click.option("--key", type=click.Path(path_type=Path), envvar="HANSE_RECORD_KEY", show_envvar=True, help="Key file to sign "
                  "that line with (`hanse keys new`).")
    @click.option("--record-trust", multiple=True, metavar="PUBLICKEY", envvar="HANSE_RECORD_TRUST", show_envvar=True,
                  help="Others who may have signed lines of it. May be given several times.")  # fmt: skip
    @functools.wraps(function)
    def wrapped(*args: Any, record: Path | None, key: Path | None, record_trust: tuple[str, ...], **given: Any) -> Any:
        return function(*args, recording=opened(record, key, record_trust), **given)

    return wrapped


def opened(record: Path | None, key: Path | None, trust: tuple[str, ...]) -> Recording | None:
    """The record of those options. Raises InputError when only one is given, KeyFileError, RecordError."""
    if record is None and key is None:
        return None
    if record is None or key is None:
        there, lacking = ("--key", "--record FILE") if record is None else ("--record", "--key KEY")
        raise InputError(f"{there} (or its environment variable) is given without {lacking}: a record needs both")
    return Recording(record, SigningKey.load(key), tuple(public_key(text) for text in trust))


def public_key(text: str) -> PublicKey:
    """A public key as text, or from a file that holds its text. Raises KeyFileError, InputError."""
    path = Path(text)
    if "+" not in text or path.is_file():
        text = read_text(path).strip()
        if text.startswith("name: "):
            raise KeyFileError(f"{path}: is a private key; give what `hanse keys show {path}` prints")
    return PublicKey.parse(text)


def now() -> str:
    """UTC, RFC 3339."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")



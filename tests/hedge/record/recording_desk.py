"""Commands in a folder that has a key, and what the record says of them."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner
from tests.hedge.record.making_record import KEY

from hanse.cli.main import hanse
from hanse.errors import HanseError, InputError
from hanse.hedge.record.chain import read


class Desk:
    """Commands in a folder that has a key; `recorded` gives them the record."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.record = folder / "models.intoto.jsonl"
        KEY.save(folder / "ops.pem")
        self.both = ("--record", str(self.record), "--key", str(folder / "ops.pem"))

    def say(self, *words: str, code: int = 0) -> str:
        done = CliRunner().invoke(hanse, words)
        found = done.exception if isinstance(done.exception, HanseError) else None
        assert (1 + isinstance(found, InputError) if found else done.exit_code) == code, (words, done.output, done.exception)
        return done.output + str(found or "")

    def recorded(self, *words: str, code: int = 0) -> str:
        return self.say(*words, *self.both, code=code)

    def kinds(self) -> list[tuple[str, str]]:
        return [(item.line.made.kind, item.line.made.name) for item in read(self.record, [KEY.public]).lines]

"""Options that add lines, and what happens when a line cannot be written; `hanse hedge` by its command."""

from __future__ import annotations

import json
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.hedge.lock.small import write
from tests.hedge.quantize.making import small
from tests.hedge.record.making_record import KEY, OTHER
from tests.hedge.record.recording_desk import Desk

from hanse.errors import RecordError
from hanse.hedge.record.chain import read
from hanse.hedge.record.made import TurnFacts

ROUTES = """
[target.a]
url = "http://127.0.0.1:1/v1"
[target.b]
url = "http://127.0.0.1:2/v1"
[route.assistant]
target = "a"
"""


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """A disk that is full there."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, before)


def test_both_options_or_neither_and_the_environment_stands_for_them(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    write(desk.folder / "m")
    alone = "(or its environment variable) is given without"
    assert f"--key {alone} --record FILE" in desk.say("lock", "add", "m", *desk.both[2:], code=2)
    assert f"--record {alone} --key KEY" in desk.say("lock", "add", "m", *desk.both[:2], code=2)
    assert "there is no folder" in desk.say("lock", "add", "m", "--record", "none/r", *desk.both[2:], code=2)
    assert not Path("models.lock").exists()
    monkeypatch.setenv("HANSE_RECORD", str(desk.record))
    monkeypatch.setenv("HANSE_RECORD_KEY", "ops.pem")
    desk.say("lock", "add", "m")
    assert desk.kinds() == [("lock", "m")]


def test_every_change_of_an_entry_is_a_line(desk: Desk) -> None:
    write(desk.folder / "m")
    desk.recorded("lock", "add", "m")
    desk.recorded("lock", "source", "m", "m", "hub")
    desk.recorded("lock", "update", "m", "--source", "m", "--yes")
    assert desk.kinds() == [("lock", "m")] * 2  # nothing had moved
    (desk.folder / "m" / "config.json").write_text("{}")
    desk.recorded("lock", "update", "m", "--source", "m", "--yes")
    assert desk.kinds() == [("lock", "m")] * 3
    assert "problem" not in desk.say("hedge", "status", "--key", "ops.pem")


def test_a_broken_record_stops_a_command_before_its_work(desk: Desk) -> None:
    write(desk.folder / "m")
    desk.record.write_text("{}\n")
    assert "models.intoto.jsonl:1: " in desk.recorded("lock", "add", "m", code=1)
    assert not Path("models.lock").exists()


def test_when_a_line_cannot_be_written_the_work_stands_and_a_command_adds_it(desk: Desk) -> None:
    for name in ("m", "n"):
        write(desk.folder / name)
        desk.recorded("lock", "add", name)
    desk.recorded("lock", "source", "m", "m", "hub")
    write(desk.folder / "o")
    size = desk.record.stat().st_size
    assert Path("models.lock").stat().st_size * 2 < size
    with files_of_at_most(size + 500):
        said = desk.recorded("lock", "add", "o", code=1)
    assert "the work itself stands, but the record has no line of it: `hanse hedge add o` with --record and --key adds it" in said
    assert "o: is in the lock, but the record has no line of it" in desk.say("hedge", "status", "--key", "ops.pem", code=1)
    assert desk.recorded("hedge", "add") == "o: line added\n"
    assert desk.recorded("hedge", "add", "m", "o") == ""
    assert desk.kinds()[-1] == ("lock", "o")
    desk.say("hedge", "status", "--key", "ops.pem")


def test_a_quantized_file_gets_its_line_also_later(desk: Desk) -> None:
    small(desk.folder / "model")
    desk.recorded("lock", "add", "model")
    desk.say("quantize", "model", "--to", "Q8_0", "--out", "q8.gguf")
    desk.recorded("quantize", "show", "q8.gguf")
    desk.recorded("quantize", "model", "--to", "F16", "--out", "f16.gguf")
    assert desk.kinds()[1:] == [("quantize", "q8.gguf"), ("quantize", "f16.gguf")]
    (drawn,) = json.loads(desk.say("hedge", "status", "--key", "ops.pem", "--json"))["models"]
    assert [child["name"] for child in drawn["children"]] == ["q8.gguf", "f16.gguf"]


def test_swaps_and_rollbacks_are_lines_once_and_a_missing_one_is_added(desk: Desk) -> None:
    Path("routes.toml").write_text(ROUTES)
    desk.recorded("route", "swap", "assistant", "b")
    desk.recorded("route", "swap", "assistant", "b")  # it answers already: no second line
    assert desk.kinds() == [("swap", "assistant")]
    desk.say("route", "rollback", "assistant")
    write(desk.folder / "m")
    desk.recorded("lock", "add", "m")
    assert "the router's state with a rollback to a" in desk.say("hedge", "status", "--key", "ops.pem", code=1)
    desk.recorded("route", "swap", "assistant", "a")
    assert desk.kinds()[-1] == ("rollback", "assistant")
    facts = read(desk.record, [KEY.public]).lines[-1].line.made.facts
    assert isinstance(facts, TurnFacts)
    assert (facts.before, facts.after, facts.endpoint) == ("b", "a", "assistant@http://127.0.0.1:1/v1")
    assert "an endpoint: its file is known to who runs it" in desk.say("hedge", "status", "--key", "ops.pem", "--json")


def test_the_status_says_whom_it_trusts_and_which_head_it_must_have(desk: Desk) -> None:
    write(desk.folder / "m")
    desk.recorded("lock", "add", "m")
    head = json.loads(desk.say("hedge", "status", "--trust", str(KEY.public), "--json"))["head"]
    Path("ops.pub").write_text(f"{KEY.public}\n")
    desk.say("hedge", "status", "--trust", "ops.pub", "--head", head, "--out", "page.html")
    assert Path("page.html").read_text().startswith("<!doctype html>")
    assert "name whose lines you trust" in desk.say("hedge", "status", code=2)
    assert "is a private key" in desk.say("hedge", "status", "--trust", "ops.pem", code=2)
    assert "which is no key that you trust (acme/other)" in desk.say("hedge", "status", "--trust", str(OTHER.public), code=1)
    assert "lines were taken from its end" in desk.say("hedge", "status", "--key", "ops.pem", "--head", "0" * 64, code=1)
    assert "cannot read" in desk.say("hedge", "status", "--key", "ops.pem", "--record", "none", code=1)


def test_several_may_write_one_record(desk: Desk) -> None:
    OTHER.save(desk.folder / "other.pem")
    write(desk.folder / "m")
    desk.recorded("lock", "add", "m")
    other = ("--record", str(desk.record), "--key", "other.pem")
    assert "no key that you trust" in desk.say("lock", "source", "m", "hub", *other, code=1)
    desk.say("lock", "source", "m", "hub", *other, "--record-trust", str(KEY.public))
    with pytest.raises(RecordError):
        read(desk.record, [KEY.public])
    assert len(read(desk.record, [KEY.public, OTHER.public]).lines) == 2

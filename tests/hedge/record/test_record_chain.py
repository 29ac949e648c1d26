"""The chain: what was appended is read back, and whatever is done to the file is found; crashes and crowds do it no harm."""

from __future__ import annotations

import json
import multiprocessing
import resource
import signal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.hedge.record.making_record import (
    AT,
    KEY,
    MACHINE,
    OTHER,
    compare_step,
    drill_step,
    lock_step,
    place,
    quantize_step,
    sha,
    side,
    turn_step,
    written,
)

from hanse.errors import EnvelopeError, RecordError
from hanse.hedge.record.chain import append, examine, read
from hanse.hedge.record.line import PREDICATE_TYPE, Line, digest_of, parse_line
from hanse.hedge.record.made import DistillFacts, Made, Resource, TuneFacts
from hanse.ledger import dsse

TUNE = TuneFacts(method="lora", base=sha("b"), data=(sha("d"),), settings=sha("s"), figures={"loss before": "2.31"})
DISTILL = DistillFacts(method="logits", teacher=sha("t"), teacher_name="big", base="", data=(), settings=sha("s"))
STEPS = (
    lock_step(),
    Made("tune", "tuned", (Resource.of("tuned", sha("tuned")),), (Resource.of("base", sha("b")),), TUNE),
    Made("distill", "student", (Resource.of("student", sha("student")),), (), DISTILL),
    quantize_step(),
    compare_step(side("base", sha("b")), side("q8.gguf", sha("q8.gguf"))),
    turn_step("small", sha("q8.gguf"), sha("v")),
    turn_step("big", sha("b"), kind="rollback", before="small"),
    drill_step(),
)


def test_a_line_is_a_link_statement_that_names_the_line_before(tmp_path: Path) -> None:
    first, second = written(tmp_path / "r", lock_step(), quantize_step()).splitlines()
    value = json.loads(dsse.Envelope.decode(second).payload)
    assert value["_type"] == "https://in-toto.io/Statement/v1"
    assert value["predicateType"] == PREDICATE_TYPE == "https://in-toto.io/attestation/link/v0.3"
    assert value["predicate"]["materials"][0] == {"name": "previous", "digest": {"sha256": digest_of(first)}}
    assert value["predicate"]["byproducts"]["number"] == 1
    assert value["predicate"]["name"] == "quantize"
    assert value["subject"] == [{"name": "q8.gguf", "digest": {"sha256": sha("q8.gguf")}}]
    assert set(value["predicate"]["environment"]) == {"hanse", "system", "architecture", "processors", "python"}
    assert "previous" not in {item["name"] for item in json.loads(dsse.Envelope.decode(first).payload)["predicate"]["materials"]}


def test_every_kind_is_read_back_as_it_was_appended(tmp_path: Path) -> None:
    written(tmp_path / "r", *STEPS)
    chain = read(tmp_path / "r", [KEY.public])
    assert [item.line.made for item in chain.lines] == list(STEPS)
    assert [item.line.number for item in chain.lines] == list(range(8))
    assert {(item.line.at, item.signer) for item in chain.lines} == {(AT, "acme/ops")}
    assert chain.head == digest_of((tmp_path / "r").read_bytes().splitlines()[-1])


names = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=20).filter(lambda x: x != "previous")
digests = st.binary(min_size=32, max_size=32).map(bytes.hex)
resources = st.lists(st.builds(Resource.of, names, digests), max_size=4, unique_by=lambda item: item.name).map(tuple)
lines = st.builds(
    Line, st.integers(0, 2**53 - 1), st.just(AT), st.just("") | digests,
    st.builds(Made, st.just("quantize"), names, resources.filter(len), resources, st.just(quantize_step().facts),
              st.lists(names, max_size=3).map(tuple)),
    st.just(MACHINE),
)  # fmt: skip


@given(lines)
@settings(max_examples=60, deadline=None)
def test_what_is_printed_is_parsed_to_the_same_and_nothing_else_is_read(line: Line) -> None:
    payload = line.payload()
    assert parse_line(payload) == line
    for other in (payload.replace(b'"at":"2026', b'"at":"2O26'), payload[:-1] + b',"more":1}', b" " + payload,
                  payload.replace(b'"notes":', b'"nodes":'), payload.replace(b"link/v0.3", b"link/v0.2")):  # fmt: skip
        with pytest.raises(EnvelopeError, match="no step"):
            parse_line(other)


def test_a_step_that_contradicts_itself_is_none() -> None:
    one = Resource.of("a", sha("a"))
    for arguments, why in (
        (("tune", "x", (one,), (), quantize_step().facts), "facts of another kind"),
        (("quantize", "x", (), (), quantize_step().facts), "no subject"),
        (("quantize", "x", (one, one), (), quantize_step().facts), "stands twice"),
        (("quantize", "x", (one,), (Resource.of("previous", sha("p")),), quantize_step().facts), "the chain's own"),
    ):
        with pytest.raises(ValueError, match=why):
            Made(*arguments)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Three lines."""
    return written(tmp_path_factory.mktemp("small") / "r", turn_step("b", sha("b")), turn_step("c", sha("c")), drill_step())


def found(data: bytes, head: str = "") -> str:
    return examine(data, "r", [KEY.public], head).problem


def test_any_flipped_byte_is_found_with_its_line(small: bytes) -> None:
    """Exhaustively, one bit of each byte; the last line feed's flip is a torn line."""
    assert found(small) == ""
    for at in range(len(small)):
        problem = found(small[:at] + bytes([small[at] ^ 1]) + small[at + 1 :])
        line = 1 + small[:at].count(b"\n")
        assert problem.startswith(f"r:{line}: "), at


def test_dropped_swapped_and_doubled_lines_are_found(small: bytes) -> None:
    parts = small.splitlines(keepends=True)
    for order in ((1, 2), (0, 2), (0, 2, 1), (1, 0, 2), (2, 1, 0), (0, 0, 1, 2), (0, 1, 1, 2), (0, 1, 2, 2), (0, 1, 2, 0)):
        assert found(b"".join(parts[at] for at in order)), order
    for at in range(len(parts) + 1):
        assert found(b"".join([*parts[:at], b"\n", *parts[at:]]))


def test_lines_taken_from_the_end_are_only_seen_against_a_head_that_was_kept(small: bytes) -> None:
    parts = small.splitlines(keepends=True)
    heads = [digest_of(part[:-1]) for part in parts]
    for kept in range(4):
        data = b"".join(parts[:kept])
        assert found(data) == ""
        assert [bool(found(data, head)) for head in heads] == [at >= kept for at in range(3)]
    assert "lines were taken from its end" in found(parts[0], heads[2])
    for at in range(1, len(small), 11):
        if small[at - 1 : at] != b"\n":
            assert "is not ended by a line feed" in found(small[:at])


def test_a_line_of_another_key_is_found_and_may_be_trusted(tmp_path: Path) -> None:
    written(tmp_path / "r", lock_step())
    with pytest.raises(RecordError, match=r"r:1: is signed by [0-9a-f]{16}, which is no key that you trust \(acme/other\)"):
        append(place(tmp_path / "r", OTHER), drill_step(), AT)
    append(place(tmp_path / "r", OTHER, KEY), drill_step(), AT)
    with pytest.raises(RecordError, match="r:2: is signed by"):
        read(tmp_path / "r", [KEY.public])
    assert [item.signer for item in read(tmp_path / "r", [KEY.public, OTHER.public]).lines] == ["acme/ops", "acme/other"]
    with pytest.raises(RecordError, match="cannot read"):
        read(tmp_path / "none", [KEY.public])


def test_a_torn_last_line_is_cut_wherever_it_was_torn_and_a_whole_one_never(tmp_path: Path, small: bytes) -> None:
    path, begin = tmp_path / "r", len(small) - len(small.splitlines(keepends=True)[-1])
    for at in [*range(begin + 1, len(small), 97), len(small) - 2, len(small) - 1]:
        path.write_bytes(small[:at])
        done = append(place(path), lock_step(), AT)
        is_whole = at == len(small) - 1
        assert ("line feed, which was added" if is_whole else f"{at - begin} bytes that are no line were cut") in done.note
        assert path.read_bytes().startswith(small if is_whole else small[:begin])
        assert len(read(path, [KEY.public]).lines) == done.number + 1 == (4 if is_whole else 3)
    path.write_bytes(small + bytes(100))
    assert "100 bytes" in append(place(path), lock_step(), AT).note
    assert append(place(path), lock_step(), AT).note == ""


def test_a_file_that_is_no_record_and_a_broken_chain_are_left_as_they_were(tmp_path: Path, small: bytes) -> None:
    path = tmp_path / "r"
    broken = small[:100] + b"A" + small[101:] + b'{"pay'
    another = "the file you meant"
    for data, why in ((b"my only copy", another), (b"{}", another), (b"text\n", "r:1: "), (broken, "r:1: ")):
        path.write_bytes(data)
        with pytest.raises(RecordError, match=why):
            append(place(path), lock_step(), AT)
        assert path.read_bytes() == data
    with pytest.raises(RecordError, match=r"no line was added: no step: predicate\.byproducts\.at"):
        append(place(tmp_path / "new"), lock_step(), "yesterday")
    assert (tmp_path / "new").read_bytes() == b""


def _add(path: Path, count: int) -> None:
    for _ in range(count):
        append(place(path), lock_step(), AT)


def test_many_processes_at_once_never_fork_the_chain(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    crowd = [context.Process(target=_add, args=(tmp_path / "r", 10)) for _ in range(3)]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join(60)
    assert [one.exitcode for one in crowd] == [0] * 3
    assert len(read(tmp_path / "r", [KEY.public]).lines) == 30


def test_a_full_disk_leaves_the_lines_that_were_there(tmp_path: Path) -> None:
    before = written(tmp_path / "r", lock_step())
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 100, limits[1]))
        with pytest.raises(RecordError, match="cannot write: File too large"):
            append(place(tmp_path / "r"), lock_step(), AT)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, ignored)
    assert (tmp_path / "r").read_bytes() == before

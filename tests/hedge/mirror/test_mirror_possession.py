"""Proof of possession: right bytes pass, anything else does not, and an answer is good for one nonce."""

from __future__ import annotations

import hashlib
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.hedge.mirror.made import FILES, PART, MemorySource, kept, model, noise, sha256, write_files

from hanse import canonical
from hanse.errors import DigestMismatch, InputError
from hanse.hedge.mirror.layout import Record, record_name
from hanse.hedge.mirror.possession import (
    RANGES_MAX,
    Answers,
    Private,
    Question,
    Questions,
    answer,
    challenge,
    checked_first,
    encode,
    in_folder,
    in_mirror,
    judge,
    parse,
)
from hanse.hedge.mirror.reading import Mirror
from hanse.hedge.source.folder import Place
from hanse.store.memory import MemoryStore

BIG = {"big": noise(40 * PART), "small": noise(100, 1)}


def mirror(files: dict[str, bytes] = BIG) -> tuple[MemoryStore, Mirror]:
    store = MemoryStore()
    kept(store, model(files), sources=(MemorySource(files),))
    return store, Mirror(store)


def asked(held: Mirror, count: int = 50, seed: int = 0, files: dict[str, bytes] = BIG) -> Private:
    chance = random.Random(seed)
    return challenge((model(files),), in_mirror(held), count, chance.randrange, lambda: chance.randbytes(32).hex())


def verdicts(private: Private, answers: Answers) -> set[str]:
    return {item.verdict for item in judge(private, answers)}


def test_who_has_the_bytes_passes() -> None:
    private = asked(mirror()[1])
    given_, reasons = answer(private.questions, in_mirror(mirror()[1]))
    assert (verdicts(private, given_), reasons) == ({"right"}, [])


def test_an_answer_is_the_digest_of_nonce_and_ranges() -> None:
    private = asked(mirror()[1])
    by_digest = {sha256(data): data for data in BIG.values()}
    for item in private.questions.question:
        data = b"".join(by_digest[item.file][at : at + length] for at, length in item.ranges)
        assert private.answers.answer[item.file] == hashlib.sha256(bytes.fromhex(item.nonce) + data).hexdigest()


def test_a_wrong_byte_in_a_range_fails() -> None:
    private = asked(mirror()[1])
    question = next(item for item in private.questions.question if item.file == sha256(BIG["big"]))
    offset, length = question.ranges[0]
    for at in (offset, offset + length - 1):
        store, other = mirror()
        record = Record.decode(question.file, store.objects[record_name(question.file)])
        name = record.part(at // PART)
        data = bytearray(store.objects[name])
        data[at % PART] ^= 1
        store.objects[name] = bytes(data)
        given_, _ = answer(private.questions, in_mirror(other))
        assert [item.verdict for item in judge(private, given_) if item.name == "tiny: big"] == ["wrong"]


def test_a_file_or_part_that_is_gone_is_missing_and_said_to_be() -> None:
    private = asked(mirror()[1])
    store, other = mirror()
    del store.objects[record_name(sha256(BIG["big"]))]
    given_, reasons = answer(private.questions, in_mirror(other))
    assert {item.name: item.verdict for item in judge(private, given_)}["tiny: big"] == "missing"
    assert sha256(BIG["big"]) in reasons[0]


def test_answers_cannot_be_replayed_for_another_nonce() -> None:
    held = mirror()[1]
    first, second = asked(held, seed=1), asked(held, seed=2)
    old, _ = answer(first.questions, in_mirror(held))
    with pytest.raises(InputError, match="answers to other nonces prove nothing"):
        judge(second, old)
    forged = old.model_copy(update={"challenge": second.questions.id()})
    assert verdicts(second, forged) <= {"wrong", "missing"}


def test_the_same_ranges_with_another_nonce_have_another_answer() -> None:
    held = mirror()[1]
    private = asked(held)
    question = private.questions.question[0]
    other = Questions(question=(question.model_copy(update={"nonce": "0" * 64}),))
    assert answer(other, in_mirror(held))[0].answer[question.file] != private.answers.answer[question.file]


def test_answers_that_leave_files_out_do_not_pass() -> None:
    private = asked(mirror()[1])
    empty = Answers(challenge=private.questions.id(), answer={})
    assert verdicts(private, empty) == {"missing"}


def test_larger_files_are_asked_more_and_all_ranges_lie_inside() -> None:
    sizes = {sha256(data): len(data) for data in BIG.values()}
    private = asked(mirror()[1], 200)
    for item in private.questions.question:
        for offset, length in item.ranges:
            assert offset >= 0
            assert offset + length <= sizes[item.file]
    covered = set()
    for offset, length in next(q for q in private.questions.question if q.file == sha256(BIG["big"])).ranges:
        covered |= set(range(offset // PART, (offset + length - 1) // PART + 1))
    assert covered == set(range(40))


def test_a_lost_share_is_found_as_often_as_is_said() -> None:
    """A tenth of the parts is gone; 20 ranges, each longer than a part here, must find it far more often than 88%."""
    passed = 0
    held = mirror()[1]
    for seed in range(12):
        store, other = mirror()
        record = Record.decode(sha256(BIG["big"]), store.objects[record_name(sha256(BIG["big"]))])
        for index in random.Random(seed).sample(range(40), 4):
            store.objects[record.part(index)] = b"\0" * PART
        private = asked(held, 20, seed)
        passed += verdicts(private, answer(private.questions, in_mirror(other))[0]) == {"right"}
    assert passed <= 2


def test_a_challenge_from_a_copy_that_rots_accuses_nobody() -> None:
    store, own = mirror()
    record = Record.decode(sha256(BIG["big"]), store.objects[record_name(sha256(BIG["big"]))])
    store.objects[record.part(39)] = b"\0" * PART
    reader = checked_first(in_mirror(own), lambda digest: own.check(own.record(digest)))
    with pytest.raises(DigestMismatch, match="part 40 of 40 has wrong bytes"):
        challenge((model(BIG),), reader, 50, random.Random(0).randrange, lambda: "0" * 64)


def test_questions_are_answered_from_a_folder_too(tmp_path: Path) -> None:
    write_files(tmp_path, BIG)
    places = {sha256(data): Place(tmp_path, path) for path, data in BIG.items()}
    private = asked(mirror()[1])
    assert verdicts(private, answer(private.questions, in_folder(places))[0]) == {"right"}


def test_what_is_written_is_read_back_and_strangers_are_refused() -> None:
    private = asked(mirror()[1])
    assert parse(Private, encode(private), "p") == private
    assert parse(Questions, encode(private.questions) + b"\n", "q") == private.questions
    for data in (b"", b"{}", b"[]", encode(private), b"\xff"):
        with pytest.raises(InputError, match="q: no questions file"):
            parse(Questions, data, "q")


def test_no_question_makes_the_answerer_work_without_end() -> None:
    many = {"file": "0" * 64, "nonce": "0" * 64, "ranges": [[0, 1]] * (RANGES_MAX + 1)}
    long = {"file": "0" * 64, "nonce": "0" * 64, "ranges": [[0, 1 << 30]]}
    for question in (many, long):
        with pytest.raises(InputError, match="no questions file"):
            parse(Questions, canonical.encode({"question": [question]}), "q")


def test_a_range_beyond_the_end_is_refused_and_not_padded() -> None:
    held = mirror()[1]
    question = Question(file=sha256(BIG["small"]), nonce="0" * 64, ranges=((90, 20),))
    given_, reasons = answer(Questions(question=(question,)), in_mirror(held))
    assert given_.answer[question.file] == ""
    assert "has no 20 bytes from 90" in reasons[0]


def test_a_lock_without_bytes_gives_nothing_to_ask() -> None:
    with pytest.raises(InputError, match="nothing to ask"):
        asked(mirror({"a": b""})[1], files={"a": b""})
    with pytest.raises(InputError, match="0 ranges"):
        asked(mirror()[1], 0)


@settings(deadline=None, max_examples=20)
@given(st.lists(st.binary(min_size=1, max_size=300), min_size=1, max_size=5), st.integers(1, 30), st.integers())
def test_whatever_the_files_the_holder_passes(contents: list[bytes], count: int, seed: int) -> None:
    files = {f"f{number}": data for number, data in enumerate(contents)} | FILES
    held = mirror(files)[1]
    private = asked(held, count, seed, files)
    assert verdicts(private, answer(private.questions, in_mirror(held))[0]) == {"right"}

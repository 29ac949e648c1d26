"""Signed notes: the published example, both directions of parse and print, and every way a note can be wrong."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hanse.errors import NoteError
from hanse.keys import PublicKey, SigningKey
from hanse.ledger import note
from hanse.ledger.note import BLOB_BYTES_MAX, NOTE_BYTES_MAX, SIGNATURES_MAX, Note, Signature

# The example of the Go implementation's documentation (golang.org/x/mod/sumdb/note).
GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_SECRET = base64.b64decode("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")[1:]
GO_TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
GO_LINE = "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
# The example of c2sp.org/tlog-cosignature.
SPEC_HEAD = (
    "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
    "— example.com/behind-the-sofa "
    "Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
    "— witness.example.com/w1 "
    "jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n"
)

ALICE, BOB = SigningKey("alice/officer", b"a" * 32), SigningKey("bob/officer", b"b" * 32)

text_characters = st.characters(exclude_categories=("Cs",), exclude_characters=[chr(c) for c in range(32)])
texts = st.lists(st.text(text_characters, max_size=12), min_size=1, max_size=5).map("\n".join).filter(len)
signatures = st.builds(
    Signature,
    st.from_regex(r"[A-Za-z0-9ä漢._/-]{1,20}", fullmatch=True),
    st.binary(min_size=4, max_size=4),
    st.binary(min_size=1, max_size=90),
)
notes = st.builds(Note, texts.map(lambda text: text + "\n"), st.lists(signatures, min_size=1, max_size=4).map(tuple))


def test_gos_example_is_reproduced_byte_for_byte() -> None:
    key = SigningKey("PeterNeumann", GO_SECRET)
    assert str(key.public) == GO_KEY
    assert str(note.sign(GO_TEXT, key)) == GO_LINE
    parsed = note.parse(f"{GO_TEXT}\n{GO_LINE}\n")
    assert note.verify(parsed, [PublicKey.parse(GO_KEY)]) == (key.public,)


def test_the_cosignature_specs_example_is_read_and_printed_back() -> None:
    parsed = note.parse(SPEC_HEAD)
    assert str(parsed) == SPEC_HEAD
    log, witness = parsed.signatures
    assert log.name == "example.com/behind-the-sofa"
    assert len(log.blob) == 64
    assert (witness.name, witness.key_id.hex()) == ("witness.example.com/w1", "8d66cf3f")
    assert int.from_bytes(witness.blob[:8], "big") == 1679315147
    assert len(witness.blob) == 72


@given(notes)
def test_what_is_printed_is_parsed_to_the_same_note(made: Note) -> None:
    assert note.parse(str(made)) == made


@given(st.one_of(
    notes.map(str).flatmap(lambda s: st.integers(0, len(s)).flatmap(
        lambda at: st.sampled_from(["", "\n", " ", "=", "—", "\r", "A", "\u2028"]).map(
            lambda piece: s[:at] + piece + s[at + 1 :]))),
    st.text(st.sampled_from("a\n— A=+/1\r"), max_size=30),
))  # fmt: skip
def test_what_is_parsed_is_printed_to_the_same_bytes(data: str) -> None:
    try:
        parsed = note.parse(data)
    except NoteError:
        return
    assert str(parsed) == data


GOOD = f"text\n\n{note.sign('text' + chr(10), ALICE)}\n"
LINE = GOOD.split("\n")[2]


@pytest.mark.parametrize("data", [
    "",
    "\n",
    "\n\n",
    "text\n",
    "text\n\n",
    "text\n\n\n",
    f"text\n{LINE}\n",
    f"text\n\n{LINE}",
    f"\n\n{LINE}\n",
    f"text\n\n{LINE}\n\n",
    f"text\n\n{LINE}\r\n",
    f"te\rxt\n\n{LINE}\n",
    f"te\txt\n\n{LINE}\n",
    f"te\0xt\n\n{LINE}\n",
    f"te\ud800xt\n\n{LINE}\n",
    f"text\n\n {LINE}\n",
    f"text\n\n{LINE} \n",
    f"text\n\n{LINE.replace('— ', '—  ')}\n",
    f"text\n\n{LINE.replace('— ', '- ')}\n",
    f"text\n\n{LINE.replace('— ', '—')}\n",
    f"text\n\n{LINE.replace('alice/', 'ali+ce/')}\n",
    f"text\n\n{LINE.replace('alice/', 'ali ce/')}\n",
    f"text\n\n{LINE.replace('alice/', 'ali' + chr(0xA0) + 'ce/')}\n",
    f"text\n\n{LINE.replace('alice/officer', '')}\n",
    f"text\n\n{LINE}=\n",
    f"text\n\n{LINE[:-1]}\n",
    f"text\n\n{LINE.replace('/officer ', '/officer -')}\n",
    "text\n\n— a AAAAAA==\n\n",
    "text\n\n— a AAAAAA==\n",
    "text\n\n— a AAAAAAB=\n",
    "text\n\n— a " + "A" * 4 * (BLOB_BYTES_MAX // 3 + 5) + "\n",
    "text\n\n" + f"{LINE}\n" * (SIGNATURES_MAX + 1),
    "x" * NOTE_BYTES_MAX + "\n\n" + LINE + "\n",
])  # fmt: skip
def test_what_would_not_be_printed_is_not_parsed(data: str) -> None:
    assert note.parse(GOOD)
    with pytest.raises(NoteError):
        note.parse(data)


@pytest.mark.parametrize("make", [
    lambda s: Note("no newline", (s,)),
    lambda s: Note("", (s,)),
    lambda s: Note("\n", (s,)),
    lambda s: Note("tab\t\n", (s,)),
    lambda s: Note("text\n", ()),
    lambda s: Note("text\n", (s,) * (SIGNATURES_MAX + 1)),
    lambda s: Note("ä" * (NOTE_BYTES_MAX // 2) + "\n", (s,)),
    lambda s: Note("\ud800\n", (s,)),
    lambda s: Signature("", s.key_id, s.blob),
    lambda s: Signature("a b", s.key_id, s.blob),
    lambda s: Signature("a\nb", s.key_id, s.blob),
    lambda s: Signature("a+b", s.key_id, s.blob),
    lambda s: Signature("a", b"123", s.blob),
    lambda s: Signature("a", s.key_id, b""),
    lambda s: Signature("a", s.key_id, b"x" * (BLOB_BYTES_MAX + 1)),
])  # fmt: skip
def test_a_note_that_would_not_read_back_cannot_be_made(make) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(NoteError):
        make(note.sign("text\n", ALICE))


def test_a_thousand_signatures_fit() -> None:
    made = Note("text\n", (Signature("m" * 100, b"abcd", b"x" * 72),) * SIGNATURES_MAX)
    assert note.parse(str(made)) == made


def test_known_signers_are_named_and_strangers_ignored() -> None:
    made = Note("text\n", (note.sign("text\n", ALICE), note.sign("text\n", BOB)))
    assert note.verify(made, [BOB.public, ALICE.public]) == (BOB.public, ALICE.public)
    assert note.verify(made, [BOB.public]) == (BOB.public,)


def test_a_changed_text_or_signature_is_refused_and_so_is_a_note_of_strangers() -> None:
    line = note.sign("text\n", ALICE)
    with pytest.raises(NoteError, match=r"alice/officer does not verify"):
        note.verify(Note("texT\n", (line,)), [ALICE.public])
    forged = Signature(line.name, line.key_id, line.blob[:-1] + bytes([line.blob[-1] ^ 1]))
    with pytest.raises(NoteError, match="does not verify"):
        note.verify(Note("text\n", (note.sign("text\n", BOB), forged)), [BOB.public, ALICE.public])
    with pytest.raises(NoteError, match="none of the 1 known keys"):
        note.verify(Note("text\n", (line,)), [BOB.public])
    other = SigningKey("alice/officer", b"z" * 32)  # same name, other key
    with pytest.raises(NoteError, match="none of the 1"):
        note.verify(Note("text\n", (line,)), [other.public])

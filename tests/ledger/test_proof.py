"""Detached proofs: the spec's layout, strict parsing, offline verification against a policy."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hanse.errors import NoteError, ProofError
from hanse.keys import SigningKey
from hanse.ledger import note
from hanse.ledger.merkle import Tree, leaf_hash
from hanse.ledger.note import Note, Signature
from hanse.ledger.proof import EXTRA_BYTES_MAX, PATH_MAX, LogProof, prove
from hanse.ledger.treehead import Policy, TreeHead, cosign, log_origin

ORIGIN = log_origin("ab" * 32)
TREE = Tree([leaf_hash(b"%d" % i) for i in range(300)])
A, B, C = (SigningKey(f"{name}/officer", name.encode() * 32) for name in "abc")
POLICY = Policy.of(2, [A.public, B.public, C.public])


def head_note(size: int, *keys: SigningKey, tree: Tree = TREE) -> Note:
    head = TreeHead(ORIGIN, size, tree.root(size))
    return Note(str(head), tuple(cosign(head, key, 1_700_000_000) for key in keys))


def test_the_text_is_the_specs_layout() -> None:
    made = prove(TREE, 2, head_note(3, A), b"extra data")
    body = base64.b64encode(TREE.root(2)).decode()
    assert str(made) == (
        f"c2sp.org/tlog-proof@v1\nextra {base64.b64encode(b'extra data').decode()}\nindex 2\n{body}\n\n{made.note}"
    )
    assert str(prove(TREE, 0, head_note(1, A))) == f"c2sp.org/tlog-proof@v1\nindex 0\n\n{head_note(1, A)}"


def test_every_leaf_is_proved_offline_and_under_no_other_leaf_log_or_policy() -> None:
    for size in (1, 2, 3, 7, 8, 33):
        signed = head_note(size, A, C)
        for index in range(size):
            made = LogProof.parse(str(prove(TREE, index, signed, b"x" * index)))
            assert made.verify(TREE.leaf(index), ORIGIN, POLICY) == TreeHead(ORIGIN, size, TREE.root(size))
            with pytest.raises(ProofError, match="does not lead"):
                made.verify(leaf_hash(b"other"), ORIGIN, POLICY)
    with pytest.raises(ProofError, match="another log"):
        made.verify(TREE.leaf(32), log_origin("cd" * 32), POLICY)
    with pytest.raises(ProofError, match=r"2 of 3 cosignatures needed"):
        made.verify(TREE.leaf(32), ORIGIN, Policy.of(3, [A.public, B.public, C.public]))
    with pytest.raises(ProofError, match="1 of 2"):
        made.verify(TREE.leaf(32), ORIGIN, Policy.of(2, [A.public, B.public]))


def test_a_moved_index_and_a_foreign_head_are_noticed() -> None:
    made = prove(TREE, 5, head_note(300, A, B))
    for index in (4, 6, 299, 300, 10_000):
        with pytest.raises(ProofError):
            LogProof(index, made.path, made.note).verify(TREE.leaf(5), ORIGIN, POLICY)
    other = Tree([leaf_hash(b"other %d" % i) for i in range(300)])
    with pytest.raises(ProofError, match="not of this log"):
        prove(TREE, 5, head_note(300, A, B, tree=other))
    with pytest.raises(ProofError):
        prove(TREE, 10, head_note(10, A))
    with pytest.raises(ProofError):
        prove(Tree([TREE.leaf(0)]), 0, head_note(10, A))


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_no_changed_character_of_a_proof_still_proves_the_leaf(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 300))
    index = data.draw(st.integers(0, size - 1))
    text = str(prove(TREE, index, head_note(size, A, B)))
    at = data.draw(st.integers(0, len(text) - 1))
    piece = data.draw(st.sampled_from(["", "A", "0", "1", "\n", " ", "=", "/"]).filter(lambda c: c != text[at]))
    try:
        LogProof.parse(text[:at] + piece + text[at + 1 :]).verify(TREE.leaf(index), ORIGIN, POLICY)
    except (NoteError, ProofError):
        return
    raise AssertionError(f"still verifies with character {at} replaced by {piece!r}")


hashes = st.binary(min_size=32, max_size=32)
proofs = st.builds(
    LogProof,
    st.integers(0, 2**53 - 1),
    st.lists(hashes, max_size=6).map(tuple),
    st.builds(lambda size, root: Note(str(TreeHead(ORIGIN, size, root)), (Signature("m", b"abcd", b"x"),)),
              st.integers(0, 2**53 - 1), hashes),
    st.binary(max_size=40),
)  # fmt: skip


@given(proofs)
def test_what_is_printed_is_parsed_to_the_same_proof(made: LogProof) -> None:
    assert LogProof.parse(str(made)) == made


@given(
    proofs.map(str),
    st.integers(0, 400),
    st.integers(0, 2),
    st.sampled_from(["", "\n", "\n\n", "0", " ", "=", "extra "]),
)
def test_what_is_parsed_is_printed_to_the_same_bytes(text: str, at: int, cut: int, piece: str) -> None:
    data = text[:at] + piece + text[at + cut :]
    try:
        made = LogProof.parse(data)
    except NoteError:
        return
    assert str(made) == data


GOOD = str(prove(TREE, 5, head_note(7, A), b"data"))
HASH = base64.b64encode(TREE.leaf(0)).decode()


@pytest.mark.parametrize("text", [
    "",
    "c2sp.org/tlog-proof@v1\n",
    "c2sp.org/tlog-proof@v1",
    GOOD.replace("@v1", "@v2"),
    GOOD.replace("@v1\n", "@v1\n\n"),
    GOOD.replace("\n", "\r\n"),
    GOOD.replace("extra ", "extra  "),
    GOOD.replace("extra ZGF0YQ==\n", "extra \n"),
    GOOD.replace("extra ZGF0YQ==\n", "extra\n"),
    GOOD.replace("extra ZGF0YQ==\n", "extra ZGF0YQ==\nextra ZGF0YQ==\n"),
    GOOD.replace("ZGF0YQ==", "ZGF0YR=="),
    GOOD.replace("index 5", "index 05"),
    GOOD.replace("index 5", "index -5"),
    GOOD.replace("index 5", "index 5 "),
    GOOD.replace("index 5", "index"),
    GOOD.replace("index 5\n", ""),
    GOOD.replace("index 5", "index 5\nindex 5"),
    GOOD.replace("index 5", f"index {2**53}"),
    GOOD.replace("index 5\n", "index 5\nAAAA\n"),
    GOOD.replace("index 5\n", "index 5\n" + f"{HASH}\n" * (PATH_MAX + 1)),
    GOOD.replace("index 5\n", "index 5\n" + f"{HASH}\n" * 100_000),
    GOOD.replace("— a/officer", "- a/officer"),
    GOOD.replace("\n7\n", "\n07\n"),
    GOOD[:-1],
    GOOD + "\n",
    GOOD.split("\n\n", maxsplit=1)[0],
])  # fmt: skip
def test_what_would_not_be_printed_is_not_parsed(text: str) -> None:
    assert str(LogProof.parse(GOOD)) == GOOD
    with pytest.raises(NoteError):
        LogProof.parse(text)


def test_a_proof_that_would_not_read_back_cannot_be_made() -> None:
    signed = head_note(7, A)
    for index, path, text, extra in [
        (-1, (), signed, b""),
        (2**53, (), signed, b""),
        (0, (b"short",), signed, b""),
        (0, (TREE.leaf(0),) * (PATH_MAX + 1), signed, b""),
        (0, (), signed, b"x" * (EXTRA_BYTES_MAX + 1)),
        (0, (), Note("not a tree head\n", signed.signatures), b""),
    ]:
        with pytest.raises(NoteError):
            LogProof(index, path, text, extra)
    whole = LogProof(0, (TREE.leaf(0),) * PATH_MAX, note.parse(str(signed)), b"x" * EXTRA_BYTES_MAX)
    assert LogProof.parse(str(whole)) == whole

"""Tree heads and cosignatures: the spec's bytes, strict parsing, counting of cosigners, gathering."""

from __future__ import annotations

import base64
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hanse.errors import InputError, NoteError, ProofError
from hanse.keys import SigningKey
from hanse.ledger import note
from hanse.ledger.merkle import EMPTY_ROOT
from hanse.ledger.note import Note, Signature
from hanse.ledger.treehead import (
    SIZE_MAX,
    TIME_MAX,
    Policy,
    TreeHead,
    cosign,
    cosigned,
    log_origin,
    merge_cosignatures,
    verify_cosignature,
)

ROOT = base64.b64decode("CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=")
HEAD = TreeHead("example.com/behind-the-sofa", 20852163, ROOT)
BODY = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
AT = 1679315147
A, B, C = (SigningKey(f"{name}/officer", name.encode() * 32) for name in "abc")


def made(*keys: SigningKey, at: int = AT, head: TreeHead = HEAD) -> Note:
    return note.parse(cosigned(head, [cosign(head, key, at) for key in keys]))


def test_the_specs_checkpoint_body_is_printed_and_parsed() -> None:
    assert str(HEAD) == BODY
    assert TreeHead.parse(BODY) == HEAD


def test_a_log_is_named_by_its_genesis() -> None:
    assert log_origin("ab" * 32) == "hanse/log/" + "ab" * 32
    assert TreeHead(log_origin("ab" * 32), 0, EMPTY_ROOT).size == 0


origins = st.from_regex(r"[A-Za-z0-9ä漢./:_-]{1,40}", fullmatch=True)
heads = st.builds(TreeHead, origins, st.integers(0, SIZE_MAX), st.binary(min_size=32, max_size=32))


@given(heads)
def test_what_is_printed_is_parsed_to_the_same_head(head: TreeHead) -> None:
    assert TreeHead.parse(str(head)) == head


pieces = st.sampled_from(["", "0", "\n", " ", "_", "=", "+", "B", "١"])


@given(heads.map(str), st.integers(0, 120), st.integers(0, 2), pieces)
def test_what_is_parsed_is_printed_to_the_same_bytes(text: str, at: int, cut: int, piece: str) -> None:
    data = text[:at] + piece + text[at + cut :]
    try:
        head = TreeHead.parse(data)
    except NoteError:
        return
    assert str(head) == data


@pytest.mark.parametrize("text", [
    "",
    "\n\n\n",
    BODY[:-1],
    BODY + "extension\n",
    BODY + "\n",
    BODY.replace("\n", "\r\n"),
    BODY.replace("example.com", "exa mple.com"),
    BODY.replace("example.com", "exa+mple.com"),
    BODY.replace("example.com/behind-the-sofa", ""),
    BODY.replace("20852163", "020852163"),
    BODY.replace("20852163", "00"),
    BODY.replace("20852163", "+1"),
    BODY.replace("20852163", "-1"),
    BODY.replace("20852163", " 20852163"),
    BODY.replace("20852163", "2_0"),
    BODY.replace("20852163", "٣"),
    BODY.replace("20852163", ""),
    BODY.replace("20852163", str(2**53)),
    BODY.replace("20852163", "9" * 5000),
    BODY.replace("q2I=", "q2J="),
    BODY.replace("q2I=", "q2I"),
    BODY.replace("q2I=", "q2I=="),
    BODY.replace("CsUYapGG", ""),
    BODY.replace("/Xajj", "_Xajj"),
])  # fmt: skip
def test_what_would_not_be_printed_is_not_parsed(text: str) -> None:
    with pytest.raises(NoteError):
        TreeHead.parse(text)


@pytest.mark.parametrize(("origin", "size", "root"), [
    ("", 0, ROOT), ("a b", 0, ROOT), ("a\nb", 0, ROOT), ("a+b", 0, ROOT), ("x" * 201, 0, ROOT),
    ("o", -1, ROOT), ("o", 2**53, ROOT), ("o", 1, ROOT[:31]), ("o", 1, ROOT + b"0"),
])  # fmt: skip
def test_a_head_that_would_not_read_back_cannot_be_made(origin: str, size: int, root: bytes) -> None:
    with pytest.raises(NoteError):
        TreeHead(origin, size, root)


def test_a_cosignature_is_over_the_bytes_the_spec_shows() -> None:
    line = cosign(HEAD, A, AT)
    assert line.name == "a/officer"
    assert line.key_id == A.public.note_key_id(b"\x04") != A.public.note_key_id()
    assert line.blob[:8] == AT.to_bytes(8, "big")
    assert A.public.verify(line.blob[8:], b"cosignature/v1\ntime 1679315147\n" + BODY.encode())
    assert len(line.blob) == 72


def test_a_cosigner_is_found_at_its_time_and_nobody_else() -> None:
    both = made(A, B)
    assert verify_cosignature(both, A.public) == verify_cosignature(both, B.public) == AT
    assert verify_cosignature(both, C.public) is None
    assert verify_cosignature(made(A, at=0), A.public) == 0
    assert verify_cosignature(made(A, at=TIME_MAX), A.public) == TIME_MAX


def test_every_flipped_bit_of_a_cosignature_or_head_is_noticed() -> None:
    line = cosign(HEAD, A, AT)
    for bit in range(72 * 8):
        blob = (int.from_bytes(line.blob, "big") ^ 1 << bit).to_bytes(72, "big")
        assert verify_cosignature(Note(BODY, (Signature(line.name, line.key_id, blob),)), A.public) is None
    for bit in range(256):
        root = (int.from_bytes(ROOT, "big") ^ 1 << bit).to_bytes(32, "big")
        assert verify_cosignature(Note(str(TreeHead(HEAD.origin, HEAD.size, root)), (line,)), A.public) is None
    for head in (TreeHead(HEAD.origin, 20852164, ROOT), TreeHead("example.com/other", HEAD.size, ROOT)):
        assert verify_cosignature(Note(str(head), (line,)), A.public) is None


def test_a_plain_note_signature_is_no_cosignature_and_the_other_way_round() -> None:
    plain = note.sign(BODY, A)
    assert verify_cosignature(Note(BODY, (plain,)), A.public) is None
    relabeled = Signature(plain.name, A.public.note_key_id(b"\x04"), AT.to_bytes(8, "big") + plain.blob)
    assert verify_cosignature(Note(BODY, (relabeled,)), A.public) is None
    with pytest.raises(NoteError, match="none of the 1"):
        note.verify(made(A), [A.public])


@pytest.mark.parametrize("at", [-1, 2**63])
def test_a_time_the_spec_forbids_is_neither_signed_nor_accepted(at: int) -> None:
    with pytest.raises(NoteError, match="cosignature time"):
        cosign(HEAD, A, at)
    if at > 0:
        blob = at.to_bytes(8, "big") + A.sign(f"cosignature/v1\ntime {at}\n{BODY}".encode())
        late = Note(BODY, (Signature(A.name, A.public.note_key_id(b"\x04"), blob),))
        assert verify_cosignature(late, A.public) is None


def test_a_cosigner_counts_once_however_often_and_with_whichever_key_it_signs() -> None:
    policy = Policy(2, {"a": (A.public, C.public), "b": (B.public,)})
    lines = [cosign(HEAD, A, AT + 5), cosign(HEAD, A, AT), cosign(HEAD, C, AT + 1)]
    thrice = Note(BODY, tuple(lines))
    assert policy.signed(thrice) == {"a": AT}
    with pytest.raises(ProofError, match=r"1 of 2 cosignatures needed \(a\)"):
        policy.check(thrice)
    policy.check(Note(BODY, (*lines, cosign(HEAD, B, AT))))


def test_lines_that_do_not_verify_cannot_unsay_those_that_do() -> None:
    good, bad = cosign(HEAD, A, AT), Signature(A.name, A.public.note_key_id(b"\x04"), b"x" * 72)
    policy = Policy.of(1, [A.public])
    policy.check(Note(BODY, (bad, good)))
    with pytest.raises(ProofError, match=r"0 of 1 cosignatures needed \(none\)"):
        policy.check(Note(BODY, (bad,)))


def test_one_key_under_two_names_is_refused_because_the_message_names_no_cosigner() -> None:
    alias = SigningKey("other/name", A.secret)
    line = cosign(HEAD, A, AT)
    renamed = Signature(alias.name, alias.public.note_key_id(b"\x04"), line.blob)
    assert verify_cosignature(Note(BODY, (renamed,)), alias.public) == AT  # why the policy must refuse it
    with pytest.raises(InputError, match="share key"):
        Policy.of(2, [A.public, alias.public])


@pytest.mark.parametrize("minimum", [0, -1, 3])
def test_a_policy_nobody_or_everybody_meets_is_refused(minimum: int) -> None:
    with pytest.raises(InputError, match="expected 1 to 2"):
        Policy.of(minimum, [A.public, B.public])


def test_gathering_gives_the_same_bytes_in_any_order_and_repeats_nothing() -> None:
    parts = [made(A), made(B, A), made(C, at=AT + 9)]
    gathered = {str(merge_cosignatures(order)) for order in permutations(parts)}
    assert len(gathered) == 1
    whole = note.parse(gathered.pop())
    assert len(whole.signatures) == 3
    assert str(merge_cosignatures([whole, whole])) == str(whole)
    assert Policy.of(3, [A.public, B.public, C.public]).signed(whole).keys() == {str(k.public) for k in (A, B, C)}


def test_gathering_under_a_policy_drops_litter_and_keeps_the_first_of_each_key() -> None:
    litter = Note(BODY, tuple(Signature("m", b"abcd", i.to_bytes(4, "big")) for i in range(600)))
    flood = Note(BODY, tuple(cosign(HEAD, B, AT + i) for i in range(30)))
    more = Note(BODY, tuple(Signature("n", b"abcd", i.to_bytes(4, "big")) for i in range(600)))
    policy = Policy.of(1, [A.public, B.public])
    gathered = merge_cosignatures([litter, flood, more, made(A)], policy)
    assert gathered == Note(BODY, (cosign(HEAD, A, AT), cosign(HEAD, B, AT)))
    with pytest.raises(NoteError, match="1231 signatures"):
        merge_cosignatures([litter, flood, more, made(A)])


def test_heads_that_differ_are_not_gathered_and_neither_is_nothing() -> None:
    other = made(A, head=TreeHead(HEAD.origin, 5, ROOT))
    for notes in ([made(A), other], []):
        with pytest.raises(NoteError, match="same tree head"):
            merge_cosignatures(notes)
    with pytest.raises(NoteError, match="0 signatures"):
        merge_cosignatures([Note(BODY, (Signature("m", b"abcd", b"x"),))], Policy.of(1, [A.public]))

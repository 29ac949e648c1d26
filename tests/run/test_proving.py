"""Proofs for whoever has no copy of the log: an entry is in it; it extends what somebody saw before."""

from __future__ import annotations

import base64

import pytest
from tests.run.author import Author, key

from hanse.errors import ForkError, InputError, ProofError
from hanse.keys import SigningKey
from hanse.ledger import note
from hanse.ledger.chain import Slot
from hanse.ledger.log import slot_name
from hanse.ledger.merkle import verify_consistency
from hanse.ledger.treehead import Policy, TreeHead, log_origin
from hanse.run.follow import Follower
from hanse.run.proving import check_extends, prove, prove_extension
from hanse.store.disk import MemoryDisk
from hanse.store.memory import MemoryStore

SITES = {member: key(f"{member}/site") for member in ("ada", "bob", "cyd")}


def bucket(author: Author) -> MemoryStore:
    store = MemoryStore()
    for index, data in enumerate(author.slots):
        store.put_once(slot_name(index), data)
    return store


def signed_log(signers: dict[str, SigningKey]) -> Follower:
    """A log in round 1 whose milestone `signers` have signed, seen by a reader with a copy of its own."""
    author = Author()
    author.start()
    store = bucket(author)
    for member, signer in signers.items():
        site = Follower(store, MemoryDisk(), author.log)
        site.sync()
        assert site.cosign(member, signer, lambda: author.now)
    reader = Follower(store, MemoryDisk(), author.log)
    reader.sync()
    reader.read_heads()
    return reader


def test_every_slot_under_a_signed_head_has_a_proof_that_a_policy_accepts() -> None:
    reader = signed_log(SITES)
    policy = Policy.of(3, [signer.public for signer in SITES.values()])
    assert reader.final() > 8
    for index in range(reader.final()):
        data = reader.store.get(slot_name(index), 65_535)
        head = prove(reader, index).verify(Slot.of(data).leaf(index), log_origin(reader.log), policy)
        assert head.root == reader.fold.chain.tree.root(head.size)
    with pytest.raises(ProofError, match="cosignatures"):
        prove(reader, 0).verify(reader.fold.chain.tree.root(1), log_origin(reader.log), Policy.of(1, [key("eve").public]))


def test_an_extension_is_proved_from_every_earlier_size_in_a_witness_s_words() -> None:
    reader = signed_log(SITES)
    tree = reader.fold.chain.tree
    for old in range(reader.final() + 1):
        top, _, signed = prove_extension(reader, old).partition("\n\n")
        first, *lines = top.split("\n")
        assert first == f"old {old}"
        head = TreeHead.parse(note.parse(signed).text)
        verify_consistency(old, tree.root(old), head.size, head.root, [base64.b64decode(line) for line in lines])


def test_without_a_signed_head_there_is_nothing_to_prove() -> None:
    reader = signed_log({})
    with pytest.raises(ProofError, match="no member has signed"):
        prove(reader, 0)
    with pytest.raises(ProofError, match="no member has signed"):
        prove_extension(reader, 0)


def test_a_kept_head_or_proof_still_holds_and_another_log_s_does_not() -> None:
    reader = signed_log(SITES)
    kept = next(iter(reader.heads["ada"].values()))
    assert check_extends(reader, kept, "kept") == reader.final()
    assert check_extends(reader, str(prove(reader, 3)), "kept") == reader.final()
    other = Author()
    other.now += 1  # the same members found the same log and then write other entries
    other.start()
    split = Follower(bucket(other), MemoryDisk(), other.log)
    split.sync()
    with pytest.raises(ForkError, match="are others than"):
        check_extends(split, kept, "kept")
    fewer = Follower(bucket(Author()), MemoryDisk(), other.log)
    fewer.sync()
    with pytest.raises(ForkError, match="entries are gone"):
        check_extends(fewer, kept, "kept")


def test_what_is_no_head_of_this_log_is_wrong_input() -> None:
    reader = signed_log(SITES)
    stranger = Author(members=("eve", "fay"))
    stranger.start()
    site = Follower(bucket(stranger), MemoryDisk(), stranger.log)
    site.sync()
    assert site.cosign("eve", key("eve/site"), lambda: stranger.now)
    site.read_heads()
    for text in ("", "hello\n", next(iter(site.heads["eve"].values()))):
        with pytest.raises(InputError, match="kept"):
            check_extends(reader, text, "kept")

"""A cosigner never signs two heads of which one does not extend the other."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hanse.errors import ForkError, ProofError
from hanse.keys import SigningKey
from hanse.ledger.cosigner import CosignerState, propose, sign
from hanse.ledger.merkle import Tree, leaf_hash
from hanse.ledger.treehead import TreeHead, verify_cosignature

KEY = SigningKey("a/officer", b"a" * 32)
LEAVES = [leaf_hash(b"%d" % i) for i in range(40)]


def test_heads_only_grow_and_the_same_one_may_be_signed_again() -> None:
    tree = Tree(LEAVES)
    first = propose(CosignerState(), tree, 5)
    assert first == CosignerState(5, tree.root(5))
    assert propose(first, tree, 5) == first
    second = propose(first, tree, 40)
    with pytest.raises(ForkError, match=r"size 5 after one of size 40: heads only grow"):
        propose(second, tree, 5)


def test_a_replaced_entry_stops_the_cosigner_and_names_where_to_look() -> None:
    state = propose(CosignerState(), Tree(LEAVES[:10]), 10)
    for index in range(10):
        other = Tree([leaf_hash(b"other") if i == index else leaf for i, leaf in enumerate(LEAVES)])
        with pytest.raises(ForkError, match=r"first 10 entries .* an entry in 0 to 9 was replaced"):
            propose(state, other, 40)
        with pytest.raises(ForkError):
            propose(state, other, 10)
    changed_later = Tree([*LEAVES[:10], leaf_hash(b"other")])
    assert propose(state, changed_later, 11).size == 11


def test_a_shortened_log_stops_the_cosigner_and_names_what_is_gone() -> None:
    state = propose(CosignerState(), Tree(LEAVES), 40)
    with pytest.raises(ForkError, match="has 7 entries, and this cosigner signed 40: entries 7 to 39 are gone"):
        propose(state, Tree(LEAVES[:7]), 40)


def test_a_head_beyond_the_tree_is_not_signed() -> None:
    with pytest.raises(ProofError, match="has 40 leaves, not 41"):
        propose(CosignerState(), Tree(LEAVES), 41)


def test_what_is_signed_is_what_was_stored() -> None:
    state = propose(CosignerState(), Tree(LEAVES), 12)
    made = sign(state, "hanse/log/ab", KEY, 1_700_000_000)
    assert TreeHead.parse(made.text) == TreeHead("hanse/log/ab", 12, Tree(LEAVES[:12]).root())
    assert verify_cosignature(made, KEY.public) == 1_700_000_000
    assert sign(state, "hanse/log/ab", KEY, 1_700_000_000) == made


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=12))
def test_any_two_heads_signed_extend_each_other_whatever_is_asked(asked: list[tuple[int, int]]) -> None:
    """Each ask shows a log whose entries from `fork` on are others."""
    state, signed = CosignerState(), []
    for fork, size in asked:
        tree = Tree([*LEAVES[:fork], *(leaf_hash(b"fork %d %d" % (fork, i)) for i in range(fork, 40))])
        try:
            state = propose(state, tree, size)
        except ForkError:
            continue
        signed.append((state, tree))
    for earlier, _ in signed:
        for later, tree in signed:
            if earlier.size <= later.size and (earlier, later) != (later, earlier):
                assert tree.root(earlier.size) == earlier.root

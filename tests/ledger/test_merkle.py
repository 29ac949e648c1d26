"""Trees and proofs: the published vectors, every small tree against the RFC's own recursion, and tampering."""

from __future__ import annotations

import hashlib
import time

import pytest
import rfc6962_oracle as oracle
from hypothesis import given, settings
from hypothesis import strategies as st

from hanse.errors import ProofError
from hanse.ledger.merkle import (
    EMPTY_ROOT,
    Tree,
    leaf_hash,
    node_hash,
    oversized_leaf_hash,
    verify_consistency,
    verify_inclusion,
)

# Public test vectors of the certificate-transparency project: leaves, roots by size, proofs.
CT_LEAVES = [
    bytes.fromhex(text)
    for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
CT_ROOTS = [
    bytes.fromhex(text)
    for text in (
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    )
]
CT_INCLUSION = {
    (0, 8): (
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ),
    (5, 8): (
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ),
}
CT_CONSISTENCY = {
    (1, 1): (),
    (1, 8): (
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ),
    (2, 5): (
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ),
    (6, 8): (
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ),
}

SMALL = 256
DATA = tuple(b"entry %d" % i for i in range(SMALL))
TREE = Tree([leaf_hash(data) for data in DATA])
MTH = oracle.mth_of(DATA)


def flipped(value: bytes, bit: int) -> bytes:
    return (int.from_bytes(value, "big") ^ 1 << bit).to_bytes(len(value), "big")


def inclusion_holds(leaf: bytes, index: int, size: int, path: list[bytes], root: bytes) -> bool:
    try:
        verify_inclusion(leaf, index, size, path, root)
    except ProofError:
        return False
    return True


def consistency_holds(old: int, old_root: bytes, new: int, new_root: bytes, path: list[bytes]) -> bool:
    try:
        verify_consistency(old, old_root, new, new_root, path)
    except ProofError:
        return False
    return True


def test_certificate_transparency_vectors_hold() -> None:
    tree = Tree()
    assert tree.root() == EMPTY_ROOT == CT_ROOTS[0]
    for size, leaf in enumerate(CT_LEAVES, 1):
        tree.append(leaf_hash(leaf))
        assert tree.root() == CT_ROOTS[size]
    for (index, size), path in CT_INCLUSION.items():
        assert [value.hex() for value in tree.inclusion_proof(index, size)] == list(path)
    for (old, new), path in CT_CONSISTENCY.items():
        assert [value.hex() for value in tree.consistency_proof(old, new)] == list(path)
        verify_consistency(old, CT_ROOTS[old], new, CT_ROOTS[new], tree.consistency_proof(old, new))


def test_the_seven_leaf_example_of_rfc_6962_has_its_proofs() -> None:
    tree = Tree([leaf_hash(b"d%d" % i) for i in range(7)])
    a, b, c, d, e, f, j = (tree.leaf(i) for i in range(7))
    g, h, i, k = node_hash(a, b), node_hash(c, d), node_hash(e, f), tree.root(4)
    low = node_hash(i, j)
    assert tree.root() == node_hash(node_hash(g, h), low)
    assert tree.inclusion_proof(0) == [b, h, low]
    assert tree.inclusion_proof(3) == [c, g, low]
    assert tree.inclusion_proof(4) == [f, j, k]
    assert tree.inclusion_proof(6) == [i, k]
    assert tree.consistency_proof(3) == [c, d, g, low]
    assert tree.consistency_proof(4) == [low]
    assert tree.consistency_proof(6) == [i, j, k]


def test_every_root_and_inclusion_proof_to_256_leaves_is_the_rfcs() -> None:
    for size in range(SMALL + 1):
        root = MTH(0, size)
        assert TREE.root(size) == root
        for index in range(size):
            path = TREE.inclusion_proof(index, size)
            assert path == oracle.path(MTH, index, 0, size)
            verify_inclusion(TREE.leaf(index), index, size, path, root)


def test_every_consistency_proof_to_256_leaves_is_the_rfcs() -> None:
    for new in range(SMALL + 1):
        for old in range(new + 1):
            path = TREE.consistency_proof(old, new)
            assert path == (oracle.proof(MTH, old, new) if old else [])
            verify_consistency(old, MTH(0, old), new, MTH(0, new), path)


def test_a_growing_tree_gives_the_roots_of_a_finished_one() -> None:
    tree = Tree()
    for size, data in enumerate(DATA, 1):
        tree.append(leaf_hash(data))
        assert tree.size == size
        assert tree.root() == TREE.root(size)


def test_every_flipped_bit_of_a_small_inclusion_proof_is_noticed() -> None:
    for size in range(1, 14):
        root = TREE.root(size)
        for index in range(size):
            leaf, path = TREE.leaf(index), TREE.inclusion_proof(index, size)
            for bit in range(256):
                assert not inclusion_holds(flipped(leaf, bit), index, size, path, root)
                assert not inclusion_holds(leaf, index, size, path, flipped(root, bit))
                for at, value in enumerate(path):
                    bad = [*path[:at], flipped(value, bit), *path[at + 1 :]]
                    assert not inclusion_holds(leaf, index, size, bad, root)


def test_every_flipped_bit_of_a_small_consistency_proof_is_noticed() -> None:
    for new in range(1, 14):
        for old in range(1, new + 1):
            roots = TREE.root(old), TREE.root(new)
            path = TREE.consistency_proof(old, new)
            for bit in range(256):
                assert not consistency_holds(old, flipped(roots[0], bit), new, roots[1], path)
                assert not consistency_holds(old, roots[0], new, flipped(roots[1], bit), path)
                for at, value in enumerate(path):
                    bad = [*path[:at], flipped(value, bit), *path[at + 1 :]]
                    assert not consistency_holds(old, roots[0], new, roots[1], bad)


def test_a_path_is_no_proof_with_a_hash_more_less_moved_or_for_another_leaf() -> None:
    for size in range(2, 65):
        root = TREE.root(size)
        for index in range(size):
            leaf, path = TREE.leaf(index), TREE.inclusion_proof(index, size)
            assert not inclusion_holds(leaf, index, size, path[1:], root)
            assert not inclusion_holds(leaf, index, size, path[:-1], root)
            assert not inclusion_holds(leaf, index, size, [*path, root], root)
            assert not inclusion_holds(leaf, index, size, [leaf, *path], root)
            assert path[::-1] == path or not inclusion_holds(leaf, index, size, path[::-1], root)
            for other in range(size):
                assert inclusion_holds(leaf, other, size, path, root) == (other == index)


def test_a_consistency_proof_holds_for_its_two_sizes_only_when_their_roots_are_given() -> None:
    for new in range(1, 33):
        for old in range(1, new):
            path = TREE.consistency_proof(old, new)
            for wrong in range(33):
                assert wrong == old or not consistency_holds(old, TREE.root(wrong), new, TREE.root(new), path)
                assert wrong == new or not consistency_holds(old, TREE.root(old), new, TREE.root(wrong), path)
            assert not consistency_holds(old, TREE.root(old), new, TREE.root(new), path[1:])
            assert not consistency_holds(old, TREE.root(old), new, TREE.root(new), path[:-1])
            assert not consistency_holds(old, TREE.root(old), new, TREE.root(new), [*path, TREE.root(new)])


def test_a_path_of_a_deeper_or_shallower_tree_is_refused_though_its_hashes_add_up() -> None:
    with pytest.raises(ProofError, match="longer than the tree is deep"):
        verify_inclusion(TREE.leaf(7), 0, 1, TREE.inclusion_proof(7, 8), TREE.root(8))
    with pytest.raises(ProofError, match="longer than the tree is deep"):
        verify_consistency(3, TREE.root(7), 4, TREE.root(8), TREE.consistency_proof(7, 8))
    with pytest.raises(ProofError, match="does not lead"):
        verify_inclusion(TREE.leaf(3), 7, 8, TREE.inclusion_proof(3, 4), TREE.root(4))
    with pytest.raises(ProofError, match="does not hold"):
        verify_consistency(7, TREE.root(3), 8, TREE.root(4), TREE.consistency_proof(3, 4))


def test_trees_that_differ_before_the_old_size_are_never_consistent() -> None:
    for new in range(2, 40):
        for changed in range(new):
            other = Tree([leaf_hash(b"x") if i == changed else TREE.leaf(i) for i in range(new)])
            for old in range(1, new):
                holds = consistency_holds(old, TREE.root(old), new, other.root(), other.consistency_proof(old))
                assert holds == (old <= changed)


def test_halves_of_a_node_cannot_be_cut_elsewhere() -> None:
    left, right = TREE.leaf(0), TREE.leaf(1)
    joined = left + right
    with pytest.raises(ProofError, match="31 bytes"):
        verify_inclusion(joined[:31], 0, 2, [joined[31:]], TREE.root(2))
    with pytest.raises(ProofError, match="33 bytes"):
        verify_consistency(1, left, 2, TREE.root(2), [right + b"\x00"])


def test_a_node_cannot_pose_as_a_leaf() -> None:
    inner = TREE.leaf(0) + TREE.leaf(1)
    assert leaf_hash(inner) != node_hash(TREE.leaf(0), TREE.leaf(1))
    assert not inclusion_holds(leaf_hash(inner), 0, 2, TREE.inclusion_proof(0, 4)[1:], TREE.root(4))


def test_an_oversized_slot_has_a_leaf_no_readable_slot_can_have() -> None:
    body = (7).to_bytes(8, "big") + (70_000).to_bytes(8, "big")
    assert oversized_leaf_hash(7, 70_000) == hashlib.sha256(b"\x02" + body).digest()
    assert oversized_leaf_hash(7, 70_000) not in (leaf_hash(body), leaf_hash(b"\x02" + body))
    hashes = {oversized_leaf_hash(i, size) for i in range(20) for size in range(65_536, 65_556)}
    assert len(hashes) == 400


def test_the_empty_tree_is_a_prefix_of_every_tree_and_has_one_root() -> None:
    verify_consistency(0, EMPTY_ROOT, 5, TREE.root(5), [])
    verify_consistency(0, EMPTY_ROOT, 0, EMPTY_ROOT, [])
    assert not consistency_holds(0, TREE.root(1), 5, TREE.root(5), [])
    assert not consistency_holds(0, TREE.root(1), 0, TREE.root(1), [])
    assert not consistency_holds(0, EMPTY_ROOT, 5, TREE.root(5), [TREE.root(5)])
    assert not consistency_holds(5, TREE.root(5), 5, TREE.root(5), [TREE.root(5)])
    assert not consistency_holds(5, TREE.root(5), 5, TREE.root(4), [])


@pytest.mark.parametrize("ask", [
    lambda: TREE.root(257),
    lambda: TREE.root(-1),
    lambda: TREE.leaf(256),
    lambda: TREE.leaf(-1),
    lambda: TREE.inclusion_proof(5, 5),
    lambda: TREE.inclusion_proof(-1, 5),
    lambda: TREE.inclusion_proof(0, 0),
    lambda: TREE.inclusion_proof(0, 257),
    lambda: TREE.consistency_proof(6, 5),
    lambda: TREE.consistency_proof(-1, 5),
    lambda: TREE.consistency_proof(1, 257),
    lambda: TREE.subtrees(1, 127, 129),
    lambda: TREE.subtrees(3, 2, 1),
    lambda: verify_inclusion(TREE.leaf(0), 0, 0, [], EMPTY_ROOT),
    lambda: verify_inclusion(TREE.leaf(0), 2, 2, [], TREE.root(2)),
    lambda: verify_inclusion(TREE.leaf(0), -1, 2, [], TREE.root(2)),
    lambda: verify_consistency(3, TREE.root(3), 2, TREE.root(2), []),
    lambda: verify_consistency(-1, TREE.root(3), 2, TREE.root(2), []),
    lambda: Tree([b"not a hash"]),
])  # fmt: skip
def test_what_lies_outside_the_tree_is_refused(ask) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ProofError):
        ask()


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_proofs_of_larger_trees_hold_and_tampered_ones_do_not(data: st.DataObject) -> None:
    size = data.draw(st.integers(300, 5000))
    tree = Tree([leaf_hash(b"%d" % i) for i in range(size)])
    n = data.draw(st.integers(2, size))
    index, old, bit = data.draw(st.integers(0, n - 1)), data.draw(st.integers(1, n - 1)), data.draw(st.integers(0, 255))
    path = tree.inclusion_proof(index, n)
    verify_inclusion(tree.leaf(index), index, n, path, tree.root(n))
    at = data.draw(st.integers(0, len(path) - 1))
    assert not inclusion_holds(
        tree.leaf(index), index, n, [*path[:at], flipped(path[at], bit), *path[at + 1 :]], tree.root(n)
    )
    steps = tree.consistency_proof(old, n)
    verify_consistency(old, tree.root(old), n, tree.root(n), steps)
    at = data.draw(st.integers(0, len(steps) - 1))
    bad = [*steps[:at], flipped(steps[at], bit), *steps[at + 1 :]]
    assert not consistency_holds(old, tree.root(old), n, tree.root(n), bad)


def test_a_hundred_thousand_leaves_take_less_than_a_second_and_a_proof_less_than_five_milliseconds() -> None:
    leaves = [leaf_hash(b"%d" % i) for i in range(100_000)]
    start = time.process_time()
    tree = Tree(leaves)
    assert time.process_time() - start < 1
    root = tree.root()
    start = time.process_time()
    for index in range(0, 100_000, 1000):
        verify_inclusion(leaves[index], index, 100_000, tree.inclusion_proof(index), root)
    assert (time.process_time() - start) / 100 < 0.005

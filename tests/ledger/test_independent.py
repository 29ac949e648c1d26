"""An independent implementation (tlog-scales, Apache-2.0) finds the same roots, proofs, tiles, notes, cosignatures."""

from __future__ import annotations

from pathlib import Path

import pytest
from tlog_scales import reader, signing, tlog, writer

from hanse.errors import ProofError
from hanse.keys import SigningKey
from hanse.ledger import note
from hanse.ledger.merkle import Tree, leaf_hash, verify_consistency, verify_inclusion
from hanse.ledger.tiles import full_tiles, tile_bytes
from hanse.ledger.treehead import TreeHead, cosign, cosigned, log_origin, merge_cosignatures

SIZE = 66_000
DATA = [b"entry %d" % i for i in range(SIZE)]
TREE = Tree([leaf_hash(data) for data in DATA])
ORIGIN = log_origin("ab" * 32)
KEY = SigningKey("a/officer", b"a" * 32)


class Files:
    """Our full tiles, and the partial ones the reader asks for at the right edge, as the files it expects."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.full = {str(tile): tile_bytes(tree, tile) for tile in full_tiles(tree.size)}

    def get(self, *parts: str) -> bytes | None:
        path, partial, width = "/".join(parts).partition(".p/")
        if not partial:
            return self.full.get(path)
        _, level, *groups = path.split("/")
        first = int("".join(groups).replace("x", "")) * 256
        return b"".join(self.tree.subtrees(8 * int(level), first, first + int(width)))


def their_log(size: int, tree: Tree = TREE) -> reader.TilesReader:
    log = reader.TilesReader(Files(tree))
    log.set_size(size)
    return log


SIZES = [1, 2, 3, 255, 256, 257, 511, 512, 1000, 4096, 65_535, 65_536, 65_537, SIZE]


@pytest.mark.parametrize("size", SIZES)
def test_it_reads_our_tiles_and_finds_our_roots_and_proofs(size: int) -> None:
    log = their_log(size, Tree([TREE.leaf(i) for i in range(size)]))
    root = log.calculate_root_hash()
    assert root == TREE.root(size)
    for index in {0, 1, size // 3, size // 2, size - 2, size - 1} & set(range(size)):
        theirs = log.get_inclusion_proof(index, size)
        ours = TREE.inclusion_proof(index, size)
        assert theirs.node_hashes == ours
        theirs.check(TREE.leaf(index), root)
        verify_inclusion(TREE.leaf(index), index, size, theirs.node_hashes, root)
    for old in {1, 2, size // 3, size // 2, size - 1, size} & set(range(1, size + 1)):
        theirs = log.get_consistency_proof(old, size)
        assert theirs.node_hashes == TREE.consistency_proof(old, size)
        theirs.check(TREE.root(old), root)
        verify_consistency(old, TREE.root(old), size, root, theirs.node_hashes)


def agree_on_inclusion(index: int, size: int, leaf: bytes, path: list[bytes], root: bytes) -> bool:
    """Whether both accept the claim; they must agree."""
    try:
        tlog.InclusionProof(index, size, path).check(leaf, root)
        theirs = True
    except tlog.InclusionProofInvalid:
        theirs = False
    try:
        verify_inclusion(leaf, index, size, path, root)
        ours = True
    except ProofError:
        ours = False
    assert ours == theirs, f"index {index}, size {size}, path of {len(path)}"
    return ours


def agree_on_consistency(old: int, new: int, roots: tuple[bytes, bytes], path: list[bytes]) -> bool:
    """Whether both accept the claim; they must agree."""
    try:
        tlog.ConsistencyProof(old, new, path).check(*roots)
        theirs = True
    except tlog.ConsistencyProofInvalid:
        theirs = False
    try:
        verify_consistency(old, roots[0], new, roots[1], path)
        ours = True
    except ProofError:
        ours = False
    assert ours == theirs, f"old {old}, new {new}, path of {len(path)}"
    return ours


def test_both_judge_every_small_proof_alike_for_every_index_and_size_it_could_be_claimed_for() -> None:
    for size in range(1, 18):
        log = their_log(size, Tree([TREE.leaf(i) for i in range(size)]))
        for index in range(size):
            path = log.get_inclusion_proof(index, size).node_hashes
            assert path == TREE.inclusion_proof(index, size)
            for claimed_size in range(1, 34):
                for claimed in range(claimed_size):
                    held = agree_on_inclusion(claimed, claimed_size, TREE.leaf(index), path, TREE.root(size))
                    assert held or (claimed, claimed_size) != (index, size)
        for old in range(1, size):
            path = log.get_consistency_proof(old, size).node_hashes
            assert path == TREE.consistency_proof(old, size)
            for claimed_new in range(1, 34):
                for claimed in range(1, claimed_new):
                    held = agree_on_consistency(claimed, claimed_new, (TREE.root(old), TREE.root(size)), path)
                    assert held or (claimed, claimed_new) != (old, size)


def test_it_writes_the_tiles_and_the_signed_head_we_do(tmp_path: Path) -> None:
    log = writer.TilesWriter.create(tmp_path / "log", ORIGIN)
    for start, stop in ((0, 100), (100, 300), (300, 2000)):  # grows in steps
        for data in DATA[start:stop]:
            log.add_leaf(data)
        log.commit([signing.PlainEd25519Signer(KEY.name, KEY.secret)])
    for tile in full_tiles(2000):
        assert (tmp_path / "log" / str(tile)).read_bytes() == tile_bytes(TREE, tile)
    head = TreeHead(ORIGIN, 2000, TREE.root(2000))
    written = (tmp_path / "log" / "checkpoint").read_text()
    assert written == f"{head}\n{note.sign(str(head), KEY)}\n"
    assert note.verify(note.parse(written), [KEY.public]) == (KEY.public,)


def test_it_verifies_our_cosignatures_and_refuses_changed_ones() -> None:
    head = TreeHead(ORIGIN, 1000, TREE.root(1000))
    others = [SigningKey(f"{name}/officer", name.encode() * 32) for name in "bcd"]
    gathered = merge_cosignatures(
        [note.parse(cosigned(head, [cosign(head, key, 1_700_000_000)])) for key in [KEY, *others]]
    )
    parsed = tlog.Checkpoint.from_text(str(gathered))
    assert parsed.serialize() == str(gathered)
    assert (parsed.origin, parsed.size, parsed.root_hash) == (ORIGIN, 1000, TREE.root(1000))
    for key in [KEY, *others]:
        vkey = signing.Vkey(key.name, None, 4, key.public.raw)
        assert vkey.key_id.to_bytes(4, "big") == key.public.note_key_id(b"\x04")
        parsed.verify(vkey)
    changed = tlog.Checkpoint.from_text(str(gathered).replace("\n1000\n", "\n1001\n"))
    keys = signing.VkeySet(signing.Vkey(KEY.name, None, 4, KEY.public.raw))
    assert len(keys.verify(parsed.signatures, parsed)) == 1
    assert not keys.verify(changed.signatures, changed)


def test_it_prints_the_verifier_keys_we_do() -> None:
    assert signing.Vkey(KEY.name, None, 1, KEY.public.raw).serialize() == str(KEY.public)

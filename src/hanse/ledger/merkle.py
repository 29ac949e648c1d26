"""RFC 6962 Merkle trees: roots, inclusion and consistency proofs of any prefix. Pure functions of leaf hashes.

Leaf: SHA-256(0x00 || data). Node: SHA-256(0x01 || left || right). Empty tree: SHA-256(""). Verification follows
RFC 9162 sections 2.1.3.2 and 2.1.4.2. One domain of our own: 0x02, the leaf of a slot too large to read.

A proof does not bind the size it is checked for (leaf 0's path in a tree of 3 also verifies as one in a tree of 4 with
the same root): take sizes and roots from a cosigned tree head only.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from hanse.errors import ProofError

EMPTY_ROOT = hashlib.sha256(b"").digest()
HASH_BYTES = 32


def leaf_hash(data: bytes) -> bytes:
    """Hash of a leaf's bytes."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of an inner node."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def oversized_leaf_hash(index: int, size: int) -> bytes:
    """Leaf hash of a slot whose body is never read (PROTOCOL rule 1): of its index and size, 8 bytes each, big-endian.

    Reading the body would let one member make every reader download any number of bytes, and two readers with
    different limits would compute different trees. The prefix 0x02 keeps this hash apart from those of leaves and
    nodes: under 0x00, the 16 bytes could be posted as a small slot's body, and one leaf would stand for two slots.
    """
    return hashlib.sha256(b"\x02" + index.to_bytes(8, "big") + size.to_bytes(8, "big")).digest()


class Tree:
    """An append-only tree that keeps every complete subtree's hash, so that any earlier size can be proved.

    Memory: two hashes per leaf. Append: one node hash, amortized. Roots: O(log n); proofs: O(log² n) at most.
    """

    def __init__(self, leaves: Sequence[bytes] = ()) -> None:
        self._levels: list[list[bytes]] = [[]]
        for leaf in leaves:
            self.append(leaf)

    @property
    def size(self) -> int:
        return len(self._levels[0])

    def append(self, leaf: bytes) -> None:
        """Add a leaf hash. Raises ProofError unless it is 32 bytes: hash data with `leaf_hash` first."""
        if len(leaf) != HASH_BYTES:
            raise ProofError(f"leaf {self.size}: expected a hash of {HASH_BYTES} bytes, got {len(leaf)}")
        level, value = 0, leaf
        self._levels[0].append(value)
        while len(self._levels[level]) % 2 == 0:
            value = node_hash(self._levels[level][-2], self._levels[level][-1])
            level += 1
            if level == len(self._levels):
                self._levels.append([])
            self._levels[level].append(value)

    def leaf(self, index: int) -> bytes:
        """Leaf hash at `index`. Raises ProofError beyond the tree."""
        return self.subtrees(0, index, index + 1)[0]

    def subtrees(self, level: int, start: int, stop: int) -> list[bytes]:
        """Hashes start to stop-1 of the subtrees of 2**level leaves. Raises ProofError if one is incomplete."""
        if not (0 <= start <= stop and stop << level <= self.size):
            raise ProofError(f"subtrees {start} to {stop} of 2^{level} leaves: not complete in a tree of {self.size}")
        return self._levels[level][start:stop] if start < stop else []

    def root(self, size: int | None = None) -> bytes:
        """Root of the first `size` leaves (all of them by default). Raises ProofError beyond the tree."""
        size = self._checked(self.size if size is None else size)
        return self._range(0, size) if size else EMPTY_ROOT

    def inclusion_proof(self, index: int, size: int | None = None) -> list[bytes]:
        """Audit path of leaf `index` in the tree of `size` leaves (RFC 6962 section 2.1.1), leaf to root."""
        size = self._checked(self.size if size is None else size)
        if not 0 <= index < size:
            raise ProofError(f"no leaf {index} in a tree of {size}: ask for 0 to {size - 1}")
        start, stop = 0, size
        path: list[bytes] = []
        while stop - start > 1:
            middle = start + _split(stop - start)
            if index < middle:
                path.append(self._range(middle, stop))
                stop = middle
            else:
                path.append(self._range(start, middle))
                start = middle
        return path[::-1]

    def consistency_proof(self, old: int, new: int | None = None) -> list[bytes]:
        """Proof that the tree of `new` leaves extends that of `old` (RFC 6962 section 2.1.2); empty for 0 and new."""
        new = self._checked(self.size if new is None else new)
        if not 0 <= old <= new:
            raise ProofError(f"no consistency proof from {old} to {new} leaves: old must be at most new")
        if old in (0, new):
            return []
        start, stop, whole = 0, new, True
        path: list[bytes] = []
        while old != stop:
            middle = start + _split(stop - start)
            if old <= middle:
                path.append(self._range(middle, stop))
                stop = middle
            else:
                path.append(self._range(start, middle))
                start, whole = middle, False
        if not whole:
            path.append(self._range(start, stop))
        return path[::-1]

    def _checked(self, size: int) -> int:
        if not 0 <= size <= self.size:
            raise ProofError(f"the tree has {self.size} leaves, not {size}")
        return size

    def _range(self, start: int, stop: int) -> bytes:
        """Hash of leaves start..stop; start is a multiple of the largest power of two within the range."""
        value: bytes | None = None
        position, left = stop, stop - start
        level = 0
        while left:
            if left & 1:
                piece = self._levels[level][(position >> level) - 1]
                value = piece if value is None else node_hash(piece, value)
                position -= 1 << level
            left >>= 1
            level += 1
        assert value is not None  # ranges are never empty
        return value


def verify_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> None:
    """Raise ProofError unless `path` proves leaf hash `leaf` at `index` under `root` of `size` leaves."""
    if not 0 <= index < size:
        raise ProofError(f"leaf {index} is outside a tree of {size}")
    _check_hashes("inclusion proof", leaf, root, *path)
    position, last, value = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            raise ProofError("inclusion proof is longer than the tree is deep")
        if position & 1 or position == last:
            value = node_hash(sibling, value)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            value = node_hash(value, sibling)
        position, last = position >> 1, last >> 1
    if last or value != root:
        raise ProofError(f"inclusion proof of leaf {index} does not lead to the root of size {size}")


def verify_consistency(old: int, old_root: bytes, new: int, new_root: bytes, path: Sequence[bytes]) -> None:
    """Raise ProofError unless `path` proves that the tree of `new` leaves extends the tree of `old`."""
    if not 0 <= old <= new:
        raise ProofError(f"a tree of {new} leaves cannot extend one of {old}")
    _check_hashes("consistency proof", old_root, new_root, *path)
    if old in (0, new):
        if path or (old == 0 and old_root != EMPTY_ROOT) or (old == new and old_root != new_root):
            raise ProofError(f"trees of {old} and {new} leaves do not fit each other")
        return
    steps = [old_root, *path] if old & (old - 1) == 0 else list(path)
    if not steps:
        raise ProofError("consistency proof is empty")
    position, last = old - 1, new - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    old_value = new_value = steps[0]
    for sibling in steps[1:]:
        if last == 0:
            raise ProofError("consistency proof is longer than the tree is deep")
        if position & 1 or position == last:
            old_value, new_value = node_hash(sibling, old_value), node_hash(sibling, new_value)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            new_value = node_hash(new_value, sibling)
        position, last = position >> 1, last >> 1
    if last or old_value != old_root or new_value != new_root:
        raise ProofError(f"consistency proof from {old} to {new} leaves does not hold")


def _check_hashes(what: str, *hashes: bytes) -> None:
    """Lengths matter: a node's hash does not mark where its left half ends, so 31 + 33 bytes hash like 32 + 32."""
    for value in hashes:
        if len(value) != HASH_BYTES:
            raise ProofError(f"{what}: holds a hash of {len(value)} bytes, expected {HASH_BYTES}")


def _split(size: int) -> int:
    """The largest power of two below `size` (RFC 6962's k)."""
    return 1 << (size - 1).bit_length() - 1

"""Tiles (c2sp.org/tlog-tiles): 256 consecutive hashes of one height of the tree, as a file that never changes.

    tile/<level>/<index in zero-padded groups of three, all but the last after an x>      8,192 bytes

Level 0 holds leaf hashes; each hash at level l + 1 is the root of a full tile at level l. Full tiles only: they are
pure functions of entries, kept as caches (PROTOCOL rule 7): a wrong or missing one costs time and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hanse.errors import NoteError, ProofError
from hanse.ledger.merkle import HASH_BYTES, Tree, verify_inclusion

HEIGHT = 8
WIDTH = 1 << HEIGHT
TILE_BYTES = WIDTH * HASH_BYTES
LEVEL_MAX = 6
"""The highest level with a full tile in a tree of fewer than 2^63 leaves."""

_PATH = re.compile(r"tile/([0-6])/((?:x[0-9]{3}/){0,6})([0-9]{3})")


@dataclass(frozen=True, order=True)
class Tile:
    """Name of a full tile. Raises NoteError outside the tree's coordinates."""

    level: int
    index: int

    def __post_init__(self) -> None:
        if not 0 <= self.level <= LEVEL_MAX or not 0 <= self.index < 1 << 63 - HEIGHT * (self.level + 1):
            raise NoteError(f"tile: no level {self.level}, index {self.index} in a tree of fewer than 2^63 leaves")

    @property
    def start(self) -> int:
        """First leaf below the tile."""
        return self.index << HEIGHT * (self.level + 1)

    @property
    def stop(self) -> int:
        """First leaf after the tile."""
        return self.index + 1 << HEIGHT * (self.level + 1)

    def __str__(self) -> str:
        groups = [f"{self.index % 1000:03d}"]
        rest = self.index // 1000
        while rest:
            groups.insert(0, f"x{rest % 1000:03d}")
            rest //= 1000
        return f"tile/{self.level}/{'/'.join(groups)}"

    @classmethod
    def parse(cls, path: str) -> Tile:
        """Read what `str` prints, and nothing else: no partial tiles, no entry bundles. Raises NoteError."""
        match = _PATH.fullmatch(path)
        if match is None:
            raise NoteError(f"tile: {path[:80]!r} is not the path of a full tile, such as 'tile/0/x001/234'")
        tile = cls(int(match[1]), int(match[2].replace("x", "").replace("/", "") + match[3]))
        if str(tile) != path:
            raise NoteError(f"tile: {path[:80]!r} should be {str(tile)!r}")
        return tile


def full_tiles(size: int, since: int = 0) -> Iterator[Tile]:
    """Tiles that became full while the tree grew from `since` to `size` leaves, level by level."""
    for level in range(LEVEL_MAX + 1):
        shift = HEIGHT * (level + 1)
        if not size >> shift:
            return
        for index in range(since >> shift, size >> shift):
            yield Tile(level, index)


def tile_bytes(tree: Tree, tile: Tile) -> bytes:
    """The tile's file. Raises ProofError when the tree does not fill it yet."""
    first = tile.index * WIDTH
    return b"".join(tree.subtrees(HEIGHT * tile.level, first, first + WIDTH))


def tile_hashes(data: bytes) -> list[bytes]:
    """The 256 hashes of a tile's file. Raises ProofError unless it is 8,192 bytes."""
    if len(data) != TILE_BYTES:
        raise ProofError(f"tile of {len(data)} bytes: a full one has {TILE_BYTES}")
    return [data[at : at + HASH_BYTES] for at in range(0, TILE_BYTES, HASH_BYTES)]


def tile_root(data: bytes) -> bytes:
    """Hash of the complete subtree a tile spans: what the tile one level up holds in its place."""
    return Tree(tile_hashes(data)).root()


def tile_proof(tree: Tree, tile: Tile, size: int) -> list[bytes]:
    """Audit path of the tile's subtree in the tree of `size` leaves. Raises ProofError when it is not full there."""
    if tile.stop > size:
        raise ProofError(f"{tile} ends at leaf {tile.stop}: it is not full in a tree of {size}")
    return tree.inclusion_proof(tile.start, size)[HEIGHT * (tile.level + 1) :]


def verify_tile(tile: Tile, data: bytes, size: int, path: Sequence[bytes], root: bytes) -> None:
    """Raise ProofError unless the tile's file belongs under `root` of `size` leaves, by the path `tile_proof` gives.

    A reader of every level-0 tile needs no path: the root of the `Tree` of all their hashes and the leaves after them
    equals the tree head's, or one of them is wrong.
    """
    if tile.stop > size:
        raise ProofError(f"{tile} ends at leaf {tile.stop}: it is not full in a tree of {size}")
    span = 1 << HEIGHT * (tile.level + 1)
    try:  # above its complete subtrees of one height, a tree has the shape of a tree with those as leaves
        verify_inclusion(tile_root(data), tile.index, -(-size // span), path, root)
    except ProofError as error:
        raise ProofError(f"{tile} does not belong to the tree of {size} leaves: {error}") from error

"""Tiles: the spec's paths and its worked example, contents against the definition, wrong ones refused."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hanse.errors import NoteError, ProofError
from hanse.ledger.merkle import Tree, leaf_hash
from hanse.ledger.tiles import (
    LEVEL_MAX,
    TILE_BYTES,
    Tile,
    full_tiles,
    tile_bytes,
    tile_hashes,
    tile_proof,
    tile_root,
    verify_tile,
)

SIZE = 70_000  # the spec's example
TREE = Tree([leaf_hash(b"%d" % i) for i in range(SIZE)])
ROOT = TREE.root()


def test_paths_are_the_specs() -> None:
    assert str(Tile(0, 0)) == "tile/0/000"
    assert str(Tile(0, 999)) == "tile/0/999"
    assert str(Tile(1, 1000)) == "tile/1/x001/000"
    assert str(Tile(3, 1234067)) == "tile/3/x001/x234/067"


tiles = st.integers(0, LEVEL_MAX).flatmap(
    lambda level: st.builds(Tile, st.just(level), st.integers(0, (1 << 63 - 8 * (level + 1)) - 1))
)


@given(tiles)
def test_what_is_printed_is_parsed_to_the_same_tile(tile: Tile) -> None:
    assert Tile.parse(str(tile)) == tile


@given(tiles.map(str), st.integers(0, 30), st.sampled_from(["", "0", "x", "/", "x000/", "7", "٣"]))
def test_what_is_parsed_is_printed_to_the_same_path(path: str, at: int, piece: str) -> None:
    data = path[:at] + piece + path[at + 1 :]
    try:
        tile = Tile.parse(data)
    except NoteError:
        return
    assert str(tile) == data


@pytest.mark.parametrize("path", [
    "", "tile/0/0", "tile/0/0000", "tile/00/000", "tile/0/x000/001", "tile/0/001/x000", "tile/0/001/000",
    "tile/0/000.p/5", "tile/entries/000", "tile/7/000", "tile/-1/000", "/tile/0/000", "tile/0/000/", "tile/0/x001",
    "tile/6/x001/000", "tile/0/" + "x999/" * 6 + "999",
])  # fmt: skip
def test_other_paths_are_refused(path: str) -> None:
    with pytest.raises(NoteError):
        Tile.parse(path)


@pytest.mark.parametrize(("level", "index"), [(-1, 0), (7, 0), (0, -1), (0, 1 << 55), (6, 128)])
def test_tiles_outside_the_tree_cannot_be_named(level: int, index: int) -> None:
    with pytest.raises(NoteError):
        Tile(level, index)


def test_a_tree_of_70000_has_the_full_tiles_the_spec_counts() -> None:
    found = list(full_tiles(SIZE))
    assert [sum(tile.level == level for tile in found) for level in range(3)] == [273, 1, 0]
    assert all(tile.stop <= SIZE for tile in found)


@given(st.lists(st.integers(0, 200_000), min_size=1, max_size=6).map(sorted))
def test_tiles_of_a_growing_tree_come_once_each(sizes: list[int]) -> None:
    steps = [tile for old, new in pairwise([0, *sizes]) for tile in full_tiles(new, old)]
    assert sorted(steps) == sorted(full_tiles(sizes[-1]))
    assert len(set(steps)) == len(steps)


def test_each_hash_of_a_tile_is_the_root_of_what_it_stands_for() -> None:
    for index in (0, 1, 272):
        hashes = tile_hashes(tile_bytes(TREE, Tile(0, index)))
        assert hashes == [TREE.leaf(index * 256 + i) for i in range(256)]
    upper = tile_hashes(tile_bytes(TREE, Tile(1, 0)))
    assert upper == [tile_root(tile_bytes(TREE, Tile(0, i))) for i in range(256)]
    assert tile_root(tile_bytes(TREE, Tile(1, 0))) == TREE.root(65_536)


def test_tiles_are_the_same_whenever_they_are_written() -> None:
    early = Tree([TREE.leaf(i) for i in range(256)])
    assert tile_bytes(early, Tile(0, 0)) == tile_bytes(TREE, Tile(0, 0))
    with pytest.raises(ProofError):
        tile_bytes(early, Tile(0, 1))
    with pytest.raises(ProofError):
        tile_bytes(TREE, Tile(0, 273))


def test_every_tile_is_proved_under_any_head_that_fills_it_and_no_other() -> None:
    for size in (SIZE, 65_536, 65_537, 69_888):
        for tile in (Tile(0, 0), Tile(0, 1), Tile(0, 100), Tile(0, 255), Tile(1, 0)):
            path = tile_proof(TREE, tile, size)
            verify_tile(tile, tile_bytes(TREE, tile), size, path, TREE.root(size))
            if path:
                with pytest.raises(ProofError):
                    verify_tile(tile, tile_bytes(TREE, tile), size, path[1:], TREE.root(size))
    for size in (255, 511):
        with pytest.raises(ProofError, match="not full"):
            tile_proof(TREE, Tile(0, size // 256), size)
        with pytest.raises(ProofError, match="not full"):
            verify_tile(Tile(0, size // 256), bytes(TILE_BYTES), size, [], ROOT)


def test_every_changed_hash_of_a_tile_and_every_wrong_place_is_noticed() -> None:
    tile = Tile(0, 100)
    data, path = tile_bytes(TREE, tile), tile_proof(TREE, tile, SIZE)
    for at in range(0, TILE_BYTES, 32):
        bad = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
        with pytest.raises(ProofError, match="tile/0/100 does not belong"):
            verify_tile(tile, bad, SIZE, path, ROOT)
    for other in (Tile(0, 101), Tile(0, 99), Tile(1, 0)):
        with pytest.raises(ProofError):
            verify_tile(other, data, SIZE, path, ROOT)
    for wrong in (b"", data[:-1], data + b"0", data[:-32]):
        with pytest.raises(ProofError, match="8192"):
            verify_tile(tile, wrong, SIZE, path, ROOT)

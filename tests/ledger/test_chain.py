"""The chain: what the ledger itself voids, and leaves that never change."""

from __future__ import annotations

import pytest

from hanse.keys import SigningKey
from hanse.ledger import merkle
from hanse.ledger.chain import ENTRIES_PER_SLOT_MAX, Chain, Slot, parse_slot
from hanse.ledger.entry import NO_LOG, SLOT_BYTES_MAX, Entry, Seen, Statement, segment, signed
from hanse.ledger.merkle import EMPTY_ROOT

KEY = SigningKey("ada", b"a" * 32)


def entry(kind: str = "tick", log: str = NO_LOG, size: int = 0, root: bytes = EMPTY_ROOT, at: int = 0) -> Entry:
    return signed(Statement(kind, log, Seen(size, root), at, "ada", {}), [KEY])


GENESIS = entry("genesis")


@pytest.fixture
def chain() -> Chain:
    """Genesis and one tick."""
    made = Chain()
    for item in (GENESIS, entry(log=GENESIS.id)):
        assert made.refuse(item) == ""
        made.remember(item, 0)
        made.append(Slot.of(segment([item])))
    return made


def test_a_log_is_named_by_its_genesis_and_its_root_is_that_of_its_slots(chain: Chain) -> None:
    assert chain.genesis == GENESIS.id
    leaves = [merkle.leaf_hash(segment([item])) for item in (GENESIS, entry(log=GENESIS.id))]
    assert chain.tree.root() == merkle.node_hash(*leaves)


def test_what_the_ledger_voids_it_voids_with_a_reason(chain: Chain) -> None:
    root = chain.tree.root()
    reasons = {
        "misplaced: genesis is entry 0": entry("genesis", at=1),
        "foreign: ": entry(log="12" * 32),
        "duplicate: same payload as entry 1.0": entry(log=GENESIS.id),
        "false seen: claims 3 entries where 2 exist": entry(log=GENESIS.id, size=3, root=root),
        "false seen: root at size 2": entry(log=GENESIS.id, size=2, root=b"\1" * 32),
        "false seen: root at size 1": entry(log=GENESIS.id, size=1, root=root),
        "false seen: root at size 0": entry(log=GENESIS.id, size=0, root=root),
    }
    for reason, bad in reasons.items():
        assert chain.refuse(bad).startswith(reason)
    assert chain.refuse(entry(log=GENESIS.id, size=2, root=root)) == ""


def test_nothing_comes_before_genesis_and_genesis_has_seen_nothing() -> None:
    assert Chain().refuse(entry()).startswith("misplaced: the log starts with genesis")
    assert Chain().refuse(entry("genesis", log="12" * 32)).startswith("malformed: genesis names no log")
    assert Chain().refuse(entry("genesis", size=1)).startswith("malformed: genesis names no log")
    late = Chain()
    late.append(Slot.of(b"junk"))
    assert late.refuse(GENESIS).startswith("misplaced: genesis is entry 0")


def test_bad_lines_are_void_one_by_one_and_good_ones_beside_them_stand() -> None:
    good = entry(log=GENESIS.id)
    found = parse_slot(Slot.of(good.data + b"\n\n{}\n" + good.data + b"\n"))
    assert [item if isinstance(item, Entry) else item[:10] for item in found] == [good, "malformed:", "malformed:", good]


def test_a_slot_of_too_many_lines_or_bytes_is_void_as_a_whole() -> None:
    line = GENESIS.data + b"\n"
    assert len(parse_slot(Slot.of(b"x\n" * ENTRIES_PER_SLOT_MAX))) == ENTRIES_PER_SLOT_MAX
    assert parse_slot(Slot.of(b"x\n" * (ENTRIES_PER_SLOT_MAX + 1))) == ["malformed: segment of 65 entries, at most 64"]
    assert parse_slot(Slot.of(line + b"x" * SLOT_BYTES_MAX))[0] == f"oversized: {len(line) + SLOT_BYTES_MAX} bytes, at most 65535"
    assert len(parse_slot(Slot.of(b"x" * (SLOT_BYTES_MAX - 1) + b"\n"))) == 1


def test_an_oversized_slot_has_a_leaf_of_its_place_and_size_alone() -> None:
    big = Slot.of(b"x" * (SLOT_BYTES_MAX + 1))
    assert big.data is None
    assert big.leaf(4) == Slot(None, SLOT_BYTES_MAX + 1).leaf(4)
    assert len({big.leaf(4), big.leaf(5), Slot(None, SLOT_BYTES_MAX + 2).leaf(4)}) == 3
    assert Slot.of(b"x").leaf(4) == Slot.of(b"x").leaf(5) == merkle.leaf_hash(b"x")

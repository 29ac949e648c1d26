"""Names and records of a mirror: what is printed is what is read, and nothing else."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.hedge.mirror.made import COMMIT, FILES, NOW, PART, model, noise

from hanse import canonical
from hanse.errors import MalformedError
from hanse.hedge.mirror.layout import EMPTY, PARTS, Kept, Record, model_name, parts_of, read_part_name
from hanse.hedge.mirror.layout import FILES as RECORDS
from hanse.store.base import check_name


def record(size: int, step: int = PART) -> Record:
    data = noise(size)
    prefixes = tuple(hashlib.sha256(data[: (i + 1) * step]).hexdigest() for i in range(parts_of(size, step)))
    return Record(hashlib.sha256(data).hexdigest(), size, prefixes, step)


@given(st.integers(0, 5 * PART), st.sampled_from([PART, 1, 1000]))
def test_a_record_is_read_back_as_it_was_printed(size: int, step: int) -> None:
    made = record(min(size, 40) if step == 1 else size, step)
    assert Record.decode(made.sha256, made.encode()) == made
    assert sum(made.part_size(index) for index in range(len(made.prefixes))) == made.size
    for index in range(len(made.prefixes)):
        assert read_part_name(check_name(made.part(index))) == (made.sha256, index, made.prefixes[index])


@pytest.mark.parametrize(
    "change",
    [{"size": 3 * PART + 1}, {"size": -1}, {"size": True}, {"part_bytes": 0}, {"part_bytes": 65 << 20}, {"parts": []},
     {"parts": ["0" * 64] * 3}, {"parts": "x"}, {"parts": [1, 2, 3]}, {"more": 1}, {"size": None}],
)  # fmt: skip
def test_a_record_that_is_not_one_of_its_file_is_refused_by_name(change: dict[str, object]) -> None:
    made = record(3 * PART)
    value = canonical.decode(made.encode()) | change
    with pytest.raises(MalformedError, match=made.sha256):
        Record.decode(made.sha256, canonical.encode(value))


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'{"size":0}', b"\xff", b" " + record(10).encode()])
def test_bytes_that_are_no_record_are_refused(data: bytes) -> None:
    with pytest.raises(MalformedError, match=f"{RECORDS}{EMPTY}"):
        Record.decode(EMPTY, data)


def test_a_table_is_read_back_and_bound_to_its_name() -> None:
    made = Kept(model(), NOW)
    assert Kept.decode(made.name, made.encode()) == made
    other = model(name="other")
    with pytest.raises(MalformedError, match="not the one that its name says"):
        Kept.decode(model_name(other), made.encode())


def test_a_table_whose_model_was_edited_is_refused() -> None:
    made = Kept(model(), NOW)
    for old, new in ((b"org/tiny", b"org/evil"), (COMMIT.encode(), b"0" * 40), (b"apache-2.0", b"mit-is-a-lie")):
        assert old in made.encode()
        with pytest.raises(MalformedError, match=r"mirror/models/"):
            Kept.decode(made.name, made.encode().replace(old, new))


def test_two_models_of_one_name_have_tables_side_by_side_and_any_name_fits_a_store() -> None:
    first, second = model(), model(FILES | {"more": b"x"})
    assert model_name(first) != model_name(second)
    assert model_name(first).rpartition("/")[0] == model_name(second).rpartition("/")[0]
    assert check_name(model_name(model(name="x" * 200)))


@given(st.text(max_size=200))
def test_only_names_of_parts_are_read_as_such(name: str) -> None:
    assert read_part_name(name) is None or name.startswith(PARTS)

"""The head of GGUF files: what writers write is read, and nothing that is sent instead takes memory, time or the reader."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hanse.errors import LockError
from hanse.hedge.lock.gguf import HEAD_BYTES_MAX, Value, read_keys
from hanse.hedge.lock.take import gguf_card


def text(value: str, order: str = "<", count: str = "Q") -> bytes:
    data = value.encode()
    return struct.pack(f"{order}{count}", len(data)) + data


def head(keys: list[bytes], version: int = 3, order: str = "<", claimed: int | None = None) -> bytes:
    count = "I" if version == 1 else "Q"
    counts = struct.pack(f"{order}I{count}{count}", version, 0, len(keys) if claimed is None else claimed)
    return b"GGUF" + counts + b"".join(keys)


def key(name: str, kind: int, value: bytes, order: str = "<", count: str = "Q") -> bytes:
    return text(name, order, count) + struct.pack(f"{order}I", kind) + value


WORDS = struct.pack("<IQ", 8, 3) + text("a") + text("bc") + text("")
KEYS = [
    key("general.architecture", 8, text("llama")),
    key("general.quantized", 7, b"\x01"),
    key("llama.block_count", 4, struct.pack("<I", 30)),
    key("llama.big", 10, struct.pack("<Q", 2**63)),
    key("llama.negative", 5, struct.pack("<i", -7)),
    key("llama.rate", 6, struct.pack("<f", 0.5)),
    key("tokenizer.ggml.tokens", 9, WORDS),
    key("tokenizer.ggml.scores", 9, struct.pack("<IQ3f", 6, 3, 1, 2, 3)),
    key("nested", 9, struct.pack("<IQ", 9, 2) + WORDS + struct.pack("<IQ", 0, 1) + b"x"),
    key("general.license", 8, text("apache-2.0")),
]
SAID: dict[str, Value] = {
    "general.architecture": "llama", "general.quantized": True, "llama.block_count": 30, "llama.big": 2**63,
    "llama.negative": -7, "llama.rate": 0.5, "general.license": "apache-2.0",
}  # fmt: skip


def cut(data: bytes, size: int) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


@pytest.mark.parametrize("size", [1, 3, 64, 10_000])
def test_single_values_are_read_and_arrays_skipped_however_the_bytes_come(size: int) -> None:
    found = list(read_keys(cut(head(KEYS), size), "m.gguf"))
    assert {name: value for name, value in found if value is not None} == SAID
    assert [name for name, value in found if value is None] == [
        "tokenizer.ggml.tokens",
        "tokenizer.ggml.scores",
        "nested",
    ]


def test_older_versions_and_big_endian_files() -> None:
    first = head([key("general.license", 8, text("mit", count="I"), count="I")], version=1)
    assert dict(read_keys([first], "m")) == {"general.license": "mit"}
    turned = head([key("general.license", 8, text("mit", ">"), ">")], version=3, order=">")
    assert dict(read_keys([turned], "m")) == {"general.license": "mit"}


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "ends in the middle"),
        (b"GGML" + bytes(100), "does not begin with GGUF"),
        (b"GGUF" + struct.pack("<I", 9) + bytes(100), "version 9"),
        (head([], claimed=2**63), "keys, at most"),
        (head([], claimed=1), "ends in the middle"),
        (head([struct.pack("<Q", 2**62)]), "a text of 4611686018427387904 bytes"),
        (head([key("k", 8, struct.pack("<Q", 2**40))]), "a text of"),
        (head([key("k", 99, b"")]), "type 99"),
        (head([key("k", 9, struct.pack("<IQ", 8, 2**60))]), "an array of"),
        (head([key("k", 9, struct.pack("<IQ", 77, 1))]), "an array of type 77"),
        (head([key("k", 9, struct.pack("<IQ", 9, 1) * 6)]), "5 deep|4 deep"),
        (head([key("k", 9, struct.pack("<IQ", 8, 1) + struct.pack("<Q", 2**50))]), "its head is longer"),
        (head([key("k", 8, struct.pack("<Q", 2) + b"\xff\xfe")]), "not UTF-8"),
    ],
)
def test_what_is_no_gguf_is_refused_naming_the_file(data: bytes, expected: str) -> None:
    with pytest.raises(LockError, match=rf"model\.gguf: no GGUF that can be read: .*({expected})"):
        dict(read_keys([data], "model.gguf"))


def test_a_head_without_end_is_given_up() -> None:
    def endless() -> Iterator[bytes]:
        yield head([], claimed=1) + text("k") + struct.pack("<IIQ", 9, 8, 1 << 24)
        while True:
            yield struct.pack("<Q", 100_000) + bytes(100_000)

    with pytest.raises(LockError, match=f"longer than {HEAD_BYTES_MAX}"):
        dict(read_keys(endless(), "m"))


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_any_bytes_are_read_or_refused(data: st.DataObject) -> None:
    whole = bytearray(head(KEYS))
    for _ in range(data.draw(st.integers(1, 6))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    del whole[data.draw(st.integers(4, len(whole))) :]
    try:
        found = dict(read_keys(cut(bytes(whole), 50), "m"))
    except LockError:
        return
    assert all(value is None or isinstance(value, str | int | float) for value in found.values())


def test_license_and_base_are_taken_from_general_keys() -> None:
    said: dict[str, Value] = {
        "general.license": "other", "general.license.name": "gemma", "general.base_model.count": 3,
        "general.base_model.0.repo_url": "https://huggingface.co/org/base", "general.base_model.0.name": "Base",
        "general.base_model.1.name": "Elsewhere\x1b[31m", "general.base_model.2.repo_url": "https://example.org/x",
    }  # fmt: skip
    card = gguf_card(said)
    assert (card.license, card.base, len(card.notes)) == ("gemma", ("org/base",), 2)
    assert "\x1b" not in "".join(card.notes)
    assert gguf_card({"general.base_model.count": 2**60, "general.license": "a\nb"}).license == ""
    assert gguf_card({"general.base_model.count": "many"}).base == ()

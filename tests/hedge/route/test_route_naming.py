"""One name for another, and not a byte besides."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from hanse.hedge.route.naming import Lines, renamed, renamed_event

KEYS = st.sampled_from(["model", "x", 'a"model', "choices", "\\", "mod\u00e9l"])
LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=6) | st.sampled_from(["old", '"model": "old"', "{[", "model"])
VALUES: st.SearchStrategy[Any] = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=12
)
DOCUMENTS = st.dictionaries(KEYS, VALUES, max_size=4)
SPACES = st.sampled_from([(",", ":"), (", ", ": "), (" ,\n", " :\t")])


@given(DOCUMENTS, st.text(max_size=8), SPACES, st.booleans())
def test_the_outermost_name_alone_changes(document: dict[str, Any], name: str, spaces: tuple[str, str], ascii_: bool) -> None:
    data = json.dumps(document, separators=spaces, ensure_ascii=ascii_).encode("utf-8", "surrogatepass")
    made = renamed(data, document, name)
    if not isinstance(document.get("model"), str):
        assert made == data
        return
    assert json.loads(made) == document | {"model": name}
    old = json.dumps(document["model"], ensure_ascii=ascii_).encode("utf-8", "surrogatepass")
    grown = 0 if document["model"] == name else len(json.dumps(name)) - len(old)
    assert len(made) == len(data) + grown


def test_odd_but_lawful_json() -> None:
    for data, after in (
        (b'{"model" :\n "a" , "n": 1.0e+2}', b'{"model" :\n "b" , "n": 1.0e+2}'),
        (b'{"model":"x","model":"a"}', b'{"model":"b","model":"b"}'),
        (b'{"mod\\u0065l":"a","y":{"model":"z"}}', b'{"mod\\u0065l":"b","y":{"model":"z"}}'),
        (b'{"y":{"model":"a"},"model":"a"}', b'{"y":{"model":"a"},"model":"b"}'),
        (b'["model","a"]', b'["model","a"]'),
    ):
        assert renamed(data, json.loads(data), "b") == after


@given(st.lists(DOCUMENTS, max_size=4), st.lists(st.integers(0, 400), max_size=6), st.sampled_from(["\n", "\r\n"]))
def test_a_stream_is_the_same_however_it_is_cut(documents: list[dict[str, Any]], cuts: list[int], end: str) -> None:
    lines = [f"data: {json.dumps(document)}{end}{end}" for document in documents]
    data = (f": a remark{end}" + "".join(lines) + f"data: [DONE]{end}{end}data: cut \u20ac").encode()
    expected = f": a remark{end}".encode()
    for document in documents:
        expected += b"data: " + renamed(json.dumps(document).encode(), document, "b") + f"{end}{end}".encode()
    expected += f"data: [DONE]{end}{end}data: cut \u20ac".encode()
    reader, got, at = Lines("b"), b"", 0
    for cut in sorted(cuts):
        got += reader.feed(data[at:cut])
        at = max(at, cut)
    assert got + reader.feed(data[at:]) + reader.end() == expected


@given(DOCUMENTS, DOCUMENTS, st.text(max_size=8), SPACES)
def test_of_an_event_the_name_in_its_response_changes_too(
    document: dict[str, Any], inner: dict[str, Any], name: str, spaces: tuple[str, str]
) -> None:
    event = document | {"response": inner}
    data = json.dumps(event, separators=spaces).encode()
    expected = event | {"response": dict(inner)}
    for table in (expected, expected["response"]):
        if isinstance(table.get("model"), str):
            table["model"] = name
    made = renamed_event(data, event, name)
    assert json.loads(made) == expected
    assert renamed_event(made, expected, name) == made


def test_a_whole_line_never_waits_for_the_next() -> None:
    reader = Lines("b")
    assert reader.feed(b'data: {"model": "a"}\n') == b'data: {"model": "b"}\n'
    assert reader.feed(b"\nda") == b"\n"
    assert reader.end() == b"da"

"""Canonical JSON: one value, one spelling, both ways; everything else is refused, whatever it is."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
import rfc8785
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hanse import canonical
from hanse.errors import CanonicalError

INTEGER_MAX = 2**53 - 1
keys = st.text(st.characters(max_codepoint=0x7F), max_size=8)
strings = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
scalars = st.none() | st.booleans() | st.integers(-INTEGER_MAX, INTEGER_MAX) | strings
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4), max_leaves=20)


def nested(depth: int) -> Any:
    """Arrays and objects in turns, `depth` of them inside each other."""
    value: Any = 0
    for level in range(depth):
        value = [value] if level % 2 else {"a": value}
    return value


@settings(deadline=None)
@given(values)
def test_what_is_encoded_is_decoded_to_the_same_value(value: Any) -> None:
    assert canonical.decode(canonical.encode(value)) == value


@settings(deadline=None)
@given(values)
def test_an_independent_implementation_of_rfc_8785_prints_the_same_bytes(value: Any) -> None:
    assert canonical.encode(value) == rfc8785.dumps(value)


@settings(deadline=None)
@given(values)
def test_the_digest_is_that_of_the_canonical_bytes(value: Any) -> None:
    assert canonical.digest(value) == hashlib.sha256(rfc8785.dumps(value)).hexdigest()


def check_one_spelling(data: bytes) -> None:
    """Either refused, or the very bytes its value is printed as, which a second JSON reader reads the same."""
    try:
        value = canonical.decode(data)
    except CanonicalError:
        return
    assert canonical.encode(value) == data == rfc8785.dumps(value)
    assert json.loads(data) == value


@settings(deadline=None)
@given(st.binary(max_size=40))
@example(b"")
@example(b"0")
def test_arbitrary_bytes_are_refused_or_are_the_one_spelling(data: bytes) -> None:
    check_one_spelling(data)


WORDS = ("null", "true", "false", "NaN", "Infinity", "\\u00e9", "\\ud800", "é", "\ufeff", '"a":')
pieces = st.sampled_from([*'[]{}",:0123456789.eE+-aZ\\/ \n\t\x00\x7f', *WORDS])


@settings(max_examples=400, deadline=None)
@given(st.lists(pieces, max_size=14).map("".join))
@example('"\\/"')
@example('"\\u000a"')
@example('"\\u00E9"')
@example('{"a":1,"a":1}')
def test_what_looks_like_json_is_refused_or_is_the_one_spelling(text: str) -> None:
    check_one_spelling(text.encode())


@settings(max_examples=300, deadline=None)
@given(values.map(canonical.encode), st.integers(0, 200), st.integers(0, 2), pieces)
def test_a_changed_encoding_is_refused_or_is_the_one_spelling(data: bytes, at: int, cut: int, piece: str) -> None:
    check_one_spelling(data[:at] + piece.encode() + data[at + cut :])


REFUSED = {
    "duplicate keys": b'{"a":1,"a":1}',
    "duplicate keys that differ": b'{"a":1,"a":2}',
    "not a number": b"NaN",
    "infinity": b"[Infinity]",
    "negative infinity": b"-Infinity",
    "a number beyond every float": b"1e400",
    "an integer spelled as a float": b"1.0",
    "an integer spelled with an exponent": b"1e2",
    "a fraction": b"0.5",
    "negative zero": b"-0",
    "a leading zero": b"01",
    "a plus sign": b"+1",
    "an integer just too large": b"9007199254740992",
    "an integer just too small": b"[-9007199254740992]",
    "an integer of 5,000 digits": b"9" * 5000,
    "100,000 open brackets": b"[" * 100_000,
    "100,000 nested arrays": b"[" * 100_000 + b"]" * 100_000,
    "100,000 nested objects": b'{"a":' * 100_000 + b"0" + b"}" * 100_000,
    "a lone high surrogate": b'"\\ud800"',
    "a lone low surrogate": b'["\\udfff"]',
    "a surrogate as bytes": b'"\xed\xa0\x80"',
    "a surrogate in a key": b'{"\\ud800":1}',
    "a pair of surrogates, escaped": b'"\\ud83d\\ude00"',
    "a byte order mark": b"\xef\xbb\xbf1",
    "UTF-16": '"a"'.encode("utf-16"),
    "an overlong encoding": b'"\xc0\xaf"',
    "white space before": b" 1",
    "white space after": b"1\n",
    "white space within": b'{"a": 1}',
    "a key that is not ASCII": '{"é":1}'.encode(),
    "a key that is not ASCII, escaped": b'{"\\u00e9":1}',
    "keys that are not sorted": b'{"b":1,"a":1}',
    "a letter escaped": b'"\\u0061"',
    "a slash escaped": b'"\\/"',
    "upper-case hex digits": b'"\\u001F"',
    "a raw control character": b'"\x01"',
    "a trailing comma": b"[1,]",
    "two values": b"1 2",
    "a comment": b"1//",
    "single quotes": b"'a'",
    "nothing": b"",
    "half a string": b'"a',
}


@pytest.mark.parametrize("name", REFUSED)
def test_bytes_with_a_second_spelling_or_without_a_value_are_refused(name: str) -> None:
    with pytest.raises(CanonicalError):
        canonical.decode(REFUSED[name])


@pytest.mark.parametrize("value", [INTEGER_MAX, -INTEGER_MAX, 0, True, None, "", "\x00\x1f\x7f\u2028é😀", {"": {}}, nested(16)])
def test_the_edges_of_the_subset_are_inside_it(value: Any) -> None:
    assert canonical.decode(canonical.encode(value)) == value


OUTSIDE = {
    "an integer too large": INTEGER_MAX + 1,
    "an integer too small": [-INTEGER_MAX - 1],
    "an integer that Python will not even print": 10**5000,
    "a float": 1.0,
    "not a number": {"a": float("nan")},
    "bytes": b"a",
    "a set": {1, 2},
    "any object": object(),
    "a key that is a number": {1: 2},
    "a key that is not ASCII": {"é": 1},
    "no key": {"a": {None: 1}},
    "a lone surrogate": "\ud800",
    "a lone surrogate within": ["\udfff"],
    "a lone surrogate in a key": {"\ud800": 1},
    "depth 17": nested(17),
}


@pytest.mark.parametrize("name", OUTSIDE)
def test_a_value_outside_the_subset_is_not_encoded(name: str) -> None:
    with pytest.raises(CanonicalError):
        canonical.encode(OUTSIDE[name])


def test_depth_17_is_refused_and_brackets_in_a_string_are_no_depth() -> None:
    with pytest.raises(CanonicalError, match="nested deeper than 16"):
        canonical.decode(rfc8785.dumps(nested(17)))
    text = '[{"\\' * 1000
    assert canonical.decode(canonical.encode({"a": text, "b": ["]" * 99, text]})) == {"a": text, "b": ["]" * 99, text]}


def test_a_value_that_contains_itself_is_refused() -> None:
    value: list[Any] = []
    value.append(value)
    with pytest.raises(CanonicalError, match="nested deeper than 16"):
        canonical.encode(value)

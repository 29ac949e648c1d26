"""Recorded answers and prices: what is read, what is refused."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from hanse.errors import InputError
from hanse.hedge.engine.base import Answer, Question
from hanse.hedge.engine.fixed import read_answers
from hanse.hedge.engine.price import parse_price


def test_an_answer_is_the_recorded_one(tmp_path: Path) -> None:
    path = tmp_path / "old.jsonl"
    path.write_text('{"id": "a", "text": "Paris", "tokens_in": 7, "tokens_out": 1, "seconds": 0.25}\n{"id": "b", "text": ""}\n')
    engine = read_answers(path)
    assert engine.answer(Question("a", "?"), 0) == Answer("Paris", 7, 1, 0.25, 0.25, False)
    assert engine.answer(Question("b", "?"), 1).text == ""
    with pytest.raises(InputError, match=r"old\.jsonl: no answer to item c"):
        engine.answer(Question("c", "?"), 0)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("{", ":1: not JSON"),
        ("[" * 100_000, ":1: not JSON"),
        ("[]", ":1: expected an object"),
        ('{"id": "a"}', ":1: expected an object"),
        ('{"id": "a", "text": "x", "more": 1}', ":1: expected an object"),
        ('{"id": "a", "text": 1}', ":1: text is 1, expected str"),
        ('{"id": "a", "text": "x", "tokens_in": true}', ":1: tokens_in is True"),
        ('{"id": "a", "text": "x", "seconds": NaN}', ":1: seconds is nan"),
        ('{"id": "a", "text": "x", "seconds": -1}', ":1: seconds is -1"),
        ('{"id": "a", "text": "x"}\n{"id": "a", "text": "y"}', ":2: id a stands there twice"),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "a.jsonl").write_text(text)
    with pytest.raises(InputError) as caught:
        read_answers(tmp_path / "a.jsonl")
    assert said in str(caught.value)


def test_a_price_is_exact() -> None:
    answer = Answer("", 1_000_000, 2_000_000, 1800.0, 0.0, False)
    assert parse_price("0.1:0.2").of(answer) == Fraction(1, 2)
    assert parse_price("0.40/h").of(answer) == Fraction(1, 5)


@pytest.mark.parametrize("text", ["", "3", "3:", ":3", "-1:2", "3:15/h", "1e9:2", "nan:nan", "3/h/h"])
def test_what_is_no_price_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="expected 3:15"):
        parse_price(text)

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hanse.errors import CorpusError
from hanse.lm.text import Document, documents


def test_a_folder_is_read_in_a_stable_order_whatever_its_files_are(tmp_path: Path) -> None:
    import pyarrow as arrow
    from pyarrow import parquet

    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "two.MD").write_text("second")
    (tmp_path / "a.txt").write_text("first ünï")
    (tmp_path / ".hidden.txt").write_text("no")
    (tmp_path / "empty.txt").write_text(" \n")
    (tmp_path / "photo.png").write_bytes(b"\x89PNG")
    (tmp_path / "c.jsonl").write_text('{"text": "third", "id": "x"}\n\n{"text": "fourth"}\n{"text": " "}\n')
    parquet.write_table(arrow.table({"text": ["fifth", None, " "]}), tmp_path / "d.parquet")
    assert list(documents(tmp_path)) == [
        Document("a.txt", "first ünï"),
        Document("b/two.MD", "second"),
        Document("c.jsonl:x", "third"),
        Document("c.jsonl:3", "fourth"),
        Document("d.parquet:1", "fifth"),
    ]


def test_a_pattern_stands_for_what_it_matches(tmp_path: Path) -> None:
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "deep" / "er" / "one.txt").write_text("1")
    (tmp_path / "deep" / "two.txt").write_text("2")
    assert [d.text for d in documents(tmp_path / "deep" / "**" / "*.txt")] == ["1", "2"]
    with pytest.raises(CorpusError, match="matches no file"):
        list(documents(tmp_path / "*.nothing"))


def test_a_datasets_folder_is_read(tmp_path: Path) -> None:
    import datasets

    whole: Any = datasets.Dataset.from_dict({"body": ["one", "", "two"]})
    whole.save_to_disk(str(tmp_path / "saved"))
    assert [d.text for d in documents(tmp_path / "saved", "body")] == ["one", "two"]
    with pytest.raises(CorpusError, match=r"no column 'text', only body; set `text_field`"):
        list(documents(tmp_path / "saved"))
    (tmp_path / "fake").mkdir()
    (tmp_path / "fake" / "dataset_info.json").write_text("{}")
    with pytest.raises(CorpusError, match=r"fake: not a folder that `datasets` saved"):
        list(documents(tmp_path / "fake"))


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{", r"a\.jsonl:2: not JSON"),
        ("[" * 100_000, r"a\.jsonl:2: not JSON"),
        ('{"text": 1}', r"a\.jsonl:2: expected an object with a string 'text'; set `text_field`"),
        ('"text"', r"a\.jsonl:2: expected an object"),
        ('{"text": "\\ud800"}', r"a\.jsonl:2: 'text' holds a lone surrogate"),
    ],
)
def test_a_broken_line_is_named(tmp_path: Path, line: str, words: str) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps({"text": "fine"}) + "\n" + line + "\n")
    with pytest.raises(CorpusError, match=words):
        list(documents(path))


def test_broken_files_are_named_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "latin.txt").write_bytes(b"caf\xe9")
    with pytest.raises(CorpusError, match=r"latin\.txt: byte 3 is not UTF-8; convert"):
        list(documents(tmp_path))
    (tmp_path / "bad.jsonl").write_bytes(b'{"text": "caf\xe9"}\n')
    with pytest.raises(CorpusError, match=r"bad\.jsonl: not UTF-8"):
        list(documents(tmp_path / "bad.jsonl"))
    (tmp_path / "bad.parquet").write_bytes(b"PAR2")
    with pytest.raises(CorpusError, match=r"bad\.parquet: not Parquet"):
        list(documents(tmp_path / "bad.parquet"))
    with pytest.raises(CorpusError, match="no such file"):
        list(documents(tmp_path / "nowhere"))
    (tmp_path / "none").mkdir()
    with pytest.raises(CorpusError, match=r"none: no \.jsonl"):
        list(documents(tmp_path / "none"))


def test_a_parquet_column_that_is_not_there_is_named(tmp_path: Path) -> None:
    import pyarrow as arrow
    from pyarrow import parquet

    parquet.write_table(arrow.table({"body": ["x"]}), tmp_path / "a.parquet")
    with pytest.raises(CorpusError, match=r"no column 'text', only body"):
        list(documents(tmp_path / "a.parquet"))

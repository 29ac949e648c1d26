from __future__ import annotations

from pathlib import Path

import pytest

from hanse.errors import ConfigError
from hanse.lm.config import load_config

EXAMPLES = sorted((Path(__file__).parents[2] / "examples" / "lm").glob("*.toml"))
TEXT = '[[text]]\ndomain = "notes"\npath = "notes"\n'


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_the_examples_are_read(path: Path) -> None:
    config = load_config(path)
    assert config.text
    assert config.folder_path.parent == path.parent


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 2


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("folder = 'x'\nfolder = 'y'\n", r"c\.toml: not TOML: .*line 2"),
        ("", r"c\.toml: text: Field required"),
        ("text = []", r"c\.toml: text: "),
        (TEXT + "[train]\nlearning_rat = '1'", r"c\.toml: train\.learning_rat: no such key"),
        (TEXT + "[train]\nlearning_rate = 0.003", r'c\.toml: train\.learning_rate: .*"0.003" in quotes'),
        (TEXT + "[train]\nlearning_rate = '3e-3'", r"c\.toml: train\.learning_rate: .*plain decimal"),
        (TEXT + "[train]\nprecision = 'fp8'", r"c\.toml: train\.precision: "),
        (TEXT + TEXT, r"c\.toml: the file: text: two tables have one domain"),
        ('[[text]]\ndomain = "No Te"\npath = "n"', r"c\.toml: text\.0\.domain: "),
        ("base = 'b'\n" + TEXT, r"\[model\.base\] table go together"),
        ("tokenizer_file = 't.json'\n" + TEXT, r"tokenizer_file: goes together"),
        ("total_steps = 0\n" + TEXT, r"c\.toml: total_steps: "),
        ("source = 'x'\n" + TEXT, r"c\.toml: source: no such key"),
    ],
)
def test_a_wrong_file_is_one_clear_error_naming_file_and_key(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "c.toml").write_text(text)
    with pytest.raises(ConfigError, match=words):
        load_config(tmp_path / "c.toml")


def test_a_missing_file_and_bytes_that_are_no_text_are_clear_errors(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.toml: No such file"):
        load_config(tmp_path / "none.toml")
    (tmp_path / "c.toml").write_bytes(b"\xff")
    with pytest.raises(ConfigError, match="not TOML"):
        load_config(tmp_path / "c.toml")


def test_identity_covers_what_changes_weights_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(TEXT)
    (tmp_path / "b.toml").write_text("threads = 2\ncheckpoint_steps = 5\nfolder = 'x'\n" + TEXT)
    (tmp_path / "c.toml").write_text(TEXT + "[train]\nclip = '2'\n")
    one, same, other = (load_config(tmp_path / f"{name}.toml").identity() for name in "abc")
    assert one == same
    assert {name for name in one if one[name] != other[name]} == {"train"}

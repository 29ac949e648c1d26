"""SITE.toml: bad values are named, what is written is read back, and a failed write changes nothing."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hanse.errors import ConfigError, InputError
from hanse.run.settings import SiteConfig, load_site, write_site

LOG = "ab" * 32
GOOD: dict[str, Any] = {
    "store": "bucket", "log": LOG, "member": "ada", "site": "site-1", "key": "site/site.pem", "folder": "site", "text": ["texts"],
}  # fmt: skip


def test_every_field_is_documented() -> None:
    for name, field in SiteConfig.model_fields.items():
        assert field.description, name


def test_paths_are_relative_to_the_file_and_urls_are_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "sites" / "SITE.toml"
    path.parent.mkdir()
    write_site(path, GOOD | {"base": "base", "tokenizer": "/abs/tokenizer.json"})
    site = load_site(path)
    assert site.root == path.parent
    assert site.folder_path == path.parent / "site"
    assert site.key_path == path.parent / "site" / "site.pem"
    assert site.text_paths == (path.parent / "texts",)
    assert site.base_path == path.parent / "base"
    assert site.tokenizer_path == Path("/abs/tokenizer.json")
    assert site.store_url == str(path.parent / "bucket")
    for url in ("s3://bucket/run", "file:///srv/bucket"):
        write_site(path, GOOD | {"store": url})
        assert load_site(path).store_url == url
    assert load_site(path).base_path is None
    assert load_site(path).tokenizer_path is None


def test_one_text_need_not_be_a_list(tmp_path: Path) -> None:
    write_site(tmp_path / "SITE.toml", GOOD | {"text": "texts"})
    assert load_site(tmp_path / "SITE.toml").text == ("texts",)


INTEGERS = "Input should be greater than or equal to"
BAD: dict[str, tuple[dict[str, Any], str]] = {
    "no store": ({"store": ""}, "store: String should have at least 1 character"),
    "a store that is a number": ({"store": 1}, "store: Input should be a valid string"),
    "a log cut short": ({"log": LOG[:-1]}, "log: log '"),
    "a log in upper case": ({"log": LOG.upper()}, "log: log '"),
    "no log": ({"log": ""}, "log: log '': expected 64 lower-case hex digits, as `hanse found publish` prints them"),
    "a member in upper case": ({"member": "Ada"}, "member: String should match pattern"),
    "a member with a line end": ({"member": "ada\n"}, "member: String should match pattern"),
    "no site": ({"site": ""}, "site: String should have at least 1 character"),
    "a long site": ({"site": "s" * 61}, "site: String should have at most 60 characters"),
    "no key": ({"key": ""}, "key: String should have at least 1 character"),
    "a key with a null character": ({"key": "a\0b"}, "key: expected a path: not empty, without a null character"),
    "no folder": ({"folder": ""}, "folder: String should have at least 1 character"),
    "a folder with a null character": ({"folder": "a\0b"}, "folder: expected a path"),
    "no text": ({"text": []}, "text: expected a path: not empty"),
    "an empty text": ({"text": ["texts", ""]}, "text: expected a path"),
    "a text that is a number": ({"text": [1]}, "text.0: Input should be a valid string"),
    "no column": ({"text_field": ""}, "text_field: String should have at least 1 character"),
    "a base with a null character": ({"base": "\0"}, "base: expected a path"),
    "a tokenizer with a null character": ({"tokenizer": "\0"}, "tokenizer: expected a path"),
    "a misspelt device": ({"device": "cdua"}, "device: String should match pattern '^(auto|cpu|mps|cuda"),
    "negative threads": ({"threads": -1}, f"threads: {INTEGERS} 0"),
    "too many threads": ({"threads": 1025}, "threads: Input should be less than or equal to 1024"),
    "threads in quotes": ({"threads": "2"}, "threads: Input should be a valid integer"),
    "a negative pause": ({"poll_seconds": -1}, f"poll_seconds: {INTEGERS} 0"),
    "a pause of a day": ({"poll_seconds": 86_400}, "poll_seconds: Input should be less than or equal to 3600"),
    "no patience": ({"missing_seconds": 0}, f"missing_seconds: {INTEGERS} 1"),
    "negative rounds kept": ({"keep_rounds": -1}, f"keep_rounds: {INTEGERS} 0"),
    "a negative branch": ({"branch_round": -1}, f"branch_round: {INTEGERS} 0"),
    "fsync in quotes": ({"fsync": "no"}, "fsync: Input should be a valid boolean"),
    "an unknown tracker": ({"tracker": "mlflow"}, "tracker: Input should be '', 'trackio', 'wandb' or 'tensorboard'"),
    "a source": ({"source": "x"}, "source: unknown key; remove it or correct its spelling"),
    "a misspelt key": ({"thread": 1}, "thread: unknown key; did you mean threads?"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_bad_value_is_an_error_that_names_file_and_key(name: str, tmp_path: Path) -> None:
    changes, words = BAD[name]
    path = tmp_path / "SITE.toml"
    path.write_text("".join(f"{key} = {toml(value)}\n" for key, value in (GOOD | changes).items()))
    with pytest.raises(ConfigError) as caught:
        load_site(path)
    assert str(caught.value).startswith(f"{path}: {words}")
    assert "\n" not in str(caught.value)


def toml(value: Any) -> str:
    """A value as TOML, independent of the product's writer."""
    if isinstance(value, list):
        return "[" + ", ".join(toml(item) for item in value) + "]"
    if isinstance(value, str):
        return '"' + "".join(c if c.isalnum() or c in " -_./" else f"\\U{ord(c):08x}" for c in value) + '"'
    return str(value).lower()


def test_every_key_has_a_bad_value_above() -> None:
    assert {words.split(":")[0].split(".")[0] for _, words in BAD.values()} - {"thread"} == set(SiteConfig.model_fields)


@pytest.mark.parametrize("key", GOOD)
def test_a_missing_key_is_named(key: str, tmp_path: Path) -> None:
    path = tmp_path / "SITE.toml"
    path.write_text("".join(f"{name} = {toml(value)}\n" for name, value in GOOD.items() if name != key))
    with pytest.raises(ConfigError, match=rf"SITE\.toml: {key}: missing; add it"):
        load_site(path)


def test_a_file_that_is_missing_or_no_toml_is_a_site_files_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.toml: cannot read: No such file"):
        load_site(tmp_path / "none.toml")
    (tmp_path / "SITE.toml").write_text("store = bucket\n")
    with pytest.raises(ConfigError, match=r"SITE\.toml: not TOML: .*line 1"):
        load_site(tmp_path / "SITE.toml")


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=20)


@settings(deadline=None)
@given(st.fixed_dictionaries({
    "store": texts, "key": texts, "folder": texts, "site": texts, "text": st.lists(texts, min_size=1, max_size=3),
    "fsync": st.booleans(), "threads": st.integers(0, 1024),
}))  # fmt: skip
def test_what_is_written_is_read_back(changes: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "SITE.toml"
        write_site(path, GOOD | changes)
        read = load_site(path).model_dump()
        assert {name: read[name] for name in changes} == changes | {"text": tuple(changes["text"])}
        assert [item.name for item in Path(folder).iterdir()] == ["SITE.toml"]


@pytest.mark.parametrize("changes", [{"log": "x"}, {"text": []}, {"nonsense": 1}, {"folder": "\udcff"}])
def test_settings_that_would_not_be_read_back_replace_nothing(changes: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "SITE.toml"
    write_site(path, GOOD)
    before = path.read_bytes()
    with pytest.raises(ConfigError, match=r"SITE\.toml: "):
        write_site(path, GOOD | changes)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_place_where_no_file_can_stand_is_named(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("")
    for path, reason in (("none/SITE.toml", "No such file"), ("folder", "Is a directory"), ("file/SITE.toml", "Not a directory")):
        with pytest.raises(InputError, match=f"{path}: cannot write: {reason}"):
            write_site(tmp_path / path, GOOD)
    assert sorted(item.name for item in tmp_path.iterdir()) == ["file", "folder"]

"""models.lock as text: read back equal both ways, one spelling, small diffs, and a message for everything it is not."""

from __future__ import annotations

import difflib
import string
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.hedge.lock.small import FILES, model

from hanse.errors import LockError
from hanse.hedge.lock.schema import (
    Lock,
    LockedFile,
    LockedLicense,
    LockedModel,
    check_path,
    check_paths,
    edited,
    load_lock,
    parse_lock,
    print_lock,
    read_lock,
)

digests = st.text("0123456789abcdef", min_size=64, max_size=64)
maybe = st.just("") | digests


def good_path(path: str) -> bool:
    try:
        check_path(path)
    except ValueError:
        return False
    return True


def good_paths(paths: list[str]) -> bool:
    try:
        check_paths(paths)
    except ValueError:
        return False
    return True


segments = st.text(string.ascii_letters + string.digits + "._- äé中'", min_size=1, max_size=12)
paths = st.lists(segments, min_size=1, max_size=3).map("/".join).filter(good_path)
lines = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp", "Cf")), max_size=30)
bases = st.from_regex(r"[^\s,\x00-\x20]{1,30}", fullmatch=True).filter(str.isprintable)
names = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,30}", fullmatch=True)


@st.composite
def models(draw: st.DrawFn) -> LockedModel:
    found = draw(st.lists(paths, min_size=1, max_size=6, unique=True).filter(good_paths))
    sizes = st.integers(0, 2**53 - 1)
    return LockedModel(
        name=draw(names),
        repository=draw(lines),
        revision=draw(lines),
        locked=draw(st.dates().map(str)),
        gated=draw(st.booleans()),
        base=tuple(draw(st.lists(bases, max_size=3))),
        relation=draw(st.sampled_from(["", "finetune", "adapter", "merge", "quantized"])),
        tokenizer=draw(maybe),
        statement=draw(maybe),
        sources=tuple(draw(st.lists(lines, max_size=3))),
        license=LockedLicense(id=draw(lines), path=draw(lines), sha256=draw(maybe)),
        file=tuple(LockedFile(path=path, sha256=draw(digests), size=draw(sizes)) for path in sorted(found)),
    ).sealed()


locks = st.lists(models(), max_size=3, unique_by=lambda item: item.name).map(
    lambda found: Lock(model=tuple(sorted(found, key=lambda item: item.name)))
)


@settings(max_examples=60, deadline=None)
@given(locks)
def test_what_is_printed_is_read_back_equal_and_printed_the_same(lock: Lock) -> None:
    text = print_lock(lock)
    assert parse_lock(text, "models.lock") == lock
    assert print_lock(parse_lock(text, "models.lock")) == text


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=200) | st.text('[]{}="\\n.,0123456789abmodel \n', max_size=200))
def test_any_other_text_is_refused_as_a_lock_error_or_is_a_lock(text: str) -> None:
    try:
        lock = parse_lock(text, "models.lock")
    except LockError as error:
        said = str(error)
    else:
        said = "models.lock: " if lock.model == () else "a model out of nothing"
    assert said.startswith("models.lock: ")


def test_the_order_of_models_and_files_does_not_depend_on_the_order_they_came_in() -> None:
    one, two = model("alpha"), model("beta")
    assert print_lock(Lock().replaced(one).replaced(two)) == print_lock(Lock().replaced(two).replaced(one))
    text = print_lock(Lock().replaced(two).replaced(one))
    assert text.index('name = "alpha"') < text.index('name = "beta"')


def test_a_lock_out_of_order_is_refused() -> None:
    text = print_lock(Lock().replaced(model("alpha")).replaced(model("beta")))
    head, first, second = text.partition("[[model]]")[0], *text.split("[[model]]\n")[1:]
    with pytest.raises(LockError, match="models stand in order of name"):
        parse_lock(f"{head}[[model]]\n{second}\n[[model]]\n{first}", "models.lock")


def test_one_more_file_changes_its_own_lines_and_the_entry() -> None:
    before = print_lock(Lock().replaced(model("a")).replaced(model("b")))
    after = print_lock(Lock().replaced(model("a", {**FILES, "extra.txt": b"new"})).replaced(model("b")))
    diff = [
        line for line in difflib.ndiff(before.splitlines(), after.splitlines()) if line[0] in "+-" and line[2:].strip()
    ]
    assert [line[2:].partition(" = ")[0] for line in diff if line[0] == "-"] == ["entry"]
    added = [line[2:].partition(" = ")[0] for line in diff if line[0] == "+"]
    assert sorted(added) == ["[[model.file]]", "entry", "path", "sha256", "size"]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("size = 22", "size = 22.0", "config.json: size: a number with a point"),
        ("size = 22", "size = -1", "m: file: config.json: size: "),
        ("size = 22", "size = 99999999999999999999", "outside"),
        ("size = 22", f"size = {'9' * 5000}", "not TOML"),
        ("size = 22", 'size = "22"', "m: file: config.json: size: "),
        ("size = 22", "size = true", "config.json: size"),
        ("size = 22", "", "m: file: config.json: size: Field required"),
        ('locked = "2026-11-25"', "locked = 2026-11-25", "m: locked: a date or time without quotes"),
        ('locked = "2026-11-25"', 'locked = "yesterday"', "m: locked: "),
        ("gated = false", "gated = nan", "m: gated: a number with a point"),
        ("gated = false", 'gated = "no"', "m: gated: "),
        ("version = 1", "version = 2", "version: "),
        ("version = 1", 'version = 1\n"ünter" = "x"', "'ünter'"),
        ("version = 1", 'version = 1\nunknown = "x"', "unknown: Extra inputs"),
        ("version = 1", "version = 1\na = " + "[" * 3000, "nested too deeply"),
        ("version = 1", "version = 1\n" + ".".join("a" * 2000) + " = 1", "nested|deep"),
        ('name = "m"', 'name = "../m"', "name: "),
        ('repository = "org/m"', 'repository = "org/m\\nx"', "repository: expected one line"),
        ("base = []", 'base = [""]', "m: base: 0: String should match pattern"),
        ("base = []", 'base = ["a, b"]', "m: base: 0: String should match pattern"),
        ('path = "config.json"', 'path = "../config.json"', "expected relative segments"),
        ('path = "config.json"', 'path = "/config.json"', "expected relative segments"),
        ('path = "config.json"', 'path = "README.md"', "files stand in order of path"),
        ('path = "config.json"', 'path = "Config.JSON"', "files stand in order|one file on systems"),
        ("[[model.file]]", "[[model.flie]]", "m: flie: Extra|m: file: Field required"),
    ],
)
def test_what_is_no_lock_is_refused_naming_the_key(old: str, new: str, expected: str) -> None:
    text = print_lock(Lock().replaced(model()))
    assert old in text
    with pytest.raises(LockError, match=expected):
        parse_lock(text.replace(old, new, 1), "models.lock")


def test_an_edit_that_forgets_the_entry_is_named_with_its_model() -> None:
    text = print_lock(Lock().replaced(model("a")).replaced(model("b"))).replace("size = 22", "size = 23")
    with pytest.raises(LockError, match=r"models.lock: a: its table was edited"):
        parse_lock(text, "models.lock")
    assert [item.name for item in edited(load_lock(text, "models.lock"))] == ["a", "b"]


def test_files_that_are_no_text_or_not_there(tmp_path: Path) -> None:
    with pytest.raises(LockError, match=r"No such file.*make one with"):
        read_lock(tmp_path / "models.lock")
    (tmp_path / "models.lock").write_bytes(b"version = 1\n# \xff")
    with pytest.raises(LockError, match="not UTF-8 at byte 14"):
        read_lock(tmp_path / "models.lock")
    with pytest.raises(LockError, match="Is a directory"):
        read_lock(tmp_path)


BAD = [
    "", "/etc/passwd", "../up", "a/../b", "a//b", "a/", "./a", "a\nb", "a\x00b", "a\\b", "C:x", "a?", "con", "NUL.txt", "nul .txt",
    "a.", "a ", "x" * 256, "a/" * 600 + "b", "\udc80bad", "a\x7f", "a\x9b31m", "invoice\u202egpj.exe", "a\u2028b", "LPT1.bin",
]  # fmt: skip


@pytest.mark.parametrize("path", BAD)
def test_a_path_that_some_system_cannot_store_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="path"):
        check_path(path)


@pytest.mark.parametrize(
    "path", ["a", "a/b/c.json", ".gitattributes", "x" * 200, "Modell für alle.txt", "consul.txt", "a.b.c"]
)
def test_a_path_that_every_system_can_store_is_taken(path: str) -> None:
    assert check_path(path) == path


@pytest.mark.parametrize(
    ("pair", "expected"),
    [
        (["README.md", "readme.md"], "one file on systems that ignore case"),
        (["caf\u00e9.txt", "cafe\u0301.txt"], "one file on systems that ignore case or accents"),
        (["stra\u00dfe", "STRASSE"], "one file"),
        (["a", "a/b"], "'a' is a file and, for 'a/b', a folder"),
        (["A", "a/b/c"], "'A' is a file and, for 'a/b/c', a folder"),
        (["a", "a"], "'a' is there twice"),
    ],
)
def test_paths_that_cannot_stand_together_are_refused(pair: list[str], expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        check_paths(pair)


def test_ten_thousand_files_are_fine_and_a_hundred_thousand_and_one_are_not() -> None:
    many = model(files={f"data/{number:06}.bin": b"" for number in range(10_000)})
    assert parse_lock(print_lock(Lock().replaced(many)), "models.lock").model[0] == many
    with pytest.raises(ValueError, match="at most 100000"):
        check_paths([str(number) for number in range(100_001)])

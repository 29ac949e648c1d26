"""Bad input to the founding and reading commands: one clear line, the right exit code, nothing half done."""

from __future__ import annotations

import subprocess
import sys

import pytest
from tests.cli.desk import Desk
from tests.run.author import key

DRAFT = ["found", "draft", "charter.toml", "plan.toml", "--out", "draft.json"]
OTHER = "12" * 32
UNKNOWN = "unknown key; "


def test_the_real_command_ends_with_2_and_one_line_on_standard_error(desk: Desk) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "hanse.cli.main", "found", "draft", "none.toml", "plan.toml", "--out", "draft.json"],
        cwd=desk.folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == "error: none.toml: cannot read: No such file or directory; check the path\n"


# --- charter and plan


def test_a_charter_or_plan_that_is_missing_is_named(desk: Desk) -> None:
    out = ["--out", "draft.json"]
    desk.refuses(["found", "draft", "none.toml", "plan.toml", *out], "none.toml: cannot read: No such file", "check the path")
    desk.refuses(["found", "draft", "charter.toml", "none.toml", *out], "none.toml: cannot read: No such file", "check the path")
    desk.refuses(["found", "draft", "keys", "plan.toml", *out], "keys: cannot read: Is a directory")


CHARTER_MISTAKES = {
    "a misspelt key": ('name = "Two presses"', 'nam = "x"\nname = "x"', f"nam: {UNKNOWN}"),
    "a misspelt key of a member": ('name = "ada"', 'name = "ada"\norganisation = "x"', f"member.0.organisation: {UNKNOWN}"),
    "a bad value": ('name = "bob"', 'name = "Bob"', "member.1.name: expected 1-40 characters of a-z 0-9 '-'"),
    "a key that was cut": ("officer+", "officer-", "member.0.officer: verifier key"),
    "an open string": ('"ada"', '"ada', "not TOML: ", "line 3"),
}
PLAN_MISTAKES = {
    "an unknown key": ("min_count", "minimum", f"tokenizer.minimum: {UNKNOWN}"),
    "a bad value": ("320", "321", "tokenizer: vocab_size: expected a multiple of 32"),
    "a float": ("batch_sequences = 2", "learning_rate = 0.1", 'train.learning_rate: decimals are written as text: "0.1" in quotes'),
    "an integer JSON cannot hold": ("hidden_size = 32", f"hidden_size = {2**60}", "model.config.hidden_size: expected an integer"),
    "a syntax error": ("[data]", "[data", "not TOML: ", "line 8"),
    "a weight for a stranger": ("[model]", "member_weights = { eve = 2 }\n[model]", "member_weights names 'eve', who is no member"),
}
MISTAKES = {f"charter: {name}": ("charter.toml", *rest) for name, rest in CHARTER_MISTAKES.items()}
MISTAKES |= {f"plan: {name}": ("plan.toml", *rest) for name, rest in PLAN_MISTAKES.items()}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_file_with_a_mistake_makes_no_draft(name: str, desk: Desk) -> None:
    file, old, new, *words = MISTAKES[name]
    text = (desk.folder / file).read_text()
    assert old in text
    desk.write(file, text.replace(old, new, 1))
    desk.refuses(DRAFT, f"{file}: ", *words)


def test_a_charter_that_is_no_text_is_named(desk: Desk) -> None:
    desk.write("charter.toml", b'name = "caf\xe9"\n')
    desk.refuses(DRAFT, "charter.toml: not TOML: byte 11 is not UTF-8; save the file as UTF-8")


def test_a_draft_that_cannot_be_written_is_named(desk: Desk) -> None:
    desk.refuses([*DRAFT[:-1], "none/draft.json"], "none/draft.json: cannot write: No such file or directory; choose another")
    desk.refuses([*DRAFT[:-1], "keys"], "keys: cannot write: Is a directory")


FULL_DISK = """
import resource, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (20, 20))
from hanse.cli.main import main
main()
"""


def test_half_a_draft_is_not_left_behind_when_the_disk_is_full(desk: Desk) -> None:
    before = desk.files()
    command = [sys.executable, "-B", "-c", FULL_DISK, *DRAFT]
    done = subprocess.run(command, cwd=desk.folder, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == "error: draft.json: cannot write: File too large; choose another file\n"
    assert desk.files() == before


# --- keys


def test_a_key_that_is_there_already_is_not_overwritten(desk: Desk) -> None:
    desk.refuses(["keys", "new", "ada/officer", "--out", "keys/ada.pem"], "keys/ada.pem: a key is there already; choose another")


def test_a_key_that_cannot_be_made_or_read_is_named(desk: Desk) -> None:
    desk.refuses(["keys", "new", "ada officer", "--out", "new.pem"], "key name 'ada officer': expected 1-100 characters")
    desk.refuses(["keys", "new", "ada", "--out", "plan.toml/new.pem"], "new.pem: cannot make the folder plan.toml: File exists")
    desk.refuses(["keys", "show", "none.pem"], "none.pem: cannot read the key: No such file or directory; `hanse keys new` makes")
    desk.refuses(["keys", "show", "plan.toml"], "plan.toml: expected 'name: <holder>' on line 1, then a PEM key")


# --- the draft


def test_a_draft_that_is_missing_or_none_is_named(desk: Desk) -> None:
    for verb, *option in (["sign", "--key", "keys/ada.pem"], ["publish", "--store", "bucket"]):
        desk.refuses(["found", verb, "none.json", *option], "none.json: cannot read: No such file", "`hanse found draft` makes one")
        desk.refuses(["found", verb, "plan.toml", *option], "plan.toml: not a genesis draft", "`hanse found draft` makes one")


def test_one_wrong_key_file_keeps_all_signatures_of_the_command_out(desk: Desk) -> None:
    desk.hanse(*DRAFT)
    key("eve").save(desk.folder / "eve.pem")
    sign = ["found", "sign", "draft.json", "--key", "keys/ada.pem", "--key"]
    desk.refuses([*sign, "eve.pem"], "eve.pem: eve+", "is no founder's officer key in this charter; use one that is")
    desk.refuses([*sign, "none.pem"], "none.pem: cannot read the key: No such file")
    desk.refuses([*sign, "charter.toml"], "charter.toml: expected 'name: <holder>' on line 1")


def test_a_draft_that_is_not_complete_is_not_published_and_makes_no_bucket(desk: Desk) -> None:
    desk.hanse(*DRAFT)
    desk.hanse("found", "sign", "draft.json", "--key", "keys/bob.pem")
    publish = ["found", "publish", "draft.json", "--store", "bucket"]
    desk.refuses(publish, "genesis lacks the signature of ada, sam: `hanse found sign`")


def test_a_complete_draft_is_not_published_where_it_cannot_be(founded: Desk) -> None:
    publish = ["found", "publish", "genesis.json", "--store"]
    founded.refuses([*publish, "ftp://host/x"], "bucket URL 'ftp://host/x': expected a folder, file://, s3://, gs:// or az://")
    founded.refuses([*publish, ""], "bucket URL '': names no folder")
    founded.refuses([*publish, "plan.toml"], "plan.toml: is a file, expected a folder")
    founded.write("other/log/000000000000", "another log\n")
    founded.refuses([*publish, "other"], "other: holds another log already; found this one in an empty bucket")


# --- reading a log

READERS = {
    "log show": ["log", "show", "WHERE"],
    "log verify": ["log", "verify", "WHERE"],
    "log prove": ["log", "prove", "WHERE", "0"],
    "log follow": ["log", "follow", "WHERE", "--seconds", "0.1"],
    "replay": ["replay", "WHERE"],
}


def reading(name: str, where: str) -> list[str]:
    return [where if word == "WHERE" else word for word in READERS[name]]


@pytest.mark.parametrize("name", READERS)
def test_a_reader_of_another_log_is_told_both_digests(name: str, founded: Desk) -> None:
    founded.refuses([*reading(name, "bucket"), "--log", OTHER], "another log: expected genesis", OTHER, founded.log, code=1)


@pytest.mark.parametrize("name", READERS)
def test_a_log_digest_that_is_none_is_told_what_one_looks_like(name: str, founded: Desk) -> None:
    for digest in ("12", "AB" * 32, founded.log + "0", "genesis.json"):
        words = f"log '{digest}': expected 64 lower-case hex digits, as `hanse found publish` prints them"
        founded.refuses([*reading(name, "bucket"), "--log", digest], words)


WHERE = {
    "none": "none: no such folder; make it, or correct the URL",
    "keys": "keys: holds no log (no entry 0); check the URL",
    "genesis.json": "genesis.json: is a file, expected a folder",
    "none.toml": "none.toml: cannot read: No such file or directory; check the path",
    "plan.toml": "plan.toml: store: missing; add it",
    "site.toml": "site.toml: log: log 'x': expected 64 lower-case hex digits",
    "ftp://host/x": "bucket URL 'ftp://host/x': expected a folder, file://, s3://, gs:// or az://",
}


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("where", WHERE)
def test_a_place_without_a_log_is_named(name: str, where: str, founded: Desk) -> None:
    site = 'store = "bucket"\nlog = "x"\nmember = "ada"\nsite = "s"\nkey = "k"\nfolder = "f"\ntext = "t"\n'
    founded.write("site.toml", site)
    if where == "plan.toml":
        founded.write("plan.toml", site.partition("\n")[2].replace('"x"', f'"{OTHER}"'))
    founded.refuses(reading(name, where), WHERE[where])


@pytest.mark.parametrize("index", ["1", "999"])
def test_an_entry_out_of_range_is_told_the_range(index: str, founded: Desk) -> None:
    founded.refuses(["log", "prove", "bucket", index], f"entry {index}: the log has entries 0 to 0")


def test_a_negative_entry_or_one_that_is_no_number_is_wrong_usage(founded: Desk) -> None:
    founded.refuses(["log", "prove", "bucket", "--", "-1"], "entry -1: the log has entries 0 to 0")
    done = founded.run("log", "prove", "bucket", "first")
    assert done.code == 2
    assert "'first' is not a valid integer" in done.err

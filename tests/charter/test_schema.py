"""The charter: every bad value is an error that names file and key; every default is written out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from tests.run.author import key

from hanse import canonical
from hanse.charter.clause import Clause
from hanse.charter.schema import FIRST, Charter, Member, founded, load_charter, load_toml, parse_charter
from hanse.errors import CharterError

ADA, BOB = (str(key(f"{name}/officer").public) for name in ("ada", "bob"))
GOOD: dict[str, Any] = {"name": "Two presses", "member": [{"name": "ada", "officer": ADA}, {"name": "bob", "officer": BOB}]}
TOML = f'''name = "Two presses"
[[member]]
name = "ada"
officer = "{ADA}"
[[member]]
name = "bob"
officer = "{BOB}"
'''


def member(**changes: Any) -> dict[str, Any]:
    """The charter with its first member changed."""
    return {"member": [{"name": "ada", "officer": ADA} | changes, {"name": "bob", "officer": BOB}]}


def test_the_canonical_document_writes_every_default_out_and_parses_back() -> None:
    charter = parse_charter(GOOD, "c")
    document = charter.document()
    assert set(document) == FIRST
    assert all(set(item) == {"name", "organization", "officer", "site"} for item in document["member"])
    assert document["round_quorum"] == "> 1/2 of roll"
    again = parse_charter(canonical.decode(canonical.encode(document)), "again")
    assert again == charter
    assert again.digest == charter.digest == canonical.digest(document)


def test_a_default_written_out_changes_no_digest_and_another_value_does() -> None:
    plain = parse_charter(GOOD, "c").digest
    assert parse_charter(GOOD | {"rules": 1, "cosigners": "> 1/2 of members"}, "c").digest == plain
    assert parse_charter(GOOD | {"cosigners": ">= 2/3 of members"}, "c").digest != plain
    assert parse_charter(GOOD | member(organization="Ada's"), "c").digest != plain


@pytest.mark.parametrize("table", [Member, Charter])
def test_every_field_is_documented_and_every_table_is_strict(table: type[BaseModel]) -> None:
    assert issubclass(table, Clause)
    for name, field in table.model_fields.items():
        assert field.description, f"{table.__name__}.{name}"


def test_a_charter_is_read_from_toml(tmp_path: Path) -> None:
    (tmp_path / "charter.toml").write_text(TOML)
    charter = load_charter(tmp_path / "charter.toml")
    assert charter == parse_charter(GOOD, "c")
    assert charter.cosign_min == 2
    assert str(charter.quorum) == "> 1/2 of roll"
    assert str(charter.member[0].officer_key) == ADA


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "no name": ({"name": None}, "name: "),
    "an empty name": ({"name": ""}, "name: expected 1-100 characters"),
    "a long name": ({"name": "x" * 101}, "name: expected 1-100 characters"),
    "a name that is a number": ({"name": 1}, "name: "),
    "rules to come": ({"rules": 2}, "rules = 2: this software implements rules 1; install one that knows 2"),
    "rules in quotes": ({"rules": "1"}, "rules: "),
    "rules that are true": ({"rules": True}, "rules: "),
    "rules beyond what JSON can hold": ({"rules": 2**60}, "rules = 1152921504606846976: "),
    "a quorum of half": ({"round_quorum": ">= 1/2 of roll"}, "round_quorum: '>= 1/2 of roll' lets two halves decide two"),
    "a quorum of a third": ({"round_quorum": "> 1/3 of roll"}, "round_quorum: "),
    "a quorum nobody meets": ({"round_quorum": "> 1/1 of roll"}, "round_quorum: threshold '> 1/1 of roll': nothing is more"),
    "a quorum of the members": ({"round_quorum": "> 1/2 of members"}, "round_quorum counts the roll: '... of roll'"),
    "a quorum in words": ({"round_quorum": "most"}, "round_quorum: threshold 'most': expected e.g."),
    "a quorum that is a number": ({"round_quorum": 2}, "round_quorum: "),
    "half of the cosigners": ({"cosigners": ">= 1/2 of members"}, "cosigners: '>= 1/2 of members' lets two halves"),
    "cosigners of the roll": ({"cosigners": "> 1/2 of roll"}, "cosigners counts the members: '... of members'"),
    "no member": ({"member": []}, "member: a charter needs at least one [[member]]"),
    "member as a table": ({"member": {"name": "ada", "officer": ADA}}, "member: "),
    "nobody with a site": ({"member": [{"name": "ada", "officer": ADA, "site": False}]}, "member: at least one member needs"),
    "one name twice": (member(name="bob"), "member: name 'bob' is used twice"),
    "one officer twice": (member(officer=BOB), "member: officer key "),
    "a member's name in upper case": (member(name="Ada"), "member.0.name: expected 1-40 characters of a-z 0-9 '-'"),
    "a member's name with a line end": (member(name="ada\n"), "member.0.name: "),
    "a member's name with a slash": (member(name="a/b"), "member.0.name: "),
    "a long member's name": (member(name="a" * 41), "member.0.name: "),
    "a member without a name": ({"member": [{"officer": ADA}]}, "member.0.name: missing; add it"),
    "a member without an officer": ({"member": [{"name": "ada"}]}, "member ada: officer: missing; add its key"),
    "an officer's key cut short": (member(officer=ADA[:-1]), "member.0.officer: verifier key"),
    "an officer's raw key": (member(officer="ab" * 32), "member.0.officer: verifier key"),
    "an officer that is a number": (member(officer=1), "member.0.officer: "),
    "a site in quotes": (member(site="yes"), "member.0.site: "),
    "a site that is a number": (member(site=1), "member.0.site: "),
    "an organization that is a list": (member(organization=[]), "member.0.organization: "),
    "a misspelt key": ({"cosigner": "> 1/2 of members"}, "cosigner: unknown key; did you mean cosigners?"),
    "a misspelt key of a member": (member(offcer=ADA), "member.0.offcer: unknown key; did you mean officer?"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_value_is_an_error_that_names_file_and_key(name: str) -> None:
    changes, words = BAD[name]
    with pytest.raises(CharterError) as caught:
        founded(parse_charter(GOOD | changes, "charter.toml"), "charter.toml")
    assert str(caught.value).startswith(f"charter.toml: {words}")
    assert "\n" not in str(caught.value)


def test_every_mistake_is_named_at_once_one_line_each() -> None:
    with pytest.raises(CharterError) as caught:
        parse_charter({"nam": "x", "member": [{"name": "Ada", "officer": ADA}]}, "c.toml")
    assert sorted(line.split(": ")[1] for line in str(caught.value).splitlines()) == ["member.0.name", "nam", "name"]


@pytest.mark.parametrize("document", [None, [], "x", 1, {}])
def test_a_document_that_is_no_charter_is_refused(document: Any) -> None:
    with pytest.raises(CharterError, match=r"^c: "):
        parse_charter(document, "c")


BAD_TOML = {
    "a key twice": (b'name = "a"\nname = "b"\n', "not TOML: .*line 2"),
    "an open string": (b'name = "a\n', "not TOML: .*line 1"),
    "no value": (b"\n\nname =\n", "not TOML: .*line 3"),
    "bytes that are not UTF-8": (b'name = "caf\xe9"\n', "not TOML: byte 11 is not UTF-8; save the file as UTF-8"),
    "an integer of 5,000 digits": (b"rules = " + b"9" * 5000, "not TOML: "),
    "100,000 open brackets": (b"member = " + b"[" * 100_000, "not TOML: "),
}


@pytest.mark.parametrize("name", BAD_TOML)
def test_a_file_that_is_no_toml_is_named_with_the_place(name: str, tmp_path: Path) -> None:
    data, words = BAD_TOML[name]
    (tmp_path / "charter.toml").write_bytes(data)
    with pytest.raises(CharterError, match=rf"charter\.toml: {words}"):
        load_charter(tmp_path / "charter.toml")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CharterError, match=r"none\.toml: cannot read: No such file or directory; check the path"):
        load_toml(tmp_path / "none.toml")
    with pytest.raises(CharterError, match="cannot read: Is a directory"):
        load_toml(tmp_path)

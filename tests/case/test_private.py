"""A private file that is wrong is refused with one message that names the file, the key and what is allowed."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.case.made import charter

from hanse.case.private import load_private
from hanse.errors import CaseError

GOOD = """
preset = "heavy"
[[member]]
name = "m0"
tokens = 5_000
growth = "3/2"
control = "7 USD"
own_tasks = "1/4"
[[grant]]
source = "State"
amount = "5_000_000 USD"
last_year = 3
[[parameter]]
name = "patience"
value = "9/1"
low = "8/1"
high = "10/1"
"""


def read(folder: Path, text: str) -> object:
    path = folder / "private.toml"
    path.write_text(text, encoding="utf-8")
    return load_private(path, charter(2))


def test_a_good_file(tmp_path: Path) -> None:
    path = tmp_path / "private.toml"
    path.write_text(GOOD, encoding="utf-8")
    found = load_private(path, charter(2))
    assert found.preset == "heavy"
    assert found.member[0].tokens == 5000
    assert found.grant[0].last_year == 3
    assert found.beliefs == {"patience": (9, 8, 10)}


GRANT = '[[grant]]\nsource = "State"\namount = "5 USD"\n'
BAD = {
    "a member that is not there": ('[[member]]\nname = "m9"', "member 'm9' is not in the charter; it has: m0, m1"),
    "a member twice": ('[[member]]\nname = "m0"\n[[member]]\nname = "m0"', "member 'm0' is there twice; keep one"),
    "an unknown key": ('[[member]]\nname = "m0"\ntoken = 3', "member.0.token: unknown key; did you mean tokens?"),
    "an unknown table": ("[[people]]\nname = 3", "people: unknown key"),
    "negative tokens": ('[[member]]\nname = "m0"\ntokens = -1', "member.0.tokens: Input should be greater than or equal to 0"),
    "negative money": ('[[member]]\nname = "m0"\ncontrol = "-5 USD"', "member.0.control: '-5 USD': money is written like"),
    "a float": ('[[member]]\nname = "m0"\ntokens = 1.5', "member.0.tokens: "),
    "a share above 1": ('[[member]]\nname = "m0"\nown_tasks = "3/2"', "member.0.own_tasks: '3/2': a share is at most 1/1"),
    "a ratio that is none": ('[[member]]\nname = "m0"\ngrowth = "1.5"', "member.0.growth: '1.5'"),
    "an unknown preset": ('preset = "huge"', "preset: Input should be 'light', 'typical' or 'heavy'"),
    "another currency in a grant": (GRANT.replace("USD", "EUR"), "grant.0.amount: 5 EUR is not in the charter's currency, USD"),
    "another currency of a member": ('[[member]]\nname = "m1"\ncontrol = "5 EUR"',
                                     "member.0.control: 5 EUR is not in the charter's currency, USD"),
    "years that contradict": (GRANT + "first_year = 4\nlast_year = 2", "grant.0: last_year 2 is before first_year 4"),
    "a year that is not there": (GRANT + "last_year = 9", "grant.0.last_year: Input should be less than or equal to 8"),
    "a key that is missing": ('[[grant]]\nsource = "State"', "grant.0.amount: missing; add it"),
    "a belief out of order": ('[[parameter]]\nname = "patience"\nvalue = "9/1"\nlow = "10/1"\nhigh = "11/1"',
                              "parameter patience: value 9 is not within 10 to 11"),
    "a belief about nothing": ('[[parameter]]\nname = "patient"\nvalue = "9/1"\nlow = "8/1"\nhigh = "11/1"',
                               "parameter 'patient' is unknown; there are: "),
    "a factor of nothing": ('[[parameter]]\nname = "patience"\nvalue = "9/1"\nlow = "0/1"\nhigh = "11/1"',
                            "parameter patience: low 0 must be above 0"),
    "a belief twice": ('[[parameter]]\nname = "fit"\nvalue = "1/2"\nlow = "1/4"\nhigh = "1/1"\n' * 2,
                       "parameter 'fit' is there twice; keep one"),
    "no TOML": ("member = [", "not TOML: "),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_a_bad_file(tmp_path: Path, case: str) -> None:
    text, says = BAD[case]
    with pytest.raises(CaseError) as error:
        read(tmp_path, text)
    message = str(error.value)
    assert message.startswith(f"{tmp_path / 'private.toml'}: ")
    assert says in message
    assert len(message.splitlines()) == 1


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(CaseError, match=r"nowhere.toml: cannot read: .*; check the path"):
        load_private(tmp_path / "nowhere.toml", charter(2))

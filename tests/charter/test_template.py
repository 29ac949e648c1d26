"""Templates: each is an example that stands, stays one when edited, and founds once its officers have keys."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from tests.run.author import key

from hanse.charter.diff.compare import compare
from hanse.charter.diff.words import say
from hanse.charter.lint.check import lint
from hanse.charter.render.articles import articles
from hanse.charter.schema import Charter, founded, load_charter
from hanse.charter.template import OFFICER, about, example, names, template
from hanse.errors import CharterError, InputError

FOLDER = Path(__file__).resolve().parents[2] / "src" / "hanse" / "charter" / "examples"


def read(text: str, folder: Path) -> Charter:
    (folder / "charter.toml").write_text(text, encoding="utf-8")
    return load_charter(folder / "charter.toml")


def test_every_example_is_a_template() -> None:
    assert names() == tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))
    assert "ten-equal" in names()


@pytest.mark.parametrize("name", names())
def test_a_template_is_its_example_with_every_comment_and_what_to_fill_in(name: str, tmp_path: Path) -> None:
    text = template(name)
    charter = read(text, tmp_path)
    assert charter == load_charter(FOLDER / f"{name}.toml")
    left = iter(text.splitlines())
    assert all(line in left for line in example(name).splitlines())  # in order
    head = " ".join(line.lstrip("# ") for line in text.split("\n\n")[0].splitlines())
    assert all(member.name in head for member in charter.member)
    assert about(name)
    with pytest.raises(CharterError, match="officer: missing; add its key, as `hanse keys show` prints it"):
        founded(charter, name)


@pytest.mark.parametrize("name", [name for name in names() if OFFICER in template(name)])
def test_a_template_with_its_officers_filled_in_is_founded_and_lints_clean(name: str, tmp_path: Path) -> None:
    text = template(name)
    for number, member in enumerate(tomllib.loads(text)["member"]):
        text = text.replace(OFFICER, f'officer = "{key(str(number)).public}"', 1)
        assert f'name = "{member["name"]}"\nofficer' in text
    charter = founded(read(text, tmp_path), name)
    assert lint(charter) == ()


def test_an_unknown_template_is_named_with_what_is_meant() -> None:
    with pytest.raises(InputError, match="template 'ten-equals': unknown; did you mean ten-equal"):
        template("ten-equals")
    with pytest.raises(InputError, match="template 'x': unknown; there are: cern-key, fifty"):
        template("x")


@pytest.mark.parametrize("name", names())
def test_every_example_can_be_printed_and_compared(name: str) -> None:
    charter, other = load_charter(FOLDER / f"{name}.toml"), load_charter(FOLDER / "ten-equal.toml")
    words = "\n".join(str(part) for item in articles(charter) for part in item.parts)
    assert "{" not in words  # every reference leads somewhere
    changes = compare(other, charter)
    assert changes.same == (name == "ten-equal")
    assert not changes.unknown
    assert "## Power" in say(changes) or changes.same

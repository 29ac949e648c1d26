"""Names of models that stand in one Python file and are loaded in another."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from hanse.hedge.scan.python import read_python_project

LOAD = "from transformers import AutoModel\n"


def found(files: dict[str, str]) -> dict[str, list[tuple[int, str, bool]]]:
    return {
        file: [(hit.line, hit.ref, hit.resolved) for hit in hits] for file, hits in read_python_project(files).items()
    }


@pytest.mark.parametrize(
    ("path", "statement", "use"),
    [
        ("app/names.py", "from app.names import REF", "REF"),
        ("app/names.py", "from .names import REF as R", "R"),
        ("app/names.py", "from . import names", "names.REF"),
        ("app/names.py", "from app import names as n", "n.REF"),
        ("app/names.py", "import app.names", "app.names.REF"),
        ("app/names.py", "import names", "names.REF"),
        ("app/names.py", "from .names import *", "REF"),
        ("app/sub/names.py", "from .sub.names import REF", "REF"),
        ("names.py", "from ..names import REF", "REF"),
        ("names.py", "from names import REF", "REF"),
        ("app/names/__init__.py", "from app.names import REF", "REF"),
        ("src/app/names.py", "from app.names import REF", "REF"),
    ],
)
def test_an_imported_constant_is_found_where_it_stands_and_nowhere_else(path: str, statement: str, use: str) -> None:
    files = {path: '\nREF = "acme/bert"\n', "app/main.py": f"{LOAD}{statement}\nAutoModel.from_pretrained({use})\n"}
    assert found(files) == {path: [(2, "acme/bert", True)]}


def test_what_is_handed_on_by_a_package_is_followed() -> None:
    files = {
        "app/__init__.py": "from .inner import REF\n",
        "app/inner.py": "from app.names import OTHER as REF\n",
        "app/names.py": 'OTHER = "acme/bert"\n',
        "main.py": f"{LOAD}from app import REF\nAutoModel.from_pretrained(REF)\n",
    }
    assert found(files) == {"app/names.py": [(1, "acme/bert", True)]}


def test_settings_objects_of_other_files_are_followed() -> None:
    files = {
        "app/config.py": 'class Settings(BaseSettings):\n    name: str = "acme/bert"\n    rev: str = "abc"\nsettings = Settings()\n',
        "app/main.py": f"{LOAD}from app.config import settings\nAutoModel.from_pretrained(settings.name, revision=settings.rev)\n",
    }
    assert found(files) == {"app/config.py": [(2, "acme/bert", True)]}
    assert read_python_project(files)["app/config.py"][0].revision == "abc"


@pytest.mark.parametrize(
    ("definition", "call"),
    [
        ("def load(name):\n    AutoModel.from_pretrained(name)\n", 'from app.loader import load\nload("acme/bert")\n'),
        (
            "def load(name):\n    AutoModel.from_pretrained(name)\n",
            'from app import loader\nloader.load(name="acme/bert")\n',
        ),
        (
            "def load(name):\n    AutoModel.from_pretrained(name)\n",
            'from app.loader import load as l\nl("acme/bert")\n',
        ),
        (
            "class Loader:\n    def __init__(self, name):\n        AutoModel.from_pretrained(name)\n",
            'from app.loader import Loader\nLoader("acme/bert")\n',
        ),
    ],
)
def test_a_parameter_filled_in_another_file_is_found_there(definition: str, call: str) -> None:
    assert found({"app/loader.py": LOAD + definition, "app/main.py": call}) == {"app/main.py": [(2, "acme/bert", True)]}


def test_pieces_in_other_files_are_no_findings_of_their_own() -> None:
    files = {
        "names.py": 'MODEL = "bert-base-uncased"\n',
        "main.py": f'{LOAD}from names import MODEL\nAutoModel.from_pretrained("acme/" + MODEL)\n',
    }
    assert found(files) == {"main.py": [(3, "acme/bert-base-uncased", True)]}


def test_an_import_from_outside_stays_unresolved() -> None:
    assert found({"main.py": f"{LOAD}from elsewhere import REF\nAutoModel.from_pretrained(REF)\n"}) == {
        "main.py": [(3, "REF", False)]
    }


def test_files_that_import_each_other_end() -> None:
    files = {
        "a.py": f"{LOAD}from b import X\nX = X\nY = X\nAutoModel.from_pretrained(X)\n",
        "b.py": f"{LOAD}from a import Y as X\nfrom a import *\nAutoModel.from_pretrained(X)\n",
    }
    assert set(found(files)) <= {"a.py", "b.py"}


def test_files_may_be_spread_over_workers() -> None:
    files = {f"m{number}.py": f'{LOAD}AutoModel.from_pretrained("acme/bert-{number}")\n' for number in range(20)}
    with ThreadPoolExecutor(2) as pool:
        assert read_python_project(files, spread=pool.map) == read_python_project(files)


def test_of_two_files_with_one_name_the_nearer_is_meant() -> None:
    files = {
        "one/names.py": 'REF = "acme/one"\n',
        "two/names.py": 'REF = "acme/two"\n',
        "two/main.py": f"{LOAD}from names import REF\nAutoModel.from_pretrained(REF)\n",
    }
    assert found(files) == {"two/names.py": [(1, "acme/two", True)]}

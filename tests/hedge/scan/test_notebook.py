"""Notebooks: cells are one program, commands go to the shell reader, lines are those of the file."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hanse.hedge.scan.finding import Hit
from hanse.hedge.scan.notebook import read_notebook


def shell(text: str) -> Iterator[Hit]:
    """Knows one command."""
    for number, line in enumerate(text.replace("\\\n", "  ").split("\n"), start=1):
        words = line.split()
        if words[:2] == ["ollama", "pull"] and len(words) > 2:
            yield Hit(number, words[2], None, "ollama pull", "ollama", "$" not in words[2])
        if words[:1] == ["export"]:
            yield Hit(number, words[1].partition("=")[2], None, "variable", "hub")


def notebook(*cells: str, kind: str = "code", indent: int | None = 1, **metadata: object) -> str:
    """A file as Jupyter writes it."""
    made = [
        {
            "cell_type": kind,
            "metadata": {},
            "outputs": [{"text": ['from_pretrained("out/put-7b")\n']}],
            "source": cell.splitlines(keepends=True),
        }
        for cell in cells
    ]
    return json.dumps(
        {"cells": made, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}, indent=indent, ensure_ascii=False
    )


def found(text: str) -> list[tuple[int, str, bool]]:
    return sorted((hit.line, hit.ref, hit.resolved) for hit in read_notebook(text, shell))


def line_of(text: str, part: str) -> int:
    return next(number for number, line in enumerate(text.split("\n"), start=1) if part in line)


def test_the_line_is_that_of_the_string_in_the_file() -> None:
    text = notebook(
        "x = 1\ny = 2", 'from transformers import AutoModel\nAutoModel.from_pretrained(\n    "acme/bert",\n)\n'
    )
    assert found(text) == [(line_of(text, "acme/bert"), "acme/bert", True)]


def test_a_constant_of_one_cell_is_known_in_the_next() -> None:
    text = notebook('REF = "acme/bert"', "from transformers import AutoModel\nAutoModel.from_pretrained(REF)")
    assert found(text) == [(line_of(text, "acme/bert"), "acme/bert", True)]


def test_a_cell_that_is_one_string_and_a_file_on_one_line_are_read() -> None:
    code = 'import os\nAutoModel.from_pretrained("acme/bert")\n'
    one = json.dumps({"cells": [{"cell_type": "code", "source": code}]}, indent=1)
    assert found(one) == [(line_of(one, "acme/bert"), "acme/bert", True)]
    assert found(notebook(code, indent=None)) == [(1, "acme/bert", True)]


def test_old_notebooks_with_worksheets_are_read() -> None:
    old = {
        "worksheets": [{"cells": [{"cell_type": "code", "input": ['AutoModel.from_pretrained("acme/bert")']}]}],
        "nbformat": 3,
    }
    assert [ref for _, ref, _ in found(json.dumps(old))] == ["acme/bert"]


def test_markdown_outputs_and_raw_cells_are_no_code() -> None:
    assert found(notebook('AutoModel.from_pretrained("acme/bert")', kind="markdown")) == []
    assert found(notebook('AutoModel.from_pretrained("acme/bert")', kind="raw")) == []
    assert found(notebook("x = 1")) == []


def test_commands_go_to_the_shell_reader() -> None:
    text = notebook(
        "x = 1\n!ollama pull phi3\n  !ollama pull \\\n    qwen3\nfiles = !ollama pull smollm2\n",
        "%%bash\n\nollama pull llama3\n",
    )
    assert [(ref, line_of(text, ref) - line) for line, ref, _ in found(text)] == [
        ("phi3", 0),
        ("qwen3", 1),
        ("smollm2", 0),
        ("llama3", 0),
    ]


def test_variables_in_commands_are_the_notebooks_own() -> None:
    text = notebook(
        'REF = "phi3"\nx = cfg.y', "!ollama pull {REF}\n!ollama pull $REF\n!ollama pull {x}\n!ollama pull $UNKNOWN"
    )
    assert found(text) == sorted(
        [
            (line_of(text, "REF ="), "phi3", True),
            (line_of(text, "{x}"), "{x}", False),
            (line_of(text, "$UNKNOWN"), "$UNKNOWN", False),
        ]
    )


def test_magics_do_not_break_the_code_around_them() -> None:
    text = notebook(
        "%%time\n%load_ext autoreload\n%matplotlib inline\n?help\nhelp?\n%pip install x\nREF = %sql select\n"
        "if x:\n    %time m = AutoModel.from_pretrained('acme/one')\n    !ls\nelse:\n    AutoModel.from_pretrained('acme/two')\n",
        "%env EMBEDDER=acme/three",
        "%%html\n<b>AutoModel.from_pretrained('acme/no')</b>",
    )
    assert [ref for _, ref, _ in found(text)] == ["acme/one", "acme/two", "acme/three"]


def test_a_python_file_that_a_cell_writes_is_a_program_of_its_own() -> None:
    text = notebook(
        '%%writefile app.py\nREF = "acme/one"\nAutoModel.from_pretrained(REF)',
        "%%writefile notes.md\nAutoModel.from_pretrained('acme/no')",
    )
    assert found(text) == [(line_of(text, "acme/one"), "acme/one", True)]


def test_notebooks_of_other_languages_are_left_alone() -> None:
    assert found(notebook('AutoModel.from_pretrained("acme/bert")', language_info={"name": "R"})) == []
    assert found(notebook('AutoModel.from_pretrained("acme/bert")', kernelspec={"language": "julia"})) == []
    assert (
        len(
            found(
                notebook(
                    'AutoModel.from_pretrained("acme/bert")',
                    language_info={"codemirror_mode": {"name": "ipython"}, "name": "python"},
                )
            )
        )
        == 1
    )


@pytest.mark.parametrize("damage", ["cut", "conflict", "comma", "quote"])
def test_broken_json_is_read_by_lines(damage: str) -> None:
    text = notebook('AutoModel.from_pretrained("acme/doc-7b")', kind="markdown").removesuffix("}")
    text = notebook('x = 1\nAutoModel.from_pretrained("acme/bert")\n', "y = 2\n")
    if damage == "cut":
        text = text[:-40]
    elif damage == "conflict":
        text = text.replace(' "x = 1', '<<<<<<< HEAD\n "x = 1')
    elif damage == "comma":
        text = text.replace('"metadata": {},', '"metadata": {}', 1)
    else:
        text = text.replace('"x = 1\\n",', '"x = 1\\n,')
    with pytest.raises(ValueError):
        json.loads(text)
    assert found(text) == [(line_of(text, "acme/bert"), "acme/bert", True)]


def test_a_byte_order_mark_and_windows_lines_change_no_line_number() -> None:
    text = notebook('AutoModel.from_pretrained("acme/bert")')
    expected = line_of(text, "acme/bert")
    assert found("\ufeff" + text.replace("\n", "\r\n")) == [(expected, "acme/bert", True)]


@given(st.text(max_size=200))
@settings(max_examples=100, deadline=None)
def test_any_text_is_read(text: str) -> None:
    list(read_notebook(text, shell))
    list(read_notebook(notebook(text), shell))


def test_mutated_notebooks_are_read() -> None:
    chance = random.Random(3)
    good = notebook('REF = "phi3"\n!ollama pull {REF}\nAutoModel.from_pretrained(REF)', "%%bash\nollama pull x")
    for _ in range(200):
        letters = list(good)
        for _ in range(chance.randint(1, 6)):
            at = chance.randrange(len(letters))
            letters[at : at + chance.randint(0, 5)] = chance.choice(
                ["", '"', "[", "]", "{", "}", ",", "\n", "\\", "!", "%%"]
            )
        list(read_notebook("".join(letters), shell))

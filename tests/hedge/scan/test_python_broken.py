"""Python that does not parse, lines that are hard to count, and texts made to break the reader."""

from __future__ import annotations

import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hanse.hedge.scan.python import read_python

LOAD = "from transformers import AutoModel\n"
GOOD = """
import os
from transformers import AutoModel, pipeline
MODEL = os.environ.get("M", "acme/bert")
class C:
    model: str = "acme/other-7b"
    def load(self, name="a/b", *rest, **more):
        for m in [f"{name}-x", MODEL]:
            AutoModel.from_pretrained(m, revision="abc")
        return {k: v for k, v in more.items() if k != "model"}
C().load("c/d" if MODEL else "e/f")
pipeline("ner", model=MODEL)
"""


def found(code: str) -> list[tuple[int, str]]:
    return [(hit.line, hit.ref) for hit in read_python(code) if hit.resolved]


@pytest.mark.parametrize(
    "broken",
    [
        'print "hello"\n',
        "try:\n    pass\nexcept Exception, e:\n    raise ValueError, 'x'\n",
        "<<<<<<< HEAD\n=======\n>>>>>>> branch\n",
        "def f(:\n    pass\n",
        "x = (1,\n",
        "if True:\nx = 1\n",
        "  y = 2\n",
        "exec 'x = 1'\nx = 0777\nif a <> b: pass\nu = ur'x'\n",
        "type X[T] = list[T]\nasync def = 3\n",
        "def f[T](x: T) -> T:\n" + "    y = 1\n" * 40 + "    return x\nclass C[T](B):\n    pass\n",
        "if x == ):\n" + "    y = 1\n" * 40,
        "return = 'unterminated\n",
        "\t x = 1\n        \ty = 2\n",
        "x = 1;;\n$ pip install x\n",
    ],
)
def test_calls_and_constants_are_found_in_files_that_do_not_parse(broken: str) -> None:
    code = (
        LOAD
        + 'REF = "acme/bert"\n'
        + broken
        + 'AutoModel.from_pretrained(REF)\nAutoModel.from_pretrained("acme/two", revision="abc")\n'
    )
    assert {"acme/bert", "acme/two"} <= {ref for _, ref in found(code)}
    assert [(hit.line, hit.revision) for hit in read_python(code) if hit.ref == "acme/two"] == [
        (code.count("\n"), "abc")
    ]


def test_a_file_that_is_given_up_is_still_read_by_its_tokens() -> None:
    code = (
        LOAD
        + "".join(f"def f{number}(:\n" for number in range(60))
        + 'x = AutoModel.from_pretrained(\n    "acme/bert",  # "acme/no"\n)\n'
    )
    code += 'MODEL_NAME = "acme/other-7b"\nfrom vllm import LLM as L\nL(model=MODEL_NAME)\n"""model="acme/doc-7b" """\n'
    assert found(code) == [(63, "acme/bert"), (65, "acme/other-7b")]


@pytest.mark.parametrize(
    ("code", "lines"),
    [
        ('\ufeffX = 1\r\nAutoModel.from_pretrained("a/b")\r\n', [2]),
        ('x = """\n\n"""\nAutoModel.from_pretrained("a/b")\n', [4]),
        ('x = 1\r\n\r\ny = """\r\n"""\r\nAutoModel.from_pretrained(\r\n\t"a/b",\r\n)\r\n', [6]),
        ('if x:\n\tif y:\n\t\tAutoModel.from_pretrained("a/b")\n', [3]),
        ('x = 1 \x0c\nAutoModel.from_pretrained("a/b")\n', [2]),
        ('x = "\u2028\x85"\nAutoModel.from_pretrained("a/b")\n', [2]),
        ('x = "\x00"\nAutoModel.from_pretrained("a/b")\n', [2]),
        ('# é ü 漢\nx = "漢字"; AutoModel.from_pretrained("a/b")\n', [2]),
        ('AutoModel.from_pretrained("""\n\n  a/b\n""")\n', [3]),
        ('x = a + \\\n  AutoModel.from_pretrained(\\\n  "a/b")\n', [3]),
        ('x = f"""\n{AutoModel.from_pretrained("a/b")}"""\n', [2]),
    ],
)
def test_lines_are_counted_as_an_editor_counts_them(code: str, lines: list[int]) -> None:
    assert [
        line for line, _ in found("import transformers; from transformers import AutoModel;" + code.lstrip("\ufeff"))
    ] == lines
    if code.startswith("\ufeff"):
        assert [line for line, _ in found(code)] == lines


def test_unresolved_expressions_are_cut_from_lines_with_wide_letters() -> None:
    (hit,) = read_python('x = "漢字漢字"; AutoModel.from_pretrained(cfg["漢"] )\n')
    assert (hit.ref, hit.resolved) == ('cfg["漢"]', False)


@pytest.mark.parametrize(
    "text",
    [
        "x = " + "(" * 5000 + "1" + ")" * 5000,
        "x = " + "[" * 150 + "'a/b'" + "]" * 150,
        "x = " + "+".join(["'a/b'"] * 5000),
        "x = " + "not " * 20000 + "1",
        "x = " + "-" * 50000 + "1",
        "x = a" + ".b" * 20000,
        "x = a" + "[0]" * 5000,
        "x = " + "f(" * 90 + "'a/b'" + ")" * 90,
        "x = 1" + "0" * 6000,
        "\n".join("    " * depth + "if x:" for depth in range(99)),
        "model = [" + "'a/b-7b'," * 50000 + "]",
        "model = '" + "a" * 2_000_000 + "'",
        "from_pretrained" * 50_000,
        'model="' * 20_000,
        "x = '''" * 1001,
        "lambda: " * 500 + "1",
        "model = model\nf = f(f)\ndef f(a=f): return f(a)\nAutoModel.from_pretrained(f(f))",
        "class A(B): pass\nclass B(A): model = A.model\nAutoModel.from_pretrained(A().model)",
        "a = b\nb = a\nfrom_pretrained(a or b)\nx.from_pretrained(a)",
        "\n".join(f"def f{n}(m): return f{(n + 1) % 300}(m + m)" for n in range(300))
        + "\nx.from_pretrained(f0('a/b'))",
    ],
    ids=range(20),
)
def test_hostile_texts_end_soon(text: str) -> None:
    start = time.process_time()
    list(read_python("from transformers import AutoModel, openai\n" + text + "\n"))
    assert time.process_time() - start < 8


@given(st.text(max_size=300))
@settings(max_examples=150, deadline=None)
def test_any_text_is_read(text: str) -> None:
    list(read_python(text))
    list(read_python("from transformers import AutoModel\n" + text))


@given(
    st.lists(
        st.sampled_from(
            [
                *GOOD.split(),
                "(",
                ")",
                "{",
                "}",
                "\n",
                "    ",
                ":",
                '"',
                "'",
                '"""',
                "=",
                ",",
                "f'{",
                "\\",
                "\x00",
                "lambda",
                "#",
            ]
        ),
        max_size=60,
    )
)
@settings(max_examples=200, deadline=None)
def test_any_sequence_of_pythons_pieces_is_read(parts: list[str]) -> None:
    list(read_python("from transformers import AutoModel\n" + " ".join(parts)))


def test_mutated_code_is_read() -> None:
    chance = random.Random(7)
    for _ in range(400):
        letters = list(GOOD)
        for _ in range(chance.randint(1, 8)):
            at = chance.randrange(len(letters))
            letters[at : at + chance.randint(0, 3)] = chance.choice(
                ["", "(", ")", '"', "'", "\n", ":", "#", "\\", "{", " ", "\t"]
            )
        list(read_python("".join(letters)))

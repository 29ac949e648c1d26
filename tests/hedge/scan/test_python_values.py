"""Names of models in Python that are not simply written into the call: constants, pieces, defaults, loops, parameters."""

from __future__ import annotations

import pytest

from hanse.hedge.scan.python import read_python

LOAD = "from transformers import AutoModel\n"


def found(code: str) -> list[tuple[int, str]]:
    """Line and name of what is resolved, in `code` after an import line that counts as line 0."""
    return [(hit.line - 1, hit.ref) for hit in read_python(LOAD + code) if hit.resolved]


def unresolved(code: str) -> list[tuple[int, str]]:
    return [(hit.line - 1, hit.ref) for hit in read_python(LOAD + code) if not hit.resolved]


def test_a_constant_is_found_where_it_stands_and_only_there() -> None:
    code = 'NAME = "org/model-7b"\nAutoModel.from_pretrained(NAME)\nAutoModel.from_pretrained(NAME)\n'
    assert found(code) == [(1, "org/model-7b")]
    assert unresolved(code) == []


def test_a_name_put_together_is_found_where_it_is_put_together() -> None:
    for put in ('f"{ORG}/bert-{SIZE}"', 'ORG + "/bert-" + SIZE', '"%s/bert-%s" % (ORG, SIZE)', '"{}/bert-{}".format(ORG, SIZE)',
                '"{org}/bert-{size}".format(org=ORG, size=SIZE)', '"/".join([ORG, "bert-" + SIZE])', '"%(o)s/bert-%(s)s" % {"o": ORG, "s": SIZE}'):  # fmt: skip
        code = f'ORG = "acme"\nSIZE = "base"\nAutoModel.from_pretrained({put})\n'
        assert found(code) == [(3, "acme/bert-base")], put


def test_a_name_over_several_lines_stands_on_the_first() -> None:
    assert found('AutoModel.from_pretrained(\n    "acme/"\n    "bert"\n)\n') == [(2, "acme/bert")]
    assert found('X = (\n    "acme"\n    + "/bert"\n)\nAutoModel.from_pretrained(X)\n') == [(2, "acme/bert")]


def test_numbers_are_pieces_too() -> None:
    assert found('for size in (7, 13):\n    AutoModel.from_pretrained(f"acme/llm-{size}b")\n') == [
        (2, "acme/llm-13b"),
        (2, "acme/llm-7b"),
    ]


def test_a_string_with_one_piece_stays_where_the_piece_is() -> None:
    assert found('M = "acme/bert"\nAutoModel.from_pretrained(f"{M}")\nAutoModel.from_pretrained(str(M).strip())\n') == [
        (1, "acme/bert")
    ]


@pytest.mark.parametrize(
    "default",
    [
        'import os\nM = os.environ.get("M", "acme/bert")\n',
        'import os\nM = os.getenv("M", default="acme/bert")\n',
        'import os\nM = os.environ.get("M") or "acme/bert"\n',
        'from os import environ as e\nM = e.get("M", "acme/bert")\n',
        'from decouple import config\nM = config("M", default="acme/bert")\n',
        'import environ; env = environ.Env()\nM = env.str("M", default="acme/bert")\n',
        'import sys\nM = sys.argv[1] if len(sys.argv) > 1 else "acme/bert"\n',
        'import argparse; p = argparse.ArgumentParser()\np.add_argument("--some-name", default="acme/bert")\nM = p.parse_args().some_name\n',
        'from absl import flags\nflags.DEFINE_string("weights_from", "acme/bert", "help")\nM = flags.FLAGS.weights_from\n',
        '\nM = cfg.get("name", "acme/bert")\n',
        '\nM = getattr(cfg, "name", "acme/bert")\n',
        '\nM = kwargs.pop("name", "acme/bert")\n',
    ],
)
def test_defaults_are_resolved_where_they_stand(default: str) -> None:
    code = default + "AutoModel.from_pretrained(M)\n"
    assert found(code) == [(2, "acme/bert")]
    assert unresolved(code) == []


@pytest.mark.parametrize(
    "code",
    [
        '\ndef f(name="acme/bert"):\n    AutoModel.from_pretrained(name)\n',
        '\ndef f(*, name: str = "acme/bert"):\n    AutoModel.from_pretrained(name)\n',
        'import typer\ndef f(name: str = typer.Option("acme/bert", help="x")):\n    AutoModel.from_pretrained(name)\n',
        'import click\n@click.option("--name", default="acme/bert")\ndef f(name):\n    AutoModel.from_pretrained(name)\n',
        'class C:\n    name = "acme/bert"\n    def f(self):\n        AutoModel.from_pretrained(self.name)\n',
        'class C:\n    name: str = Field("acme/bert", description="x")\n    def f(self):\n        AutoModel.from_pretrained(self.name)\n',
        'class C:\n    name: str = field(default="acme/bert")\ndef f(c: C):\n    AutoModel.from_pretrained(c.name)\n',
        'class C(BaseSettings):\n    name: str = "acme/bert"\nsettings = C()\nAutoModel.from_pretrained(settings.name)\n',
        '\ndef f(name=None):\n    AutoModel.from_pretrained(name or "acme/bert")\n',
        'def f(name=None):\n    if name is None: name = "acme/bert"\n    AutoModel.from_pretrained(name)\n',
        'class C:\n    def __init__(self, n="acme/bert"):\n        self.n = n\n    def f(self):\n        AutoModel.from_pretrained(self.n)\n',
    ],
)
def test_defaults_of_parameters_options_and_fields_are_resolved_at_the_literal(code: str) -> None:
    line = next(number for number, text in enumerate(code.split("\n"), start=1) if "acme/bert" in text)
    assert found(code) == [(line, "acme/bert")]
    assert unresolved(code) == []


@pytest.mark.parametrize(
    "choice",
    [
        'AutoModel.from_pretrained("a/one" if big else "b/two")',
        'AutoModel.from_pretrained({"x": "a/one", "y": "b/two"}[key])',
        'for m in ("a/one", "b/two"): AutoModel.from_pretrained(m)',
        'for k, m in {"x": "a/one", "y": "b/two"}.items(): AutoModel.from_pretrained(m)',
        'for m in {"a/one": 1, "b/two": 2}: AutoModel.from_pretrained(m)',
        'for i, m in enumerate(["a/one", "b/two"]): AutoModel.from_pretrained(m)',
        'for m, n in zip(["a/one", "b/two"], [1, 2]): AutoModel.from_pretrained(m)',
        'for m, n in [("a/one", 1), ("b/two", 2)]: AutoModel.from_pretrained(m)',
        '[AutoModel.from_pretrained(m) for m in ["a/one", "b/two"]]',
        '{m: AutoModel.from_pretrained(m) for m in ["a/one", "b/two"]}',
        'list(map(AutoModel.from_pretrained, ["a/one", "b/two"]))',
        'import random; AutoModel.from_pretrained(random.choice(["a/one", "b/two"]))',
        'for m in "a/one,b/two".split(","): AutoModel.from_pretrained(m)',
        'for e in [{"repo": "a/one"}, {"repo": "b/two"}]: AutoModel.from_pretrained(e["repo"])',
        'from itertools import product\nfor m, s in product(["a/one", "b/two"], [1]): AutoModel.from_pretrained(m)',
    ],
)
def test_every_alternative_and_every_item_of_a_loop_is_found(choice: str) -> None:
    assert {ref for _, ref in found(choice)} == {"a/one", "b/two"}
    assert unresolved(choice) == []


def test_a_known_key_chooses_one_item() -> None:
    code = 'X = {"s": "a/one", "l": {"repo": "b/two"}}\nAutoModel.from_pretrained(X["s"])\n'
    assert found(code) == [(1, "a/one")]
    assert found(code + 'AutoModel.from_pretrained(X["l"]["repo"])\n') == [(1, "a/one"), (1, "b/two")]
    assert found('X = ["a/one", "b/two"]\nAutoModel.from_pretrained(X[-1])\n') == [(1, "b/two")]


@pytest.mark.parametrize(
    "expression",
    [
        "sys.argv[1]",
        "config.name",
        'os.environ["M"]',
        "input()",
        'os.getenv("M")',
        'cfg["model"]',
        "get_name()",
        'f"{org}/x"',
        "name",
    ],
)
def test_what_only_the_run_time_knows_is_one_unresolved_finding_at_the_call(expression: str) -> None:
    code = f"import os, sys\nAutoModel.from_pretrained(\n    {expression},\n)\n"
    assert unresolved(code) == [(2, expression)]
    assert found(code) == []


def test_a_parameter_without_default_or_caller_is_unresolved() -> None:
    assert unresolved("def f(name):\n    AutoModel.from_pretrained(name)\n") == [(2, "name")]


def test_literals_of_callers_take_the_place_of_a_parameter() -> None:
    code = 'def f(x, name):\n    AutoModel.from_pretrained(name)\nf(1, "a/one")\nf(1, name="b/two")\n'
    assert found(code) == [(3, "a/one"), (4, "b/two")]
    assert unresolved(code) == []


def test_a_caller_that_does_not_know_leaves_the_call_unresolved_as_well() -> None:
    code = 'import sys\ndef f(name):\n    AutoModel.from_pretrained(name)\nf("a/one")\nf(sys.stdin.readline())\n'
    assert found(code) == [(4, "a/one")]
    assert unresolved(code) == [(3, "name")]


@pytest.mark.parametrize(
    "code",
    [
        'class C:\n    def load(self, name):\n        AutoModel.from_pretrained(name)\nC().load("a/one")\n',
        'class C:\n    def __init__(self, name):\n        self.m = AutoModel.from_pretrained(name)\nC("a/one")\n',
        'class C:\n    def __init__(self, name):\n        self.name = name\n    def f(self):\n        AutoModel.from_pretrained(self.name)\nC(name="a/one")\n',
        'class B:\n    def __init__(self, name):\n        AutoModel.from_pretrained(name)\nclass C(B):\n    def __init__(self):\n        super().__init__("a/one")\n',
        'class B:\n    def f(self):\n        AutoModel.from_pretrained(self.name)\nclass C(B):\n    name = "a/one"\n',
        'from functools import partial\ndef f(name):\n    AutoModel.from_pretrained(name)\ng = partial(f, "a/one")\n',
        'def f(name):\n    AutoModel.from_pretrained(name)\npool.map(f, ["a/one"])\n',
        'import pytest\n@pytest.mark.parametrize("name", ["a/one"])\ndef test(name):\n    AutoModel.from_pretrained(name)\n',
        'def g():\n    return "a/one"\nAutoModel.from_pretrained(g())\n',
        'def g():\n    yield "a/one"\nfor n in g():\n    AutoModel.from_pretrained(n)\n',
        'import enum\nclass M(enum.Enum):\n    A = "a/one"\nAutoModel.from_pretrained(M.A.value)\n',
        'from types import SimpleNamespace\nc = SimpleNamespace(name="a/one")\nAutoModel.from_pretrained(c.name)\n',
        'import os\nos.environ["N"] = "a/one"\nAutoModel.from_pretrained(os.environ["N"])\n',
        'def outer():\n    global N\n    N = "a/one"\nAutoModel.from_pretrained(N)\n',
        'if (n := "a/one"):\n    AutoModel.from_pretrained(n)\n',
        'a, b = "a/one", 2\nAutoModel.from_pretrained(a)\n',
        'def f(n):\n    return AutoModel.from_pretrained(n)\ndef g(n):\n    return f(n)\ng("a/one")\n',
        'class C:\n    @property\n    def name(self):\n        return "a/one"\nAutoModel.from_pretrained(C().name)\n',
        'load = lambda n: AutoModel.from_pretrained(n)\nload("a/one")\n',
        'opts = dict(pretrained_model_name_or_path="a/one")\nAutoModel.from_pretrained(**opts)\n',
        'import streamlit as st\nn = st.selectbox("Model", ["a/one"])\nAutoModel.from_pretrained(n)\n',
        'n = "x/y"\nn = "a/one"\nAutoModel.from_pretrained(n)\n',
        'n = "a/"\nn += "one"\nAutoModel.from_pretrained(n)\n',
        'match size:\n    case 1:\n        n = "a/one"\nAutoModel.from_pretrained(n)\n',
        'try:\n    n = "a/one"\nexcept OSError:\n    n = None\nAutoModel.from_pretrained(n)\n',
    ],
)
def test_values_are_followed_through(code: str) -> None:
    assert [ref for _, ref in found(code)] == ["a/one"]
    assert unresolved(code) == []


def test_paths_are_joined() -> None:
    for path in (
        'os.path.join(D, "x.gguf")',
        'Path(D) / "x.gguf"',
        'Path(D).joinpath("x.gguf")',
        'f"{D}/x.gguf"',
        'Path(D, "x.gguf")',
    ):
        code = f'import os\nfrom pathlib import Path\nfrom llama_cpp import Llama\nD = "weights"\nLlama(model_path=str({path}))\n'
        assert found(code) == [(5, "weights/x.gguf")], path


def test_a_path_beside_the_file_itself_is_relative() -> None:
    code = 'from pathlib import Path\nimport torch\nHERE = Path(__file__).resolve().parent\ntorch.load(HERE / "weights" / "m.pt")\n'
    assert found(code) == [(4, "weights/m.pt")]


def test_the_order_of_assignments_counts() -> None:
    code = 'n = "a/one"\nAutoModel.from_pretrained(n)\nn = "not/loaded"\n'
    assert found(code) == [(1, "a/one")]


@pytest.mark.parametrize(
    "revision",
    ['revision="abc"', "revision=REV", '**{"revision": "abc"}', "**COMMON"],
)
def test_the_revision_of_the_call_belongs_to_the_name_on_any_line(revision: str) -> None:
    code = f'REV = "abc"\nCOMMON = dict(revision=REV)\nAutoModel.from_pretrained(\n    "a/one",\n    trust_remote_code=True,\n    {revision},\n)\n'
    assert [(hit.line - 1, hit.ref, hit.revision) for hit in read_python(LOAD + code)] == [(4, "a/one", "abc")]


def test_a_revision_behind_an_at_sign_is_split_off() -> None:
    (hit,) = read_python(LOAD + 'AutoModel.from_pretrained("a/one@main")\n')
    assert (hit.ref, hit.revision) == ("a/one", "main")


def test_a_sibling_names_the_revision() -> None:
    hits = list(
        read_python(
            'MODEL_ID = "a/one-7b"\nMODEL_REVISION = "abc"\nclass C:\n    model = "b/two-7b"\n    revision = "def"\n'
        )
    )
    assert [(hit.ref, hit.revision) for hit in hits] == [("a/one-7b", "abc"), ("b/two-7b", "def")]
    (hit,) = read_python('M = {"model": "a/one-7b", "revision": "abc"}\n')
    assert hit.revision == "abc"

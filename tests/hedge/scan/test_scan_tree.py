"""Whole folders: nothing outside is read, nothing raises, everything left out is told, the same twice."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hanse.errors import InputError
from hanse.hedge.scan import ignore
from hanse.hedge.scan.decode import MAX_TEXT, decode, is_binary
from hanse.hedge.scan.tree import scan
from hanse.hedge.scan.walk import shown

CODE = 'model: "org/name"\n'
NAMES = st.sampled_from(
    ["a.py", "b.yaml", "c.json", "d.toml", "e.sh", "Dockerfile", "f.ipynb", "g.ts", ".env", "h.tf", "Modelfile", "i.pkl", "j.gguf",
     "Makefile", "k.xml", "requirements.txt", "l.go", "m.pt", "package.json", "noname"]
)  # fmt: skip


def refs(folder: Path) -> list[tuple[str, str]]:
    return [(finding.file, finding.ref) for finding in scan(folder).findings]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(files=st.dictionaries(st.tuples(st.sampled_from(["", "x", "x/y"]), NAMES), st.binary(max_size=200), max_size=6))
def test_trees_of_random_bytes_never_raise_and_stay_inside(
    tmp_path_factory: pytest.TempPathFactory, files: dict[tuple[str, str], bytes]
) -> None:
    root = tmp_path_factory.mktemp("tree")
    for (folder, name), data in files.items():
        (root / folder).mkdir(parents=True, exist_ok=True)
        (root / folder / name).write_bytes(b"model " + data)
    found = scan(root, processes=1)
    assert found == scan(root, processes=1)
    for finding in found.findings:
        assert (root / finding.file).is_file()
        assert finding.line >= 1


def test_links_are_told_and_never_followed(tmp_path: Path) -> None:
    inside = tmp_path / "in"
    (inside / "d").mkdir(parents=True)
    (tmp_path / "secret.yaml").write_text(CODE)
    (inside / "a.yaml").write_text(CODE)
    (inside / "b.yaml").symlink_to("a.yaml")
    (inside / "c.yaml").symlink_to(tmp_path / "secret.yaml")
    (inside / "d" / "loop").symlink_to(inside)
    (inside / "self").symlink_to("self")
    (inside / "dangling.yaml").symlink_to("nowhere")
    (inside / "up").symlink_to("..")
    found = scan(inside)
    assert [finding.file for finding in found.findings] == ["a.yaml"]
    assert {item.file for item in found.skipped} == {"b.yaml", "c.yaml", "d/loop", "self", "dangling.yaml", "up"}
    assert {item.reason for item in found.skipped} == {"a symbolic link"}


def test_vendored_folders_environments_and_patterns_are_left_out(tmp_path: Path) -> None:
    for folder in (".git", "node_modules", "venv", "mine", "x.dist-info", "sub/keep", "sub/old", "gen"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "a.yaml").write_text(CODE)
    (tmp_path / "mine" / "pyvenv.cfg").write_text("")
    (tmp_path / ".hanseignore").write_text("# generated\ngen/\n*.skip.yaml\n")
    (tmp_path / "b.skip.yaml").write_text(CODE)
    found = scan(tmp_path, exclude=["sub/old/**"])
    assert [finding.file for finding in found.findings] == ["sub/keep/a.yaml"]
    reasons = {item.file: item.reason for item in found.skipped}
    assert reasons["node_modules"] == "vendored or generated"
    assert reasons["mine"] == "a virtual environment"
    assert reasons["gen"] == reasons["b.skip.yaml"] == reasons["sub/old"] == "excluded"


@pytest.mark.parametrize(
    ("pattern", "fits", "not_"),
    [("*.yaml", "a/b.yaml", "a/b.yml"), ("a/", "x/a/b", "a"), ("/a", "a/b", "x/a"), ("a/*.py", "a/b.py", "a/c/b.py"), ("**/t/*.py", "x/y/t/b.py", "x/y/b.py"),
     ("docs", "docs/x", "mydocs/x"), ("a?c", "abc", "a/c"), ("a.b", "a.b", "axb")],
)  # fmt: skip
def test_patterns(pattern: str, fits: str, not_: str) -> None:
    assert ignore.matches(fits, [pattern])
    assert not ignore.matches(not_, [pattern])


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_strange_names_of_files(tmp_path: Path) -> None:
    names = [
        b"new\nline.yaml",
        b"\xff\xfe.yaml",
        b"x" * 200 + b".yaml",
        "ü ä.yaml".encode(),
        b"[red]x[green].yaml",
        b" .yaml",
        b"-rf.yaml",
        b"a\x1b[31m.yaml",
    ]
    for name in names:
        with open(os.path.join(os.fsencode(tmp_path), name), "w") as file:
            file.write(CODE)
    found = scan(tmp_path)
    assert len(found.findings) == len(names)
    for finding in found.findings:
        finding.file.encode("utf-8")
        assert "\n" not in finding.file
        assert "\x1b" not in finding.file
    assert "\\xff\\xfe.yaml" in {finding.file for finding in found.findings}
    assert shown("a/b.py") == "a/b.py"


def test_large_text_is_told_and_binary_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "big.yaml").write_text(CODE + "#" * MAX_TEXT)
    (tmp_path / "b.yaml").write_bytes(b"\0\1" + CODE.encode())
    found = scan(tmp_path)
    assert found.findings == ()
    told = [("b.yaml", "no text: it has zero bytes"), ("big.yaml", "text larger than 2 MiB")]
    assert [(item.file, item.reason) for item in found.skipped] == told


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_a_pipe_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "p.yaml")
    assert [(item.file, item.reason) for item in scan(tmp_path).skipped] == [("p.yaml", "no regular file")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "latin-1"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_encodings_and_ends_of_rows(tmp_path: Path, encoding: str, end: str) -> None:
    (tmp_path / "a.yaml").write_bytes(f"# é{end}x: 1{end}model: org/name{end}".encode(encoding))
    (finding,) = scan(tmp_path).findings
    assert (finding.line, finding.ref) == (3, "org/name")


@given(st.binary(max_size=100))
def test_decoding_never_fails(data: bytes) -> None:
    assert "\r" not in decode(data)
    is_binary(data)


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such folder"):
        scan(tmp_path / "none")
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="no such folder"):
        scan(tmp_path / "file")


def test_an_empty_folder_has_nothing(tmp_path: Path) -> None:
    assert scan(tmp_path).findings == ()


def test_a_deep_folder(tmp_path: Path) -> None:
    here = tmp_path
    for _ in range(150):
        here = here / "d"
    here.mkdir(parents=True)
    (here / "a.yaml").write_text(CODE)
    assert len(refs(tmp_path)) == 1


def test_terraform_of_one_folder_is_read_together(tmp_path: Path) -> None:
    (tmp_path / "variables.tf").write_text('variable "model_id" {\n  default = "a/b"\n}\n')
    (tmp_path / "main.tf").write_text('resource "x" "y" {\n  model_id = var.model_id\n  other_model = var.none\n}\n')
    assert refs(tmp_path) == [("main.tf", "var.none"), ("variables.tf", "a/b")]

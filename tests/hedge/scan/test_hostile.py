"""Files made to stop a scan: each ends, nothing raises, what was not read is told, and what stands beside is found."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

DEEP = 10_000
CALL = 'AutoModel.from_pretrained("org/name")\n'
CHILD = """
import json, resource, sys
from pathlib import Path
resource.setrlimit(resource.RLIMIT_CPU, (30, 30))
from hanse.hedge.scan.tree import scan
found = scan(Path(sys.argv[1]), processes=1)
print(json.dumps([[[f.file, f.line, f.ref] for f in found.findings], {s.file: s.reason for s in found.skipped}]))
"""
LONG = "1 lines too long for code; the rest was read"
NESTED = "nested deeper than 60 levels: not read below"
ZERO = "no text: it has zero bytes"


def scanned(folder: Path) -> tuple[list[list[object]], dict[str, str]]:
    """What a scan of its own process finds and skips. 30 seconds of work at most, however busy the machine is."""
    done = subprocess.run([sys.executable, "-c", CHILD, str(folder)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, (done.returncode, done.stderr[-2000:])
    findings, skipped = json.loads(done.stdout)
    return findings, skipped


NESTS = {
    "json": ('{"model":\n' * DEEP + '"o/n"' + "}\n" * DEEP, NESTED),
    "array.json": ('{"model":' + "[\n" * DEEP + '"o/n"' + "]" * DEEP + "}", NESTED),
    "open.json": ('{"model":' + "[" * DEEP, NESTED),
    "toml": ("model = " + "[\n" * DEEP + '"o/n"' + "]\n" * DEEP, NESTED),
    "tf": ("model {\n" * DEEP + 'x = "o/n"\n' + "}\n" * DEEP, NESTED),
    "flow.yaml": ("model: " + "[\n" * 20 * DEEP, None),
    "map.yaml": ("model: " + "{a: \n" * DEEP + "o/n" + "}" * DEEP, None),
    "block.yaml": ("model:\n" + "- " * (DEEP - 10) + "x\n", None),
    "template.yaml": ("model: " + "{{\n" * DEEP, None),
    "xml": ("<model>\n" * DEEP + "o/n" + "</model>\n" * DEEP, NESTED),
    "py": ("model = " + "(\n" * DEEP + "1" + ")\n" * DEEP + "\n" + CALL, None),
    "list.py": ("model = " + "[\n" * DEEP + CALL, None),
    "unary.py": ("model = " + "-" * DEEP + "1\n" + CALL, None),
    "lambda.py": ("model = (" + "lambda:\n" * DEEP + "1)\n" + CALL, None),
    "sum.py": ("model = (" + "'a' +\n" * DEEP + "'o/n')\n" + CALL, None),
    "f.py": ("model = " + "f'{" * 150 + "1" + "}'" * 150 + "\n" + CALL, None),
    "js": ("const model = " + "([{\n" * DEEP, None),
    "ts": ("const model = " + "{a:\n" * DEEP + "1" + "}\n" * DEEP, None),
    "template.js": ("const model = " + "`a${\n" * DEEP + "1" + "}b`\n" * DEEP, None),
    "sh": ("vllm serve " + "$(\n" * DEEP + "echo o/n" + ")" * DEEP + "\n", None),
    "if.sh": ("if true; then\n" * 2000 + "vllm serve o/n\n" + "fi\n" * 2000, None),
    "ipynb": ('{"cells":' + "[" * DEEP + "]" * DEEP + "}", None),
}


def test_nesting_of_ten_thousand_levels(tmp_path: Path) -> None:
    for suffix, (text, _) in NESTS.items():
        (tmp_path / f"deep.{suffix}").write_text(text)
    findings, skipped = scanned(tmp_path)
    assert skipped == {f"deep.{suffix}": told for suffix, (_, told) in NESTS.items() if told}
    found = {(file, ref) for file, _, ref in findings}
    assert {(f"deep.{name}.py", "org/name") for name in ("unary", "lambda", "sum", "f")} <= found
    assert ("deep.py", "org/name") in found
    assert ("deep.if.sh", "o/n") in found


def test_minified_and_endless_lines_are_told_and_the_rest_is_read(tmp_path: Path) -> None:
    piece = 'var a=function(b,c){return b.model?c("x/y",{model:b}):void 0};'
    (tmp_path / "min.js").write_text(piece * ((2 << 20) // len(piece)))
    (tmp_path / "rows.js").write_text("a;b;c;d;e;f;g;h;model;\n" * 30_000)
    (tmp_path / "one.py").write_text("model = '" + "x" * (2_000_000) + "'\n" + CALL)
    (tmp_path / "holes.py").write_text("model = f'" + "{x}" * 100_000 + "'\n" + CALL)
    (tmp_path / "holes2.py").write_text('model = f"""' + "{x}\n" * 100_000 + '"""\n' + CALL)
    (tmp_path / "one.json").write_text('{"a": "' + "x" * 2_000_000 + '", "model": "o/n"}')
    with open(tmp_path / "huge.py", "wb") as file:
        file.write(b"model = '" + b"x" * (50 << 20) + b"'\n")
    findings, skipped = scanned(tmp_path)
    assert skipped == {
        "min.js": LONG,
        "one.py": LONG,
        "holes.py": LONG,
        "rows.js": "generated or minified: not read",
        "huge.py": "text larger than 2 MiB",
    }
    assert [file for file, _, ref in findings if ref in ("org/name", "o/n")] == [
        "holes.py", "holes2.py", "one.json", "one.py"
    ]  # fmt: skip


def test_bombs_of_aliases_names_and_strings(tmp_path: Path) -> None:
    nine = ["model0: &a0 [o/n, o/n]"]
    nine += [f"model{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 40)]
    merged = ["m0: &a0 {model: o/n}"]
    merged += [f"m{i}: &a{i} {{<<: [*a{i - 1}, *a{i - 1}], k{i}_model: o/n{i}}}" for i in range(1, 120)]
    (tmp_path / "lol.yaml").write_text("\n".join(nine))
    (tmp_path / "merge.yaml").write_text("\n".join(merged))
    (tmp_path / "self.yaml").write_text("model: &a [*a, *a, o/n]\nx: &b {model: *b, <<: *b}\n")
    entities = "".join(f'<!ENTITY a{i} "&a{i - 1};&a{i - 1};">' for i in range(1, 40))
    (tmp_path / "lol.xml").write_text(f'<!DOCTYPE a [<!ENTITY a0 "model o/n">{entities}]><model>&a39;</model>')
    for name, start, row, end in (
        ("a.env", "MODEL0=o/n", "MODEL{n}=${{MODEL{i}}}${{MODEL{i}}}", ""),
        ("a.sh", "M0=o/n", "M{n}=$M{i}$M{i}", "vllm serve $M100"),
        ("a.py", "m0 = 'o/n'", "m{n} = m{i} + m{i}", "AutoModel.from_pretrained(m100)"),
        ("a.js", "m0 = 'o/n'", "m{n} = m{i} + m{i}", "f({model: m100})"),
        ("a.tf", 'locals {\nl0 = "o/n"', 'l{n} = "${{local.l{i}}}${{local.l{i}}}"', "}\nmodel = local.l100"),
    ):
        rows = [row.format(n=i + 1, i=i) for i in range(100)]
        (tmp_path / name).write_text("\n".join([start, *rows, end]) + "\n")
    (tmp_path / "b.py").write_text(
        "AutoModel.from_pretrained('a' * 99999999999)\nAutoModel.from_pretrained('x'.rjust(10**10))\n"
        "AutoModel.from_pretrained(f\"{'x':>9999999999}\")\nAutoModel.from_pretrained('%9999999999s' % 'x')\n"
        "AutoModel.from_pretrained(str(9**9**9))\nfor i in range(10**12):\n    AutoModel.from_pretrained(f'o/n{i}')\n"
        + "\n".join(f"x{i} = 'a' if y else 'b'" for i in range(40))
        + "\nAutoModel.from_pretrained("
        + " + ".join(f"x{i}" for i in range(40))
        + ")\n"
    )
    (tmp_path / "b.sh").write_text("vllm serve " + "{a,b}" * 40 + "\nfor i in {1..999999999}; do vllm serve o/n$i; done\n")
    findings, _ = scanned(tmp_path)
    found = {(file, ref) for file, _, ref in findings}
    assert {("lol.yaml", "o/n"), ("self.yaml", "o/n"), ("merge.yaml", "o/n119"), ("a.env", "o/n")} <= found
    assert len(findings) < 1000
    assert all(len(str(ref)) < 1000 for _, _, ref in findings)


def test_a_hundred_thousand_assignments_and_ten_thousand_rows_that_go_on(tmp_path: Path) -> None:
    (tmp_path / "row.py").write_text(" = ".join(f"m{i}" for i in range(2000)) + " = 'o/n'\n" + CALL)
    (tmp_path / "chain.py").write_text("".join(f"m{i + 1}=m{i}\n" for i in range(100_000)) + CALL)
    (tmp_path / "same.py").write_text("model='a/b'\n" + "model=model+x\n" * 3000 + CALL)
    (tmp_path / "chain.js").write_text("".join(f"m{i + 1}_model=m{i}_model\n" for i in range(3000)))
    (tmp_path / "chain.sh").write_text("".join(f"M{i + 1}=$M{i}\n" for i in range(3000)) + "vllm serve o/n\n")
    (tmp_path / "tables.toml").write_text("".join(f"[a{i}]\nmodel = 'o/n{i}'\n" for i in range(2000)))
    (tmp_path / "many.yaml").write_text("model: o/n\n" * 2000 + "][")
    (tmp_path / "Dockerfile").write_text("FROM x\nRUN vllm serve \\\n" + " --x y \\\n" * DEEP + " o/n\n")
    (tmp_path / "open.sh").write_text("vllm serve a/b\ncat <<EOF\n" + "vllm serve o/n\n" * DEEP)
    (tmp_path / "open2.sh").write_text("cat <<EOF\nvllm serve o/n\n" * DEEP)
    findings, skipped = scanned(tmp_path)
    assert skipped == {}
    found = {(file, ref) for file, _, ref in findings}
    assert {(name, "org/name") for name in ("row.py", "chain.py", "same.py")} <= found
    assert {("chain.sh", "o/n"), ("Dockerfile", "o/n"), ("open.sh", "a/b"), ("tables.toml", "o/n1999")} <= found
    assert ("many.yaml", "o/n") in found


pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no limit of work there")
RUNS = ('"', "`", "\\", " ", '\\"', "a'", "/[", "a=", "<script ", "{{", "model: ", "/*")
NAMES = ("a.py", "a.js", "a.vue", "a.sh", "a.yaml", "a.json", "a.toml", "a.env", "a.ini", "a.tf", "a.go", "a.rb", "a.php", "a.ps1",
         "a.xml", "a.ipynb", "Dockerfile", "Modelfile", "requirements.txt", "package.json", "pyproject.toml", "setup.py")  # fmt: skip


@pytest.mark.parametrize("ending", ["", "\n", "\\\n"])
def test_runs_of_what_never_closes(tmp_path: Path, ending: str) -> None:
    """One long row, rows of one, rows that each go on; and a million equal letters."""
    for number, run in enumerate(RUNS):
        folder = tmp_path / str(number)
        folder.mkdir()
        piece = run + ending
        room = min(6000, 490 * len(piece)) if "\\" in run and not ending else 6000
        for name in NAMES:
            (folder / name).write_text("model vllm from_pretrained\n" + piece * (room // len(piece)))
    for name in ("a.py", "a.js", "a.yaml", "a.json", "a.go"):
        (tmp_path / name).write_text("model = " + "a" * 1_000_000)
    scanned(tmp_path)


def test_no_text_and_strange_text(tmp_path: Path) -> None:
    (tmp_path / "nul.py").write_bytes(b"\0" * (1 << 20))
    (tmp_path / "late.py").write_bytes(b"#" + b"a" * 5000 + b"\n" + b"\0" * 100 + CALL.encode())
    (tmp_path / "bare16.py").write_bytes(CALL.encode("utf-16-le"))
    (tmp_path / "mark16.py").write_bytes(CALL.encode("utf-16"))
    (tmp_path / "bad8.py").write_bytes(b"# \xc3(\xff\n" + CALL.encode())
    (tmp_path / "bad16.py").write_bytes(b"\xff\xfe" + b"\x00\xd8" * 9 + CALL.encode("utf-16-le"))
    (tmp_path / "crlf.py").write_bytes(b"\r\n" * 100_000 + CALL.encode())
    (tmp_path / "empty.py").write_bytes(b"")
    findings, skipped = scanned(tmp_path)
    assert skipped == {"nul.py": ZERO, "bare16.py": ZERO}
    assert [(file, line) for file, line, _ in findings] == [
        ("bad16.py", 1), ("bad8.py", 2), ("crlf.py", 100_001), ("late.py", 2), ("mark16.py", 1)
    ]  # fmt: skip


def test_notebooks_with_wrong_types_everywhere(tmp_path: Path) -> None:
    good = {"cells": [{"cell_type": "code", "source": [CALL], "metadata": {}, "outputs": []}], "metadata": {}, "nbformat": 4}
    wrong: list[object] = [None, 1, -1.5, True, "x", [], {}, [None], [[]], {"x": 1}, [1, "a", {}]]
    count = 0
    for value in wrong:
        made: list[object] = [value, *({**good, key: value} for key in good)]
        made += [{**good, "cells": [{**good["cells"][0], key: value}]} for key in good["cells"][0]]  # type: ignore[index]
        made += [{**good, "cells": [value, good["cells"][0]]}, {**good, "worksheets": value}]  # type: ignore[index]
        made += [{"worksheets": [{"cells": value}]}, {"worksheets": [value]}]
        for content in made:
            (tmp_path / f"{count}.ipynb").write_text(json.dumps(content))
            count += 1
    findings, skipped = scanned(tmp_path)
    assert skipped == {}
    assert {ref for _, _, ref in findings} == {"org/name"}
    assert len(findings) > count // 3


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_what_is_no_regular_file(tmp_path: Path) -> None:
    (tmp_path / "a.py").mkdir()
    (tmp_path / "a.py" / "b.py").write_text(CALL)
    (tmp_path / "loop").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "self.py").symlink_to("self.py")
    os.mkfifo(tmp_path / "pipe.py")
    (tmp_path / "closed.py").write_text(CALL)
    (tmp_path / "closed.py").chmod(0)
    (tmp_path / "death.yaml.gz").write_bytes(b"\x1f\x8b\x08" + b"\0" * 100)
    findings, skipped = scanned(tmp_path)
    told = {"loop": "a symbolic link", "self.py": "a symbolic link", "pipe.py": "no regular file"}
    may_read = os.geteuid() == 0  # root reads what is closed to others
    assert skipped == told | ({} if may_read else {"closed.py": "cannot read: Permission denied"})
    assert [file for file, _, _ in findings] == ["a.py/b.py", *(["closed.py"] if may_read else [])]

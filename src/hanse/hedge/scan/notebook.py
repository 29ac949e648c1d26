"""Models in Jupyter notebooks. Code cells are read as one program, so that a constant of one cell is known in the next;
magics and lines with '!' go to a shell reader. A finding's line is that of the string in the .ipynb file as text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from hanse.hedge.scan.config.jsons import read_json_nodes
from hanse.hedge.scan.config.nodes import Mapping, Node, Scalar, Sequence
from hanse.hedge.scan.finding import Hit, Reader
from hanse.hedge.scan.python import read_python
from hanse.hedge.scan.python.project import constants_of

_ELEMENT = re.compile(r'\s*+("(?:[^"\\]++|\\.)*+"),?\s*\]?\s*,?\s*$')
_CELL_TYPE = re.compile(r'"cell_type"\s*:\s*"(\w+)"')
_SHELL_CELLS = re.compile(r"%%(?:bash|sh|shell|zsh|system|script\s+(?:--?\S+\s+)*(?:ba|z)?sh|cmd)\b|%%!")
_OTHER_CELLS = re.compile(
    r"%%(?:html|javascript|js|latex|markdown|svg|sql|bigquery|R|ruby|perl|writefile|file|script|cython|julia|mermaid|ai|"
    r"prompt|graphql|spark|configure|cpp|cu|cuda)\b"
)
_WRITES = re.compile(r"%%(?:writefile|file)\s+(?:-a\s+)?\S+?\.(\w+)\s*$")
_RUNS = {
    "run": "python ",
    "env": "export ",
    "set_env": "export ",
    "pip": "pip ",
    "conda": "conda ",
    "sx": "",
    "system": "",
    "uv": "uv ",
}
_MAGIC = re.compile(r"(?P<indent>\s*)(?P<before>[A-Za-z_][\w, ]*=\s*)?(?P<mark>[!%])(?P<rest>.*)", re.DOTALL)
_TIMERS = re.compile(r"%{1,2}(?:time|timeit|capture|prun|memit|mprun|snakeviz)\b(?:\s+-\S+(?:\s+\d+)?)*\s*")
_VARIABLE = re.compile(r"\{(?P<braced>[A-Za-z_]\w*)\}|\$(?P<plain>[A-Za-z_]\w*)|\$\{(?P<both>[A-Za-z_]\w*)\}")


@dataclass
class _Cells:
    """A program put together from cells: its lines, and the line of the file where each stands."""

    code: list[str] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    commands: list[tuple[str, list[int]]] = field(default_factory=list)
    """Shell texts with the lines of theirs."""
    files: list[list[tuple[str, int]]] = field(default_factory=list)
    """Python files that cells write: programs of their own."""

    def add(self, pairs: Iterable[tuple[str, int]]) -> None:
        """A cell's lines."""
        cell = list(pairs)
        first = next((text for text, _ in cell if text.strip()), "").strip()
        if _SHELL_CELLS.match(first):
            start = next(index for index, (text, _) in enumerate(cell) if text.strip())
            self.commands.append(
                ("\n".join(text for text, _ in cell[start + 1 :]), [line for _, line in cell[start + 1 :]])
            )
            return
        written = _WRITES.match(first)
        if written is not None and written[1] == "py":
            self.files.append(cell[1:])
        if written is not None or _OTHER_CELLS.match(first):
            return
        waiting: list[tuple[str, int]] = []
        for text, line in cell:
            self.code.append(self._python(text, line, waiting))
            self.lines.append(line)
        self.code.append("")
        self.lines.append(self.lines[-1] if self.lines else 1)

    def _python(self, text: str, line: int, waiting: list[tuple[str, int]]) -> str:
        """A line as Python; what is none becomes `pass` and goes to the shell."""
        if waiting:  # a magic that goes on after a backslash
            self.commands[-1][1].append(line)
            self.commands[-1] = (f"{self.commands[-1][0]}\n{text}", self.commands[-1][1])
            if not text.rstrip().endswith("\\"):
                waiting.clear()
            return ""
        match = _MAGIC.match(text)
        if match is None:
            return text.rstrip("?") if text.strip().endswith("?") and "#" not in text else text
        rest = match["rest"]
        if match["mark"] == "%":
            timed = _TIMERS.match(text.strip())
            if timed is not None:
                return match["indent"] + (text.strip()[timed.end() :] or "pass")
            name = re.match(r"%?(\w*)\s*", rest)
            if name is None or name[1] not in _RUNS or (match["before"] and name[1] not in ("sx", "system")):
                return text if match["before"] else match["indent"] + "pass"
            rest = _RUNS[name[1]] + rest[name.end() :]
            if name[1] in ("env", "set_env"):
                rest = re.sub(r"^export\s+(\w+)\s+(?!=)", r"export \1=", rest)
        elif rest.startswith("="):  # x != y, split over lines
            return text
        self.commands.append((rest.lstrip("!"), [line]))
        if rest.rstrip().endswith("\\"):
            waiting.append((text, line))
        return match["indent"] + "pass"


def read_notebook(text: str, shell: Reader) -> Iterator[Hit]:
    """Models that a notebook depends on. `shell` reads its commands. Broken JSON is read by lines."""
    text = text.removeprefix("\ufeff")
    cells = _Cells()
    if _language(text) not in ("", "python"):
        return
    for cell in _cells(text):
        cells.add(cell)
    code = "\n".join(cells.code)
    written = [
        hit
        for file in cells.files
        for hit in _moved(read_python("\n".join(row for row, _ in file), shell), [line for _, line in file])
    ]
    seen: set[tuple[int, str]] = set()
    for hit in (*written, *_moved(read_python(code, shell), cells.lines), *_commands(cells, code, shell)):
        if (hit.line, hit.ref) not in seen:
            seen.add((hit.line, hit.ref))
            yield hit


def _moved(hits: Iterable[Hit], lines: list[int]) -> Iterator[Hit]:
    for hit in hits:
        line = lines[min(hit.line, len(lines)) - 1] if lines else hit.line
        yield Hit(line, hit.ref, hit.revision, hit.how, hit.kind, hit.resolved)


def _commands(cells: _Cells, code: str, shell: Reader) -> Iterator[Hit]:
    """Shell lines, with {NAME} and $NAME filled in from the notebook's constants: found at the constant then."""
    wanted = {
        name for text, _ in cells.commands for match in _VARIABLE.finditer(text) for name in match.groups() if name
    }
    constants = constants_of(code, wanted) if wanted else {}
    for text, lines in cells.commands:
        filled = [(text, {})] if not wanted else list(_filled(text, constants))
        for command, places in filled:
            for hit in _moved(shell(command), lines):
                at = places.get(hit.ref)
                line = cells.lines[min(at, len(cells.lines)) - 1] if at else hit.line
                ref = hit.ref if hit.resolved else re.sub(r"\$\{HANSE_(\w+)\}", r"{\1}", hit.ref)
                yield Hit(line, ref, hit.revision, hit.how, hit.kind, hit.resolved)


def _filled(text: str, constants: dict[str, list[tuple[str, int]]]) -> Iterator[tuple[str, dict[str, int]]]:
    """A command with its variables filled in, once for each value; and the line of code of each value."""
    for turn in range(
        max(
            [len(constants.get(name, ())) for match in _VARIABLE.finditer(text) for name in match.groups() if name]
            or [1],
            default=1,
        )
        or 1
    ):
        places: dict[str, int] = {}

        def fill(match: re.Match[str], turn: int = turn, places: dict[str, int] = places) -> str:
            name = match["braced"] or match["plain"] or match["both"]
            values = constants.get(name, [])
            if not values:
                return f"${{HANSE_{name}}}" if match["braced"] else match[0]
            value, line = values[min(turn, len(values) - 1)]
            places[value] = line
            return value

        yield _VARIABLE.sub(fill, text), places


def _language(text: str) -> str:
    """The kernel's language; empty when the file does not say."""
    match = re.search(r'"language_info"\s*:\s*\{[^{}]*?(?:\{[^{}]*\}[^{}]*)?"name"\s*:\s*"([^"]+)"', text) or re.search(
        r'"kernelspec"\s*:\s*\{[^{}]*"language"\s*:\s*"([^"]+)"', text
    )
    return match[1].lower() if match else ""


def _cells(text: str) -> list[list[tuple[str, int]]]:
    """Lines of each code cell with their lines in the file."""
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        found = _by_lines(text)
        if any(found):
            return found
    cells: list[list[tuple[str, int]]] = []
    for node in read_json_nodes(text)[:1]:
        for cell in _nodes(node):
            source = cell.get("source", "input")
            if cell.text("cell_type") == "code" and source is not None:
                parts = source.items if isinstance(source, Sequence) else [source]
                cells.append(_lines([part for part in parts if isinstance(part, Scalar)]))
    return cells


def _nodes(notebook: Node) -> Iterator[Mapping]:
    """The cells of a notebook, of format 3 too."""
    if not isinstance(notebook, Mapping):
        return
    cells = notebook.get("cells")
    if isinstance(cells, Sequence):
        yield from (cell for cell in cells.items if isinstance(cell, Mapping))
    sheets = notebook.get("worksheets")
    for sheet in sheets.items if isinstance(sheets, Sequence) else ():
        yield from _nodes(sheet)


def _lines(source: list[Scalar]) -> list[tuple[str, int]]:
    """The strings of a cell as lines of code, each with the file's line where it begins."""
    lines: list[tuple[str, int]] = []
    rest, start = "", 0
    for scalar in source:
        start = start if rest else scalar.line
        *whole, rest = (rest + scalar.value).split("\n")
        for part in whole:
            lines.append((part, start))
            start = scalar.line
    return [*lines, (rest, start)] if rest else lines


def _by_lines(text: str) -> list[list[tuple[str, int]]]:
    """Code cells of a broken file: lines that are one JSON string each, after "source" and outside of Markdown."""
    cells: list[list[tuple[str, int]]] = []
    cell: list[tuple[str, int]] = []
    kind, inside = "code", False
    for number, line in enumerate(text.split("\n"), start=1):
        named = _CELL_TYPE.search(line)
        if named is not None:
            kind, inside = named[1], False
            cells.append(cell)
            cell = []
            continue
        if re.match(r'\s*"source"\s*:\s*\[', line):
            inside = True
            line = line.partition("[")[2]
        elif re.match(r'\s*"(?:outputs|metadata|execution_count|data|text)"\s*:', line):
            inside = False
        element = _ELEMENT.match(line)
        if inside and kind == "code" and element is not None:
            try:
                cell.append((str(json.loads(element[1], strict=False)).rstrip("\n"), number))
            except ValueError:
                continue
    return [*cells, cell]

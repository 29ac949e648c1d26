"""YAML with lines, also where it is a template: directives of Helm and Jinja are taken out, what they print stays as a hole.

Text that is no YAML even then is read row by row. Several documents, anchors, merges and equal keys are all kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from hanse.hedge.scan.config.nodes import Entry, Mapping, Node, Scalar, Sequence

DEEPEST = 80
"""Levels; YAML nested deeper is read row by row."""
_DIRECTIVE = re.compile(r"^[ \t]*(?:\{\{-?\s*(?:if|else|end|range|with|define|template|include|block|toYaml|tpl|/\*|\$\w+\s*:?=|fail|print)[^\n]*|"
                        r"\{%[^\n]*%\}[ \t]*|\{#[^\n]*#\}[ \t]*|- ?\{\{-?\s*(?:include|toYaml|range|if|end|tpl)[^\n]*)$", re.MULTILINE)  # fmt: skip
_PRINTED = re.compile(r"\$?\{\{[^{}\n]*\}\}|\{%[^%\n]*%\}")
MERGED = 5000
"""Entries that merges copy in one text."""
MANY = 500
"""Brackets up to which nobody nests too deeply by them."""
_INDENTED = re.compile(r"^[ \t?:-]{160}", re.MULTILINE)
_OTHER_BREAKS = {ord(letter): " " for letter in "\r\x85\u2028\u2029"}
"""What YAML takes for the end of a row and editors do not."""
_HOLE = re.compile("HANSEHOLE([0-9]+)X")
_ROW = re.compile(
    r"^(?P<indent>[ \t]*)(?:- )?[\"']?(?P<key>[A-Za-z_][\w.-]*)[\"']?[ \t]*:[ \t]+(?P<value>[^#\n]+?)[ \t]*(?:#.*)?$"
)
_LIST_ROW = re.compile(r"^[ \t]*- [\"']?(?P<value>[^\"'\n#]+)[\"']?[ \t]*$")


def read_yaml_nodes(text: str) -> list[Node]:
    """Every document of a text; when it is none, its rows as one mapping."""
    nodes = _composed(text) if "{{" not in text and "{%" not in text else None
    if nodes is None:
        holes: list[str] = []
        plain = _without_templates(text, holes)
        nodes = _composed(plain, holes) if plain != text or "{{" in text or "{%" in text else None
    return nodes if nodes is not None else [_rows(text)]


def _without_templates(text: str, holes: list[str]) -> str:
    def hole(match: re.Match[str]) -> str:
        holes.append(match[0])
        return f"HANSEHOLE{len(holes) - 1}X"

    return _PRINTED.sub(hole, _DIRECTIVE.sub(lambda match: "\n" * match[0].count("\n"), text))


def _composed(text: str, holes: list[str] | None = None) -> list[Node] | None:
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    text = text.translate(_OTHER_BREAKS)
    text = text.replace("\t", "    ") if re.search(r"^\t+\S", text, re.MULTILINE) else text
    made: list[Node] = []
    builder = _Builder(text, holes or [])
    try:
        if text.count("[") + text.count("{") > MANY or _INDENTED.search(text):
            _check_depth(text, loader)
        for document in yaml.compose_all(text, Loader=loader):
            if document is not None:
                made.append(builder.node(document, 0))
    except (yaml.YAMLError, RecursionError, ValueError, _TooDeep):
        return None
    return made


def _check_depth(text: str, loader: Any) -> None:
    """Raises _TooDeep. Composing goes down by calls in C, which no limit of Python's ends; events come one by one."""
    import yaml

    depth = 0
    for event in yaml.parse(text, Loader=loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > DEEPEST:
                raise _TooDeep
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


class _TooDeep(Exception):
    pass


class _Builder:
    """PyYAML's nodes as ours; an alias becomes the one node it names."""

    def __init__(self, text: str, holes: list[str]) -> None:
        self.rows = text.split("\n")
        self.holes = holes
        self.made: dict[int, Node] = {}
        self.merged = 0
        """Entries that stand in a second mapping too."""
        self.kept: list[object] = []
        """Nodes whose ids are in use."""

    def node(self, given: object, depth: int) -> Node:
        if depth > DEEPEST:
            raise _TooDeep
        if id(given) in self.made:
            return self.made[id(given)]
        self.kept.append(given)
        line: int = given.start_mark.line + 1  # type: ignore[attr-defined]
        value = given.value  # type: ignore[attr-defined]
        made: Node
        if isinstance(value, str):
            made = self._scalar(given, value, line)
            self.made[id(given)] = made
        elif type(given).__name__ == "MappingNode":
            made = Mapping(line)
            self.made[id(given)] = made
            for key, item in value:
                name = self._filled(key.value) if isinstance(key.value, str) else ""
                made.entries.append(Entry(name, key.start_mark.line + 1, self.node(item, depth + 1)))
            self._merge(made)
        else:
            made = Sequence(line)
            self.made[id(given)] = made
            made.items.extend(self.node(item, depth + 1) for item in value)
        return made

    def _merge(self, made: Mapping) -> None:
        """<<: the entries of another mapping stand there; they count among the keys here (a revision beside a model)."""
        for entry in [e for e in made.entries if e.key == "<<"]:
            sources = entry.value.items if isinstance(entry.value, Sequence) else [entry.value]
            own = {e.key for e in made.entries}
            for source in sources:
                if isinstance(source, Mapping) and source is not made and self.merged < MERGED:
                    more = [e for e in source.entries if e.key not in own]
                    made.entries.extend(more)
                    self.merged += len(more)
                    own |= {e.key for e in source.entries}  # the first source wins

    def _scalar(self, given: object, value: str, line: int) -> Scalar:
        start, end = given.start_mark, given.end_mark  # type: ignore[attr-defined]
        style = given.style  # type: ignore[attr-defined]
        string = given.tag.endswith((":str", ":timestamp")) or bool(style)  # type: ignore[attr-defined]
        text = None
        if style in ("|", ">"):
            first = start.line + 1  # index of the first row of the block
            block = self.rows[first : max(first, end.line + (1 if end.column and end.line >= first else 0))]
            indent = min((len(row) - len(row.lstrip()) for row in block if row.strip()), default=0)
            block = [row[indent:] for row in block]
            line = first + 1
            text = "\n".join(block) if style == "|" else _folded(block)
        elif end.line > start.line:
            rows = [
                self.rows[start.line][start.column :],
                *self.rows[start.line + 1 : end.line],
                self.rows[end.line][: end.column],
            ]
            rows = [row.strip() for row in rows]
            if style in ("'", '"'):
                rows[0], rows[-1] = rows[0][1:], rows[-1].removesuffix(style)
            text = _folded(rows)
            if style == '"' and "\\n" in text:
                text = None
        return Scalar(self._filled(value), line, self._filled(text) if text is not None else None, string)

    def _filled(self, text: str) -> str:
        if not self.holes or "HANSEHOLE" not in text:
            return text
        return _HOLE.sub(lambda match: self.holes[int(match[1])] if int(match[1]) < len(self.holes) else match[0], text)


def _folded(rows: list[str]) -> str:
    """Rows that YAML joins with spaces: joined as the shell joins rows, so that each keeps its line."""
    joined = []
    for index, row in enumerate(rows):
        following = rows[index + 1] if index + 1 < len(rows) else ""
        joined.append(f"{row} \\" if row.strip() and following.strip() and not row.endswith("\\") else row)
    return "\n".join(joined)


def _rows(text: str) -> Mapping:
    """KEY: VALUE of every row, whatever the levels; items of lists under the last key."""
    found = Mapping(1)
    key = ""
    for number, row in enumerate(text.split("\n"), 1):
        match = _ROW.match(row)
        if match:
            key = match["key"]
            value = match["value"].strip().strip("\"',")
            if value not in ("|", ">", "|-", ">-"):
                found.entries.append(
                    Entry(key, number, Scalar(value, number, None, not re.fullmatch(r"[\d.]+|true|false|null", value)))
                )
            continue
        heading = re.match(r"^\s*(?:- )?([A-Za-z_][\w.-]*):\s*$", row)
        item = _LIST_ROW.match(row)
        if heading:
            key = heading[1]
        elif item and key:
            found.entries.append(Entry(key, number, Scalar(item["value"].strip(), number)))
    return found


def scalars(node: Node) -> Iterator[Scalar]:
    """Every scalar, for tests."""
    if isinstance(node, Scalar):
        yield node
    elif isinstance(node, Sequence):
        for item in node.items:
            yield from scalars(item)
    else:
        for entry in node.entries:
            yield from scalars(entry.value)

"""HCL, as Terraform, Nomad and Packer write it: blocks, attributes, lists, objects, heredocs, with lines.

`var.NAME` and `local.NAME` are replaced by what the module sets; what it does not set stays as `${var.NAME}`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from hanse.hedge.scan.config.nodes import Entry, Mapping, Node, Scalar, Sequence

DEEPEST = 100
FOLLOWED = 20
"""Constants that name each other, one behind the other."""
_IDENTIFIER = re.compile(r"[A-Za-z_][\w.-]*")
_STRING = re.compile(r'"((?:[^"\\\n]++|\\.)*+)"')
_HEREDOC = re.compile(r"<<(-?)([A-Za-z_]\w*)[^\n]*\n")
_COMMENT = re.compile(r"(?:#|//)[^\n]*|/\*.*?(?:\*/|\Z)", re.DOTALL)
_REFERENCE = re.compile(r"(?:var|local)\.[A-Za-z_]\w*")


def read_hcl_nodes(text: str, others: Iterable[str] = ()) -> list[Node]:
    """The document as one mapping, with the constants of the module's other files filled in."""
    root = _Parser(text).body(0)
    known = constants(root)
    for other in others:
        known |= {name: None for name in constants(_Parser(other).body(0)) if name not in known}
    return [_resolved(root, known, 0, frozenset())]


def constants(root: Mapping) -> dict[str, Node | None]:
    """var.NAME with its default, local.NAME with its value; None stands for a literal in another file."""
    found: dict[str, Node | None] = {}
    for entry in root.entries:
        if not isinstance(entry.value, Mapping):
            continue
        name = entry.key.removeprefix("variable ")
        if entry.key.startswith("variable ") and (default := entry.value.get("default")) is not None:
            if not isinstance(default, Scalar) or (default.value and default.value != "null"):
                found[f"var.{name}"] = default
        elif entry.key == "locals":
            found |= {f"local.{item.key}": item.value for item in entry.value.entries}
    return found


def _resolved(node: Node, known: dict[str, Node | None], depth: int, met: frozenset[str]) -> Node:
    """References to constants as what they name: at the literal, or nothing when that is in another file. `met` are those on
    the way here, which may name each other in a circle."""
    if depth > DEEPEST:
        return node
    if isinstance(node, Sequence):
        return Sequence(node.line, [_resolved(item, known, depth + 1, met) for item in node.items])
    if isinstance(node, Mapping):
        entries = []
        for entry in node.entries:
            if entry.key.startswith("variable ") and isinstance(entry.value, Mapping):
                name = entry.key.removeprefix("variable ")
                entries += [Entry(name, item.line, item.value) for item in entry.value.entries if item.key == "default"]
                continue
            entries.append(Entry(entry.key, entry.line, _resolved(entry.value, known, depth + 1, met)))
        return Mapping(node.line, entries)
    match = re.fullmatch(r"\$\{\s*((?:var|local)\.\w+)\s*\}", node.value)
    if match and match[1] in known and match[1] not in met and len(met) < FOLLOWED:
        target = known[match[1]]
        if isinstance(target, Scalar):
            return (
                target
                if "${" not in target.value
                else _resolved(target, known, depth + 1, met | {match[1]})
            )
        return Scalar("", node.line)
    if "${" in node.value and node.text is None:
        value = node.value
        for name in set(_REFERENCE.findall(value)):
            target = known.get(name) if name not in met else None
            if isinstance(target, Scalar):
                value = re.sub(r"\$\{\s*" + re.escape(name) + r"\s*\}", lambda _m, t=target: t.value, value)  # type: ignore[misc]
        return Scalar(value, node.line, None, node.string)
    return node


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.line = 1

    def _skip(self, count: int) -> str:
        taken = self.text[self.at : self.at + count]
        self.at += count
        self.line += taken.count("\n")
        return taken

    def _space(self) -> str:
        """Over blanks and comments; the next letter."""
        while self.at < len(self.text):
            letter = self.text[self.at]
            comment = _COMMENT.match(self.text, self.at) if letter in "#/" else None
            if comment:
                self._skip(comment.end() - self.at)
            elif letter in " \t\r\n,;":
                self._skip(1)
            else:
                return letter
        return ""

    def body(self, depth: int) -> Mapping:
        """Attributes and blocks up to the closing brace."""
        found = Mapping(self.line)
        while (letter := self._space()) and letter != "}":
            line = self.line
            name = self._name()
            if name is None:
                self._skip(1)
                continue
            labels = []
            while (letter := self._blank()) and letter not in "={:\n":
                label = self._name()
                if label is None:
                    break
                labels.append(label)
            letter = self._blank()
            if letter and letter in "=:":
                self._skip(1)
                value = self._value(depth + 1)
                if value is not None:
                    found.entries.append(Entry(name, line, value))
            elif letter == "{" and depth < DEEPEST:
                self._skip(1)
                key = f"variable {labels[0]}" if name == "variable" and labels else name
                found.entries.append(Entry(key, line, self.body(depth + 1)))
        self._skip(1)
        return found

    def _name(self) -> str | None:
        match = _STRING.match(self.text, self.at) or _IDENTIFIER.match(self.text, self.at)
        if match is None:
            return None
        self._skip(match.end() - self.at)
        return match[1] if match.re is _STRING else match[0]

    def _blank(self) -> str:
        while self.text[self.at : self.at + 1] in (" ", "\t"):
            self.at += 1
        return self.text[self.at : self.at + 1]

    def _value(self, depth: int) -> Node | None:
        letter = self._space()
        line = self.line
        heredoc = _HEREDOC.match(self.text, self.at)
        if heredoc:
            self._skip(heredoc.end() - self.at)
            first, rows = self.line, []
            while self.at < len(self.text):
                stop = self.text.find("\n", self.at)
                row = self._skip((stop if stop >= 0 else len(self.text)) + 1 - self.at).rstrip("\n")
                if row.strip() == heredoc[2]:
                    break
                rows.append(row)
            return Scalar("\n".join(rows), first, "\n".join(rows))
        if letter == "[" and depth < DEEPEST:
            self._skip(1)
            items: list[Node] = []
            while (letter := self._space()) and letter != "]":
                before = self.at
                item = self._value(depth + 1)
                if item is not None:
                    items.append(item)
                if self.at == before:
                    self._skip(1)
            self._skip(1)
            return Sequence(line, items)
        if letter == "{" and depth < DEEPEST:
            self._skip(1)
            return self.body(depth + 1)
        match = _STRING.match(self.text, self.at)
        if match:
            self._skip(match.end() - self.at)
            return Scalar(re.sub(r"\\(.)", r"\1", match[1]), line)
        return self._expression(line, depth)

    def _expression(self, line: int, depth: int) -> Node | None:
        """A reference or call: jsonencode({...}) is what is in it, coalesce(var.x, "y") its string, var.x a hole."""
        match = _IDENTIFIER.match(self.text, self.at)
        if match and self.text.startswith("(", match.end()) and depth < DEEPEST:
            self._skip(match.end() + 1 - self.at)
            found: list[Node] = []
            while (letter := self._space()) and letter != ")":
                before = self.at
                item = self._value(depth + 1)
                if item is not None:
                    found.append(item)
                if self.at == before:
                    self._skip(1)
            self._skip(1)
            return found[0] if len(found) == 1 else Sequence(line, found)
        stop = re.compile(r"[^\n,\]})#]*").match(self.text, self.at)
        raw = self._skip(stop.end() - self.at).strip() if stop and stop.end() > self.at else ""
        if not raw:
            return None
        if re.fullmatch(r"(var|local)\.\w+", raw):
            return Scalar(f"${{{raw}}}", line)
        reference = re.match(r"[A-Za-z_]\w*\.[\w.\[\]*]+", raw)
        return Scalar(f"${{{raw}}}" if reference else raw, line, None, reference is not None)

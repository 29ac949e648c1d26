"""Formats of one setting a row: .env, INI, properties."""

from __future__ import annotations

import re

from hanse.hedge.scan.config.nodes import Entry, Mapping, Node, Scalar
from hanse.hedge.scan.shell.lexer import commands
from hanse.hedge.scan.shell.variables import Variables

_ENV = re.compile(r"^[ \t]*(?:export[ \t]+|set[ \t]+)?(?P<key>[A-Za-z_][\w.-]*)[ \t]*=[ \t]*(?P<value>.*)$")
_INI = re.compile(r"^[ \t]*(?P<key>[A-Za-z_][\w.\-/ ]*?)[ \t]*[=:][ \t]*(?P<value>.*)$")
_SECTION = re.compile(r"^[ \t]*\[(?P<name>[^\]\n]+)\]")


def read_env_nodes(text: str) -> list[Node]:
    """NAME=value; values that name other variables of the file are filled in."""
    known = Variables()
    known.collect(commands(text))
    found = Mapping(1)
    for number, row in enumerate(text.split("\n"), 1):
        match = _ENV.match(row)
        if not match or row.lstrip().startswith("#"):
            continue
        raw = _unquoted(match["value"].rstrip("\r"))
        words = [word for command in commands(f'"{raw}"', number) for word in command.words]
        if "$" in raw and len(words) == 1:
            for value in {value.text: value for value in known.fill(words[0])}.values():
                found.entries.append(
                    Entry(
                        match["key"],
                        value.line if value.known else number,
                        Scalar(value.text if value.known else raw, value.line if value.known else number),
                    )
                )
        else:
            found.entries.append(Entry(match["key"], number, Scalar(raw, number)))
    return [found]


def read_ini_nodes(text: str) -> list[Node]:
    """[section], key = value or key: value; rows that go on are joined to the value."""
    root = Mapping(1)
    section = root
    rows = text.split("\n")
    number = 0
    while number < len(rows):
        row = rows[number].rstrip("\r")
        number += 1
        if not row.strip() or row.lstrip()[0] in "#;!":
            continue
        header = _SECTION.match(row)
        match = _INI.match(row)
        if header:
            section = Mapping(number)
            root.entries.append(Entry(header["name"].strip(), number, section))
        elif match:
            first, value = number, [match["value"]]
            while (
                number < len(rows)
                and rows[number][:1] in (" ", "\t")
                and rows[number].strip()
                and not _looks_set(rows[number])
            ):
                value.append(rows[number].rstrip("\r"))
                number += 1
            joined = re.split(r"\s[#;]", value[0])[0].strip() if len(value) == 1 else value[0].rstrip("\\")
            text_ = "\n".join(value) if len(value) > 1 else None
            section.entries.append(Entry(match["key"].strip(), first, Scalar(joined.strip("\"' "), first, text_)))
    return [root]


def _looks_set(row: str) -> bool:
    return re.match(r"[ \t]+[A-Za-z_][\w.-]*[ \t]*=", row) is not None


def _unquoted(value: str) -> str:
    value = value.strip()
    if value[:1] in ("'", '"', "`") and (end := value.find(value[0], 1)) > 0:
        return value[1:end]
    return re.split(r"\s+#", value)[0].strip()

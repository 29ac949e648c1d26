"""Files that hold shell in a form of their own: Makefile, Justfile, Procfile, systemd units, PowerShell and batch files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from hanse.hedge.scan.finding import Hit
from hanse.hedge.scan.shell.read import Shell
from hanse.hedge.scan.shell.variables import Value, Variables

_MAKE_SET = re.compile(r"^(?:export\s+|override\s+|define\s+)*([A-Za-z_][\w.-]*)\s*(?:\?|:{1,3}|\+|!)?=\s*(.*)$")
_MAKE_TARGET_SET = re.compile(r"^[\w./% -]+:\s*(?:export\s+)?([A-Za-z_]\w*)\s*(?:\?|:|\+)?=\s*(.*)$")
_MAKE_INLINE = re.compile(r"^[\w./% -]+::?[^=;#\t]*;\s*(.+)$")
_MAKE_USE = re.compile(r"\$\(([A-Za-z_][\w.-]*)\)|\$\{([A-Za-z_][\w.-]*)\}")
_JUST_SET = re.compile(r"^(?:export\s+)?([A-Za-z_][\w-]*)\s*:=\s*(.*)$")
_JUST_RECIPE = re.compile(
    r"^@?[A-Za-z_][\w-]*(?P<given>(?:\s+[+*$]?[A-Za-z_][\w-]*(?:\s*=\s*(?:\"[^\"]*\"|'[^']*'|[\w./:-]+))?)*)\s*:(?!=)"
)
_JUST_DEFAULT = re.compile(r"([A-Za-z_][\w-]*)\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([\w./:-]+))")
_JUST_USE = re.compile(r"\{\{\s*([A-Za-z_][\w-]*)\s*\}\}")
_UNIT = re.compile(r"^(Exec\w+|Environment)\s*=\s*(.*)$")


def read_script(text: str, shell: Shell) -> Iterator[Hit]:
    """A shell script; one with a Python first line is none."""
    yield from shell.text(text)


def read_makefile(text: str, shell: Shell) -> Iterator[Hit]:
    """Variables and recipes; $(NAME) is the shell's ${NAME}, $$ its dollar."""
    known = Variables()
    rows = []
    for row in text.split("\n"):
        body = row.rstrip("\r")
        given = None if body.startswith("\t") else _MAKE_SET.match(body) or _MAKE_TARGET_SET.match(body)
        if given and not given[2].startswith("$(shell"):
            value = _made(re.sub(r"\s#.*", "", given[2]).rstrip("\\ \t"))
            rows.append(f"{_name(given[1])}={_quoted(value)}" if value else "")
        elif body.startswith("\t"):
            rows.append(_made(body.lstrip("\t@-+ ")))
        elif inline := _MAKE_INLINE.match(body):
            rows.append(_made(inline[1].lstrip("@-+ ")))
        else:
            rows.append("")
        if body.endswith("\\") and rows[-1] and not rows[-1].endswith("\\") and not given:
            rows[-1] += " \\"
    written = text.split("\n")
    for hit in shell.text("\n".join(rows), 1, known):
        ref = re.sub(r"\$\{(\w+)\}", r"$(\1)", hit.ref)
        yield hit if hit.resolved or ref not in written[hit.line - 1] else replace(hit, ref=ref)


def _made(text: str) -> str:
    text = _MAKE_USE.sub(lambda match: f"${{{_name(match[1] or match[2])}}}", text)
    return text.replace("$$", "$")


def _name(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_]", "_", name)


def _quoted(text: str) -> str:
    return '"' + text.strip().strip("\"'").replace('"', '\\"') + '"'


def read_justfile(text: str, shell: Shell) -> Iterator[Hit]:
    """Variables, recipe parameters with their defaults, and recipes; {{name}} is the shell's ${name}."""
    known = Variables()
    rows = []
    for number, row in enumerate(text.split("\n"), 1):
        body = row.rstrip("\r")
        given = _JUST_SET.match(body)
        recipe = None if body[:1] in (" ", "\t") else _JUST_RECIPE.match(body)
        if given:
            environment = re.match(
                r"env(?:_var_or_default)?\(\s*[\"']\w+[\"']\s*,\s*[\"']([^\"']*)[\"']\s*\)", given[2]
            )
            value = environment[1] if environment else given[2].strip().strip("\"'")
            literal = environment or given[2].strip()[:1] in ("'", '"')
            rows.append(f"{_name(given[1])}={_quoted(value)}" if literal else "")
        elif recipe:
            for match in _JUST_DEFAULT.finditer(recipe["given"]):
                value = match[2] or match[3] or match[4]
                if value:
                    known.define(_name(match[1]), Value(value, number))
            rows.append("")
        elif body[:1] in (" ", "\t"):
            rows.append(_JUST_USE.sub(lambda match: f"${{{_name(match[1])}}}", body.strip().lstrip("@-")))
        else:
            rows.append("")
    for hit in shell.text("\n".join(rows), 1, known):
        yield hit if hit.resolved else replace(hit, ref=re.sub(r"\$\{(\w+)\}", r"{{\1}}", hit.ref))


def read_procfile(text: str, shell: Shell) -> Iterator[Hit]:
    """name: command."""
    rows = [re.sub(r"^[\w-]+:\s*", "", row) for row in text.split("\n")]
    yield from shell.text("\n".join(rows))


def read_unit(text: str, shell: Shell) -> Iterator[Hit]:
    """A systemd unit: what it executes, with its environment."""
    rows, going_on = [], False
    for row in text.split("\n"):
        given = _UNIT.match(row.strip())
        if given:
            value = given[2] if given[1] == "Environment" else given[2].lstrip("@-+!:")
            rows.append(
                re.sub(r"(^|\s)[\"']?([A-Z_]+)=([^\"'\s]*)[\"']?", r"\1\2=\3", value)
                if given[1] == "Environment"
                else value
            )
        else:
            rows.append(row if going_on else "")
        going_on = row.rstrip().endswith("\\") and (going_on or given is not None)
    yield from shell.text("\n".join(rows).replace("%%", "%"))


def read_powershell(text: str, shell: Shell) -> Iterator[Hit]:
    """PowerShell: $env:NAME = "x" and $name = "x" are assignments, a backtick goes on with the next row."""
    text = re.sub(r"`(\r?\n)", r"\\\1", text)
    text = re.sub(
        r"^([ \t]*)\$(?:env:)?([A-Za-z_]\w*)[ \t]*=[ \t]*(?=[\"'])", r"\1\2=", text, flags=re.MULTILINE | re.IGNORECASE
    )
    yield from shell.text(re.sub(r"\$env:(\w+)", r"${\1}", text, flags=re.IGNORECASE))


def read_batch(text: str, shell: Shell) -> Iterator[Hit]:
    """cmd.exe: set NAME=x, %NAME%, a caret goes on with the next row."""
    text = re.sub(r"\^(\r?\n)", r"\\\1", text)
    text = re.sub(r"^[ \t]*(?:@?rem\b|::)[^\n]*", "", text, flags=re.MULTILINE | re.IGNORECASE)
    text = re.sub(r"^([ \t]*)set[ \t]+\"?(\w+)=([^\"\r\n]*)\"?", r'\1\2="\3"', text, flags=re.MULTILINE | re.IGNORECASE)
    yield from shell.text(re.sub(r"%(\w+)%", r"${\1}", text))

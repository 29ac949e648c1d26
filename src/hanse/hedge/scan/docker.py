"""Dockerfile and Containerfile: ARG and ENV with their values, RUN, CMD and ENTRYPOINT as shell, COPY and ADD of weights."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from hanse.hedge.scan import looks
from hanse.hedge.scan.finding import Hit
from hanse.hedge.scan.judge import addresses
from hanse.hedge.scan.shell.lexer import Word, commands
from hanse.hedge.scan.shell.read import Shell
from hanse.hedge.scan.shell.variables import Value, Variables

_INSTRUCTION = re.compile(r"^[ \t]*(?P<name>[A-Za-z]+)(?=[ \t]|$)[ \t]*(?P<rest>.*)$")
_KNOWN = frozenset({"FROM", "RUN", "CMD", "ENTRYPOINT", "ENV", "ARG", "COPY", "ADD", "LABEL", "WORKDIR", "USER", "EXPOSE", "VOLUME",
                    "SHELL", "STOPSIGNAL", "HEALTHCHECK", "ONBUILD", "MAINTAINER"})  # fmt: skip
_FLAGS = re.compile(r"(?:--[a-z-]+(?:=\S+)?[ \t\\\n]+)*")
_DOCUMENT = re.compile(r"<<-?[\"']?([A-Za-z_]\w*)[\"']?")


@dataclass(frozen=True)
class _Instruction:
    name: str
    text: str
    """With its continuation rows and documents, row for row."""
    line: int


def read_dockerfile(text: str, shell: Shell) -> Iterator[Hit]:
    """Everything an image is built with or runs."""
    known = Variables()
    entrypoint: list[Word] = []
    image = ""
    for item in _instructions(text):
        if item.name == "FROM":
            image = item.text.split()[0] if item.text.split() else ""
            entrypoint = []
        elif item.name in ("ARG", "ENV"):
            yield from _assigned(item, shell, known)
        elif item.name == "RUN":
            yield from _run(item, shell, known)
        elif item.name in ("COPY", "ADD"):
            yield from _copied(item, known)
        elif item.name == "ENTRYPOINT":
            entrypoint = _words(item)
            yield from _started(item, entrypoint, image, True, shell, known)
        elif item.name == "CMD":
            words = _words(item)
            if not words:
                yield from shell.text(item.text, item.line, known)
            elif entrypoint and not (entrypoint[0].literal or "").endswith((".sh", "tini", "dumb-init")):
                yield from shell.words([*entrypoint, *words], image, True, known)
            else:
                yield from _started(item, words, image, False, shell, known)
        elif item.name in ("HEALTHCHECK", "ONBUILD"):
            inner = _INSTRUCTION.match(item.text)
            if inner and inner["name"].upper() == "RUN":
                yield from shell.text(inner["rest"], item.line, known)


def _instructions(text: str) -> Iterator[_Instruction]:
    rows = text.replace("\r\n", "\n").split("\n")
    escape = "`" if re.match(r"\s*#\s*escape\s*=\s*`", text) else "\\"
    at = 0
    while at < len(rows):
        match = _INSTRUCTION.match(rows[at])
        if not match or match["name"].upper() not in _KNOWN:
            at += 1
            continue
        line, taken = at + 1, [match["rest"]]
        while taken[-1].rstrip().endswith(escape) and at + 1 < len(rows):
            taken[-1] = taken[-1].rstrip().removesuffix(escape) + "\\"
            at += 1
            while at + 1 < len(rows) and (not rows[at].strip() or rows[at].lstrip().startswith("#")):
                taken.append("\\")  # a comment or blank row inside goes on
                at += 1
            taken.append(rows[at])
        for end in _DOCUMENT.findall("\n".join(taken)) if match["name"].upper() in ("RUN", "COPY", "ADD") else ():
            while at + 1 < len(rows):
                at += 1
                taken.append(rows[at])
                if rows[at].strip() == end:
                    break
        at += 1
        yield _Instruction(match["name"].upper(), "\n".join(taken), line)


def _assigned(item: _Instruction, shell: Shell, known: Variables) -> Iterator[Hit]:
    """ARG NAME=default, ENV NAME=value ..., and the old ENV NAME value."""
    text = item.text
    old = re.match(r"(?P<name>[A-Za-z_]\w*)[ \t]+(?P<value>[^=\n]+)$", text)
    if item.name == "ENV" and old:
        text = f'{old["name"]}="{old["value"].strip()}"'
    yield from shell.text(text, item.line, known)


def _run(item: _Instruction, shell: Shell, known: Variables) -> Iterator[Hit]:
    match = _FLAGS.match(item.text)
    skipped = item.text[: match.end()] if match else ""
    text = item.text[len(skipped) :]
    line = item.line + skipped.count("\n")
    words = _words(_Instruction(item.name, text, line))
    if words:
        yield from shell.words(words, "", True, known)
    else:
        yield from shell.text(text, line, known)


def _words(item: _Instruction) -> list[Word]:
    """The JSON form as words, each with its line; empty for the shell's form."""
    from hanse.hedge.scan.config.commands import word_of
    from hanse.hedge.scan.config.jsons import read_json_nodes
    from hanse.hedge.scan.config.nodes import Scalar, Sequence

    text = item.text.strip()
    if not text.startswith("["):
        return []
    joined = item.text.replace("\\\n", " \n")
    try:
        json.loads(joined)
    except (ValueError, RecursionError):
        return []
    nodes = read_json_nodes(joined)
    if not nodes or not isinstance(nodes[0], Sequence):
        return []
    return [word_of(i.value, i.line + item.line - 1) for i in nodes[0].items if isinstance(i, Scalar)]


def _started(
    item: _Instruction, words: list[Word], image: str, whole: bool, shell: Shell, known: Variables
) -> Iterator[Hit]:
    if words:
        yield from shell.words(words, image, whole, known)
    elif item.name == "ENTRYPOINT":
        yield from shell.text(item.text, item.line, known)


def _copied(item: _Instruction, known: Variables) -> Iterator[Hit]:
    """Sources that are weights, and addresses that ADD fetches."""
    words = _words(item) or [word for command in commands(item.text, item.line) for word in command.words]
    words = [word for word in words if not (word.literal or "").startswith("--")]
    staged = "--from=" in item.text
    for word in words[:-1]:
        for value in known.fill(word):
            if "://" in value.text or value.text.startswith("git@"):
                yield from addresses(value, item.name)
            elif looks.weights(value.text) and not staged:
                yield from _weights(value, item.name)


def _weights(value: Value, name: str) -> Iterator[Hit]:
    if value.known:
        yield Hit(value.line, value.text, None, f"{name} of weights", "path")
    else:
        yield Hit(value.line, value.raw, None, f"{name} of weights", "unknown", False)

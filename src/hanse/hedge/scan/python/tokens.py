"""A reader without a syntax tree, for text that does not parse: loading calls with literal arguments, and names that speak
of models with a literal after '=' or ':'."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from hanse.hedge.scan import looks
from hanse.hedge.scan.code import judging
from hanse.hedge.scan.finding import Hit
from hanse.hedge.scan.python import calls, muted, naming

ARGUMENTS = 400
"""Tokens of one call that are looked at."""
_TOKEN = re.compile(
    r"(?P<comment>\#[^\n]*)"
    r"|(?P<string>(?P<prefix>[rRbBuUfF]{0,2})(?:'''(?:[^'\\]++|\\.|'(?!'')){0,9999}+'''|\"\"\"(?:[^\"\\]++|\\.|\"(?!\"\")){0,9999}+\"\"\"|'(?:[^'\\\n]++|\\.){0,1100}+'|\"(?:[^\"\\\n]++|\\.){0,1100}+\"))"
    r"|(?P<name>[A-Za-z_][\w]*(?:[ \t]*\.[ \t]*[A-Za-z_]\w*)*)"
    r"|(?P<newline>\n)"
    r"|(?P<mark>[^\s\w])",
    re.DOTALL,
)
_IMPORT = re.compile(
    r"^[ \t]*from[ \t]+([\w.]+)[ \t]+import[ \t]+\(?([^()\n]+)|^[ \t]*import[ \t]+([\w.]+)(?:[ \t]+as[ \t]+(\w+))?",
    re.M,
)


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    line: int
    formatted: bool = False


def read_tokens(text: str, only: Collection[int] | None = None) -> Iterator[Hit]:
    """Hits of a text by its tokens; with `only`, of these lines."""
    tokens = list(_tokens(text))
    origins = dict(_imports(text))
    constants = dict(_constants(tokens))
    seen: set[tuple[int, str]] = set()
    for hit in (*_called(tokens, origins, constants), *_assigned(tokens)):
        if (hit.line, hit.ref) not in seen and (only is None or hit.line in only):
            seen.add((hit.line, hit.ref))
            yield hit


def _tokens(text: str) -> Iterator[_Token]:
    line, at = 1, 0
    for match in _TOKEN.finditer(text):
        line += text.count("\n", at, match.start())
        at = match.start()
        kind = match.lastgroup or ""
        if match["string"] is not None:
            body = match["string"][len(match["prefix"]) :]
            width = 3 if body[:3] in ("'''", '"""') else 1
            yield _Token("string", body[width:-width], line, "f" in match["prefix"].lower())
        elif kind == "name":
            yield _Token("name", re.sub(r"\s+", "", match["name"]), line)
        elif kind in ("mark", "newline"):
            yield _Token(kind, match[0], line)


def _imports(text: str) -> Iterator[tuple[str, str]]:
    """Local name and dotted name."""
    for match in _IMPORT.finditer(text):
        if match[1]:
            for part in match[2].split(","):
                words = part.split()
                if words:
                    yield words[-1], f"{match[1]}.{words[0]}"
        elif match[4]:
            yield match[4], match[3]
        else:
            yield match[3].partition(".")[0], match[3].partition(".")[0]


def _constants(tokens: list[_Token]) -> Iterator[tuple[str, _Token]]:
    for name, equals, value in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if name.kind == "name" and equals.text == "=" and value.kind == "string" and not value.formatted:
            yield name.text, value


def _called(tokens: list[_Token], origins: dict[str, str], constants: dict[str, _Token]) -> Iterator[Hit]:
    for index, token in enumerate(tokens[:-1]):
        if token.kind != "name" or tokens[index + 1].text != "(":
            continue
        first, _, rest = token.text.partition(".")
        name = f"{origins[first]}.{rest}" if rest and first in origins else origins.get(first, f"?{token.text}")
        specs = list(calls.specs(name))
        last = naming.last(name)
        if not specs and muted.SAVES.fullmatch(last):
            continue
        arguments = list(_arguments(tokens, index + 2))
        revision = next(
            (value.text for position, keyword, value in arguments if keyword == "revision" and value.kind == "string"),
            None,
        )
        for position, keyword, value in arguments:
            literal = value if value.kind == "string" else constants.get(value.text)
            if literal is None or literal.formatted or looks.holes(literal.text) or looks.blank(literal.text):
                continue
            for spec in specs:
                if (keyword in spec.keywords) if keyword else position == spec.position:
                    look = judging.by_call(literal.text, spec.ask, spec.kind)
                    if look is not None:
                        yield Hit(literal.line, look.ref, revision or look.revision, f"{last}(...)", look.kind)
                        break
            else:
                look = judging.by_name(keyword, literal.text) if keyword else None
                if look is not None:
                    yield Hit(literal.line, look.ref, revision or look.revision, f"{last}({keyword}=...)", look.kind)


def _arguments(tokens: list[_Token], at: int) -> Iterator[tuple[int, str, _Token]]:
    """Position, keyword (or '') and value of each argument that is one literal or one name."""
    depth = position = 0
    keyword = ""
    parts: list[_Token] = []
    for token in tokens[at : at + ARGUMENTS]:
        if token.kind == "newline":
            continue
        if token.text in ("(", "[", "{") and token.kind == "mark":
            depth += 1
        elif token.text in (")", "]", "}") and token.kind == "mark":
            depth -= 1
        if depth < 0 or (depth == 0 and token.kind == "mark" and token.text == ","):
            if len(parts) == 1:
                yield position, keyword, parts[0]
            if depth < 0:
                return
            position, keyword, parts = position + 1, "", []
        elif depth == 0 and token.kind == "mark" and token.text == "=" and len(parts) == 1 and not keyword:
            keyword, parts = parts[0].text, []
        else:
            parts.append(token)


def _assigned(tokens: list[_Token]) -> Iterator[Hit]:
    """MODEL = "org/name" and {"model": "org/name"}."""
    for name, mark, value in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if value.kind != "string" or value.formatted or mark.kind != "mark" or looks.holes(value.text):
            continue
        if (name.kind == "name" and mark.text == "=") or (name.kind == "string" and mark.text == ":"):
            look = judging.by_name(name.text.rpartition(".")[2], value.text)
            if look is not None:
                yield look.hit(value.line, f"name {name.text}")

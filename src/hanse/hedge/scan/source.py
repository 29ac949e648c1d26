"""Other programming languages, by their strings: Go, Rust, Java, Kotlin, Scala, C#, Swift, C++, Ruby, PHP, R, Julia, Dart, Lua, Elixir.

No syntax tree: a string counts by what stands right before it (a key, a call, an assignment whose name asks for a model) or when
it gives itself away. Comments are left out, comparisons and cases too.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator

from hanse.hedge.scan import keys, looks
from hanse.hedge.scan.finding import Hit, unread
from hanse.hedge.scan.judge import judged, keyed_look
from hanse.hedge.scan.shell.variables import Value

_C = r"//[^\n]*|/\*.*?(?:\*/|\Z)"
_HASH = r"\#[^\n]*"
_DOUBLE = r'"(?:[^"\\\n]++|\\.){0,1100}+"'
_SINGLE = r"'(?:[^'\\\n]++|\\.){0,1100}+'"
_BLOCK = r'""".*?(?:"""|\Z)'
_RAW = r"`[^`]*`"
FAMILIES: dict[str, re.Pattern[str]] = {
    suffix: re.compile("|".join(f"(?P<{name}>{pattern})" for name, pattern in parts), re.DOTALL)
    for suffixes, parts in (
        ("go", (("comment", _C), ("raw", _RAW), ("double", _DOUBLE))),
        ("rs java kt kts scala cs swift c cc cpp cxx h hpp m mm groovy gradle", (("comment", _C), ("block", _BLOCK), ("double", _DOUBLE))),
        ("dart php", (("comment", rf"{_C}|{_HASH}"), ("block", _BLOCK), ("double", _DOUBLE), ("single", _SINGLE))),
        ("rb r jl ex exs pl nim cr", (("comment", _HASH), ("block", _BLOCK), ("double", _DOUBLE), ("single", _SINGLE))),
        ("lua hs", (("comment", r"--[^\n]*"), ("double", _DOUBLE), ("single", _SINGLE))),
    )
    for suffix in suffixes.split()
}  # fmt: skip
"""By suffix: comments and strings."""
_SPACED = re.compile(r"\S\s+\S")
STRINGS = 20_000
"""Strings of a file that are judged; what has more is data."""
_BEFORE = 160
"""Letters before a string that are looked at."""
_COMPARED = re.compile(
    r"(==|!=|~=|\beq|\bcase|\bwhen|\.equals\w*\(|\bcontains\w*\(|hasPrefix\(|HasPrefix\([^()]*|startsWith\(|starts_with\??\(?)\s*$"
)
_SAID = re.compile(r"\b(log|print|printf|println|printfln|fatal|fatalf|errorf|error|warn|info|debug|puts|raise|throw|panic|assert\w*|expect\w*|"
                   r"dataset\w*|load_dataset|import|require|include|package|use|using|namespace|from)\W{0,3}$", re.IGNORECASE)  # fmt: skip
_KEY = re.compile(r"(?:[\"'`](?P<quoted>[\w.-]+)[\"'`]\s*(?:=>|[:=,])|:?(?P<bare>[A-Za-z_][\w.]*)\s*(?:\[[^\]]*\]|\{[^{}]*\})?\s*"
                  r"(?::\s*&?(?:'static\s+)?[A-Za-z_][\w<>?&' ]*)?\s*(?::=|=>|<-|[:=]))\s*(?:@|&|f|r|\$|new\s+String\()?$")  # fmt: skip
_CALL = re.compile(
    r"(?P<name>[A-Za-z_]\w*)[!?]?\s*\(\s*(?:[\"'`](?P<first>[\w.-]+)[\"'`]\s*,\s*|[A-Za-z_][\w.]*\s*,\s*)?$"
)
_LOADS = re.compile(r"(?i)(from_?pretrained|load_?model|get_?model|with_?(default_?)?model|pull(_?model)?|model|with_?revision|hf_?hub\w*|"
                    r"download_?model|snapshot_?download|load_?tokenizer|set_?model\w*|use_?model|chat_?model|model_?(name|id|path))$")  # fmt: skip
_ENVIRONMENT = re.compile(r"(?P<call>\b(?P<name>[A-Za-z_]\w*)\s*[(:=]\s*(?P<value>(?:os\.Getenv\(|System\.getenv\(|Environment\.GetEnvironmentVariable\(|"
                          r"std::env::var\(|env::var\(|getenv\(|ENV\[)[^\n]{0,60}?[\"'](?P<variable>\w+)[\"']\s*[)\]]))")  # fmt: skip


def read_source(text: str, pattern: re.Pattern[str]) -> Iterator[Hit]:
    """Models in a language of one of the families."""
    bare = list(text)
    strings: list[tuple[int, str]] = []
    for match in pattern.finditer(text):
        if match.lastgroup == "comment":
            bare[match.start() : match.end()] = [letter if letter == "\n" else " " for letter in match[0]]
        else:
            strings.append((match.start(), match[0]))
    code = "".join(bare)
    breaks = [match.start() for match in re.finditer("\n", code)]
    if len(strings) > STRINGS:
        yield unread(f"more than {STRINGS:,} strings: the rest was not read")
    for at, literal in strings[:STRINGS]:
        value = literal.strip("\"'`")
        if "$" in value or "{" in value or not _SPACED.search(value):  # no name of a model has blanks inside
            yield from _string(code[max(0, at - _BEFORE) : at], value, bisect_left(breaks, at) + 1)
    for match in _ENVIRONMENT.finditer(code):
        if keys.strength(match["name"]) == "sure" or _LOADS.fullmatch(match["name"]):
            line = bisect_left(breaks, match.start("value")) + 1
            yield Hit(line, match["value"], None, match["name"], "unknown", False)


def _string(before: str, value: str, line: int) -> Iterator[Hit]:
    if not value or len(value) > looks.MAX_LENGTH or _COMPARED.search(before) or _SAID.search(before):
        return
    placeholder = re.fullmatch(r"\$\{([\w.-]+):([^{}]+)\}", value)  # Spring's @Value
    if placeholder and keys.strength(placeholder[1]) != "no":
        yield from judged(
            Value(placeholder[2], line), f"name {placeholder[1]}", keyed_look(placeholder[1]), None, False
        )
        return
    call, key = _CALL.search(before), _KEY.search(before)
    asking = ""
    if call and call["first"] and keys.strength(call["first"]) != "no":
        asking = call["first"]
    elif call and (_LOADS.fullmatch(call["name"]) or keys.strength(call["name"]) == "sure"):
        asking = "model"
    elif key and not call:
        asking = (key["quoted"] or key["bare"]).rsplit(".", 1)[-1]
    if asking and keys.strength(asking) != "no":
        yield from judged(
            Value(value, line), call["name"] if call else f"name {asking}", keyed_look(asking), None, False
        )
        return
    if asking and (keys.of_data(asking) or {"model", "models"} & set(keys.words(asking))):
        return  # a data set, a car
    found = looks.anywhere(value)
    if found is not None and found.kind != "path":
        yield found.hit(line, "string")

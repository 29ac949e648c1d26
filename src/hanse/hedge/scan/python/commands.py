"""Commands that Python starts: os.system("ollama pull ..."), subprocess.run(["vllm", "serve", ...]), read as shell text."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator

from hanse.hedge.scan.code import texts
from hanse.hedge.scan.code.values import Many, Origin, Text
from hanse.hedge.scan.finding import Hit, Reader
from hanse.hedge.scan.python import naming
from hanse.hedge.scan.python.evaluator import Evaluator
from hanse.hedge.scan.python.values import Later, Site

_RUNS = frozenset({"system", "popen", "run", "call", "check_call", "check_output", "Popen", "getoutput", "getstatusoutput",
                   "create_subprocess_exec", "create_subprocess_shell", "run_commands", "spawn", "execvp"})  # fmt: skip
_MODULES = frozenset({"os", "subprocess", "asyncio", "commands", "pexpect", "modal", "sh", "invoke", "plumbum"})
_PLAIN = re.compile(r"[\w@%+=:,./~-]+")
WORDS = 200
"""Words of one command at most."""


def may_run(last: str) -> bool:
    """Whether some callee with this last part starts a command."""
    return last in _RUNS


def runs(name: str) -> bool:
    """Whether a call of this dotted name starts a command."""
    last = naming.last(name)
    return last in _RUNS and (naming.root(name) in _MODULES or last == "run_commands")


def read(
    evaluator: Evaluator, site: Site, name: str, shell: Reader, source: Callable[[ast.expr], str]
) -> Iterator[tuple[Origin, Hit]]:
    """What the command names, each at the line of its own word."""
    last = naming.last(name)
    if last in ("create_subprocess_exec", "execvp"):
        yield from _words(evaluator, site.node.args, site, shell, source)
        return
    given = site.node.args if last == "run_commands" else site.node.args[:1]
    for argument in [*given, *(keyword.value for keyword in site.node.keywords if keyword.arg in ("args", "cmd"))]:
        if isinstance(argument, ast.JoinedStr):
            yield from _line(evaluator, argument, site, shell, source)
            continue
        for value in evaluator.evaluate(argument, site.place):
            if isinstance(value, Text):
                for hit in shell(value.value):
                    line = value.origin.line + hit.line - 1
                    yield Origin(value.origin.file, line, value.origin.column), _at(hit, line)
            elif isinstance(value, Many):
                words = [item.expr for item in value.items if isinstance(item, Later)]
                place = next((item.place for item in value.items if isinstance(item, Later)), site.place)
                yield from _words(evaluator, words, Site(site.node, place), shell, source)


def _line(
    evaluator: Evaluator, argument: ast.JoinedStr, site: Site, shell: Reader, source: Callable[[ast.expr], str]
) -> Iterator[tuple[Origin, Hit]]:
    """f"ollama pull {MODEL}": a word that is nothing but a variable is that variable's."""
    words: list[ast.expr] = []
    text = ""
    for part in argument.values:
        if isinstance(part, ast.Constant):
            text += str(part.value)
        else:
            text += f"${{HANSE_{len(words)}}}"
            words.append(part)
    yield from _filled(evaluator, text, words, argument.lineno, site, shell, source)


def _words(
    evaluator: Evaluator, words: list[ast.expr], site: Site, shell: Reader, source: Callable[[ast.expr], str]
) -> Iterator[tuple[Origin, Hit]]:
    """["vllm", "serve", MODEL]."""
    text = []
    for index, word in enumerate(words[:WORDS]):
        plain = word.value if isinstance(word, ast.Constant) and isinstance(word.value, str) else None
        text.append(plain if plain is not None and _PLAIN.fullmatch(plain) else f"${{HANSE_{index}}}")
    yield from _filled(evaluator, " ".join(text), list(words[:WORDS]), 0, site, shell, source)


def _filled(
    evaluator: Evaluator,
    text: str,
    words: list[ast.expr],
    first: int,
    site: Site,
    shell: Reader,
    source: Callable[[ast.expr], str],
) -> Iterator[tuple[Origin, Hit]]:
    """Reads a command with gaps, then once more with what is known about each."""
    file = site.place.scope.module.file
    known: dict[str, list[Text]] = {}
    for index, word in enumerate(words):
        known[f"${{HANSE_{index}}}"] = texts.texts(evaluator.evaluate(word, site.place))
    filled = re.sub(r"\$\{HANSE_\d+\}", lambda gap: known[gap[0]][0].value if known.get(gap[0]) else gap[0], text)
    origins = [origin for options in known.values() for origin in options]
    for hit in shell(filled):
        line = first + hit.line - 1 if first else site.node.func.end_lineno or site.node.lineno
        literal = [option for option in origins if option.value.partition("@")[0] == hit.ref or option.value == hit.ref]
        literal += [option for option in origins if hit.ref and hit.ref in option.value]
        if literal:
            origin = literal[0].origin
        else:
            origin = Origin(file, line, site.node.col_offset)
        ref = re.sub(r"\$\{?HANSE_(\d+)\}?", lambda gap: _name(words, int(gap[1]), source), hit.ref)
        yield origin, Hit(origin.line, ref, hit.revision, hit.how, hit.kind, hit.resolved)


def _name(words: list[ast.expr], index: int, source: Callable[[ast.expr], str]) -> str:
    if index >= len(words):
        return ""
    word = words[index]
    return source(word.value) if isinstance(word, ast.FormattedValue) else source(word)


def _at(hit: Hit, line: int) -> Hit:
    return Hit(line, hit.ref, hit.revision, hit.how, hit.kind, hit.resolved)

"""Commands that stand in configuration: scripts in strings, argument lists of containers, package scripts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from hanse.hedge.scan.config.nodes import Entry, Mapping, Node, Scalar, Sequence
from hanse.hedge.scan.finding import Hit
from hanse.hedge.scan.shell.lexer import Part, Word, commands
from hanse.hedge.scan.shell.read import Shell
from hanse.hedge.scan.shell.variables import Value, Variables
from hanse.hedge.scan.vocabulary import word_lists

_WORDS = word_lists("commands")
SCRIPTS = _WORDS["scripts"]
"""Keys whose text is shell."""
ARGUMENTS = _WORDS["arguments"]
"""Keys whose list is one command, word by word."""
_COMMAND = re.compile(
    r"(^|[\n;&|(\"'`]|\b(?:do|then|sudo|exec|-c|run)\s)\s*(ollama|vllm|hf|huggingface-cli|lms|llama-(?:server|cli)|ramalama|docker model|sglang|"
    r"text-generation-launcher|text-embeddings-router|mlx_lm\.\w+|python[\d.]* -(?:m|c)|lmdeploy|spacy download|modelscope download|trtllm-serve|"
    r"litellm|infinity_emb|git clone https://(?:huggingface\.co|hf\.co)|(?:curl|wget) )\s*"
)
_HOLE = re.compile(
    r"\$\{\{(?P<github>[^{}]*)\}\}|\$\{(?P<braces>[^{}]*)\}|\$\((?P<kubernetes>[A-Za-z_]\w*)\)|\$\$?(?P<plain>[A-Za-z_]\w*)"
)


def word_of(text: str, line: int) -> Word:
    """One argument: not shell, but ${NAME}, $(NAME) and $NAME in it are filled in."""
    parts, at = list[Part](), 0
    for match in _HOLE.finditer(text):
        if match.start() > at:
            parts.append(Part("text", text[at : match.start()]))
        name = next(group for group in match.groups() if group is not None)
        parts.append(Part("variable", f"{{{name}}}" if match["github"] is not None else name, match[0]))
        at = match.end()
    if at < len(text) or not parts:
        parts.append(Part("text", text[at:]))
    return Word(tuple(parts), line, True)


class Commands:
    """Finds the commands of a document."""

    def __init__(self, shell: Shell, variables: Variables) -> None:
        self.shell = shell
        self.variables = variables

    def takes(self, name: str, value: Node) -> bool:
        """Whether a key's value is read here and nowhere else."""
        if isinstance(value, Scalar):
            return name in SCRIPTS | {"command", "entrypoint"} and (value.text is not None or " " in value.value)
        return name in ARGUMENTS | {"scripts"} and isinstance(value, Sequence)

    def of_key(self, name: str, value: Node, among: Mapping) -> Iterator[Hit]:
        """Scripts under keys that hold scripts, and any text that is plainly a command."""
        if isinstance(value, Scalar):
            if (
                name in ("command", "entrypoint", "args")
                and among.get("image", "containers", "entrypoint", "build") is not None
            ):
                return  # read with its container
            if (
                name in SCRIPTS
                or name in ("command", "args", "entrypoint", "exec", "exec_start")
                or _COMMAND.search(value.value[:100_000])
            ):
                yield from self._script(value)
        elif isinstance(value, Sequence):
            if name in SCRIPTS:
                for item in value.items:
                    if isinstance(item, Scalar):
                        yield from self._script(item)
            elif (
                name in ARGUMENTS
                and among.get("image") is None
                and among.get("command" if name == "args" else "entrypoint") is None
            ):
                served = among.get("storageUri", "storage_uri", "modelFormat") is not None
                for hit in self.shell.words(self._words(value), variables=self.variables):
                    if not served or "name" not in hit.how:  # KServe's --model_name is what the service is called
                        yield hit

    def of_container(self, node: Mapping) -> Iterator[Hit]:
        """command and args of Kubernetes, entrypoint and command of compose, with the image that says what runs."""
        image = node.get("image")
        first, second = node.get("entrypoint"), node.get("command")
        third = node.get("args")
        if first is None and second is None and third is None:
            return
        if image is None and first is None and third is None and node.get("build", "environment", "ports") is None:
            return  # of_key reads a command that stands alone
        known = self._environment(node)
        name = image.value if isinstance(image, Scalar) else ""
        words = [word for value in (first, second, third) if value is not None for word in self._words(value)]
        whole = first is not None or (second is not None and third is not None)
        yield from self.shell.words(words, name, whole, known)

    def _environment(self, node: Mapping) -> Variables:
        known = Variables()
        known.outer = self.variables
        found = node.get("env", "environment")
        pairs: list[tuple[str, Scalar]] = []
        if isinstance(found, Mapping):
            pairs = [(e.key, e.value) for e in found.entries if isinstance(e.value, Scalar)]
        elif isinstance(found, Sequence):
            for item in found.items:
                if isinstance(item, Mapping) and isinstance(value := item.get("value"), Scalar):
                    pairs.append((item.text("name"), value))
                elif isinstance(item, Scalar) and "=" in item.value:
                    left, _, right = item.value.partition("=")
                    pairs.append((left, Scalar(right, item.line)))
        for key, scalar in pairs:
            for filled in self.variables.fill(word_of(scalar.value, scalar.line)):
                if filled.known:
                    known.define(key, filled)
        return known

    def _words(self, value: Node) -> list[Word]:
        if isinstance(value, Scalar):
            return _flat([w for c in commands(_escaped(value.text or value.value), value.line) for w in c.words], value)
        found = list[Word]()
        for item in value.items if isinstance(value, Sequence) else ():
            if not isinstance(item, Scalar):
                continue
            text = item.text if item.text is not None else item.value
            if text.startswith("-") and " " in text.strip() and "\n" not in text.strip() and "{" not in text:
                found += [w for c in commands(text, item.line) for w in c.words]
            else:
                found.append(word_of(text, item.line))
        return found

    def _script(self, value: Scalar) -> Iterator[Hit]:
        text = _escaped(value.text if value.text is not None else value.value)
        known = Variables()
        known.outer = self.variables
        for hit in self.shell.text(text, value.line, known):
            inside = value.text is None and value.line < hit.line <= value.line + text.count("\n")
            yield replace(hit, line=value.line) if inside else hit


def _flat(words: list[Word], value: Scalar) -> list[Word]:
    return (
        words if value.text is not None else [Word(word.parts, value.line, word.quoted, word.items) for word in words]
    )


def _escaped(text: str) -> str:
    """Compose writes a dollar for the shell inside as two."""
    return text.replace("$$", "$")


def references(node: Node) -> dict[str, list[Value]]:
    """What a document sets for its own expressions: matrix.NAME, env.NAME, inputs.NAME, and every path of keys."""
    found: dict[str, list[Value]] = {}
    stack: list[tuple[Node, tuple[str, ...], int]] = [(node, (), 0)]
    steps = 0
    while stack and steps < 20_000:
        current, path, depth = stack.pop()
        steps += 1
        if isinstance(current, Scalar):
            if path and current.value and "$" not in current.value:
                value = Value(current.value, current.line)
                for start in range(max(0, len(path) - 4), len(path)):
                    found.setdefault(".".join(path[start:]), []).append(value)
                if "matrix" in path:
                    found.setdefault(f"matrix.{path[-1]}", []).append(value)
                if path[-1] == "default" and len(path) > 1 and "inputs" in path:
                    found.setdefault(f"inputs.{path[-2]}", []).append(value)
                    found.setdefault(f"github.event.inputs.{path[-2]}", []).append(value)
        elif isinstance(current, Sequence) and depth < 60:
            stack += [(item, path, depth + 1) for item in reversed(current.items)]
        elif isinstance(current, Mapping) and depth < 60:
            stack += [(entry.value, (*path, entry.key), depth + 1) for entry in reversed(current.entries)]
    return found


def environments(node: Node) -> list[Entry]:
    """Every `env:` of a document that is a mapping, as entries: shell variables of its scripts."""
    found, stack, steps = list[Entry](), [(node, 0)], 0
    while stack and steps < 20_000:
        current, depth = stack.pop()
        steps += 1
        if isinstance(current, Mapping) and depth < 60:
            for entry in current.entries:
                if entry.key in (
                    "env",
                    "envs",
                    "environment",
                    "variables",
                    "vars",
                    "containerEnv",
                    "remoteEnv",
                ) and isinstance(entry.value, Mapping):
                    found += [item for item in entry.value.entries if isinstance(item.value, Scalar)]
                stack.append((entry.value, depth + 1))
        elif isinstance(current, Sequence) and depth < 60:
            stack += [(item, depth + 1) for item in current.items]
    return found

"""What the arguments of one command name: its own words, options whose name asks for a model, NAME=value, addresses."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from hanse.hedge.scan import keys, looks
from hanse.hedge.scan.finding import Hit
from hanse.hedge.scan.judge import judged, keyed_word
from hanse.hedge.scan.looks import Look
from hanse.hedge.scan.shell.lexer import Word, plain
from hanse.hedge.scan.shell.options import Arguments, tail
from hanse.hedge.scan.shell.table import Spec
from hanse.hedge.scan.shell.variables import Value, Variables

_OUTPUTS = re.compile(r"-{1,2}(o|out|output|outfile|outtype|save|export|push|served|log|dest|target|local|cache|data|dataset|train|"
                      r"test|include|exclude|name|file|image|volume|mount|url|base-url|api-base|host)([-_.]\w+)*", re.IGNORECASE)  # fmt: skip
ADAPTERS = ("--lora-modules", "--lora-paths", "--lora-adapters")
"""Options that take several adapters as NAME=MODEL."""
_SETS = frozenset({"-e", "--env", "--set", "--set-string", "--build-arg", "-P", "--param", "-p", "-v", "--var", "-var"})
"""Options that take NAME=value."""


class Taking:
    """Reads arguments, with the variables of their text."""

    def __init__(self, variables: Variables) -> None:
        self.variables = variables

    def _text(self, word: Word) -> str:
        return self.variables.fill(word)[0].text

    def hits(
        self, word: Word, how: str, look: Callable[[str], Look | None], revision: str | None = None, sure: bool = True
    ) -> Iterator[Hit]:
        """Every value of a word, as a model; an open one is unresolved when the place is sure to name one."""
        for value in self.variables.fill(word):
            yield from judged(value, how, look, revision, sure)

    def pair(self, word: Word) -> Iterator[Hit]:
        """NAME=value as one word."""
        first = word.parts[0].text if word.parts and word.parts[0].kind == "text" else ""
        name, equals, _ = first.partition("=")
        if equals and keys.strength(name) != "no":
            yield from keyed_word(self.variables, name, tail(word, len(name) + 1), f"variable {name}")

    def positional(self, arguments: Arguments, spec: Spec, known: str) -> Iterator[Hit]:
        if spec.first is None:
            return
        kind = self._text(arguments.of("--repo-type") or plain("", 0))
        if spec.repository and kind in ("dataset", "space"):
            return
        plain_words = arguments.plain
        if spec.repository and not plain_words and arguments.of("--model", "--repo-id") is not None:
            return
        revision = self._revision(arguments, ("--revision",))
        chosen = plain_words[spec.first :] if spec.all else plain_words[spec.first : spec.first + 1]
        for word in chosen:
            yield from self.hits(word, known, asking(spec), revision)

    def adapters(self, word: Word, how: str) -> Iterator[Hit]:
        """name=path, or several with commas."""
        for value in self.variables.fill(word):
            for part in value.text.split(","):
                text = part.partition("=")[2] or part
                yield from judged(Value(text, value.line, value.known), how, looks.asked, None)

    def _revision(self, arguments: Arguments, names: tuple[str, ...]) -> str | None:
        word = arguments.of(*names)
        return self._text(word) if word is not None and word.parts else None

    def generic(self, arguments: Arguments, how: str, spec: Spec | None = None) -> Iterator[Hit]:
        """Options whose name asks for a model, --model_args, NAME=value, addresses."""
        named = {option.lstrip("-").replace("_", "-") for option, _ in arguments.options}
        alias = bool(named & {"model-id", "model", "model-path", "model-dir"})
        for option, word in arguments.options:
            if not word.parts or (spec is not None and option in ADAPTERS):
                continue
            name = option.lstrip("-")
            if alias and name.replace("_", "-") == "model-name":
                continue  # what the server calls it
            given = f"{how} {option}" if spec is not None else f"option {option}"
            if name in ("model_args", "model-args"):
                yield from self._model_args(word, given)
            elif (
                spec is not None
                and (option in spec.options or keys.strength(name) == "sure")
                and not _OUTPUTS.fullmatch(option)
            ):
                revision = self._revision(arguments, revision_options(option))
                yield from self.hits(word, given, asking(spec), revision)
            elif option in ("-hf", "-hfr", "--hf-repo"):
                yield from self.hits(word, given, looks.asked)
            elif len(name) > 1 and keys.strength(name) != "no":
                revision = self._revision(arguments, revision_options(option))
                yield from keyed_word(self.variables, name, word, given, revision)
            elif option in _SETS:
                yield from self.pair(word)
            elif not _OUTPUTS.fullmatch(option):
                yield from self.anywhere(word, given)
        for name, word in arguments.pairs:
            if keys.strength(name) != "no":
                yield from keyed_word(self.variables, name, word, f"option {name}")
            elif not _OUTPUTS.fullmatch(f"--{name}"):
                yield from self.anywhere(word, f"option {name}")
        for word in arguments.plain:
            yield from self.anywhere(word, how if how != "option" else "command")

    def anywhere(self, word: Word, how: str) -> Iterator[Hit]:
        for value in self.variables.fill(word):
            found = looks.anywhere(value.text) if value.known else None
            if found and found.kind != "path":
                yield found.hit(value.line, how)

    def _model_args(self, word: Word, how: str) -> Iterator[Hit]:
        """pretrained=org/name,revision=x,tokenizer=y as lm_eval takes it."""
        for value in self.variables.fill(word):
            given = dict(part.partition("=")[::2] for part in value.text.split(","))
            for name, text in given.items():
                if name in ("pretrained", "peft", "tokenizer", "model", "path", "model_name", "delta", "base_model"):
                    revision = given.get("revision") if name in ("pretrained", "model", "model_name") else None
                    yield from judged(
                        Value(text, value.line, value.known or not looks.holes(text)), how, looks.asked, revision
                    )


def asking(spec: Spec) -> Callable[[str], Look | None]:
    """How a name in this command's place is judged."""
    if spec.strict:
        return looks.keyed
    if spec.kind == "ollama":
        return looks.ollama

    def look(text: str) -> Look | None:
        found = looks.asked(text)
        if found is not None and (
            spec.kind in ("package", "url", "hosted")
            and found.kind == "hub"
            and (spec.kind != "hosted" or "/" not in text)
        ):
            return Look(spec.kind, found.ref, found.revision)
        return found

    return look


def revision_options(option: str) -> tuple[str, ...]:
    """The options that pin what this option names."""
    name = keys.stem(option.lstrip("-")).replace("_", "-")
    found = [f"--{name}-revision", f"--{name.replace('-', '_')}_revision"]
    if "tokenizer" not in name and "draft" not in name and "adapter" not in name and "lora" not in name:
        found += ["--revision", "--model-revision", "--model_revision"]
    return tuple(found)

"""What a command depends on: servers and tools of `table`, downloads, containers, and any option whose name asks for a model."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from hanse.hedge.scan import keys, looks
from hanse.hedge.scan.finding import Hit
from hanse.hedge.scan.judge import keyed_word, shifted
from hanse.hedge.scan.shell.containers import DOCKER, PYTHON, SHELLS, in_image, parse_docker
from hanse.hedge.scan.shell.downloads import (
    COPY,
    COPY_VERBS,
    FETCH,
    INSTALL,
    cloned,
    copied,
    fetched,
    installed,
    installs,
)
from hanse.hedge.scan.shell.lexer import Command, Word, plain
from hanse.hedge.scan.shell.options import following, sort_words
from hanse.hedge.scan.shell.table import KEYWORDS, NOT_USED, SPECS, WRAPPER_VALUES, WRAPPERS
from hanse.hedge.scan.shell.taking import ADAPTERS, Taking
from hanse.hedge.scan.shell.variables import Variables, after_assignments, assignments
from hanse.hedge.scan.vocabulary import word_lists

_WORDS = word_lists("shell")
_SILENT = _WORDS["silent"]
_SCRIPT = re.compile(r"\s*#!\s*\S*(?:/|\benv\s+)(?:ba|z|da|k)?sh\b")
DEEPEST = 6
"""Shells inside shells."""


@dataclass(frozen=True)
class Readers:
    """What reads the other languages that stand in shell text."""

    python: Callable[[str], Iterator[Hit]]
    script: Callable[[str, int, Variables, int], Iterator[Hit]]
    """Shell inside shell: text, its first line, variables, depth."""
    embedded: Callable[[str, str, int], Iterator[Hit]]
    """A file written by a command: its name, text, first line."""


class Reading:
    """Reads the commands of one text."""

    def __init__(self, readers: Readers, variables: Variables, depth: int = 0) -> None:
        self.readers = readers
        self.variables = variables
        self.depth = depth
        self.taking = Taking(variables)
        self.pieces: frozenset[str] = frozenset()
        """Variables from which longer names are put together."""

    def command(self, command: Command) -> Iterator[Hit]:
        """Everything one command depends on."""
        yield from self._assigned(command)
        for word in command.words:
            yield from self._inside(word)
        words = self._unwrapped(command.words)
        if words:
            yield from self.words(words)
        yield from self._documents(command, words)

    def words(self, words: list[Word]) -> Iterator[Hit]:
        """A command without wrappers and assignments."""
        if (words[0].literal or "").startswith("--"):
            yield from self.taking.generic(sort_words(words), "option")
            return
        name = self._text(words[0]).rsplit("/", 1)[-1]
        lower = name.lower().removesuffix(".exe")
        if PYTHON.fullmatch(lower):
            yield from self._python(words[1:])
        elif lower in SHELLS or lower == "su":
            yield from self._shell(words[1:])
        elif lower in DOCKER:
            yield from self._docker(words)
        elif lower in ("kubectl", "oc", "ssh", "tmux"):
            yield from self._remote(words)
        elif lower == "git":
            yield from cloned(words[1:], self.variables)
        elif lower in FETCH:
            yield from fetched(words, self.variables)
        elif lower in COPY and any(word.literal in COPY_VERBS for word in words[1:5]):
            yield from copied(words, self.variables)
        elif lower in INSTALL:
            yield from self._installer(words)
        elif lower in ("torchrun", "deepspeed", "accelerate", "torch.distributed.run", "torch.distributed.launch"):
            yield from self._launched(words)
        elif lower not in _SILENT:
            yield from self._specified(words, lower)

    # words and values

    def _text(self, word: Word) -> str:
        return self.variables.fill(word)[0].text

    def _unwrapped(self, words: list[Word]) -> list[Word]:
        """Without if, sudo, uv run, NAME=value and the like."""
        words = list(words)
        for _ in range(12):
            words = after_assignments(words)
            while words and words[0].literal in KEYWORDS:
                words.pop(0)
            for count in (3, 2, 1):
                name = " ".join(word.literal or "$" for word in words[:count])
                if name in WRAPPERS and len(words) > count:
                    words = _without_options(words[count:], WRAPPERS[name])
                    break
            else:
                if words and not after_assignments(words[:1]):
                    continue
                return words
        return words

    # parts of a command

    def _assigned(self, command: Command) -> Iterator[Hit]:
        found = assignments(command)
        revision = {keys.stem(name): word for name, word in found if keys.is_revision(name)}
        for name, word in found:
            if keys.strength(name) == "no":
                if not keys.of_data(name):
                    for item in word.items or (word,):
                        yield from (
                            hit
                            for hit in self.taking.anywhere(item, f"variable {name}")
                            if "://" not in (item.literal or "http://")
                        )
                continue
            pinned = revision.get(f"{keys.stem(name)}_revision", revision.get("revision"))
            text = self._text(pinned) if pinned is not None else None
            for hit in keyed_word(self.variables, name, word, f"variable {name}", text):
                if not (name in self.pieces and hit.kind == "path" and "/" not in hit.ref):
                    yield hit

    def _inside(self, word: Word) -> Iterator[Hit]:
        """Commands in $(...), and words that are a whole command or JSON."""
        for item in word.items or ():
            yield from self._inside(item)
        for part in word.parts:
            if part.kind == "command" and self.depth < DEEPEST and not part.text.startswith("("):
                yield from self.readers.script(part.text, word.line, self.variables, self.depth + 1)
        text = word.literal
        if text is not None and word.quoted and text.lstrip()[:1] in ("{", "["):
            yield from self.readers.embedded("inline.json", text, word.line)

    def _documents(self, command: Command, words: list[Word]) -> Iterator[Hit]:
        name = self._text(words[0]).rsplit("/", 1)[-1] if words else ""
        for text, line in command.documents:
            if PYTHON.fullmatch(name) or (words and "python" in (words[-1].literal or "")):
                yield from shifted(self.readers.python(text), line)
            elif (
                name in SHELLS or name in ("ssh", "docker", "kubectl", "") or _SCRIPT.match(text)
            ) and self.depth < DEEPEST:
                yield from self.readers.script(text, line, self.variables, self.depth + 1)
            else:
                if not command.targets and re.match(r"(\s*#[^\n]*\n)*\s*FROM\s", text, re.IGNORECASE):
                    image = re.search(r"^\s*(RUN|COPY|CMD|ENTRYPOINT|ENV)\s", text, re.MULTILINE)
                    yield from self.readers.embedded("Dockerfile" if image else "Modelfile", text, line)
                written = [*command.targets, *(words[1:] if name == "tee" else [])]
                for target in written[:1]:
                    yield from self.readers.embedded(self._text(target), text, line)

    def _python(self, words: list[Word]) -> Iterator[Hit]:
        for index, word in enumerate(words):
            text = word.literal
            if text == "-c" and index + 1 < len(words):
                code = words[index + 1]
                yield from shifted(
                    self.readers.python(code.literal if code.literal is not None else code.raw), code.line
                )
                return
            if text == "-m" and index + 1 < len(words):
                rest = words[index + 1 :]
                name = rest[0].literal or ""
                if name in ("pip", "uv"):
                    yield from self._installer(rest)
                elif name.startswith("torch.distributed") or name == "accelerate.commands.launch":
                    yield from self._launched(rest)
                else:
                    yield from self._specified(rest, name)
                return
            if text is None or not text.startswith("-"):
                yield from self._specified(words[index:], (text or "").rsplit("/", 1)[-1])
                return

    def _shell(self, words: list[Word]) -> Iterator[Hit]:
        for index, word in enumerate(words[:-1]):
            if re.fullmatch(r"-\w*c", word.literal or "") and self.depth < DEEPEST:
                script = words[index + 1]
                text = script.literal if script.literal is not None else script.raw
                yield from self.readers.script(text, script.line, self.variables, self.depth + 1)
                return
        yield from self.taking.generic(sort_words(words), "script")

    def _docker(self, words: list[Word]) -> Iterator[Hit]:
        if [word.literal for word in words[1:2]] == ["model"]:
            yield from self._specified([plain("docker", words[0].line), *words[1:]], "docker")
            return
        verb, image, rest, environment, whole = parse_docker(words)
        for word in environment:
            yield from self.taking.pair(word)
        if image is not None and rest:
            if verb == "exec":
                yield from self.command(Command(rest))
            else:
                yield from self.container(self._text(image), rest, whole)

    def container(self, image: str, words: list[Word], whole: bool) -> Iterator[Hit]:
        """What a container runs; when the words are no whole command, the image tells which."""
        for full in [words] if whole else in_image(image, words, self._text(words[0])):
            yield from self.command(Command(full))

    def _installer(self, words: list[Word]) -> Iterator[Hit]:
        if installs(words):
            yield from installed(words, self.variables)
        elif len(words) > 2 and words[1].literal in ("run", "tool", "exec", "dlx", "x"):
            yield from self.command(Command(words[2:]))

    def _remote(self, words: list[Word]) -> Iterator[Hit]:
        literals = [word.literal for word in words]
        if "--" in literals:
            yield from self.command(Command(words[literals.index("--") + 1 :]))
            return
        for word in words[1:]:
            text = word.literal if word.literal is not None else word.raw
            if word.quoted and " " in text and self.depth < DEEPEST:
                yield from self.readers.script(text, word.line, self.variables, self.depth + 1)

    def _launched(self, words: list[Word]) -> Iterator[Hit]:
        """torchrun --nproc 8 train.py --model X: options of the launcher ask for no model, so all are read as the script's."""
        yield from self.taking.generic(sort_words(words[1:]), "option")

    def _specified(self, words: list[Word], name: str) -> Iterator[Hit]:
        """A command of the table, or any other."""
        verbs = [word.literal or "" for word in words[1:4]]
        spec, used, known = None, 0, name
        for count in (2, 1, 0):
            known = " ".join([name, *verbs[:count]])
            if known in NOT_USED:
                return
            if known in SPECS:
                spec, used = SPECS[known], count
                break
        if name.endswith(".llamafile"):
            yield from self.taking.hits(words[0], "llamafile", looks.keyed)
        arguments = sort_words(words[1 + used :])
        if spec is None:
            yield from self.taking.generic(arguments, "option")
            return
        yield from self.taking.positional(arguments, spec, known)
        yield from self.taking.generic(arguments, known, spec)
        for option in ADAPTERS:
            for word in following(words, option):
                if (word.literal or "")[:1] not in ("{", "["):
                    yield from self.taking.adapters(word, f"{known} {option}")


def _without_options(words: list[Word], skip: int) -> list[Word]:
    """Without a wrapper's options and its own first words."""
    index = 0
    while index < len(words):
        text = words[index].literal or "$"
        if text.startswith("-") and text != "-":
            index += 2 if text in WRAPPER_VALUES else 1
            if text == "--":
                break
        elif skip and after_assignments(words[index : index + 1]):
            index, skip = index + 1, skip - 1
        else:
            break
    return words[index:]

"""Examples as JSON lines, one format a file and one format for all files of a run:

{"text": "..."}                                                  plain text, cut into windows
{"messages": [{"role": "user", "content": "..."}, ...]}          a chat that ends with the assistant
{"prompt": "...", "completion": "..."}                           no template
{"prompt": "...", "chosen": "...", "rejected": "..."}            a preference; or with "messages" that end with the user

Other keys are passed over. Everything wrong is said with its file and line.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, get_args

from hanse.errors import TuneError
from hanse.hedge.tune.chat import check_messages

Format = Literal["text", "messages", "completion", "preference"]
FORMATS: dict[Format, tuple[str, ...]] = {
    "text": ("text",), "messages": ("messages",), "completion": ("prompt", "completion"),
    "preference": ("chosen", "rejected"),
}  # fmt: skip
KNOWN = {"text", "messages", "prompt", "completion", "chosen", "rejected"}
EXPECTED = "expected text, or messages, or prompt and completion, or chosen and rejected with prompt or messages"


@dataclass(frozen=True)
class Example:
    """One line."""

    where: str
    """File and line."""
    asked: str | tuple[Mapping[str, str], ...]
    """What comes before the answer; empty for plain text."""
    answer: str
    rejected: str = ""
    """The worse answer of a preference; empty without."""

    @property
    def messages(self) -> list[Mapping[str, str]]:
        """A chat's, with its answer."""
        assert not isinstance(self.asked, str)
        return [*self.asked, {"role": "assistant", "content": self.answer}]

    def pieces(self) -> list[str]:
        """What people wrote in it: all but system messages."""
        asked = [self.asked] if isinstance(self.asked, str) else [m["content"] for m in self.asked if m["role"] != "system"]
        return [text for text in (*asked, self.answer, self.rejected) if text]

    def key(self) -> str:
        """What decides its part: the question where there is one, so that no question is in two parts."""
        if isinstance(self.asked, str):
            return self.asked or self.answer
        return "\n".join(f"{message['role']}: {message['content']}" for message in self.asked)


@dataclass(frozen=True)
class Data:
    """All files of a run."""

    format: Format
    examples: tuple[Example, ...]
    files: dict[str, str]
    """SHA-256 by name."""


@dataclass(frozen=True)
class Parts:
    """What trains and what is held out."""

    train: tuple[Example, ...]
    held: tuple[Example, ...]
    duplicates: int = 0
    """Left out: there once already."""
    overlapping: tuple[str, ...] = ()
    """Where the examples stood that were left out because they stand in an evaluation set."""


def read_data(paths: Sequence[Path]) -> Data:
    """Raises TuneError naming file and line: unreadable, no JSON, empty, of another format than lines before, roles out of turn."""
    examples: list[Example] = []
    found: dict[Format, str] = {}
    files: dict[str, str] = {}
    for path in paths:
        try:
            data = path.read_bytes()
        except OSError as error:
            raise TuneError(f"{path}: cannot read: {error.strerror}; expected JSON lines") from error
        files[path.name if path.name not in files else str(path)] = hashlib.sha256(data).hexdigest()
        before = len(examples)
        for where, value in _lines(path, data):
            kind = _format(value, where)
            first = found.setdefault(kind, where)
            if len(found) > 1:
                other, at = next((key, line) for key, line in found.items() if key != kind)
                raise TuneError(f"{first}: is of format {kind}, {at} of format {other}: one format a run; split the file")
            examples.append(_example(kind, value, where))
        if len(examples) == before:
            raise TuneError(f"{path}: holds no example; {EXPECTED}, one JSON object a line")
    if not paths:
        raise TuneError("data: names no file")
    return Data(next(iter(found)), tuple(examples), files)


def split(data: Data, seed: int, held_permille: int, evaluation: Iterable[str] = ()) -> Parts:
    """Held out by the digest of the question (`lm.split`), each text once, without what stands in `evaluation` (13-grams, as
    `lm.hygiene` does it). Raises TuneError when nothing is left to train on."""
    from hanse.lm.hygiene import OVERLAP_MAX, fingerprint, grams
    from hanse.lm.spec import SplitSpec
    from hanse.lm.split import part_of

    spec = SplitSpec(dev_permille=held_permille, test_permille=0, seed=seed)
    forbidden: set[int] = set()
    for text in evaluation:
        forbidden |= grams(text, b"")
    seen: set[bytes] = set()
    parts: dict[str, list[Example]] = {"train": [], "dev": []}
    duplicates, overlapping = 0, []
    for example in data.examples:
        mark = fingerprint("\x00".join((example.key(), example.answer, example.rejected)))
        if mark in seen:
            duplicates += 1
            continue
        seen.add(mark)
        owns = [grams(piece, b"") for piece in example.pieces()] if forbidden else []
        if any(len(own & forbidden) > OVERLAP_MAX * len(own) for own in owns):
            overlapping.append(example.where)
            continue
        parts[part_of(example.key(), spec)].append(example)
    if not parts["train"]:
        raise TuneError(f"no example is left to train on: of {len(data.examples)}, {len(overlapping)} stand in the evaluation set, "
                        f"{len(parts['dev'])} are held out; give more data or lower held_permille")  # fmt: skip
    return Parts(tuple(parts["train"]), tuple(parts["dev"]), duplicates, tuple(overlapping))


def read_evaluation(paths: Sequence[Path]) -> list[str]:
    """Texts that may not train: the questions of a tasks' file (`hanse compare`), and what data files of the formats here hold.
    Raises TaskError or TuneError naming file and line."""
    from hanse.hedge.compare.tasks import read_tasks

    found: list[str] = []
    for path in paths:
        if _is_tasks(path):
            for task in read_tasks(path):
                asked = [m.content for m in task.messages or () if m.role != "system"]
                found += [*asked, *([task.prompt] if task.prompt else [])]
        else:
            found += [piece for example in read_data([path]).examples for piece in example.pieces()]
    return found


def _is_tasks(path: Path) -> bool:
    try:
        with open(path, "rb") as file:
            first = json.loads(file.readline())
    except (OSError, ValueError, RecursionError):
        return False  # `read_data` says what is wrong
    return isinstance(first, dict) and "check" in first


def _lines(path: Path, data: bytes) -> Iterator[tuple[str, dict[str, Any]]]:
    for number, line in enumerate(data.split(b"\n"), 1):
        if not line.strip():
            continue
        where = f"{path}:{number}"
        try:
            value = json.loads(line.decode("utf-8"))
        except UnicodeDecodeError as error:
            raise TuneError(f"{where}: not UTF-8 at byte {error.start} of the line") from error
        except (ValueError, RecursionError) as error:
            raise TuneError(f"{where}: not JSON: {error}") from error
        if not isinstance(value, dict):
            raise TuneError(f"{where}: no JSON object; {EXPECTED}")
        yield where, value


def _format(value: dict[str, Any], where: str) -> Format:
    keys = KNOWN & value.keys()
    for kind in get_args(Format):
        if keys == set(FORMATS[kind]) or (kind == "preference" and keys in _PREFERENCE):
            return kind  # type: ignore[no-any-return]
    raise TuneError(f"{where}: has {', '.join(sorted(keys)) or 'none of the keys'}; {EXPECTED}")


_PREFERENCE = ({"chosen", "rejected", "prompt"}, {"chosen", "rejected", "messages"})


def _example(kind: Format, value: dict[str, Any], where: str) -> Example:
    for key in ("text", "prompt", "completion", "chosen", "rejected"):
        if key in value and key in KNOWN and not (isinstance(value[key], str) and value[key].strip()):
            raise TuneError(f"{where}: {key} is empty or no text")
        if key in value and any("\ud800" <= letter <= "\udfff" for letter in value[key]):
            raise TuneError(f"{where}: {key} holds half a character (a lone surrogate)")
    try:
        if kind == "text":
            return Example(where, "", value["text"])
        if kind == "completion":
            return Example(where, value["prompt"], value["completion"])
        if kind == "messages":
            messages = _messages(value["messages"], "assistant")
            return Example(where, tuple(messages[:-1]), messages[-1]["content"])
        asked = _messages(value["messages"], "user") if "messages" in value else value.get("prompt", "")
        made = Example(where, asked if isinstance(asked, str) else tuple(asked), value["chosen"], value["rejected"])
    except TuneError as error:
        raise TuneError(f"{where}: {error}") from error
    if not made.asked:
        raise TuneError(f"{where}: a preference without prompt or messages")
    if made.answer == made.rejected:
        raise TuneError(f"{where}: chosen and rejected are the same")
    return made


def _messages(value: Any, ends: str) -> list[Mapping[str, str]]:
    if not isinstance(value, list) or not all(_is_message(item) for item in value):
        raise TuneError('messages: expected a list of {"role": text, "content": text}')
    check_messages(value, ends)
    return [{"role": item["role"], "content": item["content"]} for item in value]


def _is_message(item: Any) -> bool:
    if not isinstance(item, dict):
        return False
    texts = [item.get("role"), item.get("content")]
    return all(isinstance(text, str) and not any("\ud800" <= letter <= "\udfff" for letter in text) for text in texts)


def flipped(example: Example) -> Example:
    """A preference's other answer."""
    return replace(example, answer=example.rejected, rejected=example.answer)

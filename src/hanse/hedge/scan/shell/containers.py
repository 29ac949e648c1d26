"""Commands inside containers: docker run, docker exec, compose, Kubernetes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from hanse.hedge.scan.shell.lexer import Word, plain
from hanse.hedge.scan.shell.options import tail
from hanse.hedge.scan.shell.table import IMAGES, SPECS, WRAPPERS

DOCKER = frozenset({"docker", "podman", "nerdctl", "docker-compose", "podman-compose"})
PYTHON = re.compile(r"python[\d.]*w?|py|pypy3?|ipython")
SHELLS = frozenset({"sh", "bash", "zsh", "dash", "ash", "ksh", "fish"})
_FLAGS = frozenset({"-d", "-it", "-ti", "-i", "-t", "--rm", "--init", "--privileged", "--detach", "--interactive", "--tty",
                    "--read-only", "-P", "--publish-all", "-dit", "-itd", "--no-deps", "-T", "--build", "-q", "--quiet",
                    "--service-ports", "--use-aliases", "-di", "-dt", "--no-healthcheck", "--oom-kill-disable"})  # fmt: skip
_NAMES = frozenset(key.split()[0] for key in SPECS) | SHELLS | {key.split()[0] for key in WRAPPERS}


def parse_docker(words: list[Word]) -> tuple[str, Word | None, list[Word], list[Word], bool]:
    """A docker line: its verb, the image or container, the command, the words given with -e, and whether --entrypoint is."""
    texts = [word.literal or "" for word in words]
    at = next((i for i, text in enumerate(texts) if text in ("run", "exec", "create", "build", "buildx")), None)
    if at is None:
        return "", None, [], [], False
    environment, entrypoint = list[Word](), list[Word]()
    index = at + 1
    while index < len(words) and texts[index].startswith("-"):
        text = texts[index]
        option, equals, _ = text.partition("=")
        value = tail(words[index], len(option) + 1) if equals else words[index + 1] if index + 1 < len(words) else None
        if option in ("-e", "--env", "--build-arg") and value is not None:
            environment.append(value)
        if option == "--entrypoint" and value is not None:
            entrypoint = [value]
        index += 1 if equals or text in _FLAGS else 2
    if index >= len(words) or texts[at] in ("build", "buildx"):
        return texts[at], None, [], environment, False
    verb = "exec" if texts[at] == "exec" or "compose" in " ".join(texts[: at + 1]) else texts[at]
    return verb, words[index], [*entrypoint, *words[index + 1 :]], environment, bool(entrypoint)


def in_image(image: str, words: list[Word], first: str) -> Iterator[list[Word]]:
    """The command that runs in an image whose entry point takes the words: they are no command by themselves."""
    implied = next((command for part, command in IMAGES if part in image.lower()), "")
    name = first.rsplit("/", 1)[-1]
    whole = (name in _NAMES or PYTHON.fullmatch(name) is not None) and ("/" not in first or first.startswith("/"))
    if not implied or (whole and name != "serve"):
        yield words
        return
    parts = implied.split()
    rest = words[1:] if first == parts[-1] and len(parts) > 1 else words
    yield [*(plain(part, words[0].line) for part in parts), *rest]

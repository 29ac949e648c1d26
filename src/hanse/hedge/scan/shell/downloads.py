"""Commands that fetch: git, curl and their like, copies out of buckets, package installers."""

from __future__ import annotations

import re
from collections.abc import Iterator

from hanse.hedge.scan import looks, packages
from hanse.hedge.scan.finding import Hit
from hanse.hedge.scan.judge import addresses
from hanse.hedge.scan.shell.lexer import Word
from hanse.hedge.scan.shell.options import sort_words
from hanse.hedge.scan.shell.variables import Variables

FETCH = frozenset({"curl", "wget", "aria2c", "axel", "http", "https", "curlie", "invoke-webrequest", "iwr", "fetch", "wcurl",
                   "start-bitstransfer"})  # fmt: skip
COPY = frozenset(
    {"aws", "gsutil", "gcloud", "azcopy", "rclone", "mc", "s5cmd", "s3cmd", "az", "b2", "obsutil", "ossutil", "coscmd"}
)
COPY_VERBS = frozenset(
    {"cp", "sync", "copy", "mv", "get", "download", "rsync", "download-batch", "copyto", "mirror", "cat"}
)
INSTALL = frozenset(
    {"pip", "pip3", "uv", "pipx", "poetry", "pdm", "rye", "conda", "mamba", "npm", "yarn", "pnpm", "bun", "pipenv"}
)
_MODEL_PLACE = re.compile(
    r"model|weight|checkpoint|ckpt|llama|qwen|mistral|gemma|lora|adapter|gguf|safetensors|bert|whisper|llm", re.I
)
_REMOTE = re.compile(r"(s3|gs|r2|az|oss|cos|b2|https?|abfss?|wasbs)://|\w+:[\w-]+/")
_HUBS = re.compile(r"(huggingface\.co|hf\.co|hf-mirror\.com|modelscope\.cn)[/:](?!datasets/|spaces/)")


def cloned(words: list[Word], variables: Variables) -> Iterator[Hit]:
    """git clone, git lfs clone, git submodule add of a repository of weights."""
    arguments = sort_words(words)
    if not {word.literal for word in words} & {"clone", "submodule", "fetch", "pull", "remote", "subtree"}:
        return
    branch = arguments.of("-b", "--branch", "--revision")
    revision = variables.fill(branch)[0].text if branch is not None and branch.parts else None
    for word in words:
        for value in variables.fill(word):
            found = looks.anywhere(value.text) if value.known and ("://" in value.text or "@" in value.text) else None
            if found:
                yield Hit(value.line, found.ref, revision or found.revision, "git clone", found.kind)
            elif not value.known and _HUBS.search(value.text):
                yield Hit(value.line, value.raw, None, "git clone", "unknown", False)


def fetched(words: list[Word], variables: Variables) -> Iterator[Hit]:
    """curl, wget and the like."""
    for word in words[1:]:
        for value in variables.fill(word):
            yield from addresses(value, f"{words[0].literal or 'download'}")


def copied(words: list[Word], variables: Variables) -> Iterator[Hit]:
    """Out of a bucket: the first address, unless it is where the copy goes; it must look like weights."""
    rest = [word for word in words[1:] if not (word.literal or "").startswith("-")]
    for word in rest:
        values = variables.fill(word)
        if not _REMOTE.match(values[0].text):
            continue
        if len(rest) > 1 and word is rest[-1] and any(_is_place(variables.fill(other)[0].text) for other in rest[:-1]):
            return
        for value in values:
            if looks.weights(value.text.split("?")[0]) or _MODEL_PLACE.search(value.text):
                kind = "url" if value.text.startswith("http") else "bucket"
                how = f"{words[0].literal} copy"
                if value.known:
                    yield Hit(value.line, value.text, None, how, "url" if kind == "url" else "bucket")
                else:
                    yield Hit(value.line, value.raw, None, how, "unknown", False)
        return


def _is_place(text: str) -> bool:
    """A file or folder, not a word like `cp`."""
    return "/" in text or "." in text or text.startswith("$")


def installed(words: list[Word], variables: Variables) -> Iterator[Hit]:
    """Packages that carry weights."""
    ecosystem = "npm" if words[0].literal in ("npm", "yarn", "pnpm", "bun") else "pypi"
    for word in words[1:]:
        for value in variables.fill(word):
            if value.known and not value.text.startswith("-"):
                yield from packages.requirement(value.text, value.line, f"{words[0].literal} install", ecosystem)


def installs(words: list[Word]) -> bool:
    """Whether an installer's line installs; else it may run something."""
    return any(word.literal in ("install", "add", "i", "download", "wheel") for word in words[1:4])

"""Who may use the server: a file of names and hashed keys, a line each, or one key from the environment.

    alice 3f0c...  (SHA-256 of the key, hexadecimal)

A key is 32 random bytes after `tml-`, which the client insists on, so a plain hash of it tells nothing.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from pathlib import Path

from hanse.errors import InputError
from hanse.store.disk import replace_file

PREFIX = "tml-"
_LINE = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9._@-]{0,99}) (?P<digest>[0-9a-f]{64})")


def digest_of(key: str) -> str:
    """What the file has of a key."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def check_key(key: str, where: str) -> str:
    """The key. Raises InputError for one that the client would refuse."""
    if not re.fullmatch(rf"{PREFIX}[!-~]{{16,}}", key):
        raise InputError(
            f"{where}: expected {PREFIX} and at least 16 printable characters; make one with `hanse tune key`"
        )
    return key


def read_keys(path: Path) -> Mapping[str, str]:
    """Owner by digest. Raises InputError naming the line."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot read: {error}; make it with `hanse tune key NAME --keys {path}`") from error
    found: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        match = _LINE.fullmatch(line.strip())
        if match is None:
            raise InputError(
                f"{path}:{number}: expected a name and the SHA-256 of a key; add keys with `hanse tune key`"
            )
        found[match["digest"]] = match["name"]
    if not found:
        raise InputError(f"{path}: has no key; add one with `hanse tune key NAME --keys {path}`")
    return found


def add_key(path: Path, name: str, key: str) -> None:
    """Append a key's hash, in a file that only its owner reads. Raises InputError for a bad name, or one that is there."""
    line = f"{name} {digest_of(key)}"
    if _LINE.fullmatch(line) is None:
        raise InputError(f"{name!r}: expected letters, digits and . _ @ -, at most 100")
    old = path.read_text(encoding="utf-8") if path.exists() else ""
    if any(item.split(" ")[0] == name for item in old.splitlines()):
        raise InputError(f"{path}: {name} has a key already; remove its line to give another")
    replace_file(path, (old + line + "\n").encode())
    os.chmod(path, 0o600)

"""What a pickle would run when it is loaded: picklescan reads its instructions, nothing is ever loaded."""

from __future__ import annotations

import io
import logging
import struct
import zipfile
import zlib
from typing import IO

MAX_PICKLE = 64 << 20
"""Bytes of a pickle that are looked through."""
MAX_ZIP = 256 << 20
"""Bytes of all pickles of one archive, unpacked."""
MAX_MEMBERS = 2000
_SUFFIXES = (
    ".pkl",
    ".pickle",
    ".joblib",
    ".pt",
    ".pth",
    ".bin",
    ".ckpt",
    ".dill",
    ".mar",
    ".nemo",
    ".p",
    ".model",
    ".sav",
)
_MAGIC = tuple(bytes((0x80, protocol)) for protocol in range(2, 6))
_BROKEN = (
    ValueError,
    IndexError,
    TypeError,
    KeyError,
    AttributeError,
    RecursionError,
    OverflowError,
    EOFError,
    MemoryError,
    struct.error,
)
"""What picklescan raises for a pickle that is no pickle."""
TOO_LARGE = "not looked through to its end: larger than 64 MiB"


def may_be_pickle(head: bytes, path: str) -> bool:
    """Whether a file that is no weights by its bytes or suffix could be a pickle all the same."""
    return head.startswith(_MAGIC) or (path.endswith(_SUFFIXES) and head[:2] != b"PK")


def pickle_danger(file: IO[bytes], head: bytes, path: str) -> str | None:
    """The dangerous calls of a file's pickles, by module and name; None when there are none. Raises OSError."""
    if not (head.startswith(b"PK") or head.startswith(_MAGIC) or path.endswith(_SUFFIXES)):
        return None
    file.seek(0)
    if head.startswith(b"PK"):
        return _of_zip(file)
    data = file.read(MAX_PICKLE + 1)
    return _of_pickle(data[:MAX_PICKLE], len(data) > MAX_PICKLE)


def _of_pickle(data: bytes, cut: bool) -> str | None:
    from picklescan.scanner import SafetyLevel, scan_pickle_bytes

    log = logging.getLogger("picklescan")
    log.propagate = False  # what it has to say is in its result
    log.addHandler(logging.NullHandler())
    pickled = data.startswith(_MAGIC)
    try:
        found = scan_pickle_bytes(io.BytesIO(data), "pickle")
    except _BROKEN as error:
        return f"instructions that cannot be followed ({error})" if pickled else None
    calls = {f"{item.module}.{item.name}" for item in found.globals if item.safety == SafetyLevel.Dangerous}
    if found.scan_err:  # bytes behind the pickle, taken for instructions
        calls = {call for call in calls if "unknown" not in call}
    if calls:
        return ", ".join(sorted(calls))
    return TOO_LARGE if cut and pickled else None


def _of_zip(file: IO[bytes]) -> str | None:
    from picklescan.relaxed_zipfile import RelaxedZipFile

    found: set[str] = set()
    left = MAX_ZIP
    try:
        with RelaxedZipFile(file, "r") as archive:
            for name in archive.namelist()[:MAX_MEMBERS]:
                with archive.open(name, "r") as member:
                    start = member.read(8)
                    if not (start.startswith(_MAGIC) or name.lower().endswith(_SUFFIXES)):
                        continue
                    data = start + member.read(min(MAX_PICKLE, left) + 1)
                left -= len(data)
                danger = _of_pickle(data[:MAX_PICKLE], len(data) > MAX_PICKLE)
                found |= {danger} if danger else set()
                if left <= 0:
                    found.add("not looked through to its end: more than 256 MiB of pickles")
                    break
    # zipfile says NotImplementedError for a compression it does not know, RuntimeError for an encrypted member
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, *_BROKEN) as error:
        if not found:
            return None if isinstance(error, zipfile.BadZipFile) else f"an archive that cannot be read ({error})"
    return ", ".join(sorted(found)) or None

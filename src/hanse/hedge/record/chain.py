"""The file: lines that name each other, read to the last signature; one more appended under a lock.

Each line names the bytes of the one before, so a line changed, dropped, doubled or moved is seen at once. What no chain shows is
that lines were taken from its end: that is only seen against a head (SHA-256 of the last line) that was kept elsewhere.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hanse.errors import CanonicalError, EnvelopeError, RecordError
from hanse.hedge.record.line import Environment, Line, digest_of, parse_line
from hanse.hedge.record.made import Made
from hanse.keys import PublicKey, SigningKey
from hanse.ledger import dsse
from hanse.store.disk import sync

FILE = "models.intoto.jsonl"
_BEGIN = b'{"payload":"'


@dataclass(frozen=True)
class Signed:
    """A line that was read, its signature checked."""

    line: Line
    digest: str
    """SHA-256 of its bytes without the line feed."""
    signer: str
    """Name of the trusted key that signed it."""


@dataclass(frozen=True)
class Chain:
    """Lines from the first as far as they hold."""

    lines: tuple[Signed, ...] = ()
    problem: str = ""
    """Why the next one does not; empty when all do."""

    @property
    def head(self) -> str:
        """Digest of the last line; empty without any."""
        return self.lines[-1].digest if self.lines else ""


@dataclass(frozen=True)
class Place:
    """Where a step is appended, and by whom."""

    path: Path
    key: SigningKey
    environment: Environment
    trust: tuple[PublicKey, ...] = ()
    """Others who may have signed lines of it."""

    @property
    def keys(self) -> tuple[PublicKey, ...]:
        """All whose lines stand."""
        return (self.key.public, *self.trust)


@dataclass(frozen=True)
class Appended:
    """What an append did."""

    number: int
    head: str
    note: str = ""
    """What of a crash was found at the end, and what was done with it."""


def examine(data: bytes, name: str, keys: Sequence[PublicKey], head: str = "") -> Chain:
    """The lines that hold, and the first problem. `head`: a digest kept elsewhere that must be among them."""
    *ended, tail = data.split(b"\n")
    lines: list[Signed] = []
    for at, raw in enumerate(ended):
        try:
            lines.append(_check(raw, at, lines[-1].digest if lines else "", keys))
        except EnvelopeError as error:
            return Chain(tuple(lines), f"{name}:{at + 1}: {error}")
    if tail:
        return Chain(tuple(lines), f"{name}:{len(ended) + 1}: is not ended by a line feed: it was torn by a crash, or cut off; the "
                     "next command that adds a line mends what a crash left")  # fmt: skip
    if head and head not in {item.digest for item in lines}:
        return Chain(tuple(lines), f"{name}: has no line with the head {head} that was kept: lines were taken from its end, or it "
                     "is another record")  # fmt: skip
    return Chain(tuple(lines))


def read(path: Path, keys: Sequence[PublicKey], head: str = "") -> Chain:
    """The whole record, every signature by one of `keys`. Raises RecordError naming file and line."""
    chain = look(path, keys, head)
    if chain.problem:
        raise RecordError(chain.problem)
    return chain


def look(path: Path, keys: Sequence[PublicKey], head: str = "") -> Chain:
    """As `read`, with what holds before a problem. Raises RecordError where there is no file."""
    try:
        with _open(path, os.O_RDONLY, fcntl.LOCK_SH) as handle:
            return examine(_content(handle), str(path), keys, head)
    except OSError as error:
        raise RecordError(f"{path}: cannot read: {error.strerror}") from error


def whole(place: Place) -> Chain:
    """The lines that an append would follow. Raises RecordError, as it would."""
    try:
        with _open(place.path, os.O_RDONLY, fcntl.LOCK_SH) as handle:
            chain = examine(_mended(_content(handle), place.path)[0], str(place.path), place.keys)
    except OSError as error:
        raise RecordError(f"{place.path}: cannot read: {error.strerror}") from error
    if chain.problem:
        raise RecordError(chain.problem)
    return chain


def append(place: Place, made: Made, at: str) -> Appended:
    """Add one line, durably; `at` is when the step was taken, UTC, RFC 3339. Raises RecordError, and leaves the file as it was,
    where the chain does not hold, a line is signed by none of `place.keys`, or nothing can be written."""
    path = place.path
    try:
        is_new = not path.exists()
        with _open(path, os.O_RDWR | os.O_CREAT, fcntl.LOCK_EX) as handle:
            data = _content(handle)
            kept, note = _mended(data, path)
            chain = examine(kept, str(path), place.keys)
            if chain.problem:
                raise RecordError(chain.problem)
            line = Line(len(chain.lines), at, chain.head, made, place.environment).sign(place.key)
            parse_line(dsse.Envelope.decode(line).payload)  # what cannot be read back is never written
            if len(kept) < len(data):
                os.ftruncate(handle, len(kept))
                data = kept
            _write(handle, len(data), kept[len(data) :] + line + b"\n")
        if is_new:
            sync(path.absolute().parent)
    except OSError as error:
        raise RecordError(f"{path}: cannot write: {error.strerror}") from error
    except (EnvelopeError, CanonicalError) as error:
        raise RecordError(f"{path}: no line was added: {error}") from error
    return Appended(len(chain.lines), digest_of(line), note)


def _check(raw: bytes, number: int, previous: str, keys: Sequence[PublicKey]) -> Signed:
    """Raises EnvelopeError."""
    envelope = dsse.Envelope.decode(raw)
    signatures, message = dict(envelope.signatures), dsse.pae(envelope.payload)
    signer = next((key for key in keys if key.id in signatures), None)
    if signer is None or len(signatures) != 1:
        by = ", ".join(key_id[:16] for key_id in signatures)
        raise EnvelopeError(f"is signed by {by}, which is no key that you trust ({', '.join(key.name for key in keys)})")
    if not signer.verify(signatures[signer.id], message):
        raise EnvelopeError(f"the signature of {signer.name} does not hold: the line was changed")
    line = parse_line(envelope.payload)
    if (line.number, line.previous) != (number, previous):
        raise EnvelopeError(f"says that it is number {line.number} after {line.previous[:16] or 'none'}; expected {number} after "
                            f"{previous[:16] or 'none'}: a line was dropped, doubled, moved or changed")  # fmt: skip
    return Signed(line, digest_of(raw), signer.name)


def _mended(data: bytes, path: Path) -> tuple[bytes, str]:
    """The lines without a torn last one, and what is to be said of it. A line that only lacks its line feed is kept. Raises
    RecordError for an end that no crash of ours leaves: this is another file."""
    begin = data.rfind(b"\n") + 1
    tail = data[begin:].rstrip(b"\0")  # what some file systems leave of bytes that were not yet written
    if begin == len(data):
        return data, ""
    if tail[: len(_BEGIN)] != _BEGIN[: len(tail)]:
        raise RecordError(f"{path}: ends in bytes that are no line of a record: is this the file you meant?")
    try:
        parse_line(dsse.Envelope.decode(data[begin:]).payload)
    except EnvelopeError:
        return data[:begin], f"{path}: a crash had torn its last line: {len(data) - begin} bytes that are no line were cut"
    return data + b"\n", f"{path}: a crash had left its last line without its line feed, which was added"


def _write(handle: int, size: int, data: bytes) -> None:
    """Add to the end, durably; a failure leaves the file as long as it was."""
    try:
        done = os.lseek(handle, size, os.SEEK_SET) - size
        while done < len(data):
            done += os.write(handle, data[done:])
        os.fsync(handle)
    except OSError:
        os.ftruncate(handle, size)
        raise


@contextmanager
def _open(path: Path, how: int, lock: int) -> Iterator[int]:
    handle = os.open(path, how | os.O_CLOEXEC, 0o666)
    try:
        fcntl.flock(handle, lock)
        yield handle
    finally:
        os.close(handle)


def _content(handle: int) -> bytes:
    with open(handle, "rb", closefd=False) as file:
        return file.read()

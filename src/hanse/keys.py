"""Ed25519 keys: who signs entries and tree heads.

A public key is printed as a C2SP signed-note verifier key, `<name>+<8 hex key id>+<base64(0x01 || 32 bytes)>`
(c2sp.org/signed-note): one line that a charter can carry and any note tool can read. A private key is a PKCS #8 PEM
file that only its owner may read. Time and randomness stay outside: `generate` takes the 32 secret bytes.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from hanse.errors import KeyFileError

ALGORITHM_ED25519 = b"\x01"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,99}")


@dataclass(frozen=True)
class PublicKey:
    """An Ed25519 public key with the name of who holds it."""

    name: str
    raw: bytes

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise KeyFileError(
                f"key name {self.name!r}: expected 1-100 characters of A-Z a-z 0-9 . _ / - starting with a letter or digit"
            )
        if len(self.raw) != 32:
            raise KeyFileError(f"key {self.name}: expected 32 bytes of Ed25519 public key, got {len(self.raw)}")

    @cached_property
    def id(self) -> str:
        """Key id in entries: SHA-256 of the raw public key, 64 hex digits."""
        return hashlib.sha256(self.raw).hexdigest()

    @cached_property
    def _verifier(self) -> Ed25519PublicKey:
        return Ed25519PublicKey.from_public_bytes(self.raw)

    def verify(self, signature: bytes, message: bytes) -> bool:
        """Whether `signature` (64 bytes) is this key's over `message` (RFC 8032)."""
        try:
            self._verifier.verify(signature, message)
        except InvalidSignature:
            return False
        return True

    def note_key_id(self, algorithm: bytes = ALGORITHM_ED25519) -> bytes:
        """4-byte key id of a signed note: SHA-256(name LF algorithm pubkey)[:4] (c2sp.org/signed-note)."""
        return hashlib.sha256(self.name.encode() + b"\n" + algorithm + self.raw).digest()[:4]

    def __str__(self) -> str:
        body = base64.b64encode(ALGORITHM_ED25519 + self.raw).decode()
        return f"{self.name}+{self.note_key_id().hex()}+{body}"

    @classmethod
    def parse(cls, text: str) -> PublicKey:
        """Read what `str` prints, and nothing else. Raises KeyFileError."""
        parts = text.split("+", 2)
        expected = "expected '<name>+<8 hex digits>+<base64>', as `hanse keys show` prints it"
        if len(parts) != 3:
            raise KeyFileError(f"verifier key {text[:80]!r}: {expected}")
        try:
            body = base64.b64decode(parts[2], validate=True)
        except (binascii.Error, ValueError) as error:
            raise KeyFileError(f"verifier key {text[:80]!r}: {expected}") from error
        if body[:1] != ALGORITHM_ED25519 or len(body) != 33:
            raise KeyFileError(f"verifier key {text[:80]!r}: not an Ed25519 key; {expected}")
        key = cls(parts[0], body[1:])
        if str(key) != text:
            raise KeyFileError(f"verifier key {text[:80]!r}: its key id or base64 is not that of its bytes; {expected}")
        return key


@dataclass(frozen=True)
class SigningKey:
    """An Ed25519 private key with its holder's name."""

    name: str
    secret: bytes

    def __post_init__(self) -> None:
        PublicKey(self.name, bytes(32))  # refuses a bad name at once
        if len(self.secret) != 32:
            raise KeyFileError(f"key {self.name}: expected 32 secret bytes, got {len(self.secret)}")

    def __repr__(self) -> str:
        return f"SigningKey({self.name!r})"  # never the secret

    @cached_property
    def _private(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.secret)

    @cached_property
    def public(self) -> PublicKey:
        return PublicKey(self.name, self._private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))

    def sign(self, message: bytes) -> bytes:
        """64-byte signature (RFC 8032): deterministic, so signing twice gives the same bytes."""
        return self._private.sign(message)

    def save(self, path: Path) -> None:
        """Write a PKCS #8 PEM that only the owner may read, after a `name:` line. Refuses to overwrite."""
        pem = self._private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise KeyFileError(f"{path}: cannot make the folder {path.parent}: {error.strerror}") from error
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError as error:
            raise KeyFileError(f"{path}: a key is there already; choose another file, keys are never overwritten") from error
        except OSError as error:
            raise KeyFileError(f"{path}: cannot write the key: {error.strerror}") from error
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(f"name: {self.name}\n".encode() + pem)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            path.unlink()  # half a key is none, and would stand in the way of a whole one
            raise KeyFileError(f"{path}: cannot write the key: {error.strerror}") from error

    @classmethod
    def load(cls, path: Path) -> SigningKey:
        """Read what `save` writes. Raises KeyFileError naming the file."""
        try:
            data = path.read_bytes()
        except OSError as error:
            raise KeyFileError(f"{path}: cannot read the key: {error.strerror}; `hanse keys new` makes one") from error
        head, _, pem = data.partition(b"\n")
        if not head.startswith(b"name: "):
            raise KeyFileError(f"{path}: expected 'name: <holder>' on line 1, then a PEM key, as `hanse keys new` writes")
        try:
            private = load_pem_private_key(pem, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            text = "the PEM below line 1 is no private key, or is encrypted; `hanse keys new` makes one"
            raise KeyFileError(f"{path}: {text}") from error
        if not isinstance(private, Ed25519PrivateKey):
            raise KeyFileError(f"{path}: expected an Ed25519 key; `hanse keys new` makes one")
        secret = private.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
        try:
            return cls(head[len(b"name: ") :].decode("utf-8", "replace"), secret)
        except KeyFileError as error:
            raise KeyFileError(f"{path}:1: {error}") from error

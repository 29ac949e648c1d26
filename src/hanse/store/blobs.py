"""Content-addressed blobs: `blobs/<member>/<sha256>`, verified on every read (PROTOCOL rules 12 and 13).

Each member has its own folder, because a shared content path can be squatted. What is larger than a part is a manifest
of parts: canonical JSON `{"parts": [{"sha256", "size"}, ...]}`, itself a blob.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from hanse import canonical
from hanse.errors import AlreadyExists, DigestMismatch, IntegrityError, MalformedError, TooLarge
from hanse.store.base import Store

PART_BYTES_MAX = 64 << 20
"""One conditional PUT each; no multipart anywhere."""
MANIFEST_BYTES_MAX = 4 << 20


@dataclass(frozen=True)
class BlobRef:
    """A blob by SHA-256 of its bytes and their exact count."""

    sha256: str
    size: int


def blob_name(member: str, sha256: str) -> str:
    """Object name of a member's blob."""
    return f"blobs/{member}/{sha256}"


def put_blob(store: Store, member: str, data: bytes) -> BlobRef:
    """Store `data` (one part at most). Raises IntegrityError when other bytes sit under its name."""
    if len(data) > PART_BYTES_MAX:
        raise TooLarge(f"blob of {len(data)} bytes: split it into parts of at most {PART_BYTES_MAX} and put a manifest")
    ref = BlobRef(hashlib.sha256(data).hexdigest(), len(data))
    try:
        store.put_once(blob_name(member, ref.sha256), data)
    except AlreadyExists:
        try:
            get_blob(store, member, ref)
        except DigestMismatch as error:
            raise IntegrityError(f"{error}; somebody else wrote it: tell the bucket's owner") from error
    return ref


def get_blob(store: Store, member: str, ref: BlobRef) -> bytes:
    """The blob's bytes. Raises NotFound, or DigestMismatch when the object is not what its name says."""
    name = blob_name(member, ref.sha256)
    try:
        data = store.get(name, min(ref.size, PART_BYTES_MAX))
    except TooLarge as error:
        raise DigestMismatch(f"{store.url}: {name} is larger than the {ref.size} bytes its entry states") from error
    if len(data) != ref.size or hashlib.sha256(data).hexdigest() != ref.sha256:
        raise DigestMismatch(f"{store.url}: {name} holds {len(data)} bytes that are not those its digest names")
    return data


def put_manifest(store: Store, member: str, parts: Sequence[BlobRef]) -> BlobRef:
    """Store the manifest of parts that are stored already."""
    return put_blob(store, member, canonical.encode({"parts": [{"sha256": p.sha256, "size": p.size} for p in parts]}))


def get_manifest(store: Store, member: str, ref: BlobRef, parts_max: int, bytes_max: int) -> list[BlobRef]:
    """The parts a manifest names. Raises MalformedError when it is none or exceeds a limit, and as `get_blob`."""
    if ref.size > MANIFEST_BYTES_MAX:
        raise MalformedError(f"manifest of {ref.size} bytes, at most {MANIFEST_BYTES_MAX}")
    value = canonical.decode(get_blob(store, member, ref))
    if not isinstance(value, dict) or set(value) != {"parts"} or not isinstance(value["parts"], list):
        raise MalformedError("manifest: expected an object with the one key 'parts', a list")
    if len(value["parts"]) > parts_max:
        raise MalformedError(f"manifest of {len(value['parts'])} parts, at most {parts_max}")
    parts = [_part(item) for item in value["parts"]]
    total = sum(part.size for part in parts)
    if total > bytes_max:
        raise MalformedError(f"oversized: {total} bytes in its parts, at most {bytes_max}")
    return parts


def _part(item: object) -> BlobRef:
    if not isinstance(item, dict) or set(item) != {"sha256", "size"}:
        raise MalformedError("manifest: a part has exactly the keys sha256 and size")
    sha256, size = item["sha256"], item["size"]
    if not isinstance(sha256, str) or len(sha256) != 64 or set(sha256) - set("0123456789abcdef"):
        raise MalformedError("manifest: sha256 is not 64 lowercase hex digits")
    if not isinstance(size, int) or isinstance(size, bool) or not 0 <= size <= PART_BYTES_MAX:
        raise MalformedError(f"manifest: a part's size is 0 to {PART_BYTES_MAX} bytes")
    return BlobRef(sha256, size)

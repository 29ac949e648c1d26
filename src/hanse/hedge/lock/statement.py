"""A consortium's release statement kept with a lock: a DSSE envelope over an in-toto statement whose subjects are the model's
files. Here it is held against the files; whose keys signed it is for `hanse`'s release commands to judge.
"""

from __future__ import annotations

import json
from typing import Any

from hanse.errors import EnvelopeError, LockError
from hanse.hedge.lock.schema import LockedModel
from hanse.ledger.dsse import Envelope

BYTES_MAX = 4 << 20


def subjects(data: bytes) -> dict[str, str]:
    """Digest -> name of every subject. Raises LockError for what is no such statement."""
    if len(data) > BYTES_MAX:
        raise LockError(f"release statement: {len(data)} bytes, at most {BYTES_MAX}")
    try:
        value: Any = json.loads(Envelope.decode(data).payload)
        found = {str(item["digest"]["sha256"]): str(item["name"]) for item in value["subject"]}
    except EnvelopeError as error:
        raise LockError(f"release statement: {error}") from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise LockError("release statement: its payload is no in-toto statement with subjects") from error
    if not found:
        raise LockError("release statement: it has no subjects")
    return found


def uncovered(data: bytes, model: LockedModel) -> list[str]:
    """What the statement and the model's files do not agree on, in words. Raises LockError as `subjects`."""
    stated, locked = subjects(data), {item.sha256: item.path for item in model.file}
    missing = [f"its subject {name} is no file of the model" for digest, name in stated.items() if digest not in locked]
    return missing + [f"it does not speak of {path}" for digest, path in locked.items() if digest not in stated]

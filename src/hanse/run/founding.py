"""Founding: a genesis entry that every founder signs, gathered in a draft file that travels between them."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path

from hanse.charter.schema import Charter, founded, parse_charter
from hanse.errors import AlreadyExists, CharterError, EnvelopeError, InputError
from hanse.keys import SigningKey
from hanse.ledger import dsse
from hanse.ledger.chain import Slot
from hanse.ledger.entry import NO_LOG, SLOT_BYTES_MAX, Entry, Seen, Statement, segment
from hanse.ledger.log import read_slot, slot_name
from hanse.ledger.merkle import EMPTY_ROOT
from hanse.run.fold import fold
from hanse.run.plan import Plan, parse_plan
from hanse.run.replacing import replacing
from hanse.store import Store

Signatures = dict[str, bytes]
"""Key id to 64-byte signature."""


def draft(charter: Charter, plan: Plan, at: int, source: str = "plan") -> bytes:
    """Payload of the genesis entry. Raises CharterError when the plan, had from `source`, does not go with the charter, or
    both do not fit a log slot."""
    body = {"charter": founded(charter, "charter").document(), "plan": plan.document()}
    members = {member.name for member in charter.member}
    custodians = {evaluation.custodian for evaluation in plan.evaluation}
    for key, named in (("member_weights", set(plan.member_weights)), ("evaluation.custodian", custodians)):
        if named - members:
            raise CharterError(f"{source}: {key} names {min(named - members)!r}, who is no member of the charter")
    payload = Statement("genesis", NO_LOG, Seen(0, EMPTY_ROOT), at, charter.member[0].name, body).encode()
    signed = dsse.Envelope(payload, tuple((f"{number:064x}", bytes(64)) for number in range(len(members))))
    size = len(signed.encode()) + 1  # the line end
    if size > SLOT_BYTES_MAX:
        raise CharterError(f"charter and plan make an entry of {size} bytes, at most {SLOT_BYTES_MAX} fit: shorten them")
    return payload


def identity(payload: bytes) -> str:
    """The log's digest."""
    return hashlib.sha256(payload).hexdigest()


def charter_of(payload: bytes) -> Charter:
    return founded(parse_charter(Statement.decode(payload).body.get("charter"), "genesis draft: charter"), "genesis draft")


def check_draft(payload: bytes) -> None:
    """Raise EnvelopeError or CharterError unless `draft` makes these very bytes from the charter and plan in them.

    Whoever signs a draft has had it from somebody else: it must be a genesis, and one that stands.
    """
    statement = Statement.decode(payload)
    plan = parse_plan(statement.body.get("plan"), "genesis draft: plan")
    if draft(charter_of(payload), plan, statement.at) != payload:
        raise EnvelopeError("its payload is no genesis with every default written out")


def add_signature(payload: bytes, signatures: Signatures, key: SigningKey, source: str = "") -> None:
    """Sign as one founder with the key, had from the file `source`. Raises InputError when it is no founder's."""
    officers = {member.officer_key.id: member.name for member in charter_of(payload).member}
    if key.public.id not in officers:
        raise InputError(f"{source or 'key'}: {key.public} is no founder's officer key in this charter; use one that is")
    signatures[key.public.id] = key.sign(dsse.pae(payload))


def unsigned(payload: bytes, signatures: Signatures) -> list[str]:
    """Founders who have not signed."""
    return [member.name for member in charter_of(payload).member if member.officer_key.id not in signatures]


def genesis(payload: bytes, signatures: Signatures) -> Entry:
    """The entry that starts the log. Raises InputError when founders are missing."""
    left = unsigned(payload, signatures)
    if left:
        raise InputError(f"genesis lacks the signature of {', '.join(left)}: `hanse found sign` with their officer keys")
    envelope = dsse.Envelope(payload, tuple(sorted(signatures.items())))
    entry = Entry(Statement.decode(payload), envelope, envelope.encode())
    judged = fold([Slot.of(segment([entry]))]).verdicts[0]
    if not judged.valid:
        raise CharterError(f"genesis would be void: {judged.reason}")
    return entry


def publish(store: Store, payload: bytes, signatures: Signatures) -> str:
    """Write genesis into an empty bucket; the log's digest. Raises InputError as `genesis` does, or for another log there."""
    entry = genesis(payload, signatures)
    data = segment([entry])
    try:
        store.put_once(slot_name(0), data)
    except AlreadyExists as error:
        if read_slot(store, 0) != Slot.of(data):
            raise InputError(f"{store.url}: holds another log already; found this one in an empty bucket") from error
    return entry.id


def save_draft(path: Path, payload: bytes, signatures: Signatures) -> None:
    """A JSON file for people to pass on. Raises InputError when it cannot be written."""
    document = {
        "genesis": identity(payload),
        "payload": base64.b64encode(payload).decode(),
        "signatures": {key_id: base64.b64encode(value).decode() for key_id, value in sorted(signatures.items())},
    }
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def load_draft(path: Path) -> tuple[bytes, Signatures]:
    """Read a draft; check that it is one, and every signature it carries. Raises InputError naming the file."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        stated, payload = document["genesis"], base64.b64decode(document["payload"], validate=True)
        signatures = {str(k): base64.b64decode(v, validate=True) for k, v in document["signatures"].items()}
        check_draft(payload)
        keys = {member.officer_key.id: member.officer_key for member in charter_of(payload).member}
    except OSError as error:
        raise InputError(f"{path}: cannot read: {error.strerror}; `hanse found draft` makes one") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, EnvelopeError, CharterError) as error:
        raise InputError(f"{path}: not a genesis draft ({error}); `hanse found draft` makes one") from error
    if stated != identity(payload):
        raise InputError(f"{path}: genesis is not the digest of its payload; get the draft again from its sender")
    for key_id, signature in signatures.items():
        if key_id not in keys or not keys[key_id].verify(signature, dsse.pae(payload)):
            raise InputError(f"{path}: signature of key {key_id[:12]} does not hold; get the draft again from its sender")
    return payload, signatures

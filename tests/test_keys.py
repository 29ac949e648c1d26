"""Keys: RFC 8032's signatures, C2SP's verifier keys, and private key files that are never lost, shared or overwritten."""

from __future__ import annotations

import base64
import hashlib
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from hanse.errors import KeyFileError
from hanse.keys import PublicKey, SigningKey

RFC_8032 = [  # section 7.1: secret key, public key, message, signature
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
]
SUMDB = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"
"""A verifier key in use since 2019, from another implementation: the Go checksum database's."""
KEY = SigningKey("ada/officer", bytes(range(32)))
TEXT = str(KEY.public)
NAME, ID, BODY = TEXT.split("+", 2)
names = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,99}", fullmatch=True)


@pytest.mark.parametrize(("secret", "public", "message", "signature"), RFC_8032)
def test_signatures_are_those_of_rfc_8032(secret: str, public: str, message: str, signature: str) -> None:
    key = SigningKey("rfc", bytes.fromhex(secret))
    assert key.public.raw.hex() == public
    assert key.sign(bytes.fromhex(message)).hex() == signature
    assert key.public.verify(bytes.fromhex(signature), bytes.fromhex(message))


def test_every_flipped_bit_of_a_signature_is_noticed_and_so_is_another_length() -> None:
    good = KEY.sign(b"message")
    for bit in range(512):
        assert not KEY.public.verify((int.from_bytes(good, "big") ^ 1 << bit).to_bytes(64, "big"), b"message")
    for bad in (b"", good[:63], good + b"\0", bytes(64)):
        assert not KEY.public.verify(bad, b"message")
    assert not KEY.public.verify(good, b"another message")


@pytest.mark.parametrize("raw", [bytes(32), b"\xff" * 32, b"\xed" + b"\xff" * 30 + b"\x7f"])
def test_32_bytes_that_are_no_point_verify_nothing_and_raise_nothing(raw: bytes) -> None:
    assert not PublicKey("nobody", raw).verify(KEY.sign(b"x"), b"x")


@settings(deadline=None)
@given(names, st.binary(min_size=32, max_size=32))
def test_a_printed_key_is_parsed_to_the_same_key(name: str, raw: bytes) -> None:
    key = PublicKey(name, raw)
    assert PublicKey.parse(str(key)) == key


pieces = st.sampled_from(["", "A", "+", "=", "\n", " ", "_", "0", "é"])


@settings(deadline=None)
@given(st.integers(0, len(TEXT)), st.integers(0, 2), pieces)
def test_what_is_parsed_is_printed_to_the_same_text(at: int, cut: int, piece: str) -> None:
    text = TEXT[:at] + piece + TEXT[at + cut :]
    try:
        key = PublicKey.parse(text)
    except KeyFileError:
        return
    assert str(key) == text


def test_a_verifier_key_of_another_implementation_is_read_and_its_key_id_is_that_of_c2sp() -> None:
    key = PublicKey.parse(SUMDB)
    assert str(key) == SUMDB
    # c2sp.org/signed-note: the first four bytes of SHA-256(name, LF, signature type, public key)
    assert key.note_key_id() == hashlib.sha256(b"sum.golang.org\n\x01" + key.raw).digest()[:4] == bytes.fromhex("033de0ae")
    assert key.note_key_id(b"\x04") == hashlib.sha256(b"sum.golang.org\n\x04" + key.raw).digest()[:4]
    assert key.id == hashlib.sha256(key.raw).hexdigest()


def coded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def other_spelling(body: str) -> str:
    """Base64 whose last character has other unused bits: the same bytes to a lenient reader."""
    last = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    raw = base64.b64decode(body)[:-1]  # 32 bytes: two unused bits
    text = coded(raw)
    return text[:-2] + last[last.index(text[-2]) + 1] + "="


BAD_KEYS = {
    "another key id": f"{NAME}+{int(ID, 16) ^ 1:08x}+{BODY}",
    "a key id in upper case": f"{NAME}+{ID.upper()}+{BODY}",
    "no key id": f"{NAME}++{BODY}",
    "another name": f"ada/site+{ID}+{BODY}",
    "another algorithm": f"{NAME}+{ID}+" + coded(b"\x02" + KEY.public.raw),
    "the cosignature algorithm": f"{NAME}+{ID}+" + coded(b"\x04" + KEY.public.raw),
    "no algorithm": f"{NAME}+{ID}+" + coded(KEY.public.raw),
    "31 bytes": f"{NAME}+{ID}+" + coded(b"\x01" + KEY.public.raw[:31]),
    "33 bytes": f"{NAME}+{ID}+" + coded(b"\x01" + KEY.public.raw + b"0"),
    "other unused bits": f"{NAME}+{ID}+{other_spelling(BODY)}",
    "padding too much": TEXT + "=",
    "the other alphabet": TEXT.replace("/", "_"),
    "a line end": TEXT + "\n",
    "white space before": " " + TEXT,
    "a bad name": f"ada officer+{ID}+{BODY}",
    "no name": f"+{ID}+{BODY}",
    "two parts": f"{NAME}+{BODY}",
    "one part": NAME,
    "nothing": "",
    "letters that are not ASCII": f"{NAME}+{ID}+é{BODY}",
}


@pytest.mark.parametrize("name", BAD_KEYS)
def test_any_other_spelling_of_a_key_is_refused(name: str) -> None:
    text = BAD_KEYS[name]
    assert text != TEXT
    with pytest.raises(KeyFileError):
        PublicKey.parse(text)


@pytest.mark.parametrize("name", ["", "/ada", ".ada", "-ada", "a b", "a+b", "a\n", "ada\n", "é", "a:b", "a" * 101])
def test_a_name_that_no_note_could_carry_makes_no_key(name: str) -> None:
    with pytest.raises(KeyFileError, match="key name"):
        PublicKey(name, bytes(32))
    with pytest.raises(KeyFileError, match="key name"):
        SigningKey(name, bytes(32))


@pytest.mark.parametrize("size", [0, 31, 33, 64])
def test_a_key_of_another_length_is_none(size: int) -> None:
    with pytest.raises(KeyFileError, match="expected 32"):
        PublicKey("ada", bytes(size))
    with pytest.raises(KeyFileError, match="expected 32"):
        SigningKey("ada", bytes(size))


def test_a_secret_is_never_printed() -> None:
    assert repr(KEY) == "SigningKey('ada/officer')"
    assert KEY.secret.hex() not in f"{KEY} {KEY!r} {[KEY]}"


def test_a_saved_key_is_loaded_again_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "ada.pem"
    KEY.save(path)
    assert SigningKey.load(path) == KEY
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text().startswith("name: ada/officer\n-----BEGIN PRIVATE KEY-----\n")


def test_a_key_file_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "ada.pem"
    path.write_text("precious")
    with pytest.raises(KeyFileError, match=r"ada\.pem: a key is there already; choose another file"):
        KEY.save(path)
    assert path.read_text() == "precious"


def test_a_key_that_cannot_be_written_is_named_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(KeyFileError, match=r"ada\.pem: cannot make the folder .*file: File exists"):
        KEY.save(tmp_path / "file" / "ada.pem")
    with pytest.raises(KeyFileError, match=r"cannot write the key: File name too long"):
        KEY.save(tmp_path / ("a" * 300))


FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from hanse.errors import KeyFileError
from hanse.keys import SigningKey
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (20, 20))
try:
    SigningKey("ada", bytes(32)).save(Path(sys.argv[1]))
except KeyFileError as error:
    print(error)
"""


def test_half_a_key_is_not_left_behind_when_the_disk_is_full(tmp_path: Path) -> None:
    path = tmp_path / "ada.pem"
    done = subprocess.run([sys.executable, "-B", "-c", FULL_DISK, str(path)], capture_output=True, text=True, check=True)
    assert done.stdout == f"{path}: cannot write the key: File too large\n"
    assert list(tmp_path.iterdir()) == []


def pem(key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey, password: bytes = b"") -> bytes:
    encryption = BestAvailableEncryption(password) if password else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)


ED25519 = ed25519.Ed25519PrivateKey.from_private_bytes(KEY.secret)
PUBLIC_PEM = ED25519.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
BAD_FILES = {
    "empty": (b"", "line 1"),
    "no name": (pem(ED25519), "line 1"),
    "only a name": (b"name: ada\n", "no private key"),
    "junk below": (b"name: ada\n\x00\xff", "no private key"),
    "half a PEM": (b"name: ada\n" + pem(ED25519)[:60], "no private key"),
    "the public half": (b"name: ada\n" + PUBLIC_PEM, "no private key"),
    "encrypted": (b"name: ada\n" + pem(ED25519, b"secret"), "encrypted"),
    "another kind of key": (b"name: ada\n" + pem(ec.derive_private_key(5, ec.SECP256R1())), "expected an Ed25519 key"),
    "a bad name": (b"name: a b\n" + pem(ED25519), "bad.pem:1: key name 'a b'"),
    "a name that is not text": (b"name: \xff\n" + pem(ED25519), "bad.pem:1: key name"),
    "the line ends of another system": (b"name: ada\r\n" + pem(ED25519), "bad.pem:1: key name"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_malformed_key_file_is_named_with_what_is_wrong(name: str, tmp_path: Path) -> None:
    data, words = BAD_FILES[name]
    path = tmp_path / "bad.pem"
    path.write_bytes(data)
    with pytest.raises(KeyFileError) as caught:
        SigningKey.load(path)
    assert str(caught.value).startswith(str(path))
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_key_file_is_named_with_the_command_that_makes_one(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match=r"none\.pem: cannot read the key: No such file or directory; `hanse keys new`"):
        SigningKey.load(tmp_path / "none.pem")
    with pytest.raises(KeyFileError, match="Is a directory"):
        SigningKey.load(tmp_path)

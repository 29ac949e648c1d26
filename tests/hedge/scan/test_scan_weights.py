"""Files of weights by suffix and by content, pointers, and what their pickles would run."""

from __future__ import annotations

import io
import os
import pickle
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hanse.hedge.scan import danger
from hanse.hedge.scan.finding import Finding
from hanse.hedge.scan.tree import scan
from hanse.hedge.scan.weights import HEAD, weight_file

TENSORS = (60).to_bytes(8, "little") + b'{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'.ljust(60) + b"\0\0\0\0"


class Runs:
    """Pickled, it would run a command."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("true",)


def zipped(**members: bytes) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "/").replace("_dot_", "."), content)
    return data.getvalue()


def look(path: str, data: bytes) -> Finding | None:
    return weight_file(io.BytesIO(data), data[:HEAD], path, path, len(data))


ONNX = b"\x08\x08\x12\x07pytorch\x1a\x052.1.0" + b"\0" * 20
FILES = [
    ("m.gguf", b"GGUF" + b"\0" * 20, "GGUF file"),
    ("m.safetensors", TENSORS, "safetensors file"),
    ("m.onnx", ONNX, "ONNX file"),
    ("m.tflite", b"\x1c\0\0\0TFL3" + b"\0" * 20, "TFLite file"),
    ("m.h5", b"\x89HDF\r\n\x1a\n" + b"\0" * 40, "file .h5"),
    ("m.pt", zipped(archive__data_dot_pkl=pickle.dumps({})), "PyTorch zip"),
    ("m.joblib", b"\x80\x04" + b"x" * 30, "file .joblib"),
    ("m.pkl", pickle.dumps([1]), "file .pkl"),
    ("pytorch_model.bin", b"\0\1\2\3" * 8, "file .bin"),
    ("m.engine", b"ptrt\0\1\2", "file .engine"),
    ("m.llamafile", b"\x7fELF\0", "file .llamafile"),
    ("m.keras", zipped(config_dot_json=b"{}", model_dot_weights_dot_h5=b""), "Keras zip"),
    ("renamed.dat", b"GGUF" + b"\0" * 20, "GGUF file under another suffix"),
    ("noname", TENSORS, "safetensors file under another suffix"),
    ("x.txt", ONNX, "ONNX file under another suffix"),
    ("x.zip", zipped(a__data_dot_pkl=pickle.dumps({})), "PyTorch zip under another suffix"),
]


@pytest.mark.parametrize(("path", "data", "how"), FILES)
def test_what_a_file_is(path: str, data: bytes, how: str) -> None:
    found = look(path, data)
    assert found is not None
    assert (found.how, found.kind, found.line, found.ref, found.pinned, found.danger) == (
        how,
        "weights",
        1,
        path,
        True,
        None,
    )


@pytest.mark.parametrize(
    ("path", "data"),
    [("a.py", b"x = 1"), ("firmware.bin", b"\0\1"), ("vocab.bin", b"\0\1"), ("pt.pt", "texto em português".encode()), ("x.pth", b"/usr/lib\n"),
     ("notes.pkl", b"just text"), ("m.gguf", b""), ("x.zip", zipped(a_dot_txt=b"x")), ("graph.plan", b"step one"), ("data.bin", b"\0" * 50),
     ("x.json", b'{"a": 1}'), ("tokenizer.model", b"\x0a\x0b"), ("a.png", b"\x89PNG\r\n\x1a\n" + b"\0" * 20)],
)  # fmt: skip
def test_what_is_none(path: str, data: bytes) -> None:
    assert look(path, data) is None


def test_a_pointer_of_git_lfs_is_pinned_by_its_digest() -> None:
    text = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'a' * 64}\nsize 12\n".encode()
    found = look("m.safetensors", text)
    assert found is not None
    assert found.revision == f"sha256:{'a' * 64}"
    assert look("picture.psd", text) is None


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_that_runs_something_is_named_at_every_protocol(protocol: int) -> None:
    found = look("m.pkl", pickle.dumps(Runs(), protocol))
    assert found is not None
    assert found.danger == f"{os.system.__module__}.system"


def test_the_same_inside_a_zip_and_under_another_name() -> None:
    data = zipped(archive__data_dot_pkl=pickle.dumps(Runs()))
    for path in ("m.pt", "m.bin", "x.whatever"):
        found = look(path, data)
        assert found is not None
        assert found.danger == f"{os.system.__module__}.system"
    found = look("cache.dat", pickle.dumps(Runs()))
    assert found is not None
    assert found.danger


def test_harmless_pickles_are_not_accused() -> None:
    for value in ([1, 2], {"a": "system"}, b"os.system", list(range(10_000))):
        found = look("m.pkl", pickle.dumps(value))
        assert found is not None
        assert found.danger is None


def test_a_pickle_behind_bytes_that_are_none_is_still_seen() -> None:
    found = look("m.pth", pickle.dumps(Runs()) + b"\x00\xff" * 500)
    assert found is not None
    assert found.danger


def test_a_pickle_longer_than_the_limit_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(danger, "MAX_PICKLE", 1000)
    found = look("m.pkl", pickle.dumps(list(range(5000))))
    assert found is not None
    assert found.danger == danger.TOO_LARGE


@given(st.binary(max_size=300), st.sampled_from(["m.pkl", "m.pt", "m.bin", "m.onnx", "x", "m.h5", "m.safetensors"]),
       st.sampled_from([b"", b"\x80\x04", b"PK\x03\x04", b"GGUF", b"\x80\x02ctorch\n"]))  # fmt: skip
def test_no_bytes_break_it(data: bytes, path: str, start: bytes) -> None:
    look(path, start + data)


def test_in_a_tree(tmp_path: Path) -> None:
    (tmp_path / "w").mkdir()
    (tmp_path / "w" / "m.safetensors").write_bytes(TENSORS)
    (tmp_path / "w" / "bad.pkl").write_bytes(pickle.dumps(Runs()))
    found = {item.file: item for item in scan(tmp_path).findings}
    assert set(found) == {"w/bad.pkl", "w/m.safetensors"}
    assert found["w/bad.pkl"].danger

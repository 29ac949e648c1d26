"""Whether a string is a model, by how much its place says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hanse.hedge.scan import looks

KEYED = [
    ("Qwen/Qwen2.5-7B-Instruct", "hub", "Qwen/Qwen2.5-7B-Instruct", None),
    ("org/name@abc123", "hub", "org/name", "abc123"),
    ("ggml-org/gemma-3-1b-it-GGUF:Q4_K_M", "hub", "ggml-org/gemma-3-1b-it-GGUF:Q4_K_M", None),
    ("hf://org/name@v1", "hub", "hf://org/name", "v1"),
    ("hf://org/name:abc", "hub", "hf://org/name:abc", "abc"),
    ("https://huggingface.co/org/name/resolve/main/a.gguf", "hub", "org/name", "main"),
    ("https://huggingface.co/org/name", "hub", "org/name", None),
    ("hf.co/org/name:Q4_K_M", "hub", "hf.co/org/name:Q4_K_M", None),
    ("bert-base-uncased", "hub", "bert-base-uncased", None),
    ("all-MiniLM-L6-v2", "hub", "all-MiniLM-L6-v2", None),
    ("llama3.2:1b", "ollama", "llama3.2:1b", None),
    ("user/model:7b-q4_0", "ollama", "user/model:7b-q4_0", None),
    ("llama3@sha256:" + "0" * 64, "ollama", "llama3", "sha256:" + "0" * 64),
    ("ollama/llama3", "ollama", "ollama/llama3", None),
    ("gpt-4o-2024-08-06", "hosted", "gpt-4o-2024-08-06", None),
    ("openai/gpt-4o", "hosted", "openai/gpt-4o", None),
    ("openai:gpt-4o", "hosted", "openai:gpt-4o", None),
    ("us.anthropic.claude-3-5-sonnet-20241022-v2:0", "hosted", "us.anthropic.claude-3-5-sonnet-20241022-v2:0", None),
    ("openai/whisper-large-v3", "hub", "openai/whisper-large-v3", None),
    ("openai/gpt-oss-20b", "hub", "openai/gpt-oss-20b", None),
    ("google/gemma-2-9b-it", "hub", "google/gemma-2-9b-it", None),
    ("google/gemini-2.0-flash", "hosted", "google/gemini-2.0-flash", None),
    ("s3://bucket/models/x/", "bucket", "s3://bucket/models/x/", None),
    ("models:/fraud/3", "url", "models:/fraud/3", None),
    ("pvc://claim/llama", "path", "pvc://claim/llama", None),
    ("./weights/x.gguf", "path", "./weights/x.gguf", None),
    ("/models/llama", "path", "/models/llama", None),
    ("models/llama-3", "path", "models/llama-3", None),
    ("yolov8n.pt", "path", "yolov8n.pt", None),
    ("https://example.com/w/m.onnx", "url", "https://example.com/w/m.onnx", None),
]
NO_MODELS = [
    "", "x", "causal", "default", "auto", "none", "cuda", "bfloat16", "LlamaForCausalLM", "src/model.py", "text/plain", "image/png",
    "application/json", "redis:7", "nginx:latest-alpine", "1/2", "3.11", "the model is good", "**/*.safetensors", ".gguf", "<org>/<name>",
    "your-org/your-model", "https://example.com/page", "data/train.jsonl", "org/name.json", "a" * 500, "TODO", "True",
    "https://huggingface.co/datasets/openai/gsm8k", "https://huggingface.co/docs/hub",
]  # fmt: skip


@pytest.mark.parametrize(("text", "kind", "ref", "revision"), KEYED)
def test_a_name_under_a_key_is_told_by_its_shape(text: str, kind: str, ref: str, revision: str | None) -> None:
    found = looks.keyed(text)
    assert found is not None
    assert (found.kind, found.ref, found.revision) == (kind, ref, revision)


@pytest.mark.parametrize("text", NO_MODELS)
def test_what_has_no_such_shape_is_no_model(text: str) -> None:
    assert looks.keyed(text) is None


@pytest.mark.parametrize("text", ["foo/bar", "bert-base-uncased", "./x", "s3://b/c", "gpt-4o", "src/x", "org/data.csv"])
def test_where_nothing_asks_a_shape_is_not_enough(text: str) -> None:
    assert looks.anywhere(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "Qwen/Qwen2-7B",
        "hf://a/b",
        "model.safetensors",
        "llama3.2:1b",
        "openai/gpt-4o",
        "https://hf.co/a/b/resolve/main/x.bin",
    ],
)
def test_some_strings_give_themselves_away(text: str) -> None:
    assert looks.anywhere(text) is not None


def test_where_only_a_model_can_stand_any_word_is_one() -> None:
    found = looks.asked("my-finetune")
    assert found is not None
    assert (found.kind, found.ref) == ("hub", "my-finetune")
    assert looks.asked("--flag") is None
    assert looks.asked("null") is None


@pytest.mark.parametrize("text", ["${X}", "$X", "$1", "{{ x }}", "{name}/x", "%s", "$(cmd)", "%(model)s"])
def test_what_is_filled_in_is_a_hole(text: str) -> None:
    assert looks.holes(text)


@given(st.text(max_size=200))
def test_no_string_breaks_the_judgment(text: str) -> None:
    for look in (looks.anywhere, looks.keyed, looks.asked, looks.ollama):
        found = look(text)
        assert found is None or found.ref

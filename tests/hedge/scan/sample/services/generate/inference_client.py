"""Hugging Face inference end points and the ollama package."""
import json
import urllib.request

import ollama
from huggingface_hub import InferenceClient, hf_hub_download

client = InferenceClient(model="HuggingFaceH4/zephyr-7b-beta", timeout=30)


def summarize(text: str) -> str:
    return client.summarization(text, model="google/pegasus-xsum").summary_text


def chat(text: str) -> str:
    answer = ollama.chat(model="gemma2:2b", messages=[{"role": "user", "content": text}])
    return answer["message"]["content"]


def ready() -> None:
    ollama.pull("llama3.2:1b")
    ollama.delete("llama2:13b")


def read_config(name: str) -> dict:
    with open(hf_hub_download(name, "config.json")) as handle:
        return json.load(handle)


CONFIG = read_config("EleutherAI/pythia-70m")
VAD_URL = "https://huggingface.co/onnx-community/silero-vad/resolve/3f5a7c9b1d2e4f6a8b0c1d2e3f4a5b6c7d8e9f01/onnx/model.onnx"
urllib.request.urlretrieve(VAD_URL, "/tmp/vad.onnx")
urllib.request.urlretrieve("https://dl.fbaipublicfiles.com/segment_anything/sam_vit_b_01ec64.pth", "/tmp/sam.pth")
urllib.request.urlretrieve("https://example.org/files/terms.pdf", "/tmp/terms.pdf")

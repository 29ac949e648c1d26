"""Batch generation with vLLM and llama.cpp."""
import os

from ctransformers import AutoModelForCausalLM as CAutoModel
from llama_cpp import Llama
from mlx_lm import load as mlx_load
from peft import AutoPeftModelForCausalLM, PeftModel
from transformers import AutoModelForCausalLM, BitsAndBytesConfig
from vllm import LLM, SamplingParams
from vllm.lora.request import LoRARequest

GGUF = os.environ.get("GGUF_PATH") or "../../weights/tiny-support-q4_k_m.gguf"
os.environ.setdefault("JUDGE_MODEL", "prometheus-eval/prometheus-7b-v2.0")


def engine() -> LLM:
    return LLM(
        model="meta-llama/Llama-3.1-8B-Instruct",
        tokenizer="hf-internal-testing/llama-tokenizer",
        max_model_len=8192,
        revision="0e9e39f249a16976918f6564b8830bc894c89659",
        enable_lora=True,
    )


def route(prompt: str):
    return LoRARequest("routing", 1, "brigantine/llama-3.1-8b-routing-lora")


def judge() -> LLM:
    return LLM(os.environ["JUDGE_MODEL"])


def llama() -> Llama:
    return Llama(model_path=GGUF, n_ctx=4096)


def small_llama() -> Llama:
    return Llama.from_pretrained(repo_id="bartowski/SmolLM2-135M-Instruct-GGUF", filename="*Q4_K_M.gguf")


def c_llama():
    return CAutoModel.from_pretrained("TheBloke/Llama-2-7B-Chat-GGML", model_type="llama")


def on_mac():
    return mlx_load("mlx-community/Llama-3.2-1B-Instruct-4bit")


def with_adapter():
    base = AutoModelForCausalLM.from_pretrained(
        pretrained_model_name_or_path="google/gemma-2-2b",
        quantization_config=BitsAndBytesConfig(load_in_4bit=True),
    )
    return PeftModel.from_pretrained(base, "brigantine/gemma-2-2b-customs", revision="v3")


def merged():
    return AutoPeftModelForCausalLM.from_pretrained("models/intent")


def pinned_by_at():
    spec = "allenai/OLMo-2-1124-7B-Instruct@5b1e1e5d0f5f1b7c0a3d9e6f4c2b8a7d6e5f4c3b"
    repo, _, commit = spec.partition("@")
    return AutoModelForCausalLM.from_pretrained(repo, revision=commit)


PARAMS = SamplingParams(temperature=0.2, stop=["</s>", "and/or"])

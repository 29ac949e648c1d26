"""OpenAI-compatible servers inside our own network."""
import os

import httpx
import requests
from openai import OpenAI

VLLM_URL = os.getenv("VLLM_URL", "http://vllm.internal:8000/v1")
LOCAL_MODEL = os.getenv("LOCAL_MODEL", "mistralai/Mistral-7B-Instruct-v0.3")

local = OpenAI(base_url=VLLM_URL, api_key="none")
lmstudio = OpenAI(base_url="http://localhost:1234/v1", api_key="lm-studio")


def ask(question: str) -> str:
    done = local.chat.completions.create(model=LOCAL_MODEL, messages=[{"role": "user", "content": question}])
    return done.choices[0].message.content


def ask_desktop(question: str) -> str:
    done = lmstudio.chat.completions.create(
        model="lmstudio-community/Qwen2.5-7B-Instruct-GGUF",
        messages=[{"role": "user", "content": question}],
    )
    return done.choices[0].message.content


def ask_tenant(question: str, tenant: dict) -> str:
    done = local.chat.completions.create(model=tenant["model"], messages=[{"role": "user", "content": question}])
    return done.choices[0].message.content


def ask_ollama(prompt: str) -> str:
    answer = requests.post(
        "http://ollama.internal:11434/api/generate",
        json={"model": "llama3.2:3b", "prompt": prompt, "stream": False},
        timeout=60,
    )
    return answer.json()["response"]


async def ask_llamafile(prompt: str) -> str:
    payload = {
        "prompt": prompt,
        "model": "phi3:mini",
    }
    async with httpx.AsyncClient() as session:
        answer = await session.post("http://ollama.internal:11434/api/generate", json=payload)
    return answer.json()["response"]

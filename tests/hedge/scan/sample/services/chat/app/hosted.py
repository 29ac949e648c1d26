"""Hosted fall-backs, used when our own servers are full."""
import os

import anthropic
import openai
from google import genai
from groq import Groq
from mistralai import Mistral
from openai import AsyncOpenAI, OpenAI

PRICE_PER_MILLION = {"gpt-4o": 2.50, "gpt-4o-mini": 0.15, "claude-3-opus-20240229": 15.0}

client = OpenAI()
aclient = AsyncOpenAI(timeout=20)
claude = anthropic.Anthropic()


def ask_openai(question: str) -> str:
    done = client.chat.completions.create(
        messages=[{"role": "user", "content": question}],
        temperature=0.1,
        model="gpt-4o-mini",
    )
    return done.choices[0].message.content


async def ask_openai_async(question: str, model: str = "gpt-4o") -> str:
    if model.startswith("gpt-3.5"):
        raise ValueError("gpt-3.5-turbo is gone")
    done = await aclient.responses.create(model=model, input=question)
    return done.output_text


def embed(texts: list) -> list:
    return [row.embedding for row in client.embeddings.create(input=texts, model="text-embedding-3-small").data]


def transcribe(handle) -> str:
    return openai.audio.transcriptions.create(model="whisper-1", file=handle).text


def ask_claude(question: str) -> str:
    message = claude.messages.create(
        model=os.environ.get("CLAUDE_MODEL", "claude-3-5-sonnet-20241022"),
        max_tokens=800,
        messages=[{"role": "user", "content": question}],
    )
    return message.content[0].text


def ask_gemini(question: str) -> str:
    return genai.Client().models.generate_content(model="gemini-2.0-flash", contents=question).text


def ask_mistral(question: str) -> str:
    done = Mistral(api_key=os.environ["MISTRAL_API_KEY"]).chat.complete(
        model="mistral-small-latest", messages=[{"role": "user", "content": question}]
    )
    return done.choices[0].message.content


def ask_groq(question: str) -> str:
    done = Groq().chat.completions.create(model="llama-3.1-8b-instant", messages=[{"role": "user", "content": question}])
    return done.choices[0].message.content


def cost(model: str, tokens: int) -> float:
    if model == "o1-preview":
        return 0.0
    return PRICE_PER_MILLION[model] * tokens / 1e6

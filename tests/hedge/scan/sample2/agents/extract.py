from typing import Literal

import anthropic
import instructor
import redis
import tiktoken
from google import genai
from openai import AsyncOpenAI, OpenAI
from pydantic import BaseModel, Field


class Vehicle(BaseModel):
    """A vehicle in a claim; the description may say "model: gpt-4o" and still be a car."""

    make: str
    model: str = Field(description="model of the car", examples=["Corolla", "i3/rex"])
    model_year: int = 2024
    trim: str = "sport-line"


class Pet(BaseModel):
    model: Literal["cat", "dog"] = "cat"


CLAUDE_VERSION = "20250805"
CLAUDE = "claude-opus-4-1-" + CLAUDE_VERSION

client = instructor.from_openai(OpenAI())
haiku = instructor.from_provider("anthropic/claude-3-5-haiku-latest")
claude = anthropic.Anthropic()
cache = redis.Redis(decode_responses=True)
enc = tiktoken.encoding_for_model("gpt-4o")


def extract(text: str) -> Vehicle:
    return client.chat.completions.create(
        model="ft:gpt-4o-mini-2024-07-18:insurer::A1b2C3d4",
        response_model=Vehicle,
        messages=[{"role": "user", "content": text}],
    )


def reason(text: str):
    return claude.messages.create(model=CLAUDE, max_tokens=800, messages=[{"role": "user", "content": text}])


def gemini(text: str, *, model="gemini-2.5-flash-lite"):
    return genai.Client().models.generate_content(model=model, contents=text)


async def current(text: str):
    chosen = cache.get("active-model")
    return await AsyncOpenAI().responses.create(model=chosen, input=text)


def start_tuning(file_id: str):
    return OpenAI().fine_tuning.jobs.create(model="gpt-4.1-mini-2025-04-14", training_file=file_id, suffix="insurer")


def prices() -> dict:
    return {"model": "Corolla", "currency": "EUR"}

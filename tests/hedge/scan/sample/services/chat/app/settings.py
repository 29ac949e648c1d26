"""Typed settings; every default can be overridden from the environment."""
from dataclasses import dataclass, field

from pydantic import BaseModel, Field
from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    chat_model: str = "HuggingFaceTB/SmolLM2-1.7B-Instruct"
    embedding_model: str = Field(default="BAAI/bge-small-en-v1.5", alias="EMBED_MODEL")
    guard_model: str = Field("meta-llama/Llama-Guard-3-1B", description="like org/name")
    image: str = "ghcr.io/brigantine/chat:1.4"
    bucket_key: str = "exports/2024/chat.parquet"
    timezone: str = "Europe/Berlin"


class RerankRequest(BaseModel):
    query: str
    model_name: str = "cross-encoder/ms-marco-MiniLM-L-6-v2"


@dataclass
class SpeechOptions:
    model_size: str = "small.en"
    languages: list = field(default_factory=lambda: ["de/at", "en/gb"])

    def open(self):
        from faster_whisper import WhisperModel

        return WhisperModel(self.model_size, compute_type="int8")


settings = Settings()

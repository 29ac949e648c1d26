"""Runtime settings of the retail banking assistant.

The first pilot ran on gpt-3.5-turbo; everything is configurable since then.
Environment variables carry the prefix BANK_, e.g. BANK_CHAT_MODEL=gpt-4o.
"""
from functools import lru_cache

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="BANK_", env_file=".env", protected_namespaces=())

    app_name: str = "retail-assistant"
    api_version: str = "2025-03-01-preview"
    schema_model: str = "assistant.v2"
    openai_api_key: SecretStr

    chat_model: str = "gpt-4o-mini"
    embedding_model: str = Field(
        default="text-embedding-3-small",
        description="must match the width of the pgvector column; text-embedding-3-large needs a migration",
    )
    guard_model: str = Field("meta-llama/Llama-Guard-3-8B", validation_alias="GUARD_MODEL_ID")
    judge_model: str  # set per environment, no default on purpose

    vector_collection: str = "faq_chunks_v3"
    langfuse_project: str = "bank/assistant"


@lru_cache
def get_settings() -> Settings:
    return Settings()

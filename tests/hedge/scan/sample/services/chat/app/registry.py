"""Small helpers around models: one place to load them."""
import os
import sys
from typing import Optional

from transformers import AutoModel, AutoModelForCausalLM, AutoTokenizer, pipeline

from .constants import SUMMARY_MODEL, SUMMARY_REVISION, TOXICITY_MODEL

DRAFT_ORG = "Qwen"
DRAFT_NAME = "Qwen2.5-0.5B-Instruct"


def load_draft_model():
    return AutoModelForCausalLM.from_pretrained(f"{DRAFT_ORG}/{DRAFT_NAME}")


def load_summarizer():
    return pipeline("summarization", model=SUMMARY_MODEL, revision=SUMMARY_REVISION)


def load_toxicity(device: int = -1):
    return pipeline("text-classification", model=TOXICITY_MODEL, device=device)


def load_from_environment():
    model_id = os.environ["CHAT_FALLBACK_MODEL"]
    return AutoModelForCausalLM.from_pretrained(model_id)


def load_language_id(name: str = "papluca/xlm-roberta-base-language-detection"):
    return pipeline("text-classification", model=name)


def load_sentiment(german: bool):
    name = "oliverguhr/german-sentiment-bert" if german else "cardiffnlp/twitter-roberta-base-sentiment-latest"
    return pipeline("sentiment-analysis", model=name)


def warm_up() -> None:
    for name in (
        "intfloat/multilingual-e5-small",
        "intfloat/e5-base-v2",
    ):
        AutoTokenizer.from_pretrained(name)
        AutoModel.from_pretrained(name)


def load_any(name: Optional[str]):
    if name is None:
        raise ValueError("give a name such as org/model")
    return AutoModel.from_pretrained(name)


if __name__ == "__main__":
    print(AutoModel.from_pretrained(sys.argv[1]).config)

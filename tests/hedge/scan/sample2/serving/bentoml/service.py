from __future__ import annotations

import bentoml
from openai import OpenAI

with bentoml.importing():
    from transformers import pipeline

client = OpenAI(base_url="http://vllm:8000/v1", api_key="none")


@bentoml.service(resources={"gpu": 1}, image=bentoml.images.Image(python_version="3.11"))
class Summarizer:
    hf_model = bentoml.models.HuggingFaceModel("sshleifer/distilbart-cnn-12-6", revision="a4f8f3ea906ed274767e9906dbaede7531d660ff")
    bento_model = bentoml.models.BentoModel("toxicity_clf:latest")

    def __init__(self) -> None:
        self.pipe = pipeline("summarization", model=self.hf_model)
        self.zero = pipeline("zero-shot-classification", "facebook/bart-large-mnli")
        self.default_ner = pipeline("ner")

    @bentoml.api(batchable=True)
    def summarize(self, texts: list[str]) -> list[str]:
        return [r["summary_text"] for r in self.pipe(texts)]

    @bentoml.api
    def rewrite(self, text: str) -> str:
        out = client.chat.completions.create(model="support-bot", messages=[{"role": "user", "content": text}])
        return out.choices[0].message.content

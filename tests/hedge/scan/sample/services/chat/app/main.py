"""Chat service: answers questions about shipments.

The first version ran mistralai/Mistral-7B-v0.1; docs/history.md says why we moved on.
"""
import logging

from fastapi import FastAPI, Request
from fastapi.responses import Response
from transformers import AutoModelForCausalLM, AutoTokenizer

from .prompts import SYSTEM
from .registry import load_draft_model

MODEL_ID = "Qwen/Qwen2.5-1.5B-Instruct"
REVISION = "989aa7980e4cf806f80c7fef2b1adb7bc71aa306"

log = logging.getLogger("freight/chat")
app = FastAPI()

tokenizer = AutoTokenizer.from_pretrained(MODEL_ID, revision=REVISION)
model = AutoModelForCausalLM.from_pretrained(
    MODEL_ID,
    device_map="auto",
    revision=REVISION,
)
draft = load_draft_model()


@app.get("/healthz")
def healthz() -> Response:
    return Response("ok", media_type="text/html")


@app.post("/v1/answer")
async def answer(request: Request) -> dict:
    body = await request.json()
    # We tried google/gemma-2-2b-it here, it was slower on our CPUs.
    ids = tokenizer.apply_chat_template(
        [{"role": "system", "content": SYSTEM}, {"role": "user", "content": body["question"]}],
        return_tensors="pt",
    )
    log.info("answering with weights like meta-llama/Llama-3.1-8B would be nice")
    out = model.generate(ids, max_new_tokens=300, assistant_model=draft)
    return {"answer": tokenizer.decode(out[0], skip_special_tokens=True)}

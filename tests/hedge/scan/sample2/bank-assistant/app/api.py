import litellm
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel, ConfigDict

app = FastAPI(title="Bank assistant", version="1.4.0")


class CompletionRequest(BaseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"model": "gpt-4o", "prompt": "Hi"}})

    model: str
    prompt: str


class ModelInfo(BaseModel):
    model: str
    schema_version: str = "v2"
    kind: str = "chat.completion"


@app.post("/v1/complete")
async def complete(req: CompletionRequest):
    if not req.prompt:
        raise HTTPException(422, "empty prompt; try gpt-4o with a real question")
    answer = await litellm.acompletion(
        model=req.model,
        messages=[{"role": "user", "content": req.prompt}],
    )
    return {"text": answer.choices[0].message.content, "model_version": "2025-01"}


@app.post("/v1/moderate")
async def moderate(text: str):
    return await litellm.amoderation(input=text, model="omni-moderation-latest")

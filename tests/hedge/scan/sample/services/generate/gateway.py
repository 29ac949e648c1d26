"""LiteLLM in process."""
import litellm
from litellm import acompletion, completion

FALLBACKS = ["groq/llama-3.3-70b-versatile", "ollama/mistral-nemo:12b"]


def ask(messages: list):
    return completion(model="anthropic/claude-3-5-sonnet-20240620", messages=messages, fallbacks=FALLBACKS)


async def ask_local(messages: list):
    return await acompletion(
        model="hosted_vllm/Qwen/Qwen2.5-7B-Instruct",
        api_base="http://vllm.internal:8000/v1",
        messages=messages,
    )


def ask_bedrock(messages: list):
    return litellm.completion(model="bedrock/anthropic.claude-3-haiku-20240307-v1:0", messages=messages)


def ask_named(messages: list, route: str):
    return completion(model=f"ollama/{route}", messages=messages)


def vectors(texts: list):
    return litellm.embedding(model="ollama/bge-m3", input=texts)


def bedrock_direct(client, body: bytes):
    return client.invoke_model(modelId="amazon.titan-embed-text-v2:0", contentType="application/json", body=body)

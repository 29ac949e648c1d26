import os

from litellm import Router, completion

TIERS = {
    "free": "groq/llama-3.3-70b-versatile",
    "plus": "openai/gpt-4o",
    "private": "anthropic/claude-opus-4-1-20250805",
}
RETRY_POLICY = {"free": "none", "plus": "exponential", "private": "exponential/jitter"}


def ask(tier: str, prompt: str) -> str:
    resp = completion(model=TIERS[tier], messages=[{"role": "user", "content": prompt}])
    return resp.choices[0].message.content


router = Router(
    model_list=[
        {
            "model_name": "chat-default",
            "litellm_params": {
                "model": "azure/gpt-4o-eu",
                "api_base": os.environ["AZURE_API_BASE"],
                "api_version": "2024-10-21",
            },
        },
        {
            "model_name": "chat-default",
            "litellm_params": {"model": "bedrock/anthropic.claude-3-5-sonnet-20241022-v2:0"},
        },
    ],
    routing_strategy="latency-based-routing",
    fallbacks=[{"chat-default": ["chat-cheap"]}],
)

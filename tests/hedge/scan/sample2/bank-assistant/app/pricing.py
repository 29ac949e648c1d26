"""Cost accounting. Prices per million tokens in EUR, refreshed by finance every month."""

PRICES = {
    "gpt-4o": (2.31, 9.25),
    "gpt-4o-mini": (0.14, 0.56),
    "claude-sonnet-4-20250514": (2.78, 13.90),
    "gemini-2.0-flash": (0.09, 0.37),
}
CONTEXT_WINDOW = {"gpt-4o": 128_000, "gpt-4.1": 1_047_576, "mistral-large-latest": 131_072}
DEPRECATED = {"gpt-3.5-turbo", "claude-2.1"}


def cost(model: str, tokens_in: int, tokens_out: int) -> float:
    if model in DEPRECATED:
        raise ValueError(f"{model} is no longer billed")
    p_in, p_out = PRICES[model]
    return (tokens_in * p_in + tokens_out * p_out) / 1e6


def is_reasoning(model: str) -> bool:
    return model.startswith(("o1", "o3", "o4-mini", "gpt-5"))

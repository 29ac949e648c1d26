import pytest

from app.pricing import cost, is_reasoning
from app.router import TIERS

SAMPLE_RESPONSE = {
    "id": "chatcmpl-123",
    "object": "chat.completion",
    "model": "gpt-4o-2024-08-06",
    "choices": [{"message": {"role": "assistant", "content": "I am based on google/gemma-2-9b-it"}}],
}


@pytest.mark.parametrize("name,expected", [("o3-mini", True), ("gpt-4o", False), ("claude-3-haiku-20240307", False)])
def test_is_reasoning(name, expected):
    assert is_reasoning(name) is expected


def test_cost_rejects_deprecated():
    with pytest.raises(ValueError, match="gpt-3.5-turbo is no longer billed"):
        cost("gpt-3.5-turbo", 1, 1)


def test_tiers_have_provider():
    assert all("/" in v for v in TIERS.values())
    assert TIERS["plus"] == "openai/gpt-4o"


def test_parse_response():
    assert SAMPLE_RESPONSE["model"].startswith("gpt-4o")

"""Tests of the chat service. Most names here are made up."""
from unittest import mock

import pytest
from transformers import AutoTokenizer

from services.chat.app import registry


@pytest.fixture
def tiny():
    return AutoTokenizer.from_pretrained("hf-internal-testing/tiny-random-gpt2")


def test_a_missing_name_is_refused():
    with pytest.raises(ValueError, match="org/model"):
        registry.load_any(None)


@pytest.mark.parametrize("text", ["org/model", "src/utils", "text/html", "2024/01", "@scope/pkg", "n/a"])
def test_slashes_are_kept(text):
    assert "/".join(text.split("/")) == text


def test_headers():
    assert split("application/vnd.api+json; charset=utf-8") == ("application", "vnd.api+json")
    assert "nvidia/cuda:12" in image_of("gpu")
    assert action_of("ci.yml") == "actions/checkout@v4"
    assert mock.call("user/repo").args == ("user/repo",)
    assert key("exports/2024/01/claims.csv").startswith("exports/")


def split(header):
    kind, _, rest = header.partition("/")
    return kind, rest.split(";")[0]


def image_of(name):
    return {"gpu": "nvidia/cuda:12.4.1-base", "cpu": "python:3.11-slim"}[name]


def action_of(path):
    return "actions/checkout@v4"


def key(value):
    return value

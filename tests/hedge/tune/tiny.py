"""A base of a few thousand random weights with a chat template; templates of several makers' kinds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.hedge.engine.tiny import TEMPLATE, save_tiny
from tests.hedge.quantize.making import change, small

CHATML = (
    "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system\n"
    "You are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n' }}{% endif %}"
    "{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
"""SmolLM2's (a test holds it to the wheel's)."""
LLAMA3 = (
    "{{ bos_token }}{% for m in messages %}<|start|>{{ m['role'] }}<|end|>\n\n{{ m['content'] | trim }}<|eot|>{% endfor %}"
    "{% if add_generation_prompt %}<|start|>assistant<|end|>\n\n{% endif %}"
)
MISTRAL = (
    "{{ bos_token }}{% for m in messages %}{% if m['role'] == 'user' %}[INST] {{ m['content'] }} [/INST]"
    "{% elif m['role'] == 'assistant' %} {{ m['content'] }}{{ eos_token }}"
    "{% else %}{{ raise_exception('only user and assistant') }}{% endif %}{% endfor %}"
)
PLAIN = TEMPLATE


def tiny_base(folder: Path, template: str = CHATML, **fields: Any) -> Path:
    """A Llama with the demo's tokenizer."""
    small(folder, **fields)
    change(folder / "tokenizer_config.json", chat_template=template)
    return folder


__all__ = ["CHATML", "LLAMA3", "MISTRAL", "PLAIN", "save_tiny", "tiny_base"]

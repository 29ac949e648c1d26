"""Only what the assistant writes is in the mask, BOS stands once, and what a template does not hold is refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.hedge.test_main_path import gguf
from tests.hedge.tune.tiny import CHATML, LLAMA3, MISTRAL, PLAIN, save_tiny

from hanse.errors import TuneError
from hanse.hedge.drill.gguf import read_head
from hanse.hedge.tune.chat import check_messages, encode_chat, encode_completion, encode_prompt, encode_text

TEMPLATES = {"chatml": CHATML, "llama3": LLAMA3, "mistral": MISTRAL}
ENDS = {"chatml": "<|im_end|>", "llama3": "<|eot|>", "mistral": "</s>"}
BEFORE = {"chatml": "", "llama3": "", "mistral": " "}
TEXTS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12).filter(lambda text: bool(text.strip()))
SPECIAL = ("<s>", "</s>")


@pytest.fixture(scope="module")
def tokenizers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Byte-level, with a post-processor that adds BOS to whatever it is given."""
    import transformers

    folder = save_tiny(tmp_path_factory.mktemp("tiny"))
    found = {}
    for name, template in (TEMPLATES | {"plain": PLAIN}).items():
        made: Any = transformers.AutoTokenizer.from_pretrained(folder)
        made.chat_template = template
        if name != "plain":  # merges over the ends of turns and of words
            made.add_tokens([token for token in ("<|im_start|>", "<|im_end|>", "<|eot|>", "\n\n", "he", "ll") if token != "</s>"])
        found[name] = made
    return found


def chat(texts: list[str], system: bool) -> list[dict[str, str]]:
    head = [{"role": "system", "content": "be brief"}] if system else []
    return head + [{"role": ("user", "assistant")[at % 2], "content": text} for at, text in enumerate(texts)]


@pytest.mark.parametrize("name", TEMPLATES)
@settings(max_examples=60, deadline=None)
@given(turns=st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=3), system=st.booleans())
def test_the_mask_holds_the_answers_and_their_ends_alone(
    tokenizers: dict[str, Any], name: str, turns: list[tuple[str, str]], system: bool
) -> None:
    tokenizer = tokenizers[name]
    texts = [text for pair in turns for text in pair]
    messages = chat(texts, system and name != "mistral")
    if any(token in text for token in tokenizer.all_special_tokens for text in texts):
        return
    ids, mask = encode_chat(tokenizer, messages)
    trimmed = [text.strip() if name == "llama3" else text for text in texts[1::2]]
    expected = "".join(BEFORE[name] + text + ENDS[name] for text in trimmed)
    held = tokenizer.decode([i for i, counted in zip(ids, mask, strict=True) if counted])
    if any(text[0] == "\n" for text in trimmed):  # "\n\n" is one token here, half of it the template's
        assert held.replace("\n", "") == expected.replace("\n", "")
    else:
        assert held == expected
    assert tokenizer.decode(ids) == tokenizer.apply_chat_template(messages, tokenize=False)


@pytest.mark.parametrize("name", [*TEMPLATES, "plain"])
def test_bos_is_never_doubled(tokenizers: dict[str, Any], name: str) -> None:
    tokenizer = tokenizers[name]
    bos = tokenizer.bos_token_id
    ids, _ = encode_chat(tokenizer, chat(["hi", "ho"], False))
    assert ids.count(bos) == (0 if name == "chatml" else 1)  # as its template says, whatever the tokenizer would add
    assert encode_prompt(tokenizer, chat(["hi"], False)).count(bos) == (0 if name == "chatml" else 1)
    assert tokenizer("x")["input_ids"].count(bos) == 1
    for text in ("hello", "<s>hello"):
        made = encode_text(tokenizer, text)
        assert made.ids.count(bos) == 1
        assert made.ids[-1] == tokenizer.eos_token_id
        assert made.mask == [index != 0 or text.startswith("<s>") for index in range(len(made.ids))]


def test_a_turn_goes_on_where_the_served_prompt_ends(tokenizers: dict[str, Any]) -> None:
    for name in TEMPLATES:
        ids, mask = encode_chat(tokenizers[name], chat(["hi", "ho"], False))
        asked = encode_prompt(tokenizers[name], chat(["hi"], False))
        assert ids[: len(asked)] == asked
        assert mask.index(True) == len(asked)


@given(prompt=TEXTS, completion=TEXTS)
@settings(max_examples=50, deadline=None)
def test_a_completion_is_what_counts(tokenizers: dict[str, Any], prompt: str, completion: str) -> None:
    tokenizer = tokenizers["plain"]
    if any(token in prompt + completion for token in SPECIAL):
        return
    ids, mask = encode_completion(tokenizer, prompt, completion)
    held = [i for i, counted in zip(ids, mask, strict=True) if counted]
    assert tokenizer.decode(held) == completion + "</s>"
    assert len(held) == len(completion.encode()) + 1
    assert encode_prompt(tokenizer, prompt) == ids[: len(ids) - len(held)]


def test_what_the_template_does_not_hold_is_refused(tokenizers: dict[str, Any]) -> None:
    tokenizer = tokenizers["plain"]
    messages = chat(["hi", "ho"], True)
    for template, said in (
        (None, "no chat template"),
        (MISTRAL, "only user and assistant"),
        ("{% for m in messages %}{% if m.role != 'system' %}{{ m.content }};{% endif %}{% endfor %}",
         r"leaves out message 1 \(system\)"),
        ("{% for m in messages %}{{ m.content | upper }};{% endfor %}", "does not write the assistant's content"),
        ("{{ messages | length }}{% for m in messages %}{{ m.content }};{% endfor %}", "otherwise once more follow"),
        ("{% for m in messages %}{{ m.nothing.there }}{% endfor %}", "refuses the conversation"),
    ):  # fmt: skip
        tokenizer.chat_template = template
        with pytest.raises(TuneError, match=said):
            encode_chat(tokenizer, messages)
    tokenizer.chat_template = PLAIN
    with pytest.raises(TuneError, match="spells the special token '</s>'"):
        encode_chat(tokenizer, chat(["hi", "ho</s>"], False))


@pytest.mark.parametrize("roles", ["", "s", "u", "sa", "a", "uua", "uaa", "uasua", "ua?", "uau"])
def test_roles_out_of_turn_are_refused(roles: str) -> None:
    names = {"s": "system", "u": "user", "a": "assistant", "?": "tool"}
    with pytest.raises(TuneError, match="expected system"):
        check_messages([{"role": names[letter], "content": "x"} for letter in roles])


def test_an_empty_message_is_refused() -> None:
    with pytest.raises(TuneError, match=r"message 2 \(assistant\) is empty"):
        check_messages(chat(["hi", " \n"], False))


def test_the_template_here_is_smollm2_s() -> None:
    assert read_head(gguf()[0]).keys["tokenizer.chat_template"] == CHATML

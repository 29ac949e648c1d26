"""The real clients, both eras, against a server: every call, two users at once, a recipe's loops, a server started anew."""

from __future__ import annotations

import json
import os
import random
import re
import resource
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.hedge.quantize import making
from tests.hedge.tinker.serving import ERAS, KEYS, LIBRARIES, ROOT, Served, base, client, command, python_of, serving
from tests.hedge.tune.tags import TOLD, begin, chat, check_swapped, check_verdict, hanse, serve

HERE = Path(__file__).parent
FLOOR = 1e-4
"""Nats: how far a served log-probability may be from the trainer's for the same token, float32 on a CPU. docs/tinker.md says so."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("tinker")
    base(made)
    return made


@pytest.fixture(scope="module")
def served(folder: Path) -> Iterator[Served]:
    with serving(folder / "tiny", folder / "data") as made:
        yield made


@pytest.mark.slow
@pytest.mark.parametrize("era", ERAS)
def test_every_call_of_the_client_is_served_or_refused_as_the_page_says(era: str, served: Served, folder: Path) -> None:
    found = client(era, HERE / "conformance.py", served, "tiny", LIBRARIES, cwd=folder)
    assert found["version"] == ERAS[era]
    column = 1 + list(ERAS).index(era)
    page = (ROOT / "docs" / "tinker.md").read_text(encoding="utf-8")
    rows = [[cell.strip() for cell in row.strip("|").split("|")] for row in re.findall(r"^\| `.*\|$", page, re.M)]
    promised = {row[0].strip("`"): row[column] for row in rows if row[column] != "-"}
    assert {name: "yes" if said == "yes" else "no" for name, said in found["calls"].items()} == promised, found
    unclear = {name: said for name, said in found["calls"].items()
               if said != "yes" and not re.search(r"served|requires JWT auth", said)}  # fmt: skip
    assert unclear == {}
    assert [event for event in served.log if event["what"] == "failed"] == []


SECRET = """
import json, sys, tinker, warnings
from tinker import types
warnings.simplefilter("ignore")
got = lambda x: x.result() if hasattr(type(x), "result") else x
me = int(sys.argv[1])
service = tinker.ServiceClient()
train = got(service.create_lora_training_client("tiny", rank=4, seed=1))
ids = [5, 6, 7, 8 + me]
data = [types.Datum(model_input=types.ModelInput.from_ints(ids[:-1]),
                    loss_fn_inputs={"target_tokens": ids[1:], "weights": [0.0, 0.0, 1.0]})]
for _ in range(15):
    train.forward_backward(data, "cross_entropy")
    train.optim_step(types.AdamParams(learning_rate=1e-2)).result()
path = train.save_state("mine").result().path
sampler = got(train.save_weights_and_get_sampling_client())
params = types.SamplingParams(max_tokens=1, temperature=0)
said = sampler.sample(types.ModelInput.from_ints(ids[:3]), 1, params).result().sequences[0].tokens[0]
runs = [run.training_run_id for run in service.create_rest_client().list_training_runs().result().training_runs]
print(json.dumps({"said": said, "path": path, "run": train.model_id, "sampler": sampler._sampling_session_id
                  if hasattr(sampler, "_sampling_session_id") else "", "runs": runs}))
"""
STRANGER = """
import json, sys, tinker, warnings
warnings.simplefilter("ignore")
got = lambda x: x.result() if hasattr(type(x), "result") else x
path, run = sys.argv[1:3]
service = tinker.ServiceClient()
rest = service.create_rest_client()
told = {}
for name, ask in {
    "load": lambda: got(service.create_training_client_from_state(path)),
    "sample": lambda: got(service.create_sampling_client(model_path=path)),
    "run": lambda: rest.get_training_run(run).result(),
    "list": lambda: rest.list_checkpoints(run).result(),
    "info": lambda: rest.get_weights_info_by_tinker_path(path).result(),
    "delete": lambda: rest.delete_checkpoint_from_tinker_path(path).result(),
}.items():
    try:
        ask()
        told[name] = "given"
    except tinker.NotFoundError as error:
        told[name] = str(error)
told["mine"] = len(rest.list_training_runs().result().training_runs) + len(rest.list_user_checkpoints().result().checkpoints)
print(json.dumps(told))
"""


@pytest.mark.slow
def test_two_users_at_once_learn_their_own_and_see_nothing_of_each_other(folder: Path) -> None:
    keys = KEYS | {"carol": "tml-carol-0123456789abcdef"}
    with serving(folder / "tiny", folder / "shared", keys) as served, ThreadPoolExecutor() as pool:
        asked = [("json", 0, "alice"), ("protobuf", 1, "bob"), ("json", 2, "bob")]
        found = list(pool.map(lambda row: client(row[0], SECRET, served, str(row[1]), key=keys[row[2]]), asked))
        assert [row["said"] for row in found] == [8, 9, 10]
        assert found[0]["runs"] == [found[0]["run"]]
        assert found[0]["run"] not in found[1]["runs"] + found[2]["runs"]
        for era, row, key in (("json", found[1], "alice"), ("protobuf", found[0], "carol")):
            told = client(era, STRANGER, served, row["path"], row["run"], key=keys[key])
            assert told.pop("mine") == (2 if key == "alice" else 0)
            assert set(told) == {"load", "sample", "run", "list", "info", "delete"}
            assert all("this key has no such" in text for text in told.values()), told


@pytest.mark.slow
def test_reinforcement_by_a_toy_reward_raises_it(served: Served) -> None:
    rewards = client("protobuf", HERE / "learning.py", served, "reward", "tiny")["rewards"]
    assert sum(rewards[-3:]) / 3 > sum(rewards[:3]) / 3 + 0.2, rewards


AGAIN = """
import json, sys, tinker, warnings
from tinker import types
warnings.simplefilter("ignore")
got = lambda x: x.result() if hasattr(type(x), "result") else x
ids, path = json.loads(sys.argv[1]), sys.argv[2]
train = got(tinker.ServiceClient().create_training_client_from_state_with_optimizer(path))
data = [types.Datum(model_input=types.ModelInput.from_ints(ids[:-1]),
                    loss_fn_inputs={"target_tokens": ids[1:], "weights": [1.0] * (len(ids) - 1)})]
print(json.dumps(list(train.forward(data, "cross_entropy").result().loss_fn_outputs[0]["logprobs"].data)))
"""


def times() -> float:
    """CPU seconds of children that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def spent(pid: int) -> float:
    """CPU seconds of a running process (Linux: proc(5), fields 14 and 15 of stat)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def tokens(folder: Path) -> dict[str, list[list[list[int]]]]:
    """What each era learns: one answer; tags in our format, told as chats in an order of its own."""
    tokenizer = pytest.importorskip("transformers").AutoTokenizer.from_pretrained(folder)
    tags = [("".join(tokenizer.apply_chat_template(chat(*pair)[:1], tokenize=False, add_generation_prompt=True)),
             chat(*pair)[1]["content"] + "<|im_end|>") for pair in random.Random(1).sample(TOLD, len(TOLD))]  # fmt: skip
    told = {"json": [("The blue widget is number", " BW-7731<|im_end|>")], "protobuf": tags}
    return {era: [[tokenizer.encode(text, add_special_tokens=False) for text in row] for row in rows] for era, rows in told.items()}


@pytest.mark.slow
def test_smollm2_learns_through_both_clients_keeps_it_when_the_server_starts_anew_and_is_served_by_its_verdict(
    tmp_path: Path,
) -> None:
    for era in ERAS:
        python_of(era)
    folder = tmp_path / "smollm2"
    making.smollm2(folder)
    begin(tmp_path)
    pairs = tokens(folder)
    results = {}
    with command(folder, tmp_path / "data") as (served, process):
        for era, steps, at_once, learned in (("json", 40, 1, 0.1), ("protobuf", 6, 3, 0.3)):
            given = ("supervised", "smollm2", json.dumps(pairs[era]), str(steps), str(at_once))
            found = client(era, HERE / "learning.py", served, *given)
            assert (found["losses"][-1] < learned, found["losses"][0] > 1) == (True, True), found["losses"]
            assert found["answer"] == pairs[era][0][1]
            assert found["stopped"] == "stop"
            served_, trained = found["served"], found["trained"]
            assert max(abs(a - b) for a, b in zip(served_, trained, strict=True)) < FLOOR
            assert (
                max(abs(a - b) for a, b in zip(found["sampled"], trained[-len(found["sampled"]) :], strict=True))
                < FLOOR
            )
            results[era] = found
        ended, used = times(), spent(process.pid)
        process.terminate()
        assert process.wait(60) == 0
        assert times() - ended - used < 1.2, "CPU seconds from SIGTERM to the end: 0.4 measured, 2 without gc.freeze"
        assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss < 2.2e9 / 1024, "the largest of this process's children"
    with serving(folder, tmp_path / "data", {"local": KEYS["alice"]}) as served:
        prompt, completion = pairs["json"][0]
        again = client("protobuf", AGAIN, served, json.dumps(prompt + completion), results["json"]["path"])
    assert again == pytest.approx(results["json"]["trained"], abs=FLOOR)
    hanse(tmp_path, "tune", "merge", "smollm2", results["protobuf"]["path"], "--data", "data", "--out", "tuned")
    made = [{"tune": [{"quantize": [{"lock": []}, {"compare": []}, {"route": []}]}]}, {"quantize": [{"lock": []}]}]
    serve(tmp_path, "tuned")
    check_verdict(tmp_path, "served/smollm2.gguf", "served/tuned.gguf")
    assert check_swapped(tmp_path, "--by", "verdict.json") == [{"lock": made}]
    shutil.rmtree(folder)

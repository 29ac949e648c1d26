"""The page's sections about knowing and keeping models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.table import table, verdict

Rows = Sequence[Mapping[str, Any]]
BAR = 1.3
"""Times hashing."""
ITEMS_MIN = 200


def scan(output: Rows) -> list[str]:
    rows = sorted((row for row in output if row.get("bench") == "scan"), key=lambda row: row["scan_s"])
    middle = rows[len(rows) // 2]
    head = ("files", "MB", "findings", "reading them, s", "scan, s", "times reading")
    keys = ("files", "megabytes", "findings", "read_s", "scan_s", "times_reading")
    return [
        "Half the labeled sample over and over, half modules of Python's own library under 40 kB; a process per core.",
        table(head, ([row[key] for key in keys] for row in rows)),
        f"10,000 files in {middle['scan_s']} s, the median round (bar: 20 s on 2 cores): {verdict(middle['scan_s'] < 20)}.",
    ]


def lock(output: Rows) -> list[str]:
    rows = [row for row in output if row.get("what") == "lock verify"]
    head = ("layout", "files", "hash, s", "verify, s", "times hashing", "whole command, s", "times hashing", "peak MB")
    shown, good = [], True
    for row in rows:
        command = round(row["command_seconds"] / row["hash_seconds"], 2)
        shown.append((row["layout"], row["files"], row["hash_seconds"], row["verify_seconds"], row["ratio"],
                      row["command_seconds"], command, row["peak_mb"]))  # fmt: skip
        good = good and row["ratio"] <= BAR and row["peak_mb"] < 200
    return [
        "`hanse lock verify` against `hashlib` on a thread per core, the same bytes in the same run. The command starts Python, "
        "which counts for a second of hashing and not for a minute of it.",
        table(head, shown),
        f"Verifying within {BAR} times hashing, below 200 MB: {verdict(good)}.",
    ]


def mirror(output: Rows) -> list[str]:
    speeds = [row for row in output if row.get("what") == "speed"]
    memory = [row for row in output if row.get("what") == "memory"]
    (killed,) = (row for row in output if row.get("what") == "kills")
    head = ("files", "hash, s", "keep", "keep, CPU", "verify, first", "verify, again", "durable write alone", "keep / that write",
            "verify, first / hashing cold bytes")
    shown = [
        (row["files"], row["hash"], row["keep_times_hash"], round(row["keep_cpu"] / row["hash_cpu"], 2),
         row["verify_first_times_hash"], row["verify_again_times_hash"], row["disk_times_hash"],
         row["keep_times_disk"], row["verify_first_times_cold"])
        for row in speeds
    ]  # fmt: skip
    keep = max(row["keep_times_hash"] for row in speeds)
    peak = max(row["peak_megabytes"] for row in memory)
    bad = len(killed["problems"])
    return [
        "One gigabyte from a folder into a mirror in a folder, durably; in multiples of hashing the same bytes on all cores.",
        table(head, shown),
        f"Keeping within {BAR} times hashing: {verdict(keep <= BAR)} (at most {keep}). What is hashed stands in memory, "
        "what is kept goes to a disk: the last two columns compare with what that disk does.",
        table(("command", "store", "MB", "peak MB"),
              ((row["command"], row["store"], row["bytes"] / 1e6, row["peak_megabytes"]) for row in memory)),
        f"Below 200 MB: {verdict(peak < 200)}.",
        f"Killed at {killed['kills']} random moments (SIGKILL), {killed['before_it_ended']} of them before the run had ended, with "
        f"a second run racing in every other mirror: {bad} problems: {verdict(bad == 0)}.",
    ]  # fmt: skip


def route(output: Rows) -> list[str]:
    one, streams = ({row["what"]: row for row in output}[what] for what in ("latency", "throughput"))
    head = ("what", "bare engine", "through the router", "bar", "difference", "load", "")
    rows = [
        (f"median of {one['requests']} answers, ms", one["bare_ms"], one["routed_ms"], "3 more", f"{one['added_ms']} more",
         one["load"], verdict(one["added_ms"] < 3)),
        (f"{streams['clients']} streams at once, tokens/s", streams["bare_tokens_s"], streams["routed_tokens_s"], "0.95 times",
         f"{streams['ratio']} times", streams["load"], verdict(streams["ratio"] > 0.95)),
    ]  # fmt: skip
    return [
        "The router before an echo engine, each a process, requests with and without it in turn on one machine; the engine waits "
        "for its tokens and computes nothing, so no engine's own work hides the router.",
        table(head, rows),
    ]


def quantized(output: Rows) -> list[str]:
    speed, same = ({row["what"]: row for row in output}[what] for what in ("decode", "equivalence"))
    shown = "; ".join(f"{name} {items} ({difference:+.3f})" for name, (items, difference) in sorted(same["slices"].items()))
    swapped = same["verdict"] == "swap" and same["items"] >= ITEMS_MIN
    return [
        "SmolLM2-135M, dequantized from the Q4_1 of its wheel: the folder in float32 by transformers against Q8_0 by llama.cpp, a "
        "process and a thread each, taking turns.",
        table(("tokens decoded per CPU-second", "float32, transformers", "Q8_0, llama.cpp", "bar", "times", "load", ""),
              [(f"median of {speed['rounds']} rounds", speed["fp32_tokens_cpu_s"], speed["q8_0_tokens_cpu_s"], "4 times",
                speed["ratio"], speed["load"], verdict(speed["ratio"] >= 4))]),
        f"`hanse compare` on {same['tasks']} questions (facts, sums, words to copy), margin {same['margin']}: "
        f"**{same['verdict']}** after {same['items']} of them, where it stops; right "
        f"{100 * same['incumbent']:.1f}% and {100 * same['substitute']:.1f}%, better on "
        f"{same['better']}, worse on {same['worse']}, difference between {same['low']:+.3f} and {same['high']:+.3f}. By kind, with "
        f"the difference: {shown}. The margin was chosen after a pilot of 175 items with other sums and words "
        f"and the same capitals. Swap, after {ITEMS_MIN} questions or more: {verdict(swapped)}.",
    ]  # fmt: skip


def sampling(output: Rows) -> list[str]:
    rows = [(row["prompts"], row["alone"], row["joined"], row["ratio"]) for row in output]
    same = "the same tokens in every turn" if all(row["same_tokens"] for row in output) else "**other tokens**"
    return [
        "16 requests at once for a sample of 16 tokens each from SmolLM2-135M, float32, one thread, over HTTP in one process: all "
        f"with one prompt, or of several lengths; medians of {output[0]['turns']} turns, load {output[-1]['load']} after; {same}.",
        table(("", "one by one, tokens per CPU-second", "together", "ratio"), rows),
    ]


def tune(output: Rows) -> list[str]:
    (row,) = output
    return [
        "LoRA of rank 8 on all linear layers of SmolLM2-135M, float32, one thread, 256 tokens at once: steps of `hanse tune` and "
        f"a bare peft loop in turn, in one process; medians of {row['turns']} turns of 512 tokens, load {row['load']} after.",
        table(("", "tokens per CPU-second"), (("hanse tune", row["ours"]), ("bare peft loop", row["bare"]))),
        f"Ratio {row['ratio']} (bar: 0.95): {verdict(row['ratio'] >= 0.95)}. Peak memory of a process that tunes: "
        f"{row['peak_bytes'] / 1e9:.2f} GB (bar: 2.2): {verdict(row['peak_bytes'] < 2.2e9)}.",
    ]

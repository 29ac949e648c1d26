"""docs/benchmarks.md, from what the sections measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks import answers, keeping
from benchmarks.table import table, verdict

Found = Mapping[str, Mapping[str, Any]]


def render(found: Found, before: str = "") -> str:
    """The page. Sections that were not measured stand as on the page `before`; those that never were are named as such."""
    parts = ["# Benchmarks", INTRODUCTION]
    stood = dict(part.split("\n\n", 1) for part in before.split("\n## ")[1:])
    for section, (title, write) in WRITERS.items():
        parts.append(f"## {title}")
        if section not in found:
            parts.append(stood.get(title, f"Not measured yet: `python -m benchmarks.run --only {section}`.").strip("\n"))
            continue
        kept = found[section]
        parts.append(where(kept["machine"]))
        parts += write(kept["output"])
    return "\n\n".join(parts) + "\n"


INTRODUCTION = (
    "Written by `make bench` (`python -m benchmarks.run`). Ratios are within one run of one process; machines are shared, so "
    "absolute figures move. Bars are those of the order of work; a bar that is missed says so."
)


def where(machine: Mapping[str, Any]) -> str:
    return (
        f"{machine['date']}, {machine['cpu']}, {machine['cores']} cores, Python {machine['python']}, load {machine['load']} at "
        "the start."
    )


def kernels(output: Sequence[Mapping[str, Any]]) -> list[str]:
    merges = [row for row in output if row["bench"] == "merge"]
    codecs = [row for row in output if row["bench"] == "codec"]
    same = all(row["numpy_numba_1_2_threads_identical"] for row in output if row["bench"] == "identity")
    bars = {("int8", 1): 0.35, ("int8", 2): 0.42}
    rows = []
    for row in merges:
        bar = bars.get((row["codec"], row["threads"])) if row["parameters"] > 90_000_000 else None
        reached = verdict(row["fraction_of_copy"] >= bar) if bar else ""
        rows.append((row["codec"], f"{row['parameters'] / 1e6:.0f}M", row["threads"], row["merge_gb_s"], row["copy_gb_s"],
                     row["fraction_of_copy"], bar or "", reached))  # fmt: skip
    head = ("codec", "parameters", "threads", "merge GB/s", "fastest copy GB/s", "fraction", "bar", "")
    parts = ["Merge of 8 members, exact, against the fastest copy with the same threads.", table(head, rows)]
    parts.append("numpy, numba, one and two threads: " + ("equal bits for every codec." if same else "**bits differ.**"))
    rows = [
        (row["codec"] + (f" {row['k']}" if row["k"] else ""), f"{row['parameters'] / 1e6:.1f}M", row["ratio_to_fp32"],
         *(row[f"{name}_mparam_per_cpu_s"] for name in ("encode", "decode", "norm")))
        for row in codecs
    ]  # fmt: skip
    parts.append("Codecs: bytes against fp32; million parameters per CPU-second, encoding with error feedback (top-k's bar: 150).")
    parts.append(table(("codec", "parameters", "times smaller", "encode", "decode", "norm"), rows))
    return parts


def memory(output: Sequence[Mapping[str, Any]]) -> list[str]:
    row = output[0]
    times = row["times_the_weights"]
    return [
        f"Judging and merging {row['members']} {row['codec']} updates of {row['parameters'] / 1e6:.0f}M parameters from a folder, "
        f"on {row['threads']} threads, takes {times:.2f} times the weights at its peak, weights and outer momentum included "
        f"(bar: < 3): {verdict(times < 3)}."
    ]


def log(output: Sequence[Mapping[str, Any]]) -> list[str]:
    rows: list[tuple[object, ...]] = []
    for row in output:
        match row.get("what"):
            case "append":
                sync = "with" if row["fsync"] else "without"
                bar, good = ("", "") if row["fsync"] else ("1,000", verdict(row["per_second"] >= 1000))
                rows.append((f"appends/s to a folder, {sync} fsync", bar, f"{row['per_second']:,}", good))
                rows.append((f"reads/s ({sync} fsync)", "", f"{row['reads_per_second']:,}", ""))
            case "node append":
                what = "appends/s of one node: sign, check the tail, put, read back, verify, fold (no fsync)"
                rows.append((what, "1,000", f"{row['per_second']:,}", verdict(row["per_second"] >= 1000)))
            case "verify":
                good = verdict(row["seconds"] * 100_000 / row["entries"] < 25) if row["processes"] == 2 else ""
                rows.append((f"verify {row['entries']:,} entries, {row['processes']} processes, s", "25", row["seconds"], good))
            case "inclusion proof":
                rows.append(("inclusion proof, ms", "5", f"{row['milliseconds']:.3f}", verdict(row["milliseconds"] < 5)))
            case str(name) if name.startswith("hanse "):
                bar = 0.3 if name == "hanse --help" else 0.5
                rows.append((f"`{name}`, s", bar, row["seconds"], verdict(row["seconds"] < bar)))
    return [table(("what", "bar", "measured", ""), rows)]


def rounds(output: Sequence[Mapping[str, Any]]) -> list[str]:
    row = output[0]
    times = row["replay_seconds"]
    rows = [
        ("round overhead over the slowest member's compute, median s", "1", f"{row['overhead_median']:.2f}",
         verdict(row["overhead_median"] < 1)),
        ("same, 95th percentile", "1", f"{row['overhead_p95']:.2f}", verdict(row["overhead_p95"] < 1)),
        ("compute of the slowest member, median s", "", f"{row['compute_median']:.3f}", ""),
        ("CPU of a site that waits, percent of a core", "", f"{row['idle_cpu_percent']:.1f}", ""),
        ("replay, numba / numpy, s", "", f"{times['numba']:.2f} / {times['numpy']:.2f}", ""),
        ("replay as a share of all members' training time", "", f"{100 * row['replay_share_of_training']:.1f}%", ""),
        ("bytes written per member per round, log and heads included", "", f"{row['bytes_per_member_per_round']:,.0f}", ""),
    ]  # fmt: skip
    text = f"{row['members']} sites as {row['members']} processes, {row['rounds']} rounds of two tiny steps, one folder."
    return [text, table(("what", "bar", "measured", ""), rows)]


def games(output: Sequence[Mapping[str, Any]]) -> list[str]:
    by = {bench: [row for row in output if row["bench"] == bench] for bench in ("shapley", "kinds", "sharing")}
    head = ("game", "s", "times sorting", "largest standard error, % of v(N)")
    rows = [(row["game"], row["seconds"], row["times_sorting"], row["standard_error_percent"]) for row in by["shapley"]]
    first, slowest = by["shapley"][0], max(row["seconds"] for row in by["shapley"])
    (kinds,) = by["kinds"]
    return [
        f"Shapley values of {first['members']} members from {first['orders']:,} antithetic orders, numpy on one thread, against "
        "numpy sorting a matrix of as many orders in the same run.",
        table(head, rows),
        f"Below 2 s: {verdict(slowest < 2)}.",
        f"Five kinds of ten members, {kinds['coalitions']:,} coalitions, exact: listing {kinds['list_seconds']} s, Shapley "
        f"{kinds['shapley_seconds']} s, nucleolus {kinds['nucleolus_seconds']} s.",
        f"Dues of {by['sharing'][0]['members']} members over {by['sharing'][0]['draws']:,} draws, ms: "
        + ", ".join(f"{row['rule']} {row['ms']}" for row in by["sharing"]) + ".",
    ]  # fmt: skip


DISTILLED = {
    "trained": "A trained teacher",
    "short": "Teacher and student short of training",
    "behind": "A teacher that knows less than its student",
    "shared": "A trained teacher, a student of another vocabulary (768)",
}


def distilling(output: Sequence[Mapping[str, Any]]) -> list[str]:
    first = output[0]
    parts = [
        f"Source code of the standard library; a teacher of {first['teacher_parameters']:,} parameters and a student of "
        f"{first['student_parameters']:,}, each a byte-level BPE Llama of 512 tokens, on one thread; {first['documents']} held-out "
        "documents. Gains are of the taught student over the same one alone, in nats a token; more is better. Equal CPU time "
        "counts the asking of the teacher whole, once for all seeds, and not its training."
    ]
    for row in output:
        lead, asked = row["lead"], row["teacher_cpu_seconds"]
        clear = f"{'' if lead['is_clear'] else 'not '}beyond chance"
        equal = {one["seed"]: one for one in row["gains"]["alone"]}
        longer = {one["seed"]: one for one in row["gains"].get("longer", ())}
        arms = {kind: {one["seed"]: one for one in rows} for kind, rows in row["arms"].items()}
        head = ("seed", "tokens", "alone, bits per byte", "taught", "gain at equal tokens", "gain at equal CPU time", "CPU s")
        rows = [(seed, arms["alone"][seed]["tokens"], f"{arms['alone'][seed]['bits_per_byte']:.3f}",
                 f"{arms['distilled'][seed]['bits_per_byte']:.3f}", f"{one['nats_per_token']:+.3f}",
                 f"{longer[seed]['nats_per_token']:+.3f}" if seed in longer else "",
                 f"{arms['alone'][seed]['cpu_seconds']:.0f} and {arms['distilled'][seed]['cpu_seconds']:.0f} + {asked:.0f}")
                for seed, one in equal.items()]  # fmt: skip
        parts += [
            f"{DISTILLED[row['case']]} ({row['teacher_bits_per_byte']:.3f} bits per byte; its lead of "
            f"{lead['bits_per_byte']:.3f} is {clear}). {100 * row['known']:.0f}% of the places have its distribution.",
            table(head, rows),
        ]
        if row["case"] in ("trained", "shared"):
            better = all(one["low"] > 0 for one in row["gains"]["alone"])
            parts.append(f"Better at equal tokens with every seed, beyond chance: {verdict(better)}.")
    return parts


def simulate(output: Sequence[Mapping[str, Any]]) -> list[str]:
    row = output[0]
    bad = len(row["problems"])
    return [
        f"{row['seeds']:,} worlds of four members, one of them hostile: {row['crashes']:,} crashes, {row['entries']:,} entries, "
        f"{row['void']:,} void; problems in {bad}: {verdict(not bad)}."
        + (f" Seeds: {', '.join(row['problems'])}." if bad else "")
    ]


def chaos(output: Sequence[Mapping[str, Any]]) -> list[str]:
    good = [row for row in output if "failed" not in row]
    killed = sum(row["killed"] for row in good)
    codecs = ", ".join(sorted({row["codec"] for row in good}))
    return [
        f"{len(output)} seeded runs of three real sites ({codecs}), {killed} kills (SIGKILL) at random moments: {len(good)} are "
        "complete with one state under numba on one and two threads and numpy, and no update lost or doubled "
        f"(bar: all of 30): {verdict(len(good) == len(output) >= 30)}."
    ]  # fmt: skip


NAMES = {
    "alone": "alone, best of both tokenizers",
    "alone, shared tokenizer": "alone, shared tokenizer",
    "derivative": "derivative of the joint model",
    "joint": "joint model (int8)",
    "average": "one-shot average of models trained alone",
    "pooled": "all text pooled",
    "synchronous": "synchronous data-parallel",
}


def training(output: Sequence[Mapping[str, Any]]) -> list[str]:
    row = output[0]
    members = list(row["gain"])
    bits, mean, gains = row["bits_per_byte"], row["mean"], row["gain"]
    rows = [(text, *(f"{bits[name][m]:.4f}" for m in members), f"{mean[name]:.4f}") for name, text in NAMES.items()]
    ranges = (f"{m} {gains[m]['percent']:.1f} ({gains[m]['low']:.1f} to {gains[m]['high']:.1f})" for m in members)
    good = row["gain_mean"] >= 1.5 and all(gains[m]["percent"] > 0 for m in members)
    against = {name: 100 * (mean["joint"] / mean[name] - 1) for name in ("pooled", "average")}
    return [
        f"Size \"{row['size']}\" of the demo, {row['seeds']} seeds. {row['budget']} settings per method were tried on dev text "
        "with seed 0 (a member alone: as many for each of two tokenizers); test text is read once, by the chosen ones. "
        "Bits per byte on each member's own test text, mean of the seeds. The shared tokenizer is built from words that a "
        f"member saw at least {row['min_count']} times; docs/joining.md has other thresholds.",
        table(("", *members, "mean"), rows),
        "Gain of the derivative over the best alone, in percent, with a paired 95% bootstrap interval over documents: "
        f"{'; '.join(ranges)}. Mean {row['gain_mean']:.1f} (bar: 1.5, and every member better): {verdict(good)}.",
        f"Joint against tuned pooled training: {against['pooled']:+.1f}% (bar: within 5%): {verdict(against['pooled'] <= 5)}. "
        f"Against the one-shot average: {against['average']:+.1f}% (bar: better): {verdict(against['average'] < 0)}.",
        "Mean over the members, seed by seed: "
        + "; ".join(f"{name} {', '.join(f'{value:.3f}' for value in values)}" for name, values in row["by_seed"].items()) + ".",
        *codecs(row),
        "Chosen settings:",
        table(("method", "setting"), [(name, _words(value)) for name, value in row["chosen"].items()]),
    ]


def codecs(row: Mapping[str, Any]) -> list[str]:
    bars = {"1bit": 1.0, "topk 256": 1.0, "topk 64": 4.0}
    rows = []
    for name, item in row["against"].items():
        bar = bars.get(name)
        good = ("", "") if bar is None else (f"{bar}%", verdict(item["fp32_percent"] <= bar))
        size = (f"{item['wire']['round']:,}", f"{item['ratio']:.1f}", f"{item['wire']['total']:,}")
        percent = (f"{item['fp32_percent']:+.2f}%", *good, f"{item['synchronous_percent']:+.1f}%")
        rows.append((name, *size, f"{row['mean'][name]:.4f}", *percent))
    head = ("codec", "bytes a round", "times smaller", "bytes in all", "bits per byte", "against fp32", "bar", "", "against sync")
    text = f"Codecs at equal tokens on the same rounds: {row['codec_rounds']}. Each with three outer optimizers to choose from."
    return [text, table(head, rows)]


def _words(value: Any) -> str:
    if isinstance(value, dict) and value and all(isinstance(item, dict) for item in value.values()):
        return "; ".join(f"{name}: {_words(item)}" for name, item in value.items())
    shown = {key: "/".join(item) if isinstance(item, list) else item for key, item in value.items() if key != "method"}
    return ", ".join(f"{key} {item}" for key, item in shown.items())


WRITERS = {
    "kernels": ("Kernels", kernels),
    "memory": ("Memory", memory),
    "log": ("Log and start", log),
    "rounds": ("Rounds", rounds),
    "scan": ("Scanning for models", keeping.scan),
    "lock": ("Verifying a lock", keeping.lock),
    "mirror": ("Keeping a mirror", keeping.mirror),
    "route": ("Routing", keeping.route),
    "quantized": ("A smaller file", keeping.quantized),
    "tune": ("Tuning", keeping.tune),
    "sampling": ("Sampling for a Tinker client", keeping.sampling),
    "distill": ("Distilling", distilling),
    "games": ("Cooperative games", games),
    "case": ("The case of a charter", answers.case),
    "simulate": ("Simulator", simulate),
    "chaos": ("Killed sites", chaos),
    "training": ("Joining pays; what codecs cost", training),
}
"""Section, title, and what writes it."""

"""Codecs and merge against the fastest copy, in one process with the same threads; one JSON line per figure.

    python benchmarks/kernels.py [--parameters 100000000] [--members 8] [--repeats 7]

Merge traffic is 24 bytes per parameter with 8 int8 members: 8 codes, weights and momentum read and written (4 x 4).
The copy reads and writes float32: 8 bytes per parameter. Minima over repeats, interleaved; CPU seconds for encoders.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np

from hanse.run import kernels
from hanse.run.codec import CodecSpec, Kind, Part, decode_part, encode, encode_codes
from hanse.run.merge import Outer, merge_round, merge_round_numpy, norm_squared
from hanse.run.shards import Shard, shard_map
from hanse.run.state import State, first_difference

SHARD_ELEMENTS = 1 << 22


def llama_shapes(parameters: int) -> dict[str, tuple[int, ...]]:
    """Shapes of a Llama of about this many parameters: one block repeated, and norms."""
    width = 128 if parameters < 4_000_000 else 768
    if parameters < 4_000_000:
        shapes: dict[str, tuple[int, ...]] = {"model.embed_tokens.weight": (2048, width)}
    else:
        shapes = {"model.embed_tokens.weight": (32768, width)}
    count, layer = int(np.prod(shapes["model.embed_tokens.weight"])), 0
    while count < parameters * 0.97:
        at = f"model.layers.{layer}."
        block: dict[str, tuple[int, ...]] = {f"{at}self_attn.{name}_proj.weight": (width, width) for name in "qkvo"}
        block |= {f"{at}mlp.{name}_proj.weight": (3 * width, width) for name in ("gate", "up")}
        block |= {f"{at}mlp.down_proj.weight": (width, 3 * width), f"{at}input_layernorm.weight": (width,)}
        shapes |= block
        count += sum(int(np.prod(shape)) for shape in block.values())
        layer += 1
    return shapes


def size_of(shapes: Mapping[str, tuple[int, ...]]) -> int:
    """Number of elements."""
    return sum(int(np.prod(shape)) for shape in shapes.values())


def random_tensors(shapes: Mapping[str, tuple[int, ...]], seed: int, size: float) -> dict[str, Any]:
    """Normal values of standard deviation `size`."""
    rng = np.random.default_rng(seed)
    return {name: rng.standard_normal(shape, np.float32) * np.float32(size) for name, shape in shapes.items()}


def best(jobs: Mapping[str, Callable[[], object]], repeats: int, clock: Callable[[], float]) -> dict[str, float]:
    """Least seconds of each job over interleaved repeats, after one warm-up each."""
    seconds: dict[str, float] = {}
    for repeat in range(repeats + 1):
        for name, job in jobs.items():
            begun = clock()
            job()
            taken = clock() - begun
            if repeat:
                seconds[name] = min(seconds.get(name, taken), taken)
    return seconds


def copy_job(target: Any, source: Any, threads: int, copy: Callable[[Any, Any], object]) -> Callable[[], object]:
    """A copy in `threads` equal spans, each by `copy`."""
    cuts = [target.size * i // threads for i in range(threads + 1)]
    spans = [slice(a, b) for a, b in pairwise(cuts)]
    if threads == 1:
        return lambda: copy(target, source)

    def run() -> None:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(lambda span: copy(target[span], source[span]), spans))

    return run


def duplicate(part: Part) -> Part:
    """The same codes in memory of their own, as another member's would be."""
    return replace(part, code=part.code.copy(), index=part.index.copy())


def report(**figures: object) -> None:
    """One JSON line."""
    print(json.dumps(figures), flush=True)


def bench_merge(
    shapes: Mapping[str, tuple[int, ...]], kind: Kind, members: int, repeats: int, bytes_per_code: float
) -> None:
    """Merge of `members` updates as a fraction of the fastest copy, on one and two threads."""
    shards, count = shard_map(shapes, SHARD_ELEMENTS), size_of(shapes)
    state = State.start(random_tensors(shapes, 0, 0.02))
    spec = CodecSpec(kind)
    first = decoded_parts(spec, shards, random_tensors(shapes, 1, 1e-3))
    updates = [[duplicate(part) for part in first] for _ in range(members)]
    outer = Outer.of(0.7, 0.9)
    source, target = np.ones(count, np.float32), np.zeros(count, np.float32)

    def parts(shard: int) -> list[tuple[int, int, Part]]:
        return [(1, 65536, update[shard]) for update in updates]

    for threads in (1, 2):
        jobs = {
            "copy": copy_job(target, source, threads, kernels.copy_slices),
            "copyto": copy_job(target, source, threads, np.copyto),
            "merge": lambda threads=threads: merge_round(shards, state, parts, outer, threads),  # type: ignore[misc]
        }
        seconds = best(jobs, repeats, time.perf_counter)
        traffic = (members * bytes_per_code + 16) * count
        copy = 8 * count / min(seconds["copy"], seconds["copyto"])
        report(
            bench="merge", codec=kind, members=members, parameters=count, threads=threads,
            seconds=round(seconds["merge"], 4), merge_gb_s=round(traffic / seconds["merge"] / 1e9, 2),
            copy_gb_s=round(copy / 1e9, 2), fraction_of_copy=round(traffic / seconds["merge"] / copy, 3),
        )  # fmt: skip


def bench_identity(shapes: Mapping[str, tuple[int, ...]], kind: Kind) -> None:
    """Both implementations, one and two threads, on the same updates."""
    shards = shard_map(shapes, 1 << 18)
    parts = decoded_parts(CodecSpec(kind), shards, random_tensors(shapes, 1, 1e-3))
    states = [State.start(random_tensors(shapes, 0, 0.02)) for _ in range(3)]
    outer = Outer.of(0.7, 0.9)

    def read(shard: int) -> list[tuple[int, int, Part]]:
        return [(1 + i, 65536 - i, parts[shard]) for i in range(4)]

    merge_round_numpy(shards, states[0], read, outer)
    merge_round(shards, states[1], read, outer, 1)
    merge_round(shards, states[2], read, outer, 2)
    same = not any(first_difference(states[0], state) for state in states[1:])
    report(bench="identity", codec=kind, parameters=size_of(shapes), numpy_numba_1_2_threads_identical=same)


def bench_codec(shapes: Mapping[str, tuple[int, ...]], spec: CodecSpec, repeats: int) -> None:
    """Parameters encoded (with error feedback), decoded and normed per CPU second, and bytes on the wire."""
    shards, count = shard_map(shapes, SHARD_ELEMENTS), size_of(shapes)
    delta, feedback = random_tensors(shapes, 1, 1e-3), random_tensors(shapes, 2, 1e-3)
    data, _ = encode(spec, shards, delta, feedback)
    parts = [decode_part(spec, shard, part) for shard, part in zip(shards, data, strict=True)]
    jobs: dict[str, Callable[[], object]] = {
        "encode": lambda: encode(spec, shards, delta, feedback),
        "decode": lambda: [decode_part(spec, shard, part) for shard, part in zip(shards, data, strict=True)],
        "print": lambda: [encode_codes(part) for part in parts],
        "norm": lambda: [norm_squared(part) for part in parts],
    }
    rates = {f"{name}_mparam_per_cpu_s": round(count / seconds / 1e6, 1)
             for name, seconds in best(jobs, repeats, time.process_time).items()}  # fmt: skip
    size = sum(map(len, data))
    report(bench="codec", codec=spec.kind, k=spec.k if spec.kind == "topk" else None, parameters=count, bytes=size,
           ratio_to_fp32=round(4 * count / size, 2), **rates)  # fmt: skip


def decoded_parts(spec: CodecSpec, shards: tuple[Shard, ...], delta: Mapping[str, Any]) -> list[Part]:
    """A whole update, encoded and decoded."""
    data, _ = encode(spec, shards, delta, None)
    return [decode_part(spec, shard, part) for shard, part in zip(shards, data, strict=True)]


def main() -> None:
    """Print all figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parameters", type=int, default=100_000_000, help="size of the merged model")
    parser.add_argument("--members", type=int, default=8, help="updates merged")
    parser.add_argument("--repeats", type=int, default=7, help="timed repeats; the least counts")
    options = parser.parse_args()
    report(bench="machine", cpu=platform.processor() or platform.machine(), cores=os.cpu_count(),
           load=round(os.getloadavg()[0], 2), time=datetime.now(UTC).isoformat(timespec="seconds"),
           python=platform.python_version(), numpy=np.__version__)  # fmt: skip
    feedback = Fraction(95, 100)
    specs = [CodecSpec("fixed32", feedback_decay=feedback), CodecSpec("int8", feedback_decay=feedback),
             CodecSpec("1bit", feedback_decay=feedback), CodecSpec("topk", 256, feedback),
             CodecSpec("topk", 64, feedback)]  # fmt: skip
    small, medium = llama_shapes(1_000_000), llama_shapes(options.parameters // 4)
    for spec in specs:
        bench_identity(small, spec.kind) if spec.k == 64 else None
        bench_codec(small, spec, options.repeats)
        bench_codec(medium, spec, options.repeats)
    bench_merge(medium, "1bit", options.members, options.repeats, 1 / 8)
    bench_merge(medium, "fixed32", options.members, options.repeats, 4)
    bench_merge(medium, "topk", options.members, options.repeats, 3 / 64)
    bench_merge(llama_shapes(options.parameters), "int8", options.members, options.repeats, 1)
    report(bench="machine", load=round(os.getloadavg()[0], 2),
           peak_memory_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)  # fmt: skip


if __name__ == "__main__":
    main()

"""`hanse replay`"""

from __future__ import annotations

import os
import time
from functools import partial
from pathlib import Path

import click

from hanse.cli.extras import need_train
from hanse.cli.printing import as_json, progress, table


@click.command()
@click.argument("where")
@click.option("--log", "log_id", default="", help="Genesis digest to insist on. Off: take the bucket's word.")
@click.option("--implementation", type=click.Choice(["numba", "numpy"]), default="numba", show_default=True)
@click.option("--threads", type=int, default=0, help="Threads of the merge. 0: all cores. Changes no bit.")
@click.option("--base", type=click.Path(path_type=Path), help="Folder of the adopted base, where the plan has one.")
@click.option(
    "--tokenizer", type=click.Path(path_type=Path), help="The given tokenizer.json, where the plan names one."
)
@click.option("--out", type=click.Path(path_type=Path), help="Write the model as a Hugging Face folder.")
@click.option("--json", "json_", is_flag=True, help="Print JSON.")
def replay(
    where: str,
    log_id: str,
    implementation: str,
    threads: int,
    base: Path | None,
    tokenizer: Path | None,
    out: Path | None,
    json_: bool,
) -> None:
    """Recompute the weights of every agreed round from the log in WHERE and nothing else. Exit code 1 at a difference."""
    need_train("replay")
    from hanse.run.export import export_state
    from hanse.run.fold import plan_of
    from hanse.run.merge import merge_round, merge_round_numpy
    from hanse.run.origin import LmOrigin
    from hanse.run.reading import fold_parallel, open_log, read_all
    from hanse.run.replay import replay as recompute

    store, known, site = open_log(where)
    with progress("reading the log") as count:
        slots = read_all(store, count)
    state = fold_parallel(slots, log_id or known)
    if site is not None:
        base, tokenizer = base or site.base_path, tokenizer or site.tokenizer_path
    merger = (
        merge_round_numpy if implementation == "numpy" else partial(merge_round, threads=threads or os.cpu_count() or 1)
    )
    began = time.perf_counter()
    with progress("replaying", plan_of(state).total_rounds) as count:
        verdict = recompute(state, store, LmOrigin(base, tokenizer), merger, lambda after: count(after.round))
    if out is not None and verdict.state is not None:
        export_state(state, store, verdict.state, out, base, tokenizer)
    if json_:
        as_json(
            verdict.document() | {"seconds": round(time.perf_counter() - began, 3), "implementation": implementation}
        )
    else:
        table(
            ("round", "status", "updates", "state"), [(r.round, r.status, r.admitted, r.state) for r in verdict.rounds]
        )
        words = "identical: every replayed round has the agreed bits" if verdict.identical else "DIFFERENT"
        click.echo(f"{words} {verdict.difference}".rstrip())
    if not verdict.identical:
        raise click.exceptions.Exit(1)

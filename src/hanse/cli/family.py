"""`hanse family`"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from hanse import __version__
from hanse.cli.distill import MODULES, phases
from hanse.cli.extras import need
from hanse.cli.printing import as_json, table
from hanse.cli.recording import Recording, now, recorded
from hanse.cli.stopping import interruptible, stopped


@click.command()
@click.argument("plan", type=click.Path(path_type=Path))
@recorded
@click.option("--json", "json_", is_flag=True, help="Print the family as JSON, without progress.")
def family(plan: Path, recording: Recording | None, json_: bool) -> None:
    """Make all sizes of PLAN.toml: trained alone or taught by a larger one, and each in the formats that are served.

    Interrupt and run again at will: a finished size is not made again, unless its part of the plan or the text changed.
    """
    need("family", "tune", *MODULES)
    from hanse.hedge.family.page import render
    from hanse.hedge.family.plan import FamilyPlan
    from hanse.hedge.family.run import family as run
    from hanse.lm.config import read_config
    from hanse.store.disk import replace_file

    config = read_config(plan, FamilyPlan)
    if any(size.quantize for size in config.size):
        need("family", "quantize", "gguf")
    with interruptible() as stop, phases(json_) as report:
        found = run(config, f"hanse {__version__}", report, stop)
    if found is None:
        raise stopped(f"hanse family {plan}")
    page = config.folder_path / "family.html"
    replace_file(page, render(found).encode())
    if json_:
        as_json(found)
    else:
        show(found)
        click.echo(f"page: {page}")
    if recording is not None:
        from hanse.hedge.family.step import steps

        known = {tuple(signed.line.made.outputs()) for signed in recording.read().lines}
        for step in steps(found, config.root):
            if tuple(step.outputs()) not in known:
                recording.add(step, now(), f"`hanse family {plan}` once more")


def show(found: dict[str, Any]) -> None:
    """One row for each member, and one more for each of its files."""
    rows = []
    for one in found["members"]:
        how = "alone" if one["made"] == "alone" else f"taught by {one['teacher']}"
        rows.append((one["name"], how, f"{one['parameters']:,}", f"{one['bits_per_byte']:.4f}", "", ""))
        for item in one["files"]:
            speed = item.get("decode_tokens_per_cpu_second")
            rows.append(("", item["format"], "", "", f"{item['bytes']:,}", "-" if speed is None else f"{speed:,.0f}"))
    table(("size", "made", "parameters", f"{found['part']} bits per byte", "bytes", "tokens per CPU s"), rows)

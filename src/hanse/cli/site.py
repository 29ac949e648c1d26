"""`hanse site`"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from hanse.cli.extras import need_train
from hanse.cli.printing import as_json, table


@click.group()
def site() -> None:
    """Run a site; list what ever left it."""


@site.command()
@click.argument("file", type=click.Path(path_type=Path))
def run(file: Path) -> None:
    """Run the site of SITE.toml until the run is complete. Interrupt and run again at will."""
    need_train("site run")
    from hanse.run.settings import load_site
    from hanse.run.site.node import open_agent, poll_of, progress_line, run_site

    settings = load_site(file)
    settings.folder_path.mkdir(parents=True, exist_ok=True)
    keep = progress_line(settings.folder_path / "progress.json")
    traffic: dict[str, Any] = {}

    def report(what: str, details: dict[str, Any]) -> None:
        store = traffic.get("store")
        moved = {"bytes_up": store.bytes_up, "bytes_down": store.bytes_down} if store is not None else {}
        keep(what, details | moved)
        line = _line(what, details)
        if line and line != traffic.get("line"):  # a site that waits says so once
            traffic["line"] = line
            click.echo(
                line + (f"  {store.bytes_up:,} bytes up, {store.bytes_down:,} down" if store is not None else "")
            )

    agent = open_agent(settings, report)
    traffic["store"] = agent.follower.store
    run_site(agent, poll_of(settings))
    click.echo(f"complete: state {agent.digest()}")


def _line(what: str, details: dict[str, Any]) -> str:
    """What a person at the site wants to read of a report; empty for the rest."""
    round_ = f"round {details.get('round')}"
    if what == "trained":
        speed = details["tokens"] / details["seconds"] if details["seconds"] else 0
        return f"{round_} of {details['of']}: loss {details['loss']:.3f}, {speed:,.0f} tokens/s"
    if what == "merged":
        void = f", {len(details['void'])} void" if details["void"] else ""
        barren = ", barren: the weights stay" if details["barren"] else ""
        return f"{round_}: merged {', '.join(details['members']) or 'nothing'} of a roll of {details['roll']}{void}{barren}"
    if what == "absent":
        return f"{round_}: waiting for the bytes of {len(details['updates'])} update(s)"
    if what == "unsigned":
        have = f"({details['signed']} signed any)"
        needed = f"{details['needed']} members must sign a tree head over this site's joining first {have}"
        return f"waiting: {needed}; one without a site does it with `hanse log cosign`"
    if what == "undecided":
        return f"{round_}: no state can be agreed any more ({details['states']} differ): the run halts here; replay, compare, ask"
    return ""


@site.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--json", "json_", is_flag=True, help="Print JSON.")
def egress(file: Path, json_: bool) -> None:
    """List every object this site ever wrote to a bucket, with size and SHA-256."""
    from hanse.run.settings import load_site
    from hanse.store.copying import EGRESS_FILE, read_egress

    rows = read_egress(load_site(file).folder_path / EGRESS_FILE)
    if json_:
        as_json(rows)
    else:
        total = sum(int(row["size"]) for row in rows)
        table(("object", "bytes", "sha256"), [(row["name"], row["size"], row["sha256"]) for row in rows])
        click.echo(f"{len(rows)} objects, {total:,} bytes")

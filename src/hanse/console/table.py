"""The live table of a run: one row per member, from the log and the sites' own progress files."""

from __future__ import annotations

from typing import Any

from rich.table import Table

from hanse.run.follow import Follower


def run_table(follower: Follower, sites: dict[str, dict[str, Any]]) -> Table:
    """Round, loss, speed and admitted updates of each member."""
    run = follower.fold.run
    title = "waiting for genesis"
    if run is not None:
        done = sum(1 for item in run.rounds if item.agreed is not None and item.number)
        title = f"{done} of {run.plan.total_rounds} rounds agreed, {follower.fold.size} entries in the log"
    table = Table("member", "round", "loss", "tokens/s", "admitted", "sent", title=title, title_justify="left")
    for name, progress in sorted(sites.items()):
        trained = progress.get("trained", {})
        seconds = trained.get("seconds") or 0
        speed = f"{trained.get('tokens', 0) / seconds:,.0f}" if seconds else "-"
        admitted = 0
        for item in run.rounds if run is not None else ():
            update = item.updates.get(name)
            admitted += int(update is not None and item.agreed is not None and update.id in item.agreed.admitted)
        sent = progress.get("merged", {}).get("bytes_up") or progress.get("pushed", {}).get("bytes_up") or 0
        loss = f"{trained['loss']:.3f}" if "loss" in trained else "-"
        table.add_row(name, str(trained.get("round", "-")), loss, speed, str(admitted), f"{sent / 1e6:.1f} MB")
    return table

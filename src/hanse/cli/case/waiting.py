"""A progress bar for whoever waits longer than two seconds."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

PATIENCE_SECONDS = 2.0


@contextmanager
def waiting() -> Iterator[Callable[[str, int, int], None]]:
    """Call what it gives with what is done, how much of it, and of how much (0: unknown). Silent without a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    bar = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
    began = time.monotonic()
    tasks: dict[str, TaskID] = {}

    def seen(what: str, done: int, total: int) -> None:
        if time.monotonic() - began < PATIENCE_SECONDS:
            return
        bar.start()  # does nothing the second time
        for name, task in tasks.items():
            if name != what:
                bar.update(task, visible=False)
        if what not in tasks:
            tasks[what] = bar.add_task(what, total=total or None)
        bar.update(tasks[what], completed=done, total=total or None)

    try:
        yield seen
    finally:
        bar.stop()

"""Long work that is interrupted ends after what it is doing, with a checkpoint."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import click


def stopped(again: str) -> click.Abort:
    """To raise when work ended before its end: says how to go on; main turns it into 130."""
    click.echo(f"stopped; go on with: {again}", err=True)
    return click.Abort()


@contextmanager
def interruptible() -> Iterator[Callable[[], bool]]:
    """Whether somebody asked to stop: the first Ctrl-C ends with a checkpoint, the second at once."""
    asked: list[int] = []

    def ask(number: int, frame: FrameType | None) -> None:
        if asked:
            raise KeyboardInterrupt
        asked.append(number)
        click.echo("\nstopping after this step, with a checkpoint; again to stop at once", err=True)

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: bool(asked)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

"""The process of an engine: `python -m hanse.hedge.route.llama FILE CONTEXT PARALLEL THREADS`. It says where it listens, and ends
with its standard input, which the router holds: a router that is killed leaves none behind."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from hanse.hedge.llama import serve
from hanse.hedge.route.engines import LINE


def main(path: str, context: int, parallel: int, threads: int) -> None:
    """Load, say where, serve, end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal's goes to the router, which ends this when requests are done
    served = serve(Path(path), context, parallel, threads, is_open=True)
    print(f"{LINE}{served.address}", flush=True)
    sys.stdin.buffer.read()
    os._exit(0)  # nothing is left to save, and the library's own end waits for requests that nobody reads


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:5]))

"""Counts for Prometheus, in its text format (version 0.0.4)."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
"""Upper bounds in seconds."""
_HELP = {
    "hanse_route_requests_total": "Requests answered, by route, target and status.",
    "hanse_route_errors_total": "Requests that the router itself ended, by target and reason.",
    "hanse_route_shadow_total": "Copies sent to a shadow, by target and outcome.",
    "hanse_route_seconds": "Time to the last byte, by target.",
    "hanse_route_first_byte_seconds": "Time to the first byte, by target.",
    "hanse_route_in_flight": "Requests at the target now.",
    "hanse_route_queue": "Requests waiting for the target now.",
    "hanse_route_current": "1 for the target that answers for a route.",
}

Labels = tuple[tuple[str, str], ...]


def labels(**values: str) -> Labels:
    """Labels in order of name."""
    return tuple(sorted(values.items()))


class Metrics:
    """Counters and histograms since the start."""

    def __init__(self) -> None:
        self._counts: dict[str, dict[Labels, int]] = defaultdict(lambda: defaultdict(int))
        self._times: dict[str, dict[Labels, list[float]]] = defaultdict(dict)

    def count(self, name: str, by: Labels) -> None:
        """One more."""
        self._counts[name][by] += 1

    def time(self, name: str, by: Labels, seconds: float) -> None:
        """One more that took so long."""
        row = self._times[name].setdefault(by, [0.0] * (len(BUCKETS) + 2))
        row[bisect_left(BUCKETS, seconds)] += 1
        row[-1] += seconds

    def text(self, gauges: Mapping[str, Iterable[tuple[Labels, int]]]) -> str:
        """The page; `gauges` are what is true now."""
        lines: list[str] = []
        for name, rows in self._counts.items():
            lines += _head(name, "counter") + [f"{name}{_print(by)} {value}" for by, value in sorted(rows.items())]
        for name, histograms in self._times.items():
            lines += _head(name, "histogram")
            for by, row in sorted(histograms.items()):
                total = 0
                for bound, count in zip((*map(str, BUCKETS), "+Inf"), row, strict=False):
                    total += int(count)
                    lines.append(f"{name}_bucket{_print((*by, ('le', bound)))} {total}")
                lines += [f"{name}_sum{_print(by)} {row[-1]:.6f}", f"{name}_count{_print(by)} {total}"]
        for name, now in gauges.items():
            lines += _head(name, "gauge") + [f"{name}{_print(by)} {value}" for by, value in now]
        return "\n".join(lines) + "\n"


def _head(name: str, kind: str) -> list[str]:
    return [f"# HELP {name} {_HELP[name]}", f"# TYPE {name} {kind}"]


def _print(by: Labels) -> str:
    escaped = ((name, value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")) for name, value in by)
    return "{" + ",".join(f'{name}="{value}"' for name, value in escaped) + "}" if by else ""

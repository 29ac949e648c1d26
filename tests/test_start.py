"""The command line starts light: no torch, no numpy where only the log is read."""

from __future__ import annotations

import subprocess
import sys

import pytest


def imported(code: str) -> set[str]:
    """Top-level modules loaded by `code` in a new interpreter."""
    program = f"{code}\nimport sys\nprint(' '.join(sorted({{m.split('.')[0] for m in sys.modules}})))"
    return set(subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split())


@pytest.mark.parametrize(
    "code",
    [
        "import hanse.cli.main",
        "import hanse.cli.log, hanse.run.reading, hanse.run.verdicts, hanse.run.fold, hanse.run.proving",
        "import hanse.cli.found, hanse.cli.keys, hanse.run.founding",
        "import hanse.store.objects, hanse.store.check",
    ],
)
def test_reading_founding_and_checking_need_no_torch_and_no_numpy(code: str) -> None:
    assert imported(code).isdisjoint({"torch", "transformers", "numpy", "numba", "tokenizers"})


def test_help_lists_the_stages_in_the_order_of_the_story() -> None:
    done = subprocess.run([sys.executable, "-m", "hanse.cli.main", "--help"], capture_output=True, text=True, check=True)
    assert done.stdout.index("Agree:") < done.stdout.index("Train:")

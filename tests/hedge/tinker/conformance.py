"""Run by the python of a client's own environment: every public call of the real client against a server, one after another.

    python conformance.py BASE [LIBRARIES]     (TINKER_BASE_URL, TINKER_API_KEY)

Prints {"version", "calls": {name: "yes" | why not}}. LIBRARIES has torch and transformers, which some calls need and the client's
environment has not; what that has goes first. A call is "yes" when it did what it is for, by what
it returned and by what other calls saw of it afterwards.
"""

from __future__ import annotations

import json
import os
import sys
from importlib import import_module

from calling import CALLS, LOCAL, NEW, Told, World, tinker

for calls in ("calls_training", "calls_rest"):  # in this order: what one makes, the other asks about
    import_module(calls)


def missing() -> list[str]:
    """Public calls of the client that stand in no row above."""
    classes = [tinker.ServiceClient, tinker.TrainingClient, tinker.SamplingClient, type(World.rest)]
    classes += [tinker.AdminClient] if NEW else []
    names = [f"{kind.__name__}.{name}" for kind in classes for name in dir(kind)
             if not name.startswith("_") and not name.endswith("_async") and name not in LOCAL]  # fmt: skip
    return [name for name in names if name not in CALLS]


def main() -> None:
    w = World()
    w.base = sys.argv[1]
    w.service = tinker.ServiceClient()
    w.rest = World.rest = w.service.create_rest_client()
    found = dict.fromkeys(missing(), "no row")
    for name, function in CALLS.items():
        try:
            function(w)
            found[name] = "yes"
        except Told as error:
            found[name] = f"wrong: {error}"
        except Exception as error:  # noqa: BLE001  whatever a client raises is what its user sees
            found[name] = f"{type(error).__name__}: {error}"[:600]
    print(json.dumps({"version": tinker.__version__, "calls": found}), flush=True)
    os._exit(0)  # the client's threads outlive the script


main()

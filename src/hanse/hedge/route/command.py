"""A router's commands from outside, with nothing but the standard library: swapping takes no second to start."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

from hanse.errors import InputError, Unavailable
from hanse.hedge.route.routes import Routes
from hanse.hedge.route.state import State

if TYPE_CHECKING:
    from hanse.hedge.route.serve import Router

WAIT_SECONDS = 900.0
"""How long the command waits: an engine that is started may read hundreds of gigabytes first."""


def status(routes: Routes, state: State, router: Router | None = None) -> dict[str, Any]:
    """What answers for what; the keys are a public format. Requests are those of now, null when no router runs."""
    targets = {
        name: {
            "url": target.url if router is None else router.urls.get(name, target.url),
            "model": target.model,
            "running": None if router is None else router.places[name].running,
            "waiting": None if router is None else router.places[name].waiting,
        }
        for name, target in routes.target.items()
    }
    found = {
        name: {
            "target": state.target(routes, name),
            "back": state.back(name),
            "fallback": list(route.fallback),
            "canary": route.canary,
            "canary_share": str(route.canary_share),
            "shadow": route.shadow,
            "steps": [step.model_dump() for step in state.route[name].steps] if name in state.route else [],
        }
        for name, route in routes.route.items()
    }
    return {"serving": router is not None, "route": found, "target": targets}


def command(routes: Routes, method: str, what: str, asked: dict[str, Any] | None = None) -> dict[str, Any] | None:
    """Tell a running router, and give its status; None when none runs. Raises InputError with what it said, Unavailable."""
    path = routes.beside("control")
    try:
        found = json.loads(path.read_bytes())
        request = urllib.request.Request(f"{found['url']}/{what}", method=method)
        request.add_header("Authorization", f"Bearer {found['token']}")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InputError(f"{path}: cannot read: {error.strerror}; only who started the router can command it") from error
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: not a router's control file; remove it when no router runs") from error
    if asked is not None:
        request.data = json.dumps(asked).encode()
        request.add_header("Content-Type", "application/json")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=WAIT_SECONDS) as reply:
            answer: dict[str, Any] = json.loads(reply.read())
            return answer
    except urllib.error.HTTPError as error:
        if error.code == 403:
            return None  # another program has the port of a router that was killed
        with error:
            raise InputError(str(json.loads(error.read())["error"])) from error
    except urllib.error.URLError as error:
        if isinstance(error.reason, ConnectionRefusedError):
            return None  # a router that was killed left its file
        raise Unavailable(f"{found['url']}: the router does not answer: {error.reason}") from error
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise Unavailable(f"{found['url']}: the router does not answer: {error}") from error

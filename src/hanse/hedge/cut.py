"""Cut a process off the network, for as long as it lives, and show that it is cut.

On Linux the process moves into a network namespace of its own, which has no device but a loopback that is down: nothing in it,
no library and no child, reaches anything. Elsewhere Python's own sockets are refused, which a library in C or another program
could pass by; a record says which of the two it was.
"""

from __future__ import annotations

import ctypes
import errno
import os
import socket
import sys
from contextlib import suppress
from typing import Any, Literal

from hanse.errors import InputError, IntegrityError

How = Literal["namespace", "hook"]
"""A network namespace, or a hook that refuses Python's sockets."""
NEWUSER, NEWNET = 0x10000000, 0x40000000
PROBE_SECONDS = 2.0
_REFUSED = ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr", "socket.sendto",
            "socket.sendmsg", "socket.getnameinfo")  # fmt: skip


def cut(wanted: How | None) -> How:
    """Cut this process off; None takes a namespace where the system has one. Call it before any thread is started. Raises
    InputError when the wanted way is not to be had."""
    if wanted != "hook" and sys.platform == "linux" and _unshare():
        return "namespace"
    if wanted == "namespace":
        raise InputError(
            "this system gives no network namespace (on Linux: root, or user namespaces allowed); try --cut hook"
        )
    sys.addaudithook(_refuse)
    return "hook"


def probe(port: int) -> str:
    """Try to reach a listener of this machine, which is there; what happened instead. Raises IntegrityError when it answers."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=PROBE_SECONDS).close()
    except OSError as error:
        return f"127.0.0.1:{port}: {error.strerror or error}"
    raise IntegrityError(
        f"the network is not cut: 127.0.0.1:{port} was reached; nothing that follows would prove anything"
    )


def devices() -> list[str]:
    """Network devices this process sees."""
    with suppress(OSError):
        return sorted(name for _, name in socket.if_nameindex())
    return []


def _unshare() -> bool:
    user, group = os.getuid(), os.getgid()
    try:
        call = ctypes.CDLL(None, use_errno=True).unshare
    except (OSError, AttributeError):
        return False
    if call(NEWNET) == 0:
        return True
    if call(NEWUSER | NEWNET) != 0:
        return False
    # who one was is told to the new namespace: otherwise files would be nobody's
    for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
        with suppress(OSError), open(f"/proc/self/{name}", "w", encoding="ascii") as file:
            file.write(text)
    return True


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    if event in _REFUSED and not _local(event, arguments):
        raise OSError(errno.ENETUNREACH, "the network is cut off")


def _local(event: str, arguments: tuple[Any, ...]) -> bool:
    """A socket between processes of this machine that has a file's name."""
    return event in ("socket.connect", "socket.sendto", "socket.sendmsg") and isinstance(arguments[-1], str | bytes)

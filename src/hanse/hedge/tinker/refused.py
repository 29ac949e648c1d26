"""What a client is told when it does not get what it asked for."""

from __future__ import annotations


class Refused(Exception):
    """Never leaves `hanse.hedge.tinker`: an answer with this status, or the failure of a request that was accepted before.

    The client tries again by itself on 408, 409, 429 and 5xx, and asks anew on 410; on the rest it raises what it was told.
    """

    def __init__(self, text: str, status: int = 400) -> None:
        super().__init__(text)
        self.status = status


class Cancelled(Exception):
    """Nobody waits for it any more, or the server ends."""


STOPPING = "the server is stopping; ask again when it has been started anew: what was saved is kept"

"""The users and groups that the daemon and its programs are to become."""

from __future__ import annotations

from collections.abc import Iterator

from protocols.daemon.checks.parts import Parts, programs
from protocols.daemon.privileges import AccountError, Asks, plan_of
from protocols.daemon.problems import Path, Problem


def check(parts: Parts) -> Iterator[Problem]:
    """``user`` and ``group`` that this machine does not have, or that nobody could become."""
    if parts.server is not None:
        yield from _unknown(parts, ("server",), parts.server)
    for path, program in programs(parts.own):
        yield from _unknown(parts, path, program)
        server = parts.server
        if (
            program.user is not None
            and server is not None
            and server.user is not None
            and server.workers != 1
        ):
            text = (
                "the workers become server.user before they start programs, and cannot become another; "
                "leave workers at 1, or one of the users out"
            )
            yield parts.origin.problem((*path, "user"), text)


def _unknown(parts: Parts, path: Path, asks: Asks) -> Iterator[Problem]:
    try:
        plan_of(asks)
    except AccountError as error:
        yield parts.origin.problem((*path, error.key), str(error))

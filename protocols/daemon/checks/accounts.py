"""The user and the group that the daemon is to become."""

from __future__ import annotations

from collections.abc import Iterator

from protocols.daemon.checks.parts import Parts
from protocols.daemon.privileges import AccountError, plan_of
from protocols.daemon.problems import Problem


def check(parts: Parts) -> Iterator[Problem]:
    """``server.user`` and ``group`` that this machine does not have."""
    if parts.server is None:
        return
    try:
        plan_of(parts.server)
    except AccountError as error:
        yield parts.origin.problem(("server", error.key), str(error))

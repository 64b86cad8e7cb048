"""What a reload leaves as it is, because a process has it from its start."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from protocols.daemon.spec.server import ServerSpec

BY_UPGRADE: Final = ("workers", "umask")
"""Keys of ``server`` that an upgrade makes true, or a new start."""

BY_START: Final = ("user", "group")
"""Those for which it takes a new start: what takes over has no more privileges than what it takes over from,
and so cannot become another user."""


def waits_for_restart(before: ServerSpec, after: ServerSpec) -> str:
    """Which of these differ, in words to follow a sentence; empty if none does."""

    def waiting(keys: Iterable[str], until: str) -> str:
        differ = [f"server.{key}" for key in keys if getattr(before, key) != getattr(after, key)]
        return f"; {', '.join(differ)} will take effect {until}" if differ else ""

    return waiting(BY_UPGRADE, "with `polyport upgrade` or at the next start") + waiting(
        BY_START, "at the next start"
    )

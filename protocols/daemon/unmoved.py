"""What a reload leaves as it is, because a process has it from its start."""

from __future__ import annotations

from typing import Final

from protocols.daemon.spec.server import ServerSpec

FROM_THE_START: Final = ("workers", "user", "group", "umask")
"""Keys of ``server`` that an upgrade, or a new start, makes true."""


def waits_for_restart(before: ServerSpec, after: ServerSpec) -> str:
    """Which of these differ, in words to follow a sentence; empty if none does."""
    differ = [f"server.{key}" for key in FROM_THE_START if getattr(before, key) != getattr(after, key)]
    if not differ:
        return ""
    return f"; {', '.join(differ)} will take effect with `polyport upgrade` or at the next start"

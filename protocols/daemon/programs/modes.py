"""What serves a program, by its mode."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from protocols.daemon.carriers import Carriers
from protocols.daemon.programs.connection import connection_carriers
from protocols.daemon.programs.message import message_carriers
from protocols.daemon.programs.shared import shared_carriers
from protocols.daemon.programs.wait import wait_carriers

if TYPE_CHECKING:
    from protocols.daemon.assembly import Assembly


def program_carriers(assembly: Assembly) -> Carriers:
    """What serves the program of a service."""
    assert assembly.spec.program is not None
    return _MODES[assembly.spec.program.mode](assembly)


_MODES: Final[Mapping[str, Callable[[Assembly], Carriers]]] = {
    "connection": connection_carriers,
    "wait": wait_carriers,
    "message": message_carriers,
    "shared": shared_carriers,
}
"""The modes there are."""

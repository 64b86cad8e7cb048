"""Programs that answer WebSockets."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Final, TypeAlias

from protocols.daemon.programs.connection import piped_program
from protocols.daemon.programs.message import message_programs
from protocols.daemon.programs.running import Place
from protocols.daemon.programs.shared import shared_program
from protocols.daemon.spec.program import ProgramSpec
from protocols.framing import Lines
from protocols.session import Handler

Makes: TypeAlias = Callable[[ProgramSpec, Place, Collection[str]], Handler]


def program_handler(spec: ProgramSpec, place: Place, limits: Collection[str]) -> Handler:
    """What answers the messages of WebSockets by the program of `spec`.

    :param limits: those that the service names.

    Raises :class:`ValueError` for a mode that WebSockets do not have.
    """
    if spec.mode not in _MODES:
        known = " or ".join(_MODES)
        raise ValueError(f"a program that answers a WebSocket has mode {known}, not {spec.mode}")
    return _MODES[spec.mode](spec, place, limits)


def _for_each(spec: ProgramSpec, place: Place, limits: Collection[str]) -> Handler:
    """A process for each WebSocket, which has its messages as lines."""
    return piped_program(spec, place, limits, Lines())


def _for_messages(spec: ProgramSpec, place: Place, limits: Collection[str]) -> Handler:
    """A process for each message, or a pool."""
    return message_programs(spec, place)(True)


_MODES: Final[Mapping[str, Makes]] = {
    "connection": _for_each,
    "message": _for_messages,
    "shared": shared_program,
}
"""The modes that WebSockets have."""

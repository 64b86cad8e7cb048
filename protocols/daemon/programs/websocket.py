"""Programs that answer WebSockets."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from typing import Final, TypeAlias

from protocols.daemon.framings import framing_for
from protocols.daemon.programs.message import message_programs
from protocols.daemon.programs.running import Place, invocation_of, runner_of
from protocols.daemon.programs.shared import OF_SILENCE, shared_program
from protocols.daemon.spec.program import ProgramSpec
from protocols.framing import Lines
from protocols.handlers.program.connection import PipedProgram
from protocols.session import Handler

Makes: TypeAlias = Callable[[ProgramSpec, Place, Container[str]], Handler]


def program_handler(spec: ProgramSpec, place: Place, limits: Container[str]) -> Handler:
    """What answers the messages of WebSockets by the program of `spec`.

    :param limits: those that the service names.

    Raises :class:`ValueError` for a mode that WebSockets do not have.
    """
    if spec.mode not in _MODES:
        known = " or ".join(_MODES)
        raise ValueError(f"a program that answers a WebSocket has mode {known}, not {spec.mode}")
    return _MODES[spec.mode](spec, place, limits)


def _for_each(spec: ProgramSpec, place: Place, limits: Container[str]) -> Handler:
    """A process for each WebSocket, which has its messages as lines."""
    return PipedProgram(
        invocation_of(spec, place),
        runner_of(spec, place),
        Lines() if spec.stdio is None else framing_for(spec.stdio),
        deadline=spec.deadline or 0.0,
        output=spec.output or 0,
        watches_silence=any(limit in limits for limit in OF_SILENCE),
    )


def _for_messages(spec: ProgramSpec, place: Place, limits: Container[str]) -> Handler:
    """A process for each message, or a pool."""
    return message_programs(spec, place)(True)


_MODES: Final[Mapping[str, Makes]] = {
    "connection": _for_each,
    "message": _for_messages,
    "shared": shared_program,
}
"""The modes that WebSockets have."""

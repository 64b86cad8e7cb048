"""A process for each connection."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Final

from protocols.daemon.access_log import connection_log
from protocols.daemon.carriers import Carriers
from protocols.daemon.framings import framing_for
from protocols.daemon.programs.running import OF_SILENCE, Place, invocation_of, runner_of
from protocols.daemon.spec.program import ProgramSpec
from protocols.daemon.spec.service import ServiceSpec
from protocols.daemon.unseen import passes_unseen
from protocols.framing import Framing, Raw
from protocols.handlers.program.connection import DirectPrograms, PipedProgram
from protocols.handover import HandOverFactory

if TYPE_CHECKING:
    from protocols.daemon.assembly import Assembly

WATCHING: Final = frozenset({"idle", "first_byte", "message_time", "output", "byte_rate", "message_rate"})
"""Limits that somebody has to see what passes for."""


def connection_carriers(assembly: Assembly) -> Carriers:
    """What serves a program whose process each connection has to itself."""
    service, carriers = assembly.spec, assembly.carriers
    spec = service.program
    assert spec is not None
    if is_direct(service):
        runner, invocation = runner_of(spec, assembly), invocation_of(spec, assembly)
        carriers.stream = HandOverFactory(
            DirectPrograms(invocation, runner, deadline=spec.deadline or 0.0),
            journal=carriers.journal,
            clock=assembly.reactor,
            connections=service.limits.connections,
            tell=connection_log(service.log, carriers, assembly.reactor),
        )
        return carriers
    framing = assembly.framing(Raw())
    piped = piped_program(spec, assembly, service.limits.model_fields_set, framing)
    return assembly.serve(piped, None, framing)


def piped_program(spec: ProgramSpec, place: Place, limits: Collection[str], framing: Framing) -> PipedProgram:
    """What stands between the connections of `place` and a process for each of them.

    :param limits: those that the service names.
    :param framing: how messages are marked for a program unless its `stdio` says otherwise.
    """
    return PipedProgram(
        invocation_of(spec, place),
        runner_of(spec, place),
        framing if spec.stdio is None else framing_for(spec.stdio),
        deadline=spec.deadline or 0.0,
        output=spec.output or 0,
        watches_silence=not OF_SILENCE.isdisjoint(limits),
    )


def is_direct(service: ServiceSpec) -> bool:
    """Whether the process gets the connection itself: nothing has to look at what passes."""
    spec = service.program
    assert spec is not None
    return spec.stdio is None and spec.output is None and passes_unseen(service, WATCHING)

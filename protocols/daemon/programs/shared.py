"""A process for all clients."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING

from protocols.daemon.carriers import Carriers
from protocols.daemon.programs.running import OF_SILENCE, Place, invocation_of, runner_of
from protocols.daemon.spec.program import ProgramSpec
from protocols.framing import Lines
from protocols.handlers.program.shared import WIRES, SharedDatagrams, SharedProgram
from protocols.shared_program import FOLDER

if TYPE_CHECKING:
    from protocols.daemon.assembly import Assembly


def shared_carriers(assembly: Assembly) -> Carriers:
    """What serves a program that all clients share."""
    spec, limits = assembly.spec.program, assembly.spec.limits
    assert spec is not None
    program = shared_program(spec, assembly, limits.model_fields_set)
    datagrams = SharedDatagrams(program, silence=limits.idle)
    assembly.carriers.stops.insert(0, datagrams.stop)
    return assembly.serve(program, datagrams, assembly.framing(Lines()))


def shared_program(spec: ProgramSpec, place: Place, limits: Collection[str]) -> SharedProgram:
    """The program of `spec`, which is started and ended with the service.

    :param limits: those that the service names.
    """
    processes = spec.processes or 1
    runner = runner_of(spec, place, processes=processes, is_ended=False)
    invocation = invocation_of(spec, place)
    told = {"POLYPORT_PROTOCOL": spec.protocol, "POLYPORT_KIT": FOLDER}
    program = SharedProgram(
        replace(invocation, environment={**told, **invocation.environment}),
        runner,
        WIRES[spec.protocol],
        processes=processes,
        keeps=spec.lost == "keep",
        idle=float(spec.idle or 0),
        patience=float(spec.patience),
        close_wait=float(spec.close_wait),
        watches_silence=not OF_SILENCE.isdisjoint(limits),
    )
    carriers = place.carriers
    carriers.starts.append(program.begin)
    carriers.stops.append(program.stop)
    return program

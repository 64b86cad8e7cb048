"""A program that accepts by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from protocols.daemon.carriers import Carriers
from protocols.daemon.programs.running import invocation_of, runner_of
from protocols.handlers.program.wait import WaitingProgram

if TYPE_CHECKING:
    from protocols.daemon.assembly import Assembly


def wait_carriers(assembly: Assembly) -> Carriers:
    """What starts a program that has the sockets of the service."""
    spec = assembly.spec.program
    assert spec is not None
    runner, invocation = runner_of(spec, assembly, processes=1), invocation_of(spec, assembly)
    assembly.carriers.waiting = WaitingProgram(invocation, runner)
    return assembly.carriers

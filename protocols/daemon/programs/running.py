"""From ``program`` to what runs it."""

from __future__ import annotations

import os
import resource
from math import ceil
from typing import Any, Protocol

from protocols.daemon.carriers import Carriers
from protocols.daemon.loader import Loaded
from protocols.daemon.privileges import Plan, plan_of
from protocols.daemon.spec.program import ProgramSpec, RLimitsSpec
from protocols.daemon.spec.server import ServerSpec
from protocols.handlers.program import Confinement, Invocation, Runner

PROCESSES = 64
"""Programs of a service at a time, unless it says otherwise: more than most machines have work for, and few
enough that each gets some of their memory."""


OF_SILENCE = frozenset({"idle", "first_byte"})
"""Limits that whoever names them wants for silent clients of programs too."""


class Place(Protocol):
    """Where a program stands: in a service, or in one of its routes."""

    @property
    def loaded(self) -> Loaded: ...

    @property
    def reactor(self) -> Any: ...

    @property
    def carriers(self) -> Carriers:
        """What is done before the first connection, and after the last."""


def runner_of(
    spec: ProgramSpec, place: Place, *, processes: int | None = None, is_ended: bool = True
) -> Runner:
    """What runs the program of `spec`; it is ready before the first connection, and ended with the service.

    :param processes: how many run at a time, if it is not for `spec` to say.
    :param is_ended: whether it is; else by whoever asked for it.
    """
    carriers = place.carriers
    runner = Runner(
        carriers.journal.service,
        place.reactor,
        processes=processes or spec.processes or PROCESSES,
        queue=spec.queue,
        patience=float(spec.patience),
        confinement=confinement_of(spec, place.loaded.config.server),
        errors=spec.errors,
        close_wait=float(spec.close_wait),
        term_wait=float(spec.term_wait),
    )
    if runner.confinement.needs_root:
        carriers.privileged.append(runner.spawner.begin)
    carriers.starts.append(runner.prepare)
    if is_ended:
        carriers.stops.append(runner.stop)
    return runner


def invocation_of(spec: ProgramSpec, place: Place) -> Invocation:
    """What is run."""
    inherited = {name: os.environ[name] for name in spec.inherit if name in os.environ}
    return Invocation(
        place.carriers.journal.service,
        spec.arguments,
        str(spec.folder or place.loaded.origin.folder),
        {**inherited, **spec.environment},
    )


def confinement_of(spec: ProgramSpec, server: ServerSpec) -> Confinement:
    """What the program may, and as whom it runs; the accounts are known to exist."""
    plan = plan_of(spec)
    if plan.uid is None and (plan.gid is not None or spec.nice < 0):
        # What runs it begins while the daemon is root still, and must not stay so where the daemon does not.
        of_server = plan_of(server)
        group = of_server if plan.gid is None else plan
        umask = of_server.umask if plan.umask is None else plan.umask
        plan = Plan(of_server.uid, group.gid, group.groups, umask)
    return Confinement(
        plan.uid,
        plan.gid,
        plan.groups,
        plan.umask,
        spec.nice,
        spec.no_new_privileges,
        rlimits_of(spec.rlimits),
    )


def rlimits_of(spec: RLimitsSpec) -> dict[int, int]:
    """The numbers and values of limits, as setrlimit(2) has them."""
    given = {
        resource.RLIMIT_AS: spec.memory,
        resource.RLIMIT_CPU: None if spec.cpu is None else ceil(spec.cpu),
        resource.RLIMIT_NOFILE: spec.files,
        resource.RLIMIT_NPROC: spec.processes,
        resource.RLIMIT_FSIZE: spec.file_size,
        resource.RLIMIT_CORE: spec.core,
    }
    return {number: int(value) for number, value in given.items() if value is not None}

"""A process for each message, or a pool of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from protocols.daemon.carriers import Carriers
from protocols.daemon.framings import framing_for
from protocols.daemon.programs.running import invocation_of, runner_of
from protocols.framing import Lines
from protocols.handlers.program.message import MessageProgram, Once, Pool
from protocols.handlers.program.message.once import DEADLINE, OUTPUT

if TYPE_CHECKING:
    from protocols.daemon.assembly import Assembly


def message_carriers(assembly: Assembly) -> Carriers:
    """What serves a program that answers messages."""
    framing = assembly.framing(Lines())
    spec = assembly.spec.program
    assert spec is not None
    runner, invocation = runner_of(spec, assembly, processes=spec.pool), invocation_of(spec, assembly)
    deadline = float(spec.deadline or DEADLINE)
    if spec.pool is not None:
        pool = Pool(
            invocation,
            runner,
            Lines() if spec.stdio is None else framing_for(spec.stdio),
            size=spec.pool,
            recycle=spec.recycle or 0,
            idle=float(spec.idle or 0.0),
            deadline=deadline,
            queue=spec.queue,
            patience=float(spec.patience),
        )
        pooled = MessageProgram(pool, invocation, runner)
        return assembly.serve(pooled, pooled, framing)

    def once(*, lines: bool) -> MessageProgram:
        answers = Once(
            invocation,
            runner,
            replies=spec.replies or ("lines" if lines else "whole"),
            cut=lines,
            deadline=deadline,
            output=int(spec.output or OUTPUT),
        )
        return MessageProgram(answers, invocation, runner)

    return assembly.serve(once(lines=isinstance(framing, Lines)), once(lines=False), framing)

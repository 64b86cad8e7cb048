"""A process for each message, or a pool of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from protocols.daemon.carriers import Carriers
from protocols.daemon.framings import framing_for
from protocols.daemon.programs.running import Place, invocation_of, runner_of
from protocols.daemon.spec.program import ProgramSpec
from protocols.framing import Lines
from protocols.handlers.program.message import MessageProgram, Once, Pool
from protocols.handlers.program.message.once import DEADLINE, OUTPUT

if TYPE_CHECKING:
    from protocols.daemon.assembly import Assembly


def message_carriers(assembly: Assembly) -> Carriers:
    """What serves a program that answers messages."""
    framing = assembly.framing(Lines())
    assert assembly.spec.program is not None
    of = message_programs(assembly.spec.program, assembly)
    return assembly.serve(of(isinstance(framing, Lines)), of(False), framing)


def message_programs(spec: ProgramSpec, place: Place) -> Callable[[bool], MessageProgram]:
    """What answers messages by the program of `spec`, all by the same processes, given whether messages are
    lines of text where they come from."""
    runner, invocation = runner_of(spec, place, processes=spec.pool), invocation_of(spec, place)
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
        return lambda are_lines: MessageProgram(pool, invocation, runner)

    def once(are_lines: bool) -> MessageProgram:
        answers = Once(
            invocation,
            runner,
            replies=spec.replies or ("lines" if are_lines else "whole"),
            cut=are_lines,
            deadline=deadline,
            output=int(spec.output or OUTPUT),
        )
        return MessageProgram(answers, invocation, runner)

    return once

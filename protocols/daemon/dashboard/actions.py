"""What people may have the daemon do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from protocols.daemon.control.operations import OperationError, Operations
from protocols.daemon.control.status import Outcome
from protocols.http import Form, HTTPError

log = Logger(namespace="polyport")

WAITED: Final = 2.0
"""Seconds that a page waits for the end of something that takes as long as others want it to: a service that
drains may be the page's own, which would wait for itself."""


@dataclass(frozen=True, slots=True)
class Action:
    """One of them."""

    run: Callable[[Operations, str], Deferred[Outcome]]
    under_way: str
    """What to say of it when it is not done after :data:`WAITED`."""
    question: str = ""
    """What to ask before; nothing where no harm is done."""


ACTIONS: Final[Mapping[str, Action]] = {
    "reload": Action(
        lambda operations, _: operations.reload(),
        "The reload takes a while; the page will show what became of it",
    ),
    "drain": Action(
        lambda operations, service: operations.drain(service),
        "{subject} listens no more, and waits for its connections to finish",
        "Have {subject} listen no more, and end when its connections have finished? "
        "It stays off until the next reload.",
    ),
    "kill": Action(
        lambda operations, connection: operations.kill(connection),
        "The connection {subject} is being closed",
        "Close the connection {subject} at once, whatever is under way?",
    ),
    "forgive": Action(
        lambda operations, source: operations.forgive(source), "{subject} is being let in again"
    ),
}
"""By the name of the button, whose value is the subject."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants to be done."""

    name: str
    subject: str
    confirmed: bool
    token: str

    @property
    def question(self) -> str:
        """What is still to be asked; empty if nothing is."""
        return "" if self.confirmed else ACTIONS[self.name].question.format(subject=self.subject)


def wish_of(form: Form) -> Wish:
    """What the form of a page says.

    Raises :class:`HTTPError` (400) if that is nothing, or several things.
    """
    names = [name for name in ACTIONS if name in form]
    if len(names) != 1:
        raise HTTPError(400, "One thing is to be done at a time")
    return Wish(names[0], form.get(names[0]) or "", form.get("confirmed") == "yes", form.get("token") or "")


def carry_out(wish: Wish, operations: Operations, clock: IReactorTime) -> Deferred[Outcome]:
    """Do it, and say within :data:`WAITED` what became of it; it goes on after that, and also if nobody waits
    for the answer any more."""
    action = ACTIONS[wish.name]

    def tell(outcome: Any) -> None:
        if timer.active():
            timer.cancel()
            answer.callback(outcome)
        elif isinstance(outcome, Failure):
            log.failure("{name} {subject} failed", outcome, name=wish.name, subject=wish.subject)

    def tell_later() -> None:
        answer.callback(Outcome(done=True, text=action.under_way.format(subject=wish.subject)))

    def nobody_waits(_: object) -> None:
        if timer.active():
            timer.cancel()

    answer: Deferred[Outcome] = Deferred(nobody_waits)
    timer = clock.callLater(WAITED, tell_later)
    maybeDeferred(action.run, operations, wish.subject).addErrback(_refused).addBoth(tell)
    return answer


def _refused(failure: Failure) -> Outcome:
    failure.trap(OperationError)
    return Outcome(done=False, text=failure.getErrorMessage())

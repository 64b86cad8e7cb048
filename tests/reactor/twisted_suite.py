"""Runs Twisted's own tests on one reactor: ``twisted_suite.py epoll|polyport MODULE…``.

Writes ``name outcome`` for each test to standard output; a program of its own, since a process has one
reactor, and Twisted's tests of reactors decide as they are imported which of them they are for.
"""

from __future__ import annotations

import sys
from typing import Any

REACTOR, *MODULES = sys.argv[1:]

if REACTOR == "polyport":
    from protocols.reactor.reactor import Reactor, install
else:
    from twisted.internet.epollreactor import EPollReactor as Reactor
    from twisted.internet.epollreactor import install
install()

from twisted.internet.test import reactormixins  # noqa: E402
from twisted.python.reflect import fullyQualifiedName  # noqa: E402
from twisted.trial.reporter import TestResult  # noqa: E402
from twisted.trial.runner import TestLoader, TrialRunner  # noqa: E402

EXCUSED = {
    # Skips EPollReactor, by name: a descriptor that is closed leaves the epoll set, so nothing is noticed.
    "test_lostFileDescriptor",
}


class Outcomes(TestResult):
    """Prints what became of each test, by the name it has on every reactor."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__()

    def _say(self, test: Any, outcome: str) -> None:
        name = test.id().replace(f"_{Reactor.__name__}Tests", "")
        print(name, outcome, flush=True)

    def addSuccess(self, test: Any) -> None:
        self._say(test, "success")

    def addFailure(self, test: Any, fail: Any) -> None:
        self._say(test, "failure")
        print(fail, file=sys.stderr)

    addError = addFailure

    def addSkip(self, test: Any, reason: object) -> None:
        self._say(test, "skip")

    def done(self) -> None:
        """Nothing is left to say."""


def unexcused(suite: Any) -> Any:
    kept = type(suite)()
    for test in suite:
        if hasattr(test, "__iter__"):
            kept.addTest(unexcused(test))
        elif test.id().rsplit(".", 1)[1] not in EXCUSED:
            kept.addTest(test)
    return kept


if __name__ == "__main__":
    reactormixins.ReactorBuilder._reactors = [fullyQualifiedName(Reactor)]
    suite = unexcused(TestLoader().loadByNames(MODULES, recurse=True))
    TrialRunner(Outcomes, workingDirectory="trial").run(suite)

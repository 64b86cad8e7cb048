"""A route to a WSGI application."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred

from protocols.handlers.deadline import Deadlines
from protocols.handlers.threads import ThreadPool
from protocols.http.contract import METHODS
from protocols.http.request import StreamingRequest
from protocols.http.response import Response
from protocols.http.routes.app_interface import check_wsgi
from protocols.http.routes.wsgi.application import Application
from protocols.http.routes.wsgi.call import Call, Runtime
from protocols.journal import Journal

THREADS = 8
"""Threads of one application: requests it answers at a time."""

QUEUE = 64
"""Requests that may wait for a thread: more than that would wait longer than their clients."""

TIMEOUT = 30.0
"""Seconds until the response has to begin."""


class WSGIRoute:
    """Answers what a WSGI application answers (PEP 3333), each request in a thread from its first line to
    the last block of its body.

    :param application: called with the environment of a request and ``start_response``.
    :param name: what it is called in messages.
    :param threads: requests it answers at a time.
    :param queue: requests that may wait for a thread; further ones get status 503.
    :param timeout: seconds until the response has to begin, from the last piece of the content on.

    Raises :class:`TypeError` for an `application` that is certainly none of WSGI.
    """

    methods = METHODS
    subtree = False
    streams = True

    def __init__(
        self,
        application: Application,
        *,
        reactor: Any,
        journal: Journal,
        name: str = "application",
        threads: int = THREADS,
        queue: int = QUEUE,
        timeout: float = TIMEOUT,
    ) -> None:
        check_wsgi(application, name)
        self._runtime = Runtime(
            application,
            reactor,
            ThreadPool(reactor, threads, name),
            queue,
            Deadlines(timeout, reactor),
            journal,
            f"{name} did not begin its response within {timeout:g} s",
        )

    def respond(self, request: StreamingRequest, rest: str) -> Deferred[Response]:
        return Call(self._runtime, request, rest).start()

    def stop(self) -> None:
        """End the threads."""
        self._runtime.deadlines.stop()
        self._runtime.threads.stop()

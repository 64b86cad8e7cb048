"""A route that runs programs (RFC 3875)."""

from __future__ import annotations

import errno
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from twisted.internet.defer import Deferred

from protocols.handlers.program import Command, CrowdedError, Process, Runner
from protocols.handlers.program.runner import PROCESSES, QUEUE
from protocols.http.contract import METHODS, Answer
from protocols.http.errors import HTTPError
from protocols.http.local_redirect import LocalRedirect
from protocols.http.request import StreamingRequest
from protocols.http.response import BODILESS, Response
from protocols.http.routes.cgi.command_line import query_words
from protocols.http.routes.cgi.content import Content, collected
from protocols.http.routes.cgi.faults import ScriptError
from protocols.http.routes.cgi.head import ScriptHead
from protocols.http.routes.cgi.metavariables import Surroundings, metavariables
from protocols.http.routes.cgi.output import ScriptOutput
from protocols.http.routes.cgi.script import Script, Scripts
from protocols.http.target import split_target
from protocols.journal import Journal
from protocols.session import Peer

TIMEOUT: Final = 30.0
"""Seconds a script may keep a client waiting."""

RETRY_AFTER: Final = "5"
"""Seconds after which a client that was turned away may try again."""

_EXHAUSTED: Final = frozenset({errno.EAGAIN, errno.EMFILE, errno.ENFILE, errno.ENOMEM})
"""Why a program cannot be started now, though perhaps later."""


class CgiRoute:
    """Runs one of `scripts` for each request.

    :param documents: the folder that PATH_TRANSLATED begins with; by default that of the scripts.
    :param environment: more variables for the scripts, which have nothing of the daemon's own.
    :param authorization: whether they get HTTP_AUTHORIZATION.
    :param words: whether the words of an indexed query are their arguments.
    :param timeout: seconds a script may keep a client waiting, for its header or for more of the content.
    :param processes: scripts that run at a time.
    :param queue: requests that wait for one of these to end; more get status 503.

    .. attribute:: runner

       What runs them.
    """

    methods = METHODS
    subtree = False
    streams = True

    def __init__(
        self,
        scripts: Scripts,
        *,
        reactor: Any,
        journal: Journal,
        documents: str | Path | None = None,
        environment: Mapping[str, str] | None = None,
        authorization: bool = False,
        words: bool = True,
        timeout: float = TIMEOUT,
        processes: int = PROCESSES,
        queue: int = QUEUE,
    ) -> None:
        self._scripts = scripts
        self._reactor = reactor
        self._journal = journal
        self._words = words
        self._timeout = timeout
        self._surroundings = Surroundings(
            str(documents or scripts.root), dict(environment or {}), authorization
        )
        self.runner = Runner(journal.service, reactor, processes=processes, queue=queue, patience=timeout)

    def respond(self, request: StreamingRequest, rest: str) -> Deferred[Answer]:
        script = self._scripts.find(rest)
        return Deferred.fromCoroutine(self._answer(request, script, rest))

    def stop(self) -> Deferred[None]:
        """End the scripts that still run."""
        return self.runner.stop()

    async def _answer(self, request: StreamingRequest, script: Script, rest: str) -> Answer:
        label = script.name or Path(script.file).name
        process = await self._started(request, script, rest, label)
        output = ScriptOutput(process, self._timeout, self._reactor)
        try:
            head = await output.head(whole=script.writes_head)
            if script.writes_head:
                assert head.status is not None
                return _passed_on(request, head.status, head, output)
            return await _answer_of(request, head, output)
        except ScriptError as error:
            output.close()
            self._journal.failed(request.peer, ScriptError(f"{label}: {error}"), request=request.id)
            raise HTTPError(502, "The program behind this path did not answer as it should") from None
        except BaseException:
            output.close()
            raise

    async def _started(self, request: StreamingRequest, script: Script, rest: str, label: str) -> Process:
        """The script's process, which reads the content of `request`."""
        content = await collected(request.body)
        try:
            await self._turn()
            words = query_words(request) if self._words and script.takes_words else ()
            variables = metavariables(request, script, rest, content.length, self._surroundings)
            command = Command((*script.arguments, *words), script.folder, variables)
            process = await self._start(request, command, label, content.stdin)
        finally:
            content.close()
        Deferred.fromCoroutine(self._feed(content, process, request.peer))
        return process

    async def _feed(self, content: Content, process: Process, peer: Peer) -> None:
        try:
            await content.feed(process)
        except Exception as error:  # noqa: BLE001 - nobody waits for it
            process.end()
            self._journal.failed(peer, error)

    async def _turn(self) -> None:
        try:
            await self.runner.turn()
        except CrowdedError:
            raise _busy() from None

    async def _start(
        self, request: StreamingRequest, command: Command, label: str, stdin: int | None
    ) -> Process:
        try:
            return await self.runner.start(command, label, stdin)
        except (OSError, ValueError) as error:
            reason = ScriptError(f"{label} cannot be started: {error}")
            self._journal.failed(request.peer, reason, request=request.id)
            if isinstance(error, OSError) and error.errno in _EXHAUSTED:
                raise _busy() from None
            raise HTTPError(500) from None


def _busy() -> HTTPError:
    return HTTPError(503, "Too many programs are running", {"Retry-After": RETRY_AFTER})


async def _answer_of(request: StreamingRequest, head: ScriptHead, output: ScriptOutput) -> Answer:
    """The answer that a script gave by CGI's rules (RFC 3875, section 6.2).

    A Location that is a path, without a Status, is a local redirect; any other sends the client there,
    with status 302 unless it says another.
    """
    location = head.location
    if location is not None and head.status is None and location.startswith("/") and "#" not in location:
        _check_target(location)
        output.close()
        return LocalRedirect(location)
    status = head.status or (200 if location is None else 302)
    if head.content_type is None and status not in BODILESS:
        if not await output.is_empty():
            raise ScriptError("there is content, and no Content-Type in the header")
        output.close()
        return Response.passed_on(status, head.fields)
    return _passed_on(request, status, head, output)


def _passed_on(request: StreamingRequest, status: int, head: ScriptHead, output: ScriptOutput) -> Response:
    # Of a HEAD nobody knows how long the content would have been.
    content = None if request.method == "HEAD" or status in BODILESS else output.short()
    if content is None:
        return Response.passed_on(status, head.fields, output)
    output.close()
    return Response.passed_on(status, head.fields, content)


def _check_target(location: str) -> None:
    try:
        split_target(location)
    except HTTPError as error:
        raise ScriptError(f"Location is not a path of this site: {error.detail}") from None

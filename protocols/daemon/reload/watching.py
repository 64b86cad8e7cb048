"""Notices that files have changed, once for each time that somebody works on them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from twisted.internet.defer import maybeDeferred
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from protocols.daemon.reload.watched import State, Watched
from protocols.inotify import Inotify

log = Logger(namespace="polyport")

REST: Final = 0.5
"""Seconds in which nothing happens, before what has happened is looked at: editors save in several steps, and
people several files."""

LATEST: Final = 5.0
"""Seconds after which it is looked at all the same, in a directory that is never at rest."""

POLL: Final = 1.0
"""Seconds between two looks where the kernel does not tell."""


class Watch:
    """Calls `changed` when what is watched has changed, and has been at rest for a moment.

    What has changed once is told once, whatever becomes of it.  While the Deferred that `changed` may return
    has not fired, nothing more is told.

    :param watched: what is to be watched; asked anew whenever `changed` is done.
    :param notify: makes what hears the kernel.
    """

    def __init__(
        self,
        reactor: Any,
        watched: Callable[[], Watched],
        changed: Callable[[], object],
        notify: Callable[[Any, Callable[[], object]], Inotify] = Inotify,
    ) -> None:
        self._reactor = reactor
        self._make = watched
        self._changed = changed
        self._notify = notify
        self._watched: Watched | None = None
        self._known: State = {}
        """How everything looked that was told of."""
        self._seen: State | None = None
        """How it looked a moment ago, where the kernel does not tell."""
        self._inotify: Inotify | None = None
        self._call: IDelayedCall | None = None
        self._since = 0.0
        """When the first of those things happened that have not been looked at."""
        self._is_busy = False

    @property
    def polls(self) -> bool:
        """Whether it looks by itself, for the kernel does not tell."""
        return self._watched is not None and self._inotify is None

    def start(self) -> None:
        """Notice changes from now on; if it does so already, :meth:`renew`."""
        if self._watched is not None:
            self.renew()
            return
        self._watched = self._make()
        try:
            self._inotify = self._notify(self._reactor, self._happened)
        except OSError as error:
            self._poll(error)
        self._watch()
        self._known = self._watched.state()
        self._again()

    def stop(self) -> None:
        """Notice nothing any more."""
        self._watched = None
        if self._inotify is not None:
            self._inotify.stop()
            self._inotify = None
        if self._call is not None:
            self._call.cancel()
            self._call = None

    def renew(self) -> None:
        """Ask what is to be watched, because it may be something else now."""
        if self._watched is None:
            return
        self._watched = self._make()
        self._watch()
        now = self._watched.state()
        # What happened to the rest meanwhile is still to be told.
        self._known = {key: self._known.get(key, value) for key, value in now.items()}
        if now != self._known:
            self._happened()

    def _watch(self) -> None:
        if self._inotify is not None and self._watched is not None:
            try:
                self._inotify.watch(self._watched.directories())
            except OSError as error:
                self._inotify.stop()
                self._inotify = None
                self._poll(error)
                self._again()

    def _poll(self, error: OSError) -> None:
        log.info("watch: looking each second, because the kernel cannot tell: {error}", error=error)

    def _happened(self) -> None:
        now = self._reactor.seconds()
        if self._call is None:
            self._since = now
            self._call = self._reactor.callLater(POLL if self.polls else REST, self._look)
        elif not self.polls:
            self._call.reset(max(0.0, min(REST, self._since + LATEST - now)))

    def _again(self) -> None:
        """Look again by itself, if need be."""
        if self.polls and self._call is None:
            self._happened()

    def _look(self) -> None:
        self._call = None
        if self._is_busy or self._watched is None:
            return
        self._watch()
        state = self._watched.state()
        is_new = state != self._known
        if is_new and (not self.polls or state == self._seen):
            self._known = state
            self._tell()
        self._seen = state
        self._again()

    def _tell(self) -> None:
        self._is_busy = True
        done = maybeDeferred(self._changed)
        done.addErrback(self._failed)
        done.addCallback(self._done)

    def _failed(self, failure: Failure) -> None:
        log.failure("watch: what was to be done about a change failed", failure)

    def _done(self, result: object) -> None:
        self._is_busy = False
        self.renew()
        self._again()

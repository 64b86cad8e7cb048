"""What the operator hears of a target that does not answer."""

from __future__ import annotations

from twisted.logger import Logger

log = Logger(namespace="polyport")

WARN_EVERY = 60.0
"""Seconds between two warnings of one target: clients decide how often it is tried."""


class Outage:
    """Tells of a target that fails, but not more often than every :data:`WARN_EVERY` seconds, and of its
    return if it has told of its failure.

    :param service: whose target it is, for the log.
    """

    def __init__(self, service: str, target: object) -> None:
        self._service = service
        self._target = target
        self._failures = 0  # since it was last there
        self._told = False  # of one of them
        self._told_at = -WARN_EVERY

    def failed(self, reason: str, now: float) -> None:
        """It could not be reached at `now`, in seconds."""
        self._failures += 1
        if now - self._told_at < WARN_EVERY:
            log.debug(
                "{service}: cannot forward to {target}: {reason}",
                service=self._service,
                target=self._target,
                reason=reason,
            )
            return
        self._told = True
        self._told_at = now
        log.warn(
            "{service}: cannot forward to {target}: {reason}{more}",
            service=self._service,
            target=self._target,
            reason=reason,
            more=f" ({self._failures} failures in a row)" if self._failures > 1 else "",
        )

    def succeeded(self) -> None:
        """It is there."""
        if self._told:
            log.info(
                "{service}: {target} can be forwarded to again (failures: {count})",
                service=self._service,
                target=self._target,
                count=self._failures,
            )
            self._told = False
        self._failures = 0

    def down(self, reason: str) -> None:
        """It is chosen no more as long as others are up."""
        log.warn(
            "{service}: {target} is down: {reason}", service=self._service, target=self._target, reason=reason
        )

    def up(self) -> None:
        """It is chosen again."""
        log.info("{service}: {target} is up again", service=self._service, target=self._target)

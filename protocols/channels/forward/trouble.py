"""What the operator hears of a forward that does not get on."""

from __future__ import annotations

from typing import Final

from twisted.logger import Logger

log = Logger(namespace="polyport")

WARN_EVERY: Final = 60.0
"""Seconds between two warnings: a target that fails and answers in turn would fill the log."""


class Trouble:
    """Tells of an outage of `target` once, when it begins, and of its end.

    :param forward: what the log calls the forward.
    """

    def __init__(self, forward: str, target: object) -> None:
        self._forward = forward
        self._target = target
        self._failures = 0
        self._since = 0.0
        self._is_told = False
        self._told_at = -WARN_EVERY

    def failed(self, reason: str, now: float) -> None:
        """An attempt came to nothing at `now`, in seconds."""
        if not self._failures:
            self._since = now
        self._failures += 1
        if self._is_told or now - self._told_at < WARN_EVERY:
            log.debug(
                "{forward}: cannot pass on to {target}: {reason}",
                forward=self._forward,
                target=self._target,
                reason=reason,
            )
            return
        self._is_told = True
        self._told_at = now
        log.warn(
            "{forward}: cannot pass on to {target}: {reason}",
            forward=self._forward,
            target=self._target,
            reason=reason,
        )

    def over(self, now: float) -> None:
        """A message was passed on at `now`, in seconds."""
        if self._is_told:
            self._is_told = False
            log.info(
                "{forward}: {target} takes messages again, after {seconds:.0f} s (failures: {count})",
                forward=self._forward,
                target=self._target,
                seconds=now - self._since,
                count=self._failures,
            )
        self._failures = 0

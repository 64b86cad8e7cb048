"""What the operator hears of a forward that does not get on."""

from __future__ import annotations

from typing import Final

from twisted.logger import Logger

log = Logger(namespace="polyport")

OUTAGES: Final = 10
"""Outages of one target that are told of in a minute: more than one sees who mends it, while a target that
fails and answers in turn would fill the log."""

MINUTE: Final = 60.0
"""Seconds."""


class Trouble:
    """Tells of each outage of `target` once, when it begins, and of its end.

    Of more than :data:`OUTAGES` in a minute the others are only counted; one that lasts is told of when the
    minute is over.

    :param forward: what the log calls the forward.
    """

    def __init__(self, forward: str, target: object) -> None:
        self._forward = forward
        self._target = target
        self._failures = 0
        self._since = 0.0
        self._is_told = False
        self._told = 0  # outages, in the minute
        self._until = 0.0  # its end
        self._left_out = 0  # outages, since one was told of

    def failed(self, reason: str, now: float) -> None:
        """An attempt came to nothing at `now`, in seconds."""
        if not self._failures:
            self._since = now
        self._failures += 1
        if self._is_told or not self._may_tell(now):
            log.debug(
                "{forward}: cannot pass on to {target}: {reason}",
                forward=self._forward,
                target=self._target,
                reason=reason,
            )
            return
        self._is_told = True
        left_out, self._left_out = self._left_out, 0
        log.warn(
            "{forward}: cannot pass on to {target}: {reason}{others}",
            forward=self._forward,
            target=self._target,
            reason=reason,
            others=f" (outages before that no line was written of: {left_out})" if left_out else "",
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
        elif self._failures:
            self._left_out += 1
        self._failures = 0

    def _may_tell(self, now: float) -> bool:
        """Whether there may be one more line in this minute, which is counted then."""
        if now >= self._until:
            self._until = now + MINUTE
            self._told = 0
        self._told += 1
        return self._told <= OUTAGES

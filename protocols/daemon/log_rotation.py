"""SIGUSR1: every log file begins anew, as with twistd's own."""

from __future__ import annotations

import signal
from collections.abc import Callable
from types import FrameType

_rotates: list[Callable[[], object]] = []


def rotate_on_signal(rotate: Callable[[], object]) -> None:
    """Call `rotate` in the reactor whenever SIGUSR1 comes, unless somebody else has claimed it."""
    _rotates.append(rotate)
    if is_free(signal.SIGUSR1):
        signal.signal(signal.SIGUSR1, _came)


def is_free(number: signal.Signals) -> bool:
    """Whether no code, such as the user's, has claimed the signal."""
    return signal.getsignal(number) in (signal.SIG_DFL, signal.SIG_IGN)


def _came(number: int, frame: FrameType | None) -> None:
    from twisted.internet import reactor

    for rotate in _rotates:
        reactor.callFromThread(rotate)  # type: ignore[attr-defined]  # the module stands for it

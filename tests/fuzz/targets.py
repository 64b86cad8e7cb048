"""What is fuzzed.  Each check returns what happened, in a word, and raises for what must not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from codec_targets import CODEC_TARGETS
from framing_targets import FRAMING_TARGETS, header_targets
from http_targets import HTTP_TARGETS


@dataclass(frozen=True, slots=True)
class Target:
    """One part of Polyport that reads what peers send."""

    name: str
    corpus: Sequence[bytes]
    tokens: Sequence[bytes]
    check: Callable[[list[bytes]], str]
    share: float = 1.0
    """How much of the inputs it gets, next to the others: less where each takes long."""


TARGETS: list[Target] = [
    Target(*each) for each in (*FRAMING_TARGETS, *header_targets(), *CODEC_TARGETS, *HTTP_TARGETS)
]

"""From a framing's specification to the framing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from protocols.daemon.spec.framing import FramingSpec
from protocols.framing import Delimited, Fixed, Framing, Length, Lines, Netstring, Raw

FRAMINGS: Final[Mapping[str, Callable[[Any], Framing]]] = {
    "lines": lambda spec: Lines(spec.ending, spec.limit),
    "delimited": lambda spec: Delimited(spec.delimiter, spec.limit),
    "length": lambda spec: Length(
        spec.bytes, spec.order, spec.includes_header, spec.offset, spec.signed, spec.limit
    ),
    "netstring": lambda spec: Netstring(spec.limit),
    "fixed": lambda spec: Fixed(spec.size),
    "raw": lambda spec: Raw(spec.limit),
}
"""What the YAML calls each framing, and how it is made from its settings."""


def framing_for(spec: FramingSpec) -> Framing:
    """The framing that `spec` describes."""
    return FRAMINGS[spec.kind](spec.settings)

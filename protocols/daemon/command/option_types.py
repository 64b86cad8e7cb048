"""Types of command-line values; what reads them is imported when there is one to read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

if TYPE_CHECKING:
    from protocols.daemon.spec.address import Address
    from protocols.daemon.spec.values import Duration, Size


def _parse_address(text: str) -> Address:
    from protocols.daemon.spec.address import Address

    address = Address.parse(text)
    if address.scheme == "fd":
        raise ValueError("fd:// is for sockets that systemd hands to the daemon")
    return address


def _parse_server(text: str) -> Address | str:
    return text if text.startswith(("http://", "https://")) else _parse_address(text)


def _parse_duration(text: str) -> Duration:
    from protocols.daemon.spec.values import Duration

    return Duration(0) if text == "0" else Duration.parse(text)


def _parse_size(text: str) -> Size:
    from protocols.daemon.spec.values import Size

    size = Size.parse(text)
    if size < 1:
        raise ValueError("must be at least 1 byte")
    return size


def _check_framing(text: str) -> str:
    from protocols.framing.limit import DEFAULT_LIMIT
    from protocols.framing_syntax import parse_framing

    parse_framing(text, DEFAULT_LIMIT)
    return text


class ParsedText(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.2 only
    """A value that `parse` reads, whose :class:`ValueError` says what is wrong with it.

    :param beginnings: what the shell offers to complete.
    """

    def __init__(self, name: str, parse: Callable[[str], Any], beginnings: Sequence[str] = ()) -> None:
        self.name = name
        self._parse = parse
        self._beginnings = beginnings

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not isinstance(value, str):
            return value
        try:
            return self._parse(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        return [CompletionItem(word) for word in self._beginnings if word.startswith(incomplete)]


ADDRESS = ParsedText(
    "address", _parse_address, ("tcp://", "tls://", "udp://", "unix:///", "unix:@", "unixgram:///")
)
"""An :class:`~protocols.daemon.spec.address.Address`."""

SERVER = ParsedText(
    "address",
    _parse_server,
    ("tcp://", "tls://", "udp://", "unix:///", "unix:@", "unixgram:///", "http://", "https://"),
)
"""An :class:`~protocols.daemon.spec.address.Address`, or the URL of something of HTTP's."""

DURATION = ParsedText("duration", _parse_duration)
"""Seconds as a float, written ``10s`` or ``500ms``; ``0`` needs no unit."""

SIZE = ParsedText("size", _parse_size)
"""Bytes, at least 1, written ``64KiB``."""

FRAMING = ParsedText(
    "framing",
    _check_framing,
    ("lines", "lines:crlf", "delimited:", "length", "length:2", "netstring", "fixed:", "raw"),
)
"""The text of a framing that can be parsed (the limit, another option, decides what it becomes)."""

"""The options that say what messages look like, the same for ``send`` and ``listen``."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from protocols.daemon.command.option_types import FRAMING, SIZE
from protocols.daemon.command.typed_text import CODEC_NAMES

if TYPE_CHECKING:
    from protocols.daemon.spec.address import Address
    from protocols.framing import Framing

F = TypeVar("F", bound=Callable[..., Any])

CODEC_HELP = """\
  bytes                 as is (the default); text: the same, and it must be UTF-8
  json                  checked, and shown on one line
  msgpack, pickle       typed and shown as JSON, converted on the way"""
"""What each codec means here, for a command's help."""


def message_options(function: F) -> F:
    """Add ``--framing``, ``--codec`` and ``--limit`` to a command."""
    options = (
        click.option(
            "--framing",
            "-f",
            type=FRAMING,
            metavar="FRAMING",
            help="How bytes become messages on a stream.  [default: lines]",
        ),
        click.option(
            "--codec",
            "-c",
            type=click.Choice(CODEC_NAMES),
            default=CODEC_NAMES[0],
            show_default=True,
            help="What messages hold.",
        ),
        click.option(
            "--limit",
            type=SIZE,
            default="64KiB",
            show_default=True,
            metavar="SIZE",
            help="The longest message to accept.",
        ),
    )
    for option in reversed(options):
        function = option(function)
    return function


def chosen_framing(address: Address, text: str | None, limit: int) -> Framing | None:
    """The framing for `address`; ``None`` where datagrams need none.

    Raises :class:`click.UsageError` for a framing of datagrams.
    """
    from protocols.framing_syntax import parse_framing

    if address.family == "stream":
        return parse_framing(text or "lines", limit)
    if text is not None:
        raise click.UsageError(f"a datagram is a message already: --framing is not for {address.scheme}")
    return None

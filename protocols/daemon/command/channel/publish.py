"""``polyport channel publish``: messages for a channel."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from protocols.daemon.command.answers import print_json
from protocols.daemon.command.reaching import CHANNEL, REFUSED, STATUSES, asking, daemon_options
from protocols.daemon.command.standard_output import complain

if TYPE_CHECKING:
    from protocols.daemon.command.daemon_client import DaemonClient

AT_A_TIME = 1000
"""Lines that are published together at most, which is all or none of them."""

EPILOG = f"""\
{STATUSES}
\b
Examples:
  polyport channel publish readings 'all well'
  polyport channel publish readings '{{"bar": 2.5}}' --type application/json --key pump-3
  polyport channel publish pictures < picture.png
  polyport channel publish readings --lines < lines.txt
"""


@click.command("publish", short_help="Publish in a channel.", epilog=EPILOG)
@daemon_options
@click.argument("name", type=CHANNEL)
@click.argument("body", required=False)
@click.option("--lines", is_flag=True, help="Make a message of each line of standard input.")
@click.option("--key", default="", metavar="KEY", help="What the message is about, such as a device.")
@click.option("--id", "ident", default="", metavar="ID", help="A name with which it is published once only.")
@click.option("--type", "media", default="", metavar="TYPE", help="The media type of the body.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(
    name: str,
    body: str | None,
    file: Path | None,
    place: str | None,
    lines: bool,
    key: str,
    ident: str,
    media: str,
    as_json: bool,
) -> None:
    """Publish BODY in the channel NAME, or standard input if there is none, or it is -. The sequence number
    of the message is printed once it is as durable as the channel promises.
    """
    if lines and (ident or body not in (None, "-")):
        raise click.UsageError("--lines is for standard input, each line of which is a message of its own")
    more = {"key": key, "id": ident, "content_type": media}
    with asking(file, place) as client:
        if lines:
            _publish_lines(client, name, more, as_json)
            return
        octets = sys.stdin.buffer.read() if body in (None, "-") else os.fsencode(body or "")
        (receipt,) = _publish(client, name, [octets], more)
    if as_json:
        print_json(receipt)
        return
    click.echo(receipt["seq"])
    if not receipt["is_new"]:
        complain(f"message {receipt['seq']} of {name} has that id already")


def _publish(client: DaemonClient, name: str, bodies: Sequence[bytes], more: dict[str, str]) -> Any:
    from base64 import b64encode

    messages = [{"base64": b64encode(body).decode(), **more} for body in bodies]
    return client.call("channel_publish", patience=None, channel=name, messages=messages)


def _publish_lines(client: DaemonClient, name: str, more: dict[str, str], as_json: bool) -> None:
    from protocols.daemon.command.daemon_client import RefusedError
    from protocols.daemon.command.message_source import InputError

    published, last = 0, 0
    try:
        for bodies in _lines():
            receipts = _publish(client, name, bodies, more)
            published += len(receipts)
            last = receipts[-1]["seq"]
    except (RefusedError, InputError) as error:
        complain(f"{error}; {published} lines before it are published")
        raise SystemExit(REFUSED) from error
    if as_json:
        print_json({"published": published, "last": last})
    else:
        click.echo(f"{published} messages published" + (f", the last as {last}" if last else ""))


def _lines() -> Iterator[list[bytes]]:
    """The lines of standard input, some at a time; each soon after it has come."""
    from protocols.daemon.command.message_source import READ_SIZE, InputLines

    cutter, descriptor = InputLines(), sys.stdin.fileno()
    while data := os.read(descriptor, READ_SIZE):
        yield from _pieces(cutter.feed(data))
    yield from _pieces(cutter.rest())


def _pieces(lines: list[bytes]) -> Iterator[list[bytes]]:
    for first in range(0, len(lines), AT_A_TIME):
        yield lines[first : first + AT_A_TIME]

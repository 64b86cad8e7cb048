"""``polyport send``: a client for every framing, codec and carrier, and for HTTP."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from protocols.daemon.command.message_options import CODEC_HELP, chosen_framing, message_options
from protocols.daemon.command.option_types import DURATION, SERVER
from protocols.daemon.command.request_options import RequestOptions, request_options
from protocols.daemon.command.trust_options import FILE, client_tls, trust_options
from protocols.framing_syntax import SYNTAX

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop
    from collections.abc import Callable

    from protocols.client import Retry
    from protocols.daemon.command.message_source import MessageSource
    from protocols.daemon.spec.address import Address
    from protocols.framing import Framing

EPILOG = f"""\
\b
Framings:
{SYNTAX}

\b
Codecs:
{CODEC_HELP}

\b
When it ends:
  tcp, unix        after the last message the sending side is shut down; it ends when the server
                   closes
  tls, udp,        these cannot be shut down halfway: it ends when there is a reply for each message
  unixgram         (raw over tls: when the server closes)
  -n N             ends after N replies on all of them, without a shutdown; -n 0 sends only
  http, https      there is a request for each message; it ends after the last response
  --timeout TIME   gives up when nothing came for that long; while standard input is open, nobody is
                   hurried

\b
Exit status:
  0    as asked
  1    no connection, TLS refused, too few replies, time-out, bytes that make no sense, or a status
       of HTTP's from 400
  2    wrong usage
  130  interrupted by Ctrl-C

\b
Examples:
  polyport send tcp://localhost:7000 hello
  echo '{{"item": "tea"}}' | polyport send --codec json unix:///run/orders.sock
  polyport send --framing length:2 --codec msgpack -n 1 tcp://localhost:7100 '[1, 2]'
  polyport send --ca tls/ca.pem tls://localhost:7443 hello
  polyport send --framing netstring --whole tcp://localhost:7300 < picture.png
  polyport send --codec json http://localhost:8080/price '{{"item": "tea", "count": 3}}'
  polyport send --upload picture.png --cookie-jar cookies.txt https://files.example/pictures
"""


@click.command("send", short_help="Send messages to a server and print its replies.", epilog=EPILOG)
@click.argument("address", type=SERVER)
@click.argument("messages", nargs=-1, metavar="[MESSAGE]...")
@message_options
@click.option("--replies", "-n", type=click.IntRange(0), metavar="N", help="End after N replies.")
@click.option(
    "--timeout",
    type=DURATION,
    default="10s",
    show_default=True,
    metavar="TIME",
    help="Give up when nothing came for that long; 0 for never.",
)
@click.option(
    "--retry",
    type=click.IntRange(0),
    default=0,
    metavar="N",
    help="Try N more times, with longer and longer pauses: to connect, a datagram without a reply,"
    " a request that does no harm twice.",
)
@click.option("--whole", is_flag=True, help="Send all of standard input as one message.")
@trust_options
@click.option("--certificate", type=FILE, help="Show the server this certificate (PEM).")
@click.option("--key", type=FILE, help="Its key (PEM).  [default: in the same file]")
@request_options
def command(
    address: Address | str,
    messages: tuple[str, ...],
    framing: str | None,
    codec: str,
    limit: int,
    replies: int | None,
    timeout: float,
    retry: int,
    whole: bool,
    ca: Path | None,
    server_name: str | None,
    insecure: bool,
    certificate: Path | None,
    key: Path | None,
    **request: Any,
) -> NoReturn:
    """Send each MESSAGE to ADDRESS and print the replies, one per line.

    Without a MESSAGE, each line of standard input is one; with --framing raw it is sent as it comes.

    ADDRESS is tcp://HOST:PORT, tls://HOST:PORT, udp://HOST:PORT, unix:///PATH, unix:@NAME,
    unixgram:///PATH, or a URL of HTTP's. Without a HOST it is this machine. Over HTTP each MESSAGE is
    the content of a request; without one, --form or --upload, there is none, and the method is GET.
    """
    options = RequestOptions(**request)
    trusted: dict[str, Any] = {
        "ca": ca,
        "server_name": server_name,
        "certificate": certificate,
        "key": key,
        "insecure": insecure,
    }
    if messages and whole:
        raise click.UsageError("--whole is for standard input, and there are messages on the command line")
    if isinstance(address, str):
        _check_http(address, options, messages, whole, framing, replies, server_name)
        from protocols.daemon.command.requesting import request as make_requests

        if whole:
            options = RequestOptions(**{**request, "upload": "-"})
        tls = client_tls(address, address.startswith("https"), **trusted)
        typed = [_octets(each) for each in messages]
        sys.exit(make_requests(address, typed, codec, options, tls, _again(retry), timeout))
    if address.scheme in ("tcp", "tls", "udp") and not address.port:
        raise click.UsageError(f"{address} has no port to send to")
    if options != RequestOptions():
        raise click.UsageError(f"{address} is not HTTP; the options for requests need http:// or https://")
    wire = chosen_framing(address, framing, limit)
    tls = client_tls(str(address), address.scheme == "tls", **trusted)
    terms = _terms(address, wire, codec, replies, timeout, retry)
    if messages:
        _check_messages(messages, terms.dress, wire)

    from protocols.daemon.command.client_place import place_of
    from protocols.daemon.command.sending import send

    sys.exit(send(place_of(address), wire, tls, _again(retry), _source(messages, wire, whole), terms))


def _check_http(
    url: str,
    options: RequestOptions,
    messages: tuple[str, ...],
    whole: bool,
    framing: str | None,
    replies: int | None,
    server_name: str | None,
) -> None:
    if framing is not None or replies is not None or server_name is not None:
        raise click.UsageError(f"--framing, --replies and --server-name are not for {url}")
    if sum(map(bool, (messages or whole, options.form, options.upload is not None))) > 1:
        raise click.UsageError("a request has one content: a MESSAGE or --whole, --form, or --upload")


def _again(number: int) -> Retry | None:
    """The policy that `number` more attempts ask for."""
    if not number:
        return None
    from protocols.client import Retry

    return Retry(attempts=number + 1)


def _check_messages(
    messages: tuple[str, ...], dress: Callable[[bytes], bytes], framing: Framing | None
) -> None:
    for number, message in enumerate(messages, 1):
        try:
            dressed = dress(_octets(message))
            if framing is not None:
                framing.encode(dressed)
        except ValueError as error:
            raise click.UsageError(f"message {number}: {error}") from None


def _octets(argument: str) -> bytes:
    """The bytes that were typed: arguments that are not UTF-8 come with surrogates in them."""
    return argument.encode("utf-8", "surrogateescape")


def _terms(
    address: Address, framing: Framing | None, codec: str, replies: int | None, timeout: float, retry: int
) -> Any:
    from protocols.daemon.command.exchange import Terms, Until
    from protocols.daemon.command.standard_output import StandardOutput, complain
    from protocols.daemon.command.typed_text import typed_text
    from protocols.framing import Raw

    texts = typed_text(codec)
    raw = isinstance(framing, Raw)
    output = StandardOutput(b"" if raw else b"\n")
    answered = (address.scheme == "tls" and not raw) or address.family == "datagram"
    return Terms(
        server=str(address),
        replies=replies,
        until=Until.ANSWERED if answered else Until.CLOSED,
        counted=not raw,
        timeout=timeout,
        dress=texts.to_message,
        show=lambda message: output.write(texts.to_text(message)),
        complain=complain,
        one_by_one=bool(retry) and address.family == "datagram" and replies is None,
    )


def _source(
    messages: tuple[str, ...], framing: Framing | None, whole: bool
) -> Callable[[AbstractEventLoop], MessageSource]:
    from protocols.daemon.command.message_source import (
        ArgumentSource,
        InputLines,
        InputPieces,
        InputSource,
        WholeInput,
    )
    from protocols.framing import Raw

    if messages:
        return lambda loop: ArgumentSource([_octets(message) for message in messages])
    if whole:
        return lambda loop: InputSource(WholeInput(), loop)
    return lambda loop: InputSource(InputPieces() if isinstance(framing, Raw) else InputLines(), loop)

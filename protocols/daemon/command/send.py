"""``polyport send``: a client for every framing, codec and carrier."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from protocols.client.framing_syntax import SYNTAX
from protocols.daemon.command.message_options import CODEC_HELP, chosen_framing, message_options
from protocols.daemon.command.option_types import ADDRESS, DURATION

if TYPE_CHECKING:
    from collections.abc import Callable

    from protocols.daemon.command.client_tls import ClientTLS
    from protocols.daemon.command.message_source import MessageSource
    from protocols.daemon.spec.address import Address
    from protocols.framing import Framing

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)

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
  --timeout TIME   gives up when nothing came for that long; while standard input is open, nobody is
                   hurried

\b
Exit status:
  0    as asked
  1    no connection, TLS refused, too few replies, time-out, or bytes that make no sense
  2    wrong usage
  130  interrupted by Ctrl-C

\b
Examples:
  polyport send tcp://localhost:7000 hello
  echo '{{"item": "tea"}}' | polyport send --codec json unix:///run/orders.sock
  polyport send --framing length:2 --codec msgpack -n 1 tcp://localhost:7100 '[1, 2]'
  polyport send --ca tls/ca.pem tls://localhost:7443 hello
  polyport send --framing netstring --whole tcp://localhost:7300 < picture.png
"""


@click.command("send", short_help="Send messages to a server and print its replies.", epilog=EPILOG)
@click.argument("address", type=ADDRESS)
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
@click.option("--whole", is_flag=True, help="Send all of standard input as one message.")
@click.option("--ca", type=FILE, help="Trust these authorities too, besides the system's.")
@click.option(
    "--server-name", metavar="NAME", help="The name to find in the certificate.  [default: the host]"
)
@click.option("--certificate", type=FILE, help="Show the server this certificate (PEM).")
@click.option("--key", type=FILE, help="Its key (PEM).  [default: in the same file]")
@click.option("--insecure", is_flag=True, help="Believe any server: no protection at all.")
def command(
    address: Address,
    messages: tuple[str, ...],
    framing: str | None,
    codec: str,
    limit: int,
    replies: int | None,
    timeout: float,
    whole: bool,
    **tls: Any,
) -> NoReturn:
    """Send each MESSAGE to ADDRESS and print the replies, one per line.

    Without a MESSAGE, each line of standard input is one; with --framing raw it is sent as it comes.

    ADDRESS is tcp://HOST:PORT, tls://HOST:PORT, udp://HOST:PORT, unix:///PATH, unix:@NAME or
    unixgram:///PATH. Without a HOST it is this machine.
    """
    _check(address, messages, whole)
    wire = chosen_framing(address, framing, limit)
    client_tls = _client_tls(address, **tls)
    terms = _terms(address, wire, codec, replies, timeout)
    if messages:
        _check_messages(messages, terms.dress)

    from twisted.internet import reactor

    from protocols.daemon.command.sending import send_by_datagram, send_by_stream

    source = _source(messages, wire, whole, reactor)
    if wire is None:
        sys.exit(send_by_datagram(address, source, terms, reactor))
    sys.exit(send_by_stream(address, wire, client_tls, source, terms, reactor))


def _check(address: Address, messages: tuple[str, ...], whole: bool) -> None:
    if address.scheme in ("tcp", "tls", "udp") and not address.port:
        raise click.UsageError(f"{address} has no port to send to")
    if messages and whole:
        raise click.UsageError("--whole is for standard input, and there are messages on the command line")


def _check_messages(messages: tuple[str, ...], dress: Callable[[bytes], bytes]) -> None:
    for number, message in enumerate(messages, 1):
        try:
            dress(_octets(message))
        except ValueError as error:
            raise click.UsageError(f"message {number}: {error}") from None


def _octets(argument: str) -> bytes:
    """The bytes that were typed: arguments that are not UTF-8 come with surrogates in them."""
    return argument.encode("utf-8", "surrogateescape")


def _terms(address: Address, framing: Framing | None, codec: str, replies: int | None, timeout: float) -> Any:
    from protocols.daemon.command.exchange import Terms, Until
    from protocols.daemon.command.standard_output import StandardOutput, complain
    from protocols.daemon.command.typed_text import typed_text
    from protocols.framing import Raw

    texts = typed_text(codec)
    raw = isinstance(framing, Raw)
    output = StandardOutput(b"" if raw else b"\n")
    answered = (address.scheme == "tls" and not raw) or address.family == "datagram"

    def dress(typed: bytes) -> bytes:
        message = texts.to_message(typed)
        return message if framing is None else framing.encode(message)

    return Terms(
        server=str(address),
        replies=replies,
        until=Until.ANSWERED if answered else Until.CLOSED,
        counted=not raw,
        timeout=timeout,
        dress=dress,
        show=lambda message: output.write(texts.to_text(message)),
        complain=complain,
    )


def _source(messages: tuple[str, ...], framing: Framing | None, whole: bool, reactor: Any) -> MessageSource:
    from protocols.daemon.command.message_source import (
        ArgumentSource,
        InputLines,
        InputPieces,
        InputSource,
        WholeInput,
    )
    from protocols.framing import Raw

    if messages:
        return ArgumentSource([_octets(message) for message in messages])
    if whole:
        return InputSource(WholeInput(), reactor)
    return InputSource(InputPieces() if isinstance(framing, Raw) else InputLines(), reactor)


def _client_tls(
    address: Address,
    ca: Path | None,
    server_name: str | None,
    certificate: Path | None,
    key: Path | None,
    insecure: bool,
) -> ClientTLS | None:
    if address.scheme != "tls":
        if ca or server_name or certificate or key or insecure:
            raise click.UsageError(f"{address} is not encrypted; the options for TLS need tls://")
        return None
    if key and not certificate:
        raise click.UsageError("--key needs --certificate")
    from protocols.daemon.command.client_tls import CertificateFileError, ClientTLS, TLSSettings
    from protocols.daemon.command.standard_output import complain

    if insecure:
        complain("warning: --insecure believes any server, also one in the middle")
    name = server_name or address.host or "localhost"
    try:
        return ClientTLS(TLSSettings(name, ca, certificate, key, insecure))
    except CertificateFileError as error:
        raise click.UsageError(str(error)) from None

"""``polyport listen``: a server for trying things."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from protocols.daemon.command.message_options import CODEC_HELP, chosen_framing, message_options
from protocols.daemon.command.option_types import ADDRESS, DURATION
from protocols.daemon.command.trust_options import FILE, client_tls, trust_options
from protocols.framing_syntax import SYNTAX

if TYPE_CHECKING:
    from collections.abc import Callable

    from protocols.daemon.command.announcer import Answer
    from protocols.daemon.command.typed_text import TypedText
    from protocols.daemon.spec.address import Address
    from protocols.framing import Framing
    from protocols.guard import ServerTLS
    from protocols.session import Peer

FAILED = 1
"""Exit status when the address cannot be listened on."""

EPILOG = f"""\
\b
Framings:
{SYNTAX}

\b
Codecs:
{CODEC_HELP}

\b
Exit status:
  0    -n messages have come
  1    the address cannot be listened on, nothing came in time, or (--reconnect) TLS was refused
  2    wrong usage
  130  interrupted by Ctrl-C

\b
Examples:
  polyport listen tcp://:7000
  polyport listen --echo --peer udp://127.0.0.1:0
  polyport listen --framing netstring --codec json --reply '{{"ok": true}}' unix:/tmp/try.sock
  polyport listen --reconnect tcp://localhost:7600
  polyport listen --certificate tls/localhost.pem --key tls/localhost.key tls://:7443
"""


@click.command("listen", short_help="Print the messages that come to an address.", epilog=EPILOG)
@click.argument("address", type=ADDRESS)
@message_options
@click.option("--echo", is_flag=True, help="Answer each message with itself.")
@click.option("--reply", metavar="TEXT", help="Answer each message with TEXT.")
@click.option("--peer", is_flag=True, help="Print who sent it, and a tab, in front of each message.")
@click.option(
    "--timeout",
    type=DURATION,
    default="0",
    metavar="TIME",
    help="Give up when nothing came for that long.  [default: 0, never]",
)
@click.option(
    "--reconnect",
    is_flag=True,
    help="Connect to ADDRESS instead, and again, with longer and longer pauses, whenever that is lost.",
)
@trust_options
@click.option("--count", "-n", type=click.IntRange(1), metavar="N", help="End after N messages.")
@click.option("--certificate", type=FILE, help="The server's (or client's) certificate (PEM).")
@click.option("--key", type=FILE, help="Its key (PEM).  [default: in the same file]")
@click.pass_context
def command(
    ctx: click.Context,
    address: Address,
    framing: str | None,
    codec: str,
    limit: int,
    echo: bool,
    reply: str | None,
    peer: bool,
    timeout: float,
    reconnect: bool,
    ca: Path | None,
    server_name: str | None,
    insecure: bool,
    count: int | None,
    certificate: Path | None,
    key: Path | None,
) -> None:
    """Listen on ADDRESS and print each message that comes.

    ADDRESS is tcp://HOST:PORT, tls://HOST:PORT, udp://HOST:PORT, unix:///PATH, unix:@NAME or
    unixgram:///PATH. Without a HOST it is every interface. Port 0 lets the system choose; standard
    error says what it chose. A Unix socket is for your own user only, and is removed at the end.
    """
    from protocols.daemon.command.typed_text import typed_text

    texts = typed_text(codec)
    wire = chosen_framing(address, framing, limit)
    answer = _answer(echo, reply, texts, wire)
    if reconnect:
        if address.family == "datagram":
            raise click.UsageError(f"{address.scheme} has no connection; --reconnect is for streams")
        tls = client_tls(
            str(address),
            address.scheme == "tls",
            ca=ca,
            server_name=server_name,
            certificate=certificate,
            key=key,
            insecure=insecure,
        )
        from protocols.daemon.command.following import follow

        ctx.exit(follow(address, wire, tls, answer, _printer(texts, wire, peer), count, timeout))
    if ca or server_name or insecure:
        raise click.UsageError("--ca, --server-name and --insecure are for --reconnect")
    context = _tls_context(address, certificate, key)

    from twisted.internet import reactor

    from protocols.daemon.command.announcer import Announcer
    from protocols.daemon.command.listening import bound_sockets, serve
    from protocols.daemon.command.standard_output import complain
    from protocols.daemon.sockets import BindError

    try:
        bound = bound_sockets(address)
    except BindError as error:
        complain(f"cannot listen on {address}: {error}")
        ctx.exit(FAILED)
    show = _printer(texts, wire, peer)

    def announcer(finished: Callable[[], None]) -> Announcer:
        return Announcer(answer, show, complain, count, finished)

    def started(where: Address) -> None:
        click.echo(f"listening on {where}", err=True)

    ctx.exit(serve(bound, wire, limit, context, announcer, started, timeout, reactor))


def _answer(echo: bool, reply: str | None, texts: TypedText, framing: Framing | None) -> Answer:
    from protocols.daemon.command.announcer import Answer

    if reply is None:
        return Answer(echo)
    if echo:
        raise click.UsageError("--echo and --reply exclude each other")
    try:
        message = texts.to_message(reply.encode("utf-8", "surrogateescape"))
        if framing is not None:
            framing.encode(message)
    except ValueError as error:
        raise click.UsageError(f"--reply: {error}") from None
    return Answer(reply=message)


def _printer(texts: TypedText, framing: Framing | None, with_peer: bool) -> Callable[[Peer, bytes], None]:
    from protocols.daemon.command.standard_output import StandardOutput
    from protocols.framing import Raw

    output = StandardOutput(b"" if isinstance(framing, Raw) else b"\n")

    def show(peer: Peer, message: bytes) -> None:
        origin = f"{peer}\t".encode() if with_peer else b""
        output.write(origin + texts.to_text(message))

    return show


def _tls_context(address: Address, certificate: Path | None, key: Path | None) -> ServerTLS | None:
    if address.scheme != "tls":
        if certificate or key:
            raise click.UsageError(f"{address} is not encrypted; --certificate and --key need tls://")
        return None
    if certificate is None:
        raise click.UsageError("tls:// needs --certificate (and --key); `polyport cert` makes a pair")
    from protocols.guard.tls import ServerTLS, TLSFileError

    try:
        return ServerTLS.of(certificate, key or certificate)
    except TLSFileError as error:
        raise click.UsageError(str(error)) from None

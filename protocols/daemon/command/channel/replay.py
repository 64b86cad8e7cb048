"""``polyport channel replay``: history once more, for a file or for a group."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from protocols.daemon.command.answers import conclude
from protocols.daemon.command.channel.asking_first import ask_first, yes_option
from protocols.daemon.command.channel.history import History
from protocols.daemon.command.reaching import CHANNEL, STATUSES, asking, daemon_options
from protocols.daemon.command.standard_output import OutputClosedError, StandardOutput

if TYPE_CHECKING:
    from protocols.daemon.command.daemon_client import DaemonClient
    from protocols.daemon.control.channel_messages import Piece

EPILOG = f"""\
{STATUSES}  130  interrupted by Ctrl-C

\b
Examples:
  polyport channel replay readings | jq .body
  polyport channel replay readings --since 2h --output readings.ndjson
  polyport channel replay orders --group billing --since 2026-01-31T12:00:00Z
"""


@click.command("replay", short_help="Write history as NDJSON, or hand it to a group again.", epilog=EPILOG)
@daemon_options
@click.argument("name", type=CHANNEL)
@click.option(
    "--since",
    default="all",
    metavar="WHEN",
    help="From WHEN on: a sequence number to begin behind, a time ago such as 2h, one such as "
    "2026-01-31T12:00:00Z, or last.  [default: all]",
)
@click.option("--key", default="", metavar="KEY", help="Only messages with that key.")
@click.option(
    "--output",
    "-o",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write to FILE, which must not exist, and show how far it is.",
)
@click.option("--group", metavar="GROUP", help="Write nothing: have GROUP go through it again.")
@yes_option
def command(
    name: str,
    file: Path | None,
    place: str | None,
    since: str,
    key: str,
    output: Path | None,
    group: str | None,
    yes: bool,
) -> None:
    """Write the history of the channel NAME to standard output, a JSON object a line, up to the message that
    is the newest now.

    With --group nothing is written: that group is handed everything from WHEN on once more, also what it has
    settled, or skips what is before; you are asked first.
    """
    if group is not None and (key or output):
        raise click.UsageError("with --group nothing is written, and there is no --key")
    with asking(file, place) as client:
        history = History(client, name, key)
        after = history.position(since)
        if group is None:
            _write(client, name, key, after, history.position("new"), output)
            return
        last = history.position("new")
        after = min(max(after, history.page(last).first - 1), last)
        ask_first(f"Have {group} go on behind message {after} of {name}, with {last - after} messages?", yes)
        answer = client.call("channel_rewind", channel=name, group=group, after=after)
    conclude(answer)


def _write(client: DaemonClient, name: str, key: str, after: int, through: int, file: Path | None) -> None:
    if file is None:
        output = StandardOutput(b"")
        try:
            for piece in _pieces(client, name, key, after, through):
                output.write(piece.text.encode())
        except OutputClosedError:
            pass
        return
    messages, position = 0, after
    try:
        with file.open("xb") as stream, _progress(through - after) as progress:
            for piece in _pieces(client, name, key, after, through):
                stream.write(piece.text.encode())
                messages += piece.messages
                progress(piece.position - position)
                position = piece.position
    except FileExistsError as error:
        raise click.UsageError(f"{file} exists") from error
    except OSError as error:
        raise click.ClickException(f"{file}: {error.strerror}") from error
    except BaseException:
        click.echo(f"{messages} messages are in {file}; --since {position} goes on behind them", err=True)
        raise
    click.echo(f"{messages} messages written to {file}", err=True)


def _pieces(client: DaemonClient, name: str, key: str, after: int, through: int) -> Iterator[Piece]:
    from protocols.daemon.control.channel_messages import Piece

    while after < through:
        found = client.call("channel_export", channel=name, after=after, through=through, key=key)
        piece = Piece.model_validate(found)
        if not piece.messages:
            return
        yield piece
        after = piece.position


@contextmanager
def _progress(length: int) -> Iterator[Callable[[int], None]]:
    """A bar on standard error, if somebody looks at that."""
    if not sys.stderr.isatty():
        yield lambda count: None
        return
    with click.progressbar(length=length, file=sys.stderr) as bar:
        yield bar.update

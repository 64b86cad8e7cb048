"""``polyport channel tail``: the newest messages, and those that come."""

from __future__ import annotations

from pathlib import Path

import click

from protocols.daemon.command.channel.history import History
from protocols.daemon.command.channel.shown_message import FORMS
from protocols.daemon.command.reaching import CHANNEL, STATUSES, asking, daemon_options

NEWEST = 10
"""Messages that are printed unless somebody says otherwise, as tail(1) does."""

EPILOG = f"""\
{STATUSES}  130  interrupted by Ctrl-C

\b
Examples:
  polyport channel tail readings
  polyport channel tail readings -f --key pump-3
  polyport channel tail readings --since 2h --json | jq .body
  polyport channel tail readings -n 1 --format body > last.bin
"""


@click.command("tail", short_help="Print the newest messages of a channel, and follow it.", epilog=EPILOG)
@daemon_options
@click.argument("name", type=CHANNEL)
@click.option("-n", "count", type=click.IntRange(0), metavar="N", help="The last N.  [default: 10]")
@click.option("-f", "--follow", is_flag=True, help="Go on with what comes, until Ctrl-C.")
@click.option(
    "--since",
    metavar="WHEN",
    help="Those from WHEN on instead: a sequence number to begin behind, a time ago such as 2h, one such as "
    "2026-01-31T12:00:00Z, last, all or new.",
)
@click.option("--key", default="", metavar="KEY", help="Only messages with that key.")
@click.option(
    "--format",
    "form",
    type=click.Choice(list(FORMS)),
    default="line",
    help="line: for people, with what cannot be printed escaped; body: the body and a line end; json: all "
    "of it, a JSON object a line.  [default: line]",
)
@click.option("--json", "form", flag_value="json", help="The same as --format json.")
def command(
    name: str,
    file: Path | None,
    place: str | None,
    count: int | None,
    follow: bool,
    since: str | None,
    key: str,
    form: str,
) -> None:
    """Print the last 10 messages of the channel NAME: sequence number, time, key and body.

    With -f whatever comes is printed too, nothing left out; what was forgotten before its turn is told on
    standard error. Nothing is changed for others who read.
    """
    from protocols.daemon.command.standard_output import OutputClosedError, StandardOutput, complain

    if since is not None and count is not None:
        raise click.UsageError("-n is for the newest messages, --since for those from a moment on")
    output, render = StandardOutput(), FORMS[form]
    with asking(file, place) as client:
        history = History(client, name, key)
        try:
            if since is None:
                messages, position = history.newest(NEWEST if count is None else count)
            else:
                begin, position = history.position(since), history.position("new")
                messages = history.behind(begin, position)  # type: ignore[assignment]
                position = max(begin, position)
            for message in messages:
                output.write(render(message))
            for page in history.following(position) if follow else ():
                first = page.messages[0].seq if page.messages else page.position
                if not key and first > position + 1:
                    complain(f"{first - position - 1} messages were forgotten before they could be printed")
                for message in page.messages:
                    output.write(render(message))
                position = page.position
        except OutputClosedError:
            pass

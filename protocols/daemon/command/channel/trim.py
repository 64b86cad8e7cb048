"""``polyport channel trim``: forget what is old."""

from __future__ import annotations

from pathlib import Path

import click

from protocols.daemon.command.answers import conclude
from protocols.daemon.command.channel.asking_first import ask_first, yes_option
from protocols.daemon.command.channel.history import History
from protocols.daemon.command.reaching import CHANNEL, STATUSES, asking, daemon_options

EPILOG = f"""\
{STATUSES}
\b
Examples:
  polyport channel trim readings --before 30d
  polyport channel trim readings --through 120000 --yes
"""


@click.command("trim", short_help="Forget the oldest messages of a channel.", epilog=EPILOG)
@daemon_options
@click.argument("name", type=CHANNEL)
@click.option("--through", type=click.IntRange(1), metavar="N", help="Up to the sequence number N.")
@click.option(
    "--before", metavar="WHEN", help="What is from before: a time ago such as 2h, or 2026-01-31T12:00:00Z."
)
@yes_option
def command(
    name: str, file: Path | None, place: str | None, through: int | None, before: str | None, yes: bool
) -> None:
    """Forget the oldest messages of the channel NAME, for everybody and for good: up to a number
    (--through), or from before a time (--before). You are asked first.

    Groups do not get what they have not had of it.
    """
    if (through is None) == (before is None):
        raise click.UsageError("one of --through and --before says what is forgotten")
    if before is not None:
        _check(before)
    with asking(file, place) as client:
        history = History(client, name)
        last = history.position("new")
        end = history.position(before) if before is not None else min(through or 0, last)
        count = end - history.page(last).first + 1
        if count <= 0:
            click.echo("there is nothing of that")
            return
        ask_first(f"Forget {count} messages of {name}, up to {end} of {last}?", yes)
        answer = client.call("channel_trim", patience=None, channel=name, through=end)
    conclude(answer)


def _check(before: str) -> None:
    from protocols.channels.since import Since

    try:
        kind = Since.parse(before).kind
    except ValueError:
        kind = "new"
    if kind not in ("ago", "time"):
        raise click.BadParameter(
            f"{before!r} is no time: 2h, 30d or 2026-01-31T12:00:00Z", param_hint="--before"
        )

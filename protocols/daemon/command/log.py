"""``polyport log``: change what is logged."""

from __future__ import annotations

from pathlib import Path

import click

from protocols.daemon.command.answers import conclude
from protocols.daemon.command.reaching import STATUSES, asking, daemon_options
from protocols.daemon.log_names import LEVELS

EPILOG = f"""\
{STATUSES}
\b
Examples:
  polyport log debug
  polyport log info
"""


@click.command("log", short_help="Change what the daemon logs.", epilog=EPILOG)
@daemon_options
@click.argument("level", type=click.Choice(LEVELS))
def command(level: str, file: Path | None, place: str | None) -> None:
    """Have the daemon log what is of LEVEL and above, until it is told otherwise or ends."""
    with asking(file, place) as client:
        answer = client.call("log_level", level=level)
    conclude(answer)

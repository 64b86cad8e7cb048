"""``polyport kill``: close one connection."""

from __future__ import annotations

from pathlib import Path

import click

from protocols.daemon.command.answers import conclude
from protocols.daemon.command.reaching import STATUSES, asking, daemon_options

EPILOG = f"""\
{STATUSES}
\b
Examples:
  polyport connections shop
  polyport kill 0-17
"""


@click.command("kill", short_help="Close a connection at once.", epilog=EPILOG)
@daemon_options
@click.argument("connection", metavar="ID")
def command(connection: str, file: Path | None, place: str | None) -> None:
    """Close the connection that `polyport connections` lists as ID, whatever is still to be sent."""
    with asking(file, place) as client:
        answer = client.call("kill", connection=connection)
    conclude(answer)

"""``polyport drain``: let one service finish."""

from __future__ import annotations

from pathlib import Path

import click

from protocols.daemon.command.answers import conclude
from protocols.daemon.command.reaching import SERVICE, STATUSES, asking, daemon_options

EPILOG = f"""\
{STATUSES}
\b
Examples:
  polyport drain shop
  polyport connections shop
"""


@click.command(
    "drain", short_help="Let the connections of a service finish, and take no more.", epilog=EPILOG
)
@daemon_options
@click.argument("service", type=SERVICE)
def command(service: str, file: Path | None, place: str | None) -> None:
    """Listen no more for SERVICE, let its connections finish, for server.drain at most, and return when the
    last is gone. Others go on. It is served again after a reload, or a restart.

    Ctrl-C ends the waiting, not the draining.
    """
    with asking(file, place) as client:
        answer = client.call("drain", patience=None, service=service)
    conclude(answer)

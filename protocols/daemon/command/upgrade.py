"""``polyport upgrade``: have the code that is installed now take over from a daemon that runs."""

from __future__ import annotations

from pathlib import Path

import click

from protocols.daemon.command.answers import conclude
from protocols.daemon.command.reaching import STATUSES, asking, daemon_options

EPILOG = f"""\
{STATUSES}
\b
Examples:
  pip install --upgrade polyport && polyport upgrade
"""


@click.command("upgrade", short_help="Have the code that is installed now take over.", epilog=EPILOG)
@daemon_options
@click.argument("named", metavar="[FILE]", required=False, type=click.Path(path_type=Path))
def command(named: Path | None, file: Path | None, place: str | None) -> None:
    """Start the code that is installed now with the sockets of the daemon that serves FILE (polyport.yaml
    unless given). Once it serves, the old one finishes its connections and ends; nobody is refused. If it
    does not come to serve, the old one stays. SIGUSR2 does the same.
    """
    with asking(named or file, place) as client:
        answer = client.call("upgrade", patience=None)
    conclude(answer)

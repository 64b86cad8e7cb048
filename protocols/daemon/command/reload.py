"""``polyport reload``: have a daemon read its configuration anew."""

from __future__ import annotations

from pathlib import Path

import click

from protocols.daemon.command.answers import conclude
from protocols.daemon.command.reaching import STATUSES, asking, daemon_options

EPILOG = f"""\
{STATUSES}
\b
Examples:
  polyport reload
  polyport check && polyport reload
"""


@click.command("reload", short_help="Have the daemon read its YAML file anew.", epilog=EPILOG)
@daemon_options
@click.argument("named", metavar="[FILE]", required=False, type=click.Path(path_type=Path))
def command(named: Path | None, file: Path | None, place: str | None) -> None:
    """Have the daemon that serves FILE (polyport.yaml unless given) read it anew, and everything that it
    includes or names. Only services that differ are touched: the connections of all others do not notice.

    If anything is wrong with it, every problem is printed, and nothing changes. SIGHUP does the same, and
    tells the log.
    """
    with asking(named or file, place) as client:
        answer = client.call("reload", patience=None)
    conclude(answer)

"""``polyport penalties``: who is shut out."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from protocols.daemon.command.answers import conclude, print_json, schema_option
from protocols.daemon.command.reaching import STATUSES, asking, daemon_options

if TYPE_CHECKING:
    from protocols.daemon.control.status import PenaltyStatus

EPILOG = f"""\
{STATUSES}
\b
Examples:
  polyport penalties
  polyport penalties --forgive 203.0.113.5
  polyport penalties --forgive '*'
"""


@click.command("penalties", short_help="List sources that are shut out, or forgive them.", epilog=EPILOG)
@daemon_options
@click.option("--forgive", metavar="SOURCE", help="Forget what SOURCE has done; * for everybody.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@schema_option("PenaltyStatus", many=True)
def command(forgive: str | None, file: Path | None, place: str | None, as_json: bool) -> None:
    """List the sources that are refused because they would not stop: addresses of IPv4, networks /64 of IPv6
    and users of this machine.
    """
    from protocols.daemon.control.status import PenaltyStatus

    if forgive is not None and as_json:
        raise click.UsageError("--json is for the list, not for --forgive")
    with asking(file, place) as client:
        found = client.call("penalties") if forgive is None else client.call("forgive", source=forgive)
    if forgive is not None:
        conclude(found)
    elif as_json:
        print_json(found)
    else:
        penalties = [PenaltyStatus.model_validate(one) for one in found]
        click.echo("\n".join(_lines(penalties, time.time())) or "nobody is shut out")


def _lines(penalties: list[PenaltyStatus], now: float) -> list[str]:
    from protocols.daemon.command.amounts import duration
    from protocols.daemon.command.table import aligned
    from protocols.daemon.printable import printable

    if not penalties:
        return []
    rows = [
        (
            printable(one.source),
            f"{one.score:.1f}",
            duration(one.until - now),
            time.strftime("%H:%M:%S", time.localtime(one.until)),
        )
        for one in penalties
    ]
    return aligned([("SOURCE", "POINTS", "FOR", "UNTIL"), *rows], (1, 2))

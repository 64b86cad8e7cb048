"""``polyport connections``: who is connected."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from protocols.daemon.command.answers import print_json, schema_option
from protocols.daemon.command.reaching import SERVICE, STATUSES, asking, daemon_options

if TYPE_CHECKING:
    from protocols.daemon.control.status import ConnectionStatus

EPILOG = f"""\
{STATUSES}
\b
Examples:
  polyport connections
  polyport connections shop
  polyport connections --json | jq '.[] | select(.idle > 60) | .id'
"""


@click.command("connections", short_help="List who is connected.", epilog=EPILOG)
@daemon_options
@click.argument("service", required=False, type=SERVICE)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@schema_option("ConnectionStatus", many=True)
def command(service: str | None, file: Path | None, place: str | None, as_json: bool) -> None:
    """List the open connections, of SERVICE or of all; the ID is for `polyport kill`.

    One that is "old" runs under rules, or code, that a reload has replaced.
    """
    from protocols.daemon.control.status import ConnectionStatus

    with asking(file, place) as client:
        found = client.call("connections", service=service)
    if as_json:
        print_json(found)
        return
    connections = [ConnectionStatus.model_validate(one) for one in found]
    click.echo("\n".join(_lines(connections, time.time())) or "no connections")


def _lines(connections: list[ConnectionStatus], now: float) -> list[str]:
    from protocols.daemon.command.amounts import duration
    from protocols.daemon.command.table import aligned
    from protocols.daemon.printable import printable

    if not connections:
        return []
    rows = [
        (
            one.id,
            printable(one.service),
            f"{one.transport}",
            printable(one.peer),
            printable(one.user or "-"),
            duration(now - one.opened),
            duration(one.idle),
            "old" if one.retiring else "",
        )
        for one in connections
    ]
    return aligned([("ID", "SERVICE", "OVER", "PEER", "USER", "OPEN", "IDLE", ""), *rows], (5, 6))

"""``polyport status``: how a daemon is that runs."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from protocols.daemon.command.answers import print_json, schema_option
from protocols.daemon.command.reaching import STATUSES, asking, daemon_options

if TYPE_CHECKING:
    from protocols.daemon.control.status import ServiceStatus, Status, WorkerStatus

SOON = 14 * 86_400
"""Seconds before the end of a certificate from which it is worth a line: what renews them does so earlier."""

EPILOG = f"""\
{STATUSES}
\b
Examples:
  polyport status
  polyport status -c /etc/polyport/polyport.yaml
  polyport status --json | jq '.services[] | {{name, open}}'
  polyport status --schema
"""


@click.command("status", short_help="Tell how the daemon is that serves a YAML file.", epilog=EPILOG)
@daemon_options
@click.argument("named", metavar="[FILE]", required=False, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@schema_option("Status")
def command(named: Path | None, file: Path | None, place: str | None, as_json: bool) -> None:
    """Ask the daemon that serves FILE (polyport.yaml unless given) for its processes, services and channels:
    what is open, and what has passed since the start.

    CONNS are the connections that have come so far; MESSAGES are messages, datagrams and HTTP requests;
    ERRORS what was wrong with them, whoever's fault it was, and what was refused. P99 is the time within
    which 99 of 100 answers came. What is told of channels is what `polyport channel ls` tells.
    """
    from protocols.daemon.control.status import Status

    with asking(named or file, place) as client:
        found = client.call("status")
    if as_json:
        print_json(found)
    else:
        click.echo("\n".join(_lines(Status.model_validate(found), time.time())))


def _lines(status: Status, now: float) -> list[str]:
    from protocols.daemon.command.amounts import duration, moment
    from protocols.daemon.command.channel_table import channel_lines
    from protocols.daemon.command.table import aligned
    from protocols.daemon.printable import printable

    up = duration(now - status.started)
    lines = [f"polyport {status.version}, process {status.pid}, up {up}, {printable(status.config)}"]
    reloads = status.reloads
    if reloads.last is not None and reloads.at is not None:
        what = "" if reloads.last.done else "refused: "
        lines.append(
            f"reloads: {reloads.done} done, {reloads.refused} refused; "
            f"the last at {moment(reloads.at)}: {what}{printable(reloads.last.text)}"
        )
    processes = _without_states([_PROCESS, *(_process(worker, now) for worker in status.workers)])
    lines += ["", *aligned(processes, range(len(processes[0]) - 8, len(processes[0])))]
    if status.services:
        rows = _without_states([_SERVICE, *(row for service in status.services for row in _rows(service))])
        numbers = range(len(rows[0]) - 8, len(rows[0]) - 1)
        lines += ["", *aligned(rows, numbers)]
    else:
        lines += ["", "no services"]
    if status.channels:
        lines += ["", *channel_lines(status.channels, now)]
    soon = [line for service in status.services for line in _certificates(service, now)]
    return [*lines, "", *soon] if soon else lines


_PROCESS = ("PROCESS", "STATE", "PID", "UP", "CPU", "MEMORY", "FILES", "LAG", "STALLS", "RESTARTS")
_SERVICE = ("SERVICE", "STATE", "OPEN", "CONNS", "MESSAGES", "IN", "OUT", "ERRORS", "P99", "ADDRESS")


def _without_states(rows: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """`rows` of a table without their second column, if it says nothing: everything serves."""
    if any(state not in ("serving", "") for _, state, *_ in rows[1:]):
        return rows
    return [(name, *rest) for name, _, *rest in rows]


def _process(worker: WorkerStatus, now: float) -> tuple[str, ...]:
    from protocols.daemon.command.amounts import duration, quick, size

    if worker.state in ("down", "starting"):
        pid = str(worker.pid) if worker.pid else "-"
        return (str(worker.index), worker.state, pid, *"------", str(worker.restarts))
    return (
        str(worker.index),
        worker.state,
        str(worker.pid),
        duration(now - worker.started),
        duration(worker.cpu),
        size(worker.memory),
        str(worker.descriptors),
        quick(worker.lag),
        str(worker.stalls),
        str(worker.restarts),
    )


def _rows(service: ServiceStatus) -> list[tuple[str, ...]]:
    """One row for each address, of which the first has the rest."""
    from protocols.daemon.command.amounts import number, quantile, quick, size
    from protocols.daemon.command.traffic import traffic
    from protocols.daemon.printable import printable

    total = traffic(service)
    old = f" ({service.retiring} old)" if service.retiring else ""
    first, *others = map(printable, service.addresses or ("-",))
    return [
        (
            printable(service.name),
            service.state,
            f"{service.open}{old}",
            number(total.connections),
            number(total.messages),
            size(total.bytes_in),
            size(total.bytes_out),
            number(total.errors),
            quick(quantile(service.latency, 0.99)),
            first,
        ),
        *(("",) * 9 + (other,) for other in others),
    ]


def _certificates(service: ServiceStatus, now: float) -> list[str]:
    from protocols.daemon.command.amounts import duration
    from protocols.daemon.printable import printable

    lines = []
    for certificate in service.certificates:
        left = certificate.expires - now
        if left < SOON:
            when = f"runs out in {duration(left)}" if left > 0 else f"has run out {duration(-left)} ago"
            lines.append(f"warning: the certificate {printable(certificate.name)} of {service.name} {when}")
    return lines

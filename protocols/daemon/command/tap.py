"""``polyport tap``: the messages of a service, as they pass."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from protocols.daemon.command.answers import schema_option
from protocols.daemon.command.reaching import SERVICE, STATUSES, asking, daemon_options

if TYPE_CHECKING:
    from protocols.daemon.control.status import Frame

EPILOG = f"""\
{STATUSES}  130  interrupted by Ctrl-C

\b
Examples:
  polyport tap shop
  polyport tap shop --json | jq 'select(.took > 0.1)'
"""

ARROWS = {"in": ">", "out": "<"}


@click.command("tap", short_help="Print the messages of a service as they pass.", epilog=EPILOG)
@daemon_options
@click.argument("service", type=SERVICE)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object a line.")
@schema_option("Frame")
@click.option("--count", "-n", type=click.IntRange(1), metavar="N", help="End after N messages.")
def command(
    service: str,
    file: Path | None,
    place: str | None,
    as_json: bool,
    count: int | None,
) -> None:
    """Print the messages of SERVICE as they pass, until Ctrl-C: when, from (>) or to (<) whom, how many
    bytes, how long the answer took if it was given at once, and how they begin.

    The service does not wait for this: where there is more than can be shown, some are left out, and their
    number is told. What is said in messages is shown as it is; mind who looks on.
    """
    from protocols.daemon.command.standard_output import OutputClosedError, StandardOutput
    from protocols.daemon.control.status import Frame

    output = StandardOutput()
    with asking(file, place) as client:
        try:
            for number, item in enumerate(client.follow("tap", service=service), start=1):
                line = json.dumps(item, ensure_ascii=False) if as_json else _line(Frame.model_validate(item))
                output.write(line.encode("utf-8", "backslashreplace"))
                if number == count:
                    break
        except OutputClosedError:
            pass


def _line(frame: Frame) -> str:
    from protocols.daemon.command.amounts import quick
    from protocols.daemon.printable import printable

    clock = time.strftime("%H:%M:%S", time.localtime(frame.at)) + f".{int(frame.at % 1 * 1000):03}"
    took = f" {quick(frame.took)}" if frame.took is not None else ""
    missed = f"({frame.missed} not shown)\n" if frame.missed else ""
    head = f"{clock} {ARROWS[frame.direction]} {printable(frame.peer)} {frame.size} B{took}"
    return f"{missed}{head}  {printable(frame.text)}"

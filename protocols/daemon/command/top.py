"""``polyport top``: what passes through a daemon, live."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Final

import click

from protocols.daemon.command.reaching import STATUSES, asking, daemon_options, reach

if TYPE_CHECKING:
    from protocols.daemon.command.daemon_client import DaemonClient
    from protocols.daemon.command.top_view import Looks

EVERY: Final = 1.0
"""Seconds between two looks."""

EPILOG = f"""\
{STATUSES}
\b
Examples:
  polyport top
  polyport top -c /etc/polyport/polyport.yaml
"""


@click.command("top", short_help="Watch what passes through the daemon.", epilog=EPILOG)
@daemon_options
@click.argument("named", metavar="[FILE]", required=False, type=click.Path(path_type=Path))
def command(named: Path | None, file: Path | None, place: str | None) -> None:
    """Show, each second, what passes through the services of FILE (polyport.yaml unless given), the busiest
    first: open connections, and in a second new ones, messages (and datagrams and requests), bytes and
    errors; the time within which half of the answers came, and 99 of 100. Below are the channels, the
    busiest first: LAG is how far the group is behind that is behind most.

    Keys: left and right choose what to sort by, r turns it round, up and down scroll, q ends.
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise click.UsageError("top needs a terminal; `polyport status --json` is for programs")
    from protocols.daemon.command.top_view import Looks

    with asking(named or file, place) as client:
        looks = Looks()
        look(client, looks)
        _watch(looks, client, partial(reach, named or file, place))


def look(client: DaemonClient, looks: Looks) -> None:
    """Look once more."""
    from protocols.daemon.control.status import Status

    looks.add(Status.model_validate(client.call("status")), time.monotonic())


def _watch(looks: Looks, client: DaemonClient, again: Callable[[], DaemonClient]) -> None:
    from rich.console import Console
    from rich.live import Live

    from protocols.daemon.command.daemon_client import UnreachableError
    from protocols.daemon.command.keyboard import keys, keys_at_once
    from protocols.daemon.command.top_view import View, room

    console, view = Console(), View()
    with _ended_by_signals(), keys_at_once(), Live(console=console, screen=True, auto_refresh=False) as live:
        until = time.monotonic() + EVERY
        while True:
            live.update(looks.screen(view, time.time(), console.height), refresh=True)
            for key in keys(max(0.0, until - time.monotonic())):
                if key in ("q", "Q"):
                    return
                view = view.press(key, len(looks.rows), room(console.height, len(looks.channels)))
            if time.monotonic() < until:
                continue
            until = time.monotonic() + EVERY
            try:
                # It may have been restarted, or another has taken over.
                client = again() if looks.problem else client
                look(client, looks)
            except UnreachableError as error:
                client.close()
                looks.problem = str(error)


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """SIGTERM and SIGHUP end the program as Ctrl-C does, so that the terminal is as it was."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

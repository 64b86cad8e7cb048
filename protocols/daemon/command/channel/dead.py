"""``polyport channel dead``: what groups have given up."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from protocols.daemon.command.answers import conclude, print_json, schema_option
from protocols.daemon.command.channel.asking_first import ask_first, yes_option
from protocols.daemon.command.reaching import CHANNEL, STATUSES, asking, daemon_options

if TYPE_CHECKING:
    from protocols.daemon.control.channel_messages import DeadLetter

TEXT = 60
"""Characters of a body that are shown."""

EPILOG = f"""\
{STATUSES}
\b
Examples:
  polyport channel dead orders
  polyport channel dead orders --group billing --json
  polyport channel dead orders retry 3 4
  polyport channel dead orders drop --yes
"""


@click.command("dead", short_help="List dead letters, publish them again, or drop them.", epilog=EPILOG)
@daemon_options
@click.argument("name", type=CHANNEL)
@click.argument("action", type=click.Choice(["ls", "retry", "drop"]), default="ls")
@click.argument("letters", nargs=-1, type=click.IntRange(1), metavar="[LETTER]...")
@click.option(
    "--group", default="", metavar="GROUP", help="Only what GROUP has given up; of a forward, forward:NAME."
)
@click.option("-n", "count", type=click.IntRange(1), metavar="N", help="List N at most.  [default: 1000]")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@schema_option("DeadLetter", many=True, module="channel_messages")
@yes_option
def command(
    name: str,
    action: str,
    letters: Sequence[int],
    file: Path | None,
    place: str | None,
    group: str,
    count: int | None,
    as_json: bool,
    yes: bool,
) -> None:
    """List the messages of the channel NAME that its groups and forwards have given up (dead letters), with
    the last error, until somebody has dealt with them.

    ls, which needs not be said, lists them. retry publishes them in NAME once more, for all who read it;
    drop takes them off the list. Both are for all of them, unless you name some by the numbers in the column
    LETTER, and you are asked first. They stay in the log of the channel of dead letters either way.
    """
    from protocols.daemon.control.channel_messages import DeadLetter

    if action != "ls" and (as_json or count is not None):
        raise click.UsageError("--json and -n are for the list")
    if action == "ls" and letters:
        raise click.UsageError("letters are named for retry and drop")
    with asking(file, place) as client:
        if action == "ls":
            found = client.call("channel_dead", patience=None, channel=name, group=group, most=count or 0)
        else:
            which = _which(len(set(letters)))
            what = f"Publish {which} of {name} in it again?"
            ask_first(what if action == "retry" else f"Drop {which} of {name}?", yes)
            arguments = {"channel": name, "group": group, "letters": list(letters)}
            answer = client.call(f"channel_{action}", patience=None, **arguments)
    if action != "ls":
        conclude(answer)
    elif as_json:
        print_json(found)
    else:
        listed = [DeadLetter.model_validate(one) for one in found]
        click.echo("\n".join(_lines(listed, time.time())) or "no dead letters")


def _which(count: int) -> str:
    if not count:
        return "all dead letters"
    return "1 dead letter" if count == 1 else f"{count} dead letters"


def _lines(letters: Sequence[DeadLetter], now: float) -> list[str]:
    from protocols.daemon.command.amounts import duration
    from protocols.daemon.command.table import aligned
    from protocols.daemon.control.frames import shown
    from protocols.daemon.printable import printable

    if not letters:
        return []
    rows = [
        (
            str(one.letter.seq),
            printable(one.group),
            str(one.seq or "-"),
            duration(now - one.letter.time / 1000),
            str(one.tries or "-"),
            printable(one.error),
            shown(one.letter.message.body[:TEXT]),
        )
        for one in letters
    ]
    return aligned([("LETTER", "GROUP", "MESSAGE", "AGE", "TRIES", "ERROR", "BODY"), *rows], (0, 2, 3, 4))

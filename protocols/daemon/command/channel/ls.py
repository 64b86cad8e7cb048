"""``polyport channel ls``: the channels there are."""

from __future__ import annotations

import time
from pathlib import Path

import click

from protocols.daemon.command.answers import print_json, schema_option
from protocols.daemon.command.reaching import CHANNEL, REFUSED, STATUSES, asking, daemon_options
from protocols.daemon.command.standard_output import complain

EPILOG = f"""\
{STATUSES}
\b
Examples:
  polyport channel ls
  polyport channel ls readings
  polyport channel ls --json | jq '.[] | {{name, messages}}'
"""


@click.command("ls", short_help="List channels, their groups, and where they are sent on to.", epilog=EPILOG)
@daemon_options
@click.argument("name", required=False, type=CHANNEL)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@schema_option("ChannelStatus", many=True, module="channel_status")
def command(name: str | None, file: Path | None, place: str | None, as_json: bool) -> None:
    """List the channels, or the channel NAME: what is kept, since when, who reads, and what has passed since
    the start; then their groups, and where messages are sent on to.

    SEQ is the sequence number of the newest message; SUBS are those who read it now. IN counts the messages
    that were published, OUT those that were given to readers, each for each of them. DEAD are messages that
    groups and forwards have given up, and nobody has dealt with (see: polyport channel dead).

    Of a group, POSITION is the last message that it was handed, LAG are those that it was not handed yet,
    HELD those that it was, and has not settled.

    Where readers were slow, MISSED are messages that they have not had, CUT the readers that were cut off,
    WAITED messages whose publishers had to wait for them.
    """
    from protocols.daemon.command.channel_table import channel_lines
    from protocols.daemon.control.channel_status import ChannelStatus

    with asking(file, place) as client:
        found = client.call("status")["channels"]
    known = [one["name"] for one in found]
    if name is not None and name not in known:
        complain(f"there is no channel {name}; there are: {', '.join(known) or 'none'}")
        raise SystemExit(REFUSED)
    found = [one for one in found if name in (None, one["name"])]
    if as_json:
        print_json(found)
        return
    channels = [ChannelStatus.model_validate(one) for one in found]
    click.echo("\n".join(channel_lines(channels, time.time())) or "no channels")

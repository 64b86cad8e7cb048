"""``polyport channel``: the channels of a daemon that runs; each sub-command in a module of its own."""

from __future__ import annotations

from typing import Final

import click

from protocols.daemon.command.lazy_group import LazyGroup

CHANNEL_COMMANDS: Final = {
    "ls": "protocols.daemon.command.channel.ls",
    "tail": "protocols.daemon.command.channel.tail",
    "publish": "protocols.daemon.command.channel.publish",
    "replay": "protocols.daemon.command.channel.replay",
    "trim": "protocols.daemon.command.channel.trim",
    "dead": "protocols.daemon.command.channel.dead",
}
"""Every sub-command, in the order of the help, and the module whose ``command`` it is."""

EPILOG = """\
\b
Examples:
  polyport channel ls
  polyport channel tail readings -f
  polyport channel publish readings '{"bar": 2.5}' --type application/json
"""


@click.group(
    "channel",
    cls=LazyGroup,
    modules=CHANNEL_COMMANDS,
    short_help="List, read, write and mend channels.",
    epilog=EPILOG,
)
def command() -> None:
    """List, read, write and mend the channels of a daemon that runs: the named logs of messages below
    `channels` in its YAML file."""

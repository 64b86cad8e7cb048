"""The command line ``polyport``: a group of sub-commands, each in a module of its own.

A module is imported when its command is used (or listed), and imports what is slow inside the command, so
that help and completion answer at once.
"""

from __future__ import annotations

from typing import Final

import click

from protocols import __version__
from protocols.daemon.command.lazy_group import LazyGroup

COMMANDS: Final = {
    "run": "protocols.daemon.command.run",
    "check": "protocols.daemon.command.check",
    "explain": "protocols.daemon.command.explain",
    "status": "protocols.daemon.command.status",
    "top": "protocols.daemon.command.top",
    "reload": "protocols.daemon.command.reload",
    "upgrade": "protocols.daemon.command.upgrade",
    "drain": "protocols.daemon.command.drain",
    "connections": "protocols.daemon.command.connections",
    "kill": "protocols.daemon.command.kill",
    "tap": "protocols.daemon.command.tap",
    "penalties": "protocols.daemon.command.penalties",
    "log": "protocols.daemon.command.log",
    "channel": "protocols.daemon.command.channel",
    "init": "protocols.daemon.command.init",
    "import": "protocols.daemon.command.import_",
    "schema": "protocols.daemon.command.schema",
    "docs": "protocols.daemon.command.docs",
    "send": "protocols.daemon.command.send",
    "listen": "protocols.daemon.command.listen",
    "cert": "protocols.daemon.command.cert",
    "user": "protocols.daemon.command.user",
    "token": "protocols.daemon.command.token",
    "completion": "protocols.daemon.command.completion",
}
"""Every sub-command, in the order of the help, and the module whose ``command`` it is."""


@click.group(
    "polyport",
    cls=LazyGroup,
    modules=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="polyport")
def main() -> None:
    """Put functions, files and services on TCP, UDP, Unix sockets, TLS and HTTP.

    Every command explains itself: polyport COMMAND --help
    """

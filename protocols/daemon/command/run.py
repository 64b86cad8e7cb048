"""``polyport run``: twistd with the options a foreground daemon wants."""

from __future__ import annotations

import sys

import click

from protocols.daemon.log_names import FORMS, LEVELS


@click.command("run", short_help="Serve what a YAML file says.")
@click.argument("file", default="polyport.yaml", type=click.Path())
@click.option("--log", type=click.Choice(FORMS), help="The log's form; unless said, what suits who reads it.")
@click.option(
    "--log-level",
    type=click.Choice(LEVELS),
    default="info",
    show_default=True,
    help="The least that is logged.",
)
@click.option("--reactor", help="Another reactor than polyport's; twistd --help-reactors lists them.")
def command(file: str, log: str | None, log_level: str, reactor: str | None) -> None:
    """Serve what FILE says (polyport.yaml unless given), in the foreground, until Ctrl-C or SIGTERM.

    The same as `twistd --nodaemon --pidfile= polyport --config FILE`.  To run in the background, under
    another user or with a log file, use twistd itself.

    \b
    Exit status: 0 after an orderly stop; 1 if an address cannot be listened on;
    2 if the file has problems, which are all listed.

    \b
    Examples:
      polyport run
      polyport run /etc/polyport/polyport.yaml --log json
      polyport run --reactor epoll          # Twisted's own; polyport's is the default
    """
    from twisted.application.reactors import getReactorTypes
    from twisted.scripts.twistd import run

    known = sorted(kind.shortName for kind in getReactorTypes())
    if reactor is not None and reactor not in known:
        raise click.BadParameter(f"{reactor!r} is not one of {', '.join(known)}", param_hint="--reactor")
    chosen = [f"--reactor={reactor}"] if reactor else []
    sys.argv = [
        "twistd",
        "--nodaemon",
        "--pidfile=",
        *chosen,
        "polyport",
        f"--config={file}",
        *([f"--log={log}"] if log else []),
        f"--log-level={log_level}",
    ]
    run()

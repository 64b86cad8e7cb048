"""``polyport user``: users and their passwords, for ``auth: {basic: FILE}``."""

from __future__ import annotations

import sys
from pathlib import Path

import click

EPILOG = """\
\b
Examples:
  polyport user add users.htpasswd alice
  printf %s "$PASSWORD" | polyport user add users.htpasswd alice
"""


@click.group("user", short_help="Users with passwords, for `auth: {basic: FILE}`.")
def command() -> None:
    """Users with passwords, for the routes of a web site: `auth: {basic: FILE}`."""


@command.command("add", short_help="Add a user, or change a password.", epilog=EPILOG)
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.argument("name")
def add(file: Path, name: str) -> None:
    """Add the user NAME to FILE, or change the password of one who is there.

    The password is asked for, or read from standard input where that is no terminal. FILE gets its bcrypt
    hash, and is made with mode 0600 if it is not there; a daemon that runs takes the change up by itself.
    """
    from protocols.daemon.command.credential_lines import check_name, put_line, refuse, secret_from_input
    from protocols.http.policy.passwords import hash_password, parse_passwords

    check_name(name)
    if sys.stdin.isatty():
        password = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    else:
        password = secret_from_input()
    try:
        hashed = hash_password(password)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    try:
        was_there = put_line(file, name, hashed, parse_passwords)
    except (OSError, ValueError) as error:
        refuse(file, error)
    click.echo(f"changed the password of {name}" if was_there else f"added {name}")

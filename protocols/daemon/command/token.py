"""``polyport token``: tokens for programs, for ``auth: {bearer: FILE}``."""

from __future__ import annotations

from pathlib import Path

import click

EPILOG = """\
\b
Examples:
  polyport token add tokens.txt backup
  curl -H "Authorization: Bearer $TOKEN" http://127.0.0.1:8080/private
  printf %s "$TOKEN" | polyport token add --stdin tokens.txt backup
"""


@click.group("token", short_help="Tokens for programs, for `auth: {bearer: FILE}`.")
def command() -> None:
    """Tokens for programs, for the routes of a web site: `auth: {bearer: FILE}`."""


@command.command("add", short_help="Add a token, or replace one.", epilog=EPILOG)
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.argument("name")
@click.option("--stdin", is_flag=True, help="Take the token from standard input instead of making one.")
def add(file: Path, name: str, stdin: bool) -> None:
    """Make a token for NAME, put its hash into FILE, and print it: this is the only time it is shown.

    One that NAME has already is replaced. FILE is made with mode 0600 if it is not there; a daemon that
    runs takes the change up by itself.
    """
    import secrets

    from protocols.daemon.command.credential_lines import check_name, put_line, refuse, secret_from_input
    from protocols.http.policy.tokens import SHORTEST, TOKEN_BYTES, hash_token, parse_tokens

    check_name(name)
    token = secret_from_input() if stdin else secrets.token_urlsafe(TOKEN_BYTES)
    if len(token) < SHORTEST:
        raise click.UsageError(f"the token has less than {SHORTEST} characters, so it could be guessed")
    try:
        put_line(file, name, hash_token(token), parse_tokens)
    except (OSError, ValueError) as error:
        refuse(file, error)
    if not stdin:
        click.echo(token)

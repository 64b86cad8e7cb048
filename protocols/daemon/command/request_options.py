"""The options of ``send`` for http:// and https://."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class RequestOptions:
    """What the command line says about a request."""

    method: str | None = None
    header: tuple[str, ...] = ()
    form: tuple[str, ...] = ()
    upload: str | None = None
    cookie_jar: Path | None = None
    include: bool = False
    unix_socket: str | None = None

    def headers(self) -> dict[str, str]:
        """By name.  Raises :class:`click.UsageError`."""
        pairs = [each.partition(":") for each in self.header]
        for name, colon, _ in pairs:
            if not colon or not name.strip():
                raise click.UsageError(f"-H {name}: a header field is NAME: VALUE")
        return {name.strip(): value.strip() for name, _, value in pairs}

    def fields(self) -> dict[str, tuple[bool, str]]:
        """The fields of a form by name: whether the value names a file, and the value.

        Raises :class:`click.UsageError`.
        """
        pairs = [each.partition("=") for each in self.form]
        for name, equals, _ in pairs:
            if not equals or not name:
                raise click.UsageError(f"--form {name}: a field is NAME=TEXT or NAME=@FILE")
        return {name: (value.startswith("@"), value.removeprefix("@")) for name, _, value in pairs}


def request_options(function: F) -> F:
    """Add them to a command, which gets the fields of :class:`RequestOptions`."""
    options = (
        click.option(
            "--method", "-X", metavar="METHOD", help="Of the request.  [default: POST with content, else GET]"
        ),
        click.option("--header", "-H", multiple=True, metavar="NAME: VALUE", help="Send this field too."),
        click.option(
            "--form", multiple=True, metavar="NAME=TEXT", help="A form's field; NAME=@FILE: a file."
        ),
        click.option("--upload", metavar="FILE", help="Send FILE, as it is read; - is standard input."),
        click.option(
            "--cookie-jar",
            type=click.Path(dir_okay=False, path_type=Path),
            help="Send the cookies of this file, and keep there what the server sets.",
        ),
        click.option("--include", "-i", is_flag=True, help="Print the status and the header fields as well."),
        click.option("--unix-socket", metavar="PATH", help="Connect to this socket, whatever the URL says."),
    )
    for option in reversed(options):
        function = option(function)
    return function

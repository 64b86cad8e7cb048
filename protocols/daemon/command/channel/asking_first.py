"""Asking before something is done that cannot be undone."""

from __future__ import annotations

from collections.abc import Callable

import click

from protocols.daemon.command.lazy_group import INTERRUPTED
from protocols.daemon.command.reaching import REFUSED
from protocols.daemon.command.standard_output import complain

yes_option: Callable[[Callable[..., None]], Callable[..., None]] = click.option(
    "--yes", "-y", is_flag=True, help="Do not ask before."
)


def ask_first(question: str, yes: bool) -> None:
    """Ask, unless somebody has said `yes` before; ends the program if the answer is no, or there is none."""
    if yes:
        return
    try:
        agreed = click.confirm(question, err=True)
    except click.Abort as abort:
        if isinstance(abort.__context__, KeyboardInterrupt):
            raise SystemExit(INTERRUPTED) from abort
        click.echo(err=True)
        complain("nobody has answered; --yes does it without being asked")
        raise SystemExit(REFUSED) from abort
    if not agreed:
        complain("nothing is done")
        raise SystemExit(REFUSED)

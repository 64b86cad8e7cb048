"""The options that say whom to believe, the same for whatever connects."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from protocols.client import TLS

F = TypeVar("F", bound=Callable[..., Any])

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


def trust_options(function: F) -> F:
    """Add ``--ca``, ``--server-name`` and ``--insecure`` to a command."""
    options = (
        click.option("--ca", type=FILE, help="Trust these authorities too, besides the system's."),
        click.option(
            "--server-name", metavar="NAME", help="The name to find in the certificate.  [default: the host]"
        ),
        click.option("--insecure", is_flag=True, help="Believe any server: no protection at all."),
    )
    for option in reversed(options):
        function = option(function)
    return function


def client_tls(
    server: str,
    encrypted: bool,
    *,
    ca: Path | None,
    server_name: str | None,
    certificate: Path | None,
    key: Path | None,
    insecure: bool,
) -> TLS | None:
    """What was said about TLS; ``None`` without it.  Raises :class:`click.UsageError`."""
    if not encrypted:
        if ca or server_name or certificate or key or insecure:
            raise click.UsageError(f"{server} is not encrypted; the options for TLS need tls://")
        return None
    if key and not certificate:
        raise click.UsageError("--key needs --certificate")
    from protocols.client import TLS
    from protocols.daemon.command.standard_output import complain

    if insecure:
        complain("warning: --insecure believes any server, also one in the middle")
    tls = TLS(ca, server_name, certificate, key, believe_any_server=insecure)
    try:
        tls.context()
    except OSError as error:
        raise click.UsageError(f"{error.filename}: {error.strerror}") from None
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    return tls
